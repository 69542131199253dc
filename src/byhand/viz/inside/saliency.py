"""The figure of what an answer rests on: the slope at every pixel, and what covering a spot costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from byhand.hands.base import Array, Network
from byhand.viz import style
from byhand.viz.inside import panels
from byhand.viz.inside.arrays import gradients as pixels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 3.7


def evidence(network: Network, image: Array) -> Figure:
    """Draw which pixels the answer rests on, in two ways.

    Saliency is the slope of the answer's logit: what one more grey level of ink would do. Occlusion covers a square
    with paper and tells by how much the answer's lead over the next best shrinks.

    Parameters
    ----------
    network
        Of any hand.
    image
        uint8 ``(28, 28)``.

    Raises
    ------
    ByhandError
        If the picture is of another shape than the network reads.
    """
    images, likely = panels.reading(network, image)
    said = int(likely.argmax())
    name = panels.class_name(network, said)
    slope = pixels.saliency(network, images, np.array([said]))[0]
    lost = pixels.occlusion(network, images[0], said)
    lead = float(pixels.lead(network.logits(images), said)[0])
    with style.applied():
        width = 2 * panels.MARGIN + 3 * SIDE + 2 * panels.GAP
        top = panels.MARGIN + panels.HEADER + 0.3
        height = top + SIDE + 0.75 + panels.MARGIN
        beside = f"the logit of {name} leads by {lead:.1f}"
        figure = panels.sheet(width, height, f"Why {name}?", beside)
        left = panels.MARGIN
        panels.show_picture(panels.panel(figure, left, top, SIDE, SIDE, "The picture"), image)
        left += SIDE + panels.GAP
        axes = panels.panel(figure, left, top, SIDE, SIDE, "Saliency: a little more ink here")
        drawn = panels.show_signed(axes, slope)
        panels.outline(axes, image)
        panels.key(figure, left, top + SIDE + 0.14, drawn, "less sure", "surer", 1.2)
        _scale(figure, left, top, f"up to {255 * panels.largest(slope):.2g} logits from paper to ink")
        left += SIDE + panels.GAP
        axes = panels.panel(figure, left, top, SIDE, SIDE, f"Occlusion: {pixels.COVER}×{pixels.COVER} painted over")
        drawn = panels.show_signed(axes, lost)
        panels.outline(axes, image)
        panels.key(figure, left, top + SIDE + 0.14, drawn, "lead grows", "shrinks", 1.2)
        _scale(figure, left, top, f"by up to {panels.largest(lost):.2g} logits{_flips(lost, lead)}")
    return figure


def _scale(figure: Figure, left: float, top: float, words: str) -> None:
    wide, tall = figure.get_size_inches()
    figure.text(left / wide, 1 - (top + SIDE + 0.55) / tall, words, size=style.SMALL, color=style.MUTED)


def _flips(lost: Array, lead: float) -> str:
    return "; some change the answer" if (lost > lead).any() else ""
