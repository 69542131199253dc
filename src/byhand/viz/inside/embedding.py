"""The figure of many digits as a network sees them: an embedding in the plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from byhand.errors import ByhandError
from byhand.hands.base import Array, Network
from byhand.viz import style
from byhand.viz.inside import panels
from byhand.viz.inside.arrays.gradients import checked
from byhand.viz.inside.arrays.projection import last_hidden, on_plane

if TYPE_CHECKING:
    from matplotlib.path import Path

COLORS = (
    *("#1F2430", style.VERMILION, style.BLUE, style.GREEN, "#882255"),
    *(style.ORANGE, "#56B4E9", "#CC79A7", "#8C6D1F", style.GREY),
)
"""One for each digit: those of Okabe & Ito and three between them. The markers are the digits themselves."""
WIDTH, HEIGHT = 10.6, 8.0
COUNT = 2_000
"""Digits on a map by default."""


def landscape(
    network: Network, images: Array, labels: Array, image: Array | None = None, method: str = "pca", seed: int = 0
) -> style.Figure:
    """Draw an embedding of digits by the last hidden layer.

    Parameters
    ----------
    network
        A network of any hand.
    images, labels
        uint8 ``(N, 28, 28)`` and integers ``(N,)``, 0 to 9.
    image
        uint8 ``(28, 28)``; its position is marked.
    method, seed
        ``"pca"`` or ``"tsne"``, and the seed of the latter, as in `byhand.viz.inside.arrays.on_plane`.

    Raises
    ------
    ByhandError
        If the images have another shape than the network reads, there is not one label from 0 to 9 for each, there are
        fewer than three, or there is no such method.
    """
    from matplotlib.patheffects import withStroke

    images, labels = checked(network, images), np.asarray(labels)
    if labels.shape != (len(images),) or not np.isin(labels, range(len(COLORS))).all():
        raise ByhandError(
            f"There are {labels.size} labels for {len(images)} images; expected one from 0 to 9 for each.",
            code="look.wrong_labels",
        )
    read = images if image is None else np.concatenate([images, checked(network, np.asarray(image)[None])])
    values = last_hidden(network, read)
    positions = on_plane(values, method, seed)
    with style.applied():
        # Without weights below the last dense layer, its input is the pixels.
        hidden = sum(bool(learned) for learned in network.spec.layer_parameters) > 1
        title = "The last hidden layer" if hidden else "The pixels"
        note = f"{len(images):,} digits, {values.shape[1]} values, by {'PCA' if method == 'pca' else 't-SNE'}"
        figure = panels.sheet(WIDTH, HEIGHT, title, note)
        top = panels.MARGIN + panels.HEADER
        axes = panels.panel(figure, panels.MARGIN, top, WIDTH - 2 * panels.MARGIN, HEIGHT - top - panels.MARGIN)
        classes = np.unique(labels)
        for k in classes:
            x, y = positions[: len(images)][labels == k].T
            axes.scatter(x, y, s=52, marker=_digit(str(k)), color=COLORS[int(k)], linewidths=0, alpha=0.8)
        for k in classes:
            x, y = np.median(positions[: len(images)][labels == k], axis=0)
            halo = [withStroke(linewidth=5, foreground=style.PAPER)]
            middle: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
            axes.text(x, y, str(k), size=26, weight="bold", color=COLORS[int(k)], path_effects=halo, **middle)
        if image is not None:
            for color, line in ((style.PAPER, 6.0), (style.INK, 2.6)):
                ring: dict[str, Any] = {"facecolors": "none", "edgecolors": color, "linewidths": line, "zorder": 6}
                drawn = axes.scatter(positions[-1:, 0], positions[-1:, 1], s=460, **ring)
            drawn.set_label("this image")
            at = (1 - panels.MARGIN / WIDTH, 1 - (panels.MARGIN + 0.16) / HEIGHT)
            figure.legend(
                handles=[drawn],
                loc="center right",
                bbox_to_anchor=at,
                fontsize=style.TEXT,
                markerscale=0.6,
                borderpad=0,
            )
        axes.margins(0.04)
    return figure


def _digit(text: str) -> Path:
    """Return the outline of a digit as a marker."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    font = FontProperties(family=style.RC["font.sans-serif"][0], weight="bold")
    drawn = TextPath((0, 0), text, size=10, prop=font)
    box = drawn.get_extents()
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    return Path(drawn.vertices - middle, drawn.codes)
