"""The figure of many digits as a network sees them, laid out on a plane."""

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
    from matplotlib.figure import Figure
    from matplotlib.path import Path

COLOURS = (
    *("#1F2430", style.VERMILION, style.BLUE, style.GREEN, "#882255"),
    *(style.ORANGE, "#56B4E9", "#CC79A7", "#8C6D1F", style.GREY),
)
"""One for each digit; Okabe & Ito's, and three between them. The marks are the digits themselves."""
WIDTH, HEIGHT = 10.6, 8.0
COUNT = 2_000
"""Digits on a map, unless told."""


def landscape(
    network: Network, images: Array, labels: Array, image: Array | None = None, method: str = "pca", seed: int = 0
) -> Figure:
    """Draw digits where the last hidden layer sees them, like beside like.

    Parameters
    ----------
    network
        Of any hand.
    images, labels
        uint8 ``(N, 28, 28)`` and integers ``(N,)``, 0 to 9.
    image
        uint8 ``(28, 28)``; where this one lies is marked.
    method, seed
        As in `byhand.viz.inside.arrays.on_plane`: ``"pca"`` or ``"tsne"``.

    Raises
    ------
    ByhandError
        If the pictures are of another shape than the network reads, there is not one label from 0 to 9 for each, fewer
        than three are given, or there is no such method.
    """
    from matplotlib.patheffects import withStroke

    images, labels = checked(network, images), np.asarray(labels)
    if labels.shape != (len(images),) or not np.isin(labels, range(len(COLOURS))).all():
        raise ByhandError(
            f"A map of {len(images)} pictures was given {labels.size} labels; give one from 0 to 9 for each."
        )
    read = images if image is None else np.concatenate([images, checked(network, np.asarray(image)[None])])
    values = last_hidden(network, read)
    places = on_plane(values, method, seed)
    with style.applied():
        named = "The last hidden layer" if _hides(network) else "The pixels"
        config = "in two main directions (PCA)" if method == "pca" else "with neighbours together (t-SNE)"
        beside = f"{len(images):,} digits, {values.shape[1]} values {config}"
        figure = panels.sheet(WIDTH, HEIGHT, named, beside)
        top = panels.MARGIN + panels.HEADER
        axes = panels.panel(figure, panels.MARGIN, top, WIDTH - 2 * panels.MARGIN, HEIGHT - top - panels.MARGIN)
        classes = np.unique(labels)
        for k in classes:
            x, y = places[: len(images)][labels == k].T
            axes.scatter(x, y, s=52, marker=_digit(str(k)), color=COLOURS[int(k)], linewidths=0, alpha=0.8)
        for k in classes:
            x, y = np.median(places[: len(images)][labels == k], axis=0)
            halo = [withStroke(linewidth=5, foreground=style.PAPER)]
            middle: dict[str, Any] = {"ha": "center", "va": "center_baseline"}
            axes.text(x, y, str(k), size=26, weight="bold", color=COLOURS[int(k)], path_effects=halo, **middle)
        if image is not None:
            for colour, line in ((style.PAPER, 6.0), (style.INK, 2.6)):
                ring: dict[str, Any] = {"facecolors": "none", "edgecolors": colour, "linewidths": line, "zorder": 6}
                drawn = axes.scatter(places[-1:, 0], places[-1:, 1], s=460, **ring)
            drawn.set_label("this picture")
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
    """Give a digit as the outline of a mark, around its middle."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path
    from matplotlib.textpath import TextPath

    font = FontProperties(family=style.RC["font.sans-serif"][0], weight="bold")
    drawn = TextPath((0, 0), text, size=10, prop=font)
    box = drawn.get_extents()
    middle = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    return Path(drawn.vertices - middle, drawn.codes)


def _hides(network: Network) -> bool:
    """Whether anything is learnt below the last dense layer."""
    return sum(bool(learnt) for learnt in network.spec.layer_parameters) > 1
