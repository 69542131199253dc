"""Figures of many small images: digits, the weights of dense units, the filters of a convolution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from byhand.errors import ByhandError
from byhand.hands.base import Array, Network
from byhand.models.layers import ReLU, Sigmoid, Tanh
from byhand.viz import style
from byhand.viz.inside import arrays, panels
from byhand.viz.style import class_name

WIDE, LARGEST, BETWEEN = 12.0, 1.5, 0.12
"""Inches: the width of a row, the largest side of an image with its margin, and the margin."""
MOST = 48
"""Units that are shown; more would be too small to see."""


def gallery(
    pictures: npt.ArrayLike,
    names: Sequence[str] = (),
    *,
    title: str = "",
    beside: str = "",
    columns: int = 10,
    signed: bool = False,
    ends: tuple[str, str] = ("below 0", "above 0"),
) -> style.Figure:
    """Draw images in rows.

    Parameters
    ----------
    pictures
        ``(N, H, W)``: grey levels, 0 as paper and 255 as ink; or, with `signed`, any numbers, blue above zero and
        vermilion below, each image on its own scale and grey at NaN.
    names
        The text under each image; one for each or none.
    title, beside
        The heading and a note beside it.
    columns
        Images in a row.
    signed
        Whether the values are numbers rather than grey levels.
    ends
        The meaning of values below and above zero.

    Raises
    ------
    ByhandError
        If there is no image, or another number of names.
    """
    shown = np.asarray(pictures)
    if shown.ndim != 3 or not len(shown) or columns < 1 or len(names) not in (0, len(shown)):
        raise ByhandError(
            f"A gallery cannot show images of shape {shown.shape} with {len(names)} names in {columns} columns; "
            "expected images (N, H, W), a name for each or none, and at least one column.",
            code="look.invalid_gallery",
        )
    columns = min(columns, len(shown))
    side = min(LARGEST, WIDE / columns) - BETWEEN
    row_height = side + (0.34 if names else BETWEEN)
    with style.applied():
        head = style.width_of(title, style.TITLE, "bold") + panels.GAP + style.width_of(beside)
        width = 2 * panels.MARGIN + max(columns * (side + BETWEEN) - BETWEEN, head)
        top = panels.MARGIN + (panels.HEADER if title else 0)
        height = top + math.ceil(len(shown) / columns) * row_height + (0.3 if signed else 0) + panels.MARGIN
        figure = panels.sheet(width, height, title, beside)
        for index, picture in enumerate(shown):
            row, column = divmod(index, columns)
            axes = panels.panel(figure, panels.MARGIN + column * (side + BETWEEN), top + row * row_height, side, side)
            drawn = panels.show_signed(axes, picture) if signed else panels.show_picture(axes, picture)
            if names:
                axes.set_xlabel(names[index], size=style.SMALL, labelpad=3, color=style.INK)
        if signed:
            panels.key(figure, panels.MARGIN, height - panels.MARGIN - 0.13, drawn, *ends)
    return figure


def units(network: Network, image: Array | None = None) -> style.Figure:
    """Draw the weights of the units of the first dense layer, each weight on its pixel.

    Each unit has its own scale: blue where ink raises it, vermilion where ink lowers it, grey where `Select` dropped
    the pixel.

    Parameters
    ----------
    network
        Softmax regression or a multilayer perceptron, of any hand.
    image
        uint8 ``(28, 28)``; with it, hidden units are sorted by their activation, which stands under each. Of more than
        48 units, the first 48 are shown. Logits keep the order of their classes.

    Raises
    ------
    ByhandError
        If no dense layer lies on the pixels, or the image has another shape than the network reads.
    """
    pictures, index = arrays.unit_pictures(network), arrays.dense_on_pixels(network)
    logits = index == len(network.spec.layers) - 1
    order, values = np.arange(len(pictures)), None
    if image is not None and index is not None:
        images, _ = panels.predict(network, image)
        layers = network.spec.layers
        # With the activation function that follows, if one does.
        above = index + (not logits and isinstance(layers[index + 1], ReLU | Sigmoid | Tanh))
        values = network.activations(images)[network.spec.layer_names[above]][0]
        if not logits:
            order = np.argsort(-values, kind="stable")
    order = order[:MOST]
    names = [class_name(int(unit)) for unit in order] if logits else []
    notes = []
    if values is not None:
        shown = [panels.number(values[unit]) for unit in order]
        names = [f"{name}: {value}" for name, value in zip(names, shown, strict=True)] if logits else shown
        notes = [] if logits else ["sorted by their activation for this image"]
    if len(order) < len(pictures):
        notes.append(f"{len(order)} of {len(pictures)}")
    return gallery(
        pictures[order],
        names,
        title="Weights of the logits" if logits else "Weights of the hidden units",
        beside="; ".join(notes),
        columns=5 if len(order) <= 10 else 12,
        signed=True,
        ends=("ink lowers it", "ink raises it"),
    )


def filters(network: Network) -> style.Figure:
    """Draw the filters of the first convolution, each on its own scale.

    Parameters
    ----------
    network
        With a convolution, of any hand. Of kernels over several channels, the first channel is shown.

    Raises
    ------
    ByhandError
        If the network has no convolution.
    """
    kernels = arrays.filters(network)[..., 0]
    return gallery(
        kernels,
        title="Filters of the first convolution",
        beside=f"{len(kernels)} of {kernels.shape[1]}×{kernels.shape[2]}",
        columns=8 if len(kernels) <= 16 else 12,
        signed=True,
    )
