"""The figures of recurrent networks: what is held after every row of the picture, and what would be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from byhand.hands.base import Array, Network
from byhand.models.layers import Recurrent
from byhand.viz import style
from byhand.viz.inside import panels
from byhand.viz.inside.arrays.states import gates as gates_of
from byhand.viz.inside.arrays.states import hidden_states, probabilities_by_row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIDE = 3.6
"""Inches: the picture, and the height of everything beside it."""
PROBABILITIES, STATES = 2.7, 5.4
SMALL = 2.3
"""Inches: a gate's panel."""
NAMES = {
    "i": "input gate i",
    "f": "forget gate f",
    "o": "output gate o",
    "g": "candidate g",
    "c": "cell c",
    "r": "reset gate r",
    "z": "update gate z",
    "n": "candidate n",
    "h": "state h",
}
OPEN = ("i", "f", "o", "r", "z")
"""Gates, from 0, shut, to 1, open."""


def rows(network: Network, image: Array) -> Figure:
    """Draw the rows of a picture beside the hidden state after each, and what would be answered there.

    The units of a layer stand in the order of the row in which they move most, early ones on the left.

    Parameters
    ----------
    network
        With a recurrent layer, of any hand.
    image
        uint8 ``(28, 28)``.

    Raises
    ------
    ByhandError
        If the network does not read row by row, or the picture is of another shape than it reads.
    """
    images, _ = panels.reading(network, image)
    likely = probabilities_by_row(network, images)[0]
    states = [h[0] for h in hidden_states(network, images).values()]
    said = int(likely[-1].argmax())
    settled = _settled(likely)
    with style.applied():
        each = STATES / len(states) - (len(states) - 1) * panels.GAP / len(states)
        width = 2 * panels.MARGIN + SIDE + panels.GAP + STATES + panels.GAP + PROBABILITIES + 0.35
        height = 2 * panels.MARGIN + panels.HEADER + 0.3 + SIDE + 0.62
        beside = f"{panels.class_name(network, said)} from row {settled + 1} of {len(likely)} on"
        figure = panels.sheet(width, height, "Row by row", beside)
        top, left = panels.MARGIN + panels.HEADER + 0.3, panels.MARGIN + 0.3
        axes = panels.panel(figure, left, top, SIDE, SIDE, "The picture")
        panels.show_picture(axes, image)
        _rows_named(axes, len(likely))
        left += SIDE + panels.GAP
        for place, h in enumerate(states):
            title = "The state after each row" if len(states) == 1 else f"State of layer {place + 1}"
            axes = panels.panel(figure, left, top, each, SIDE, title)
            drawn = panels.show_signed(axes, h[:, by_time(h)], 1.0)
            if not place:
                panels.key(figure, left, top + SIDE + 0.14, drawn, "−1", "1")
            left += each + panels.GAP
        axes = panels.panel(figure, left, top, PROBABILITIES, SIDE, "Read so far as")
        drawn = panels.show(axes, likely, panels.share(), 0, 1)
        panels.key(figure, left, top + SIDE + 0.4, drawn, "0 %", "100 %")
        _answers(axes, network, likely)
    return figure


def gates(network: Network, image: Array) -> Figure:
    """Draw every gate and state of an LSTM or a GRU over the rows of a picture.

    Units stand in the order of `rows`. Gates are green where they are open; states and candidates blue below zero and
    vermilion above, each panel on its own scale.

    Parameters
    ----------
    network
        With a recurrent layer, of any hand.
    image
        uint8 ``(28, 28)``.

    Raises
    ------
    ByhandError
        If the network does not read row by row, or the picture is of another shape than it reads.
    """
    images, _ = panels.reading(network, image)
    found = {
        name: {part: values[0] for part, values in held.items()} for name, held in gates_of(network, images).items()
    }
    cells = {
        name: layer.title()
        for name, layer in zip(network.spec.layer_names, network.spec.layers, strict=True)
        if isinstance(layer, Recurrent)
    }
    with style.applied():
        most = max(len(held) for held in found.values())
        wide = min(SMALL, (12.2 - SMALL - most * 0.18) / most)
        width = 2 * panels.MARGIN + 0.3 + SMALL + most * (wide + 0.18)
        line = SMALL + 0.62
        height = 2 * panels.MARGIN + panels.HEADER + len(found) * line + 0.25
        figure = panels.sheet(width, height, "Gates and states, row by row")
        top = panels.MARGIN + panels.HEADER + 0.3
        for name, held in found.items():
            left = panels.MARGIN + 0.3
            axes = panels.panel(figure, left, top, SMALL, SMALL, cells[name])
            panels.show_picture(axes, image)
            _rows_named(axes, len(image))
            left += SMALL + 0.18
            order = by_time(held["h"])
            for part, values in held.items():
                axes = panels.panel(figure, left, top, wide, SMALL, NAMES[part])
                if part in OPEN:
                    opened = panels.show(axes, values[:, order], panels.share(), 0, 1)
                else:
                    drawn = panels.show_signed(axes, values[:, order])
                    _range(axes, values)
                left += wide + 0.18
            top += line
        y = height - panels.MARGIN - 0.13
        panels.key(figure, panels.MARGIN + 0.3, y, drawn, "below 0", "above 0")
        if any(part in OPEN for held in found.values() for part in held):
            panels.key(figure, panels.MARGIN + 4.2, y, opened, "shut", "open")
    return figure


def by_time(h: Array) -> Array:
    """Order units by when they move: by the mean row of their changes, each weighed by its size.

    Parameters
    ----------
    h
        States ``(T, H)``.

    Returns
    -------
    numpy.ndarray
        Places ``(H,)``.
    """
    moved = np.abs(np.diff(h, axis=0, prepend=np.zeros_like(h[:1])))
    weight = np.maximum(moved.sum(axis=0), np.finfo(h.dtype).tiny)
    return np.argsort((np.arange(len(h)) @ moved) / weight, kind="stable")


def _settled(likely: Array) -> int:
    """Find the first row from which on the answer stays what it is at the end."""
    other = np.flatnonzero(likely.argmax(axis=1) != likely[-1].argmax())
    return int(other[-1]) + 1 if len(other) else 0


def _rows_named(axes: Axes, count: int) -> None:
    """Number the rows at the left of a picture, every seventh and the first."""
    places = [0, *range(6, count, 7)]
    axes.set_yticks(places, [str(place + 1) for place in places])
    axes.tick_params(length=0, pad=3)


def _range(axes: Axes, values: Array) -> None:
    most = panels.largest(values)
    axes.set_xlabel(f"up to {most:.2g}", size=style.SMALL, labelpad=3, color=style.MUTED)


def _answers(axes: Axes, network: Network, likely: Array) -> None:
    """Name the classes, and mark the answer of every row."""
    names = [panels.class_name(network, k) for k in range(likely.shape[1])]
    axes.set_xticks(range(len(names)), names, size=style.SMALL, color=style.INK)
    axes.tick_params(length=0, pad=3)
    best = likely.argmax(axis=1)
    pale = likely[np.arange(len(best)), best] < 0.5
    colours = [style.INK if light else style.PAPER for light in pale]
    axes.scatter(best, np.arange(len(best)), s=9, c=colours, linewidths=0, zorder=3)
