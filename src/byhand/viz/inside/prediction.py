"""The figure of an answer: the picture, and how likely the network holds each digit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from byhand.hands.base import Array, Network
from byhand.viz import style
from byhand.viz.inside import panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE, BARS = 3.2, 5.6


def answer(network: Network, image: Array, label: int | None = None) -> Figure:
    """Draw a picture beside the probabilities of its classes.

    Parameters
    ----------
    network
        Of any hand.
    image
        uint8 ``(28, 28)``.
    label
        The digit that it is, where that is known.

    Raises
    ------
    ByhandError
        If the picture is of another shape than the network reads.
    """
    _, likely = panels.reading(network, image)
    said = int(likely.argmax())
    with style.applied():
        width = 2 * panels.MARGIN + SIDE + 3 * panels.GAP + BARS
        height = 2 * panels.MARGIN + panels.HEADER + SIDE
        beside = f"{percent(likely[said])} sure"
        if label is not None and label != said:
            beside += f"; it is a {label}"
        figure = panels.sheet(width, height, f"Read as {panels.class_name(network, said)}", beside)
        top = panels.MARGIN + panels.HEADER
        panels.show_picture(panels.panel(figure, panels.MARGIN, top, SIDE, SIDE), image)
        axes = panels.panel(figure, panels.MARGIN + SIDE + 3 * panels.GAP, top, BARS, SIDE)
        for spine in axes.spines.values():
            spine.set_visible(False)
        classes = range(len(likely))
        axes.barh(classes, likely, height=0.72, color=[style.BLUE if k == said else style.GREY for k in classes])
        for k in classes:
            config: dict[str, Any] = {"weight": "bold"} if k == said else {"color": style.MUTED}
            axes.text(likely[k] + 0.012, k, percent(likely[k]), size=style.SMALL, va="center_baseline", **config)
        axes.set_yticks(classes, [panels.class_name(network, k) for k in classes], size=style.TEXT, color=style.INK)
        axes.tick_params(length=0)
        # Room for the words after the longest bar.
        axes.set(xlim=(0, 1.16), ylim=(len(likely) - 0.5, -0.5))
    return figure


def percent(probability: float) -> str:
    """A probability in percent; what is not quite none or all is not said to be."""
    shown = f"{100 * probability:.1f}"
    if shown == "100.0" and probability < 1:
        return "> 99.9 %"
    if shown == "0.0" and probability > 0:
        return "< 0.1 %"
    return f"{shown} %"
