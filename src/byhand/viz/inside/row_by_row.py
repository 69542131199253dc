"""The figures of recurrent networks: the state after every row of the image, and what would be predicted there."""

from __future__ import annotations

import numpy as np

from byhand.hands.base import Array, Network
from byhand.viz import style
from byhand.viz.inside import arrays, panels
from byhand.viz.style import class_name

SIDE, STATES, PROBABILITIES = 3.6, 5.4, 2.7
"""Inches: the image, and the width of the states and of the probabilities beside it."""
NARROW = 1.4
"""Inches: the smallest width of the states of one layer."""
SMALL, BETWEEN = 2.3, 0.18
"""Inches: the image beside the gates, and the gap between panels of gates."""
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
SIGMOID = ("i", "f", "o", "r", "z")
"""Gates, from 0, closed, to 1, open."""


def rows(network: Network, image: Array) -> style.Figure:
    """Draw the rows of an image beside the hidden state after each, and what would be predicted there.

    A layer that reads upwards has, next to each row, its state after that row and all below. The units of a layer are
    sorted by the row in which they change most, early ones on the left.

    Parameters
    ----------
    network
        With a recurrent layer, of any hand.
    image
        uint8 ``(28, 28)``.

    Raises
    ------
    ByhandError
        If the network has no recurrent layer, or the image has another shape than it reads.
    """
    images, _ = panels.predict(network, image)
    likely = arrays.probabilities_by_row(network, images)[0]
    states = [h[0] for h in arrays.hidden_states(network, images).values()]
    titles = ["State after each row"]
    if len(states) > 1:
        read = enumerate(arrays.recurrences(network), 1)
        titles = [f"Layer {number}, up" if up else f"State of layer {number}" for number, (*_, up) in read]
    best = likely.argmax(axis=1)
    # The prediction stays the same after the last row with another one.
    changes = np.flatnonzero(best != best[-1])
    settled = int(changes[-1]) + 1 if len(changes) else 0
    with style.applied():
        each = max(NARROW, (STATES - (len(states) - 1) * panels.GAP) / len(states))
        wide = len(states) * (each + panels.GAP) - panels.GAP
        width = 2 * panels.MARGIN + 0.35 + SIDE + wide + PROBABILITIES + 2 * panels.GAP
        top, left = panels.MARGIN + panels.HEADER + 0.3, panels.MARGIN + 0.3
        note = f"{class_name(int(best[-1]))} from row {settled + 1} of {len(likely)} on"
        figure = panels.sheet(width, top + SIDE + 0.62 + panels.MARGIN, "Row by row", note)
        _image(figure, images[0], left, top, SIDE, "The image")
        left += SIDE + panels.GAP
        for index, h in enumerate(states):
            axes = panels.panel(figure, left, top, each, SIDE, titles[index])
            drawn = panels.show_signed(axes, h[:, by_time(h)], 1.0)
            if not index:
                panels.key(figure, left, top + SIDE + 0.14, drawn, "−1", "1")
            left += each + panels.GAP
        axes = panels.panel(figure, left, top, PROBABILITIES, SIDE, "Prediction so far")
        drawn = panels.show(axes, likely, panels.fraction(), 0, 1)
        panels.key(figure, left, top + SIDE + 0.4, drawn, "0 %", "100 %")
        names = [class_name(k) for k in range(likely.shape[1])]
        axes.set_xticks(range(len(names)), names, size=style.SMALL)
        axes.tick_params(length=0, pad=3, labelcolor=style.INK)
        colors = [style.INK if probability < 0.5 else style.PAPER for probability in likely.max(axis=1)]
        axes.scatter(best, np.arange(len(best)), s=9, c=colors, linewidths=0, zorder=3)
    return figure


def gates(network: Network, image: Array) -> style.Figure:
    """Draw every gate and state of an LSTM or a GRU over the rows of an image.

    Units are sorted as in `rows`. Gates are blue where they are open; states and candidates are blue above zero and
    vermilion below, each panel on its own scale.

    Parameters
    ----------
    network
        With a recurrent layer, of any hand.
    image
        uint8 ``(28, 28)``.

    Raises
    ------
    ByhandError
        If the network has no recurrent layer, or the image has another shape than it reads.
    """
    images, _ = panels.predict(network, image)
    found = arrays.gates(network, images)
    read = arrays.recurrences(network)
    cells = [f"{layer.cell}, {layer.hidden} units{', up' if up else ''}" for _, layer, up in read]
    opened = None
    with style.applied():
        most = max(len(held) for held in found.values())
        wide = min(SMALL, (12.2 - SMALL - most * BETWEEN) / most)
        top, left = panels.MARGIN + panels.HEADER + 0.3, panels.MARGIN + 0.3
        width = left + SMALL + most * (wide + BETWEEN) + panels.MARGIN
        row_height = SMALL + 0.62
        height = top + len(found) * row_height + panels.MARGIN - 0.05
        figure = panels.sheet(width, height, "Gates and states, row by row")
        for held, cell in zip(found.values(), cells, strict=True):
            _image(figure, images[0], left, top, SMALL, cell)
            order = by_time(held["h"][0])
            for column, (part, values) in enumerate(held.items()):
                x = left + SMALL + BETWEEN + column * (wide + BETWEEN)
                axes, sorted_units = panels.panel(figure, x, top, wide, SMALL, NAMES[part]), values[0][:, order]
                if part in SIGMOID:
                    opened = panels.show(axes, sorted_units, panels.fraction(), 0, 1)
                else:
                    drawn = panels.show_signed(axes, sorted_units)
                    scale = f"up to {panels.largest(values[0]):.2g}"
                    axes.set_xlabel(scale, size=style.SMALL, labelpad=3, color=style.MUTED)
            top += row_height
        y = height - panels.MARGIN - 0.13
        panels.key(figure, left, y, drawn, "below 0", "above 0")
        if opened is not None:
            panels.key(figure, left + 3.9, y, opened, "closed", "open")
    return figure


def by_time(h: Array) -> Array:
    """Sort units by when they change: by the mean row of their changes, weighted by size.

    Parameters
    ----------
    h
        States ``(T, H)``.

    Returns
    -------
    numpy.ndarray
        Indices ``(H,)``.
    """
    change = np.abs(np.diff(h, axis=0, prepend=np.zeros_like(h[:1])))
    weight = np.maximum(change.sum(axis=0), np.finfo(h.dtype).tiny)
    return np.argsort((np.arange(len(h)) @ change) / weight, kind="stable")


def _image(figure: style.Figure, image: Array, left: float, top: float, side: float, title: str) -> style.Axes:
    """Draw the image with its rows numbered: the first and every seventh."""
    axes = panels.panel(figure, left, top, side, side, title)
    panels.show_picture(axes, image)
    numbered = [0, *range(6, len(image), 7)]
    axes.set_yticks(numbered, [str(row + 1) for row in numbered])
    axes.tick_params(length=0, pad=3)
    return axes
