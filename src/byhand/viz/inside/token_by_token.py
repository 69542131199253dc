"""The figure of attention: which part of the drawing looks at which, for each head, and what the class rests on."""

from __future__ import annotations

import numpy as np

from byhand.errors import ByhandError
from byhand.hands.base import Array, Network
from byhand.viz import style
from byhand.viz.inside import arrays, panels
from byhand.viz.style import class_name, percent

LARGE, SIDE, BETWEEN = 2.9, 1.75, 0.22
"""Inches: the two panels on top, those of the heads, and the gap between them."""
CAPTION = 0.34
"""Inches below a panel for its scale."""


def attention(network: Network, image: Array, token: int | None = None) -> style.Figure:
    """Draw where every head of every layer looks.

    On top are the drawing with one framed token, a patch or a row, and the class's attention over the drawing. Below,
    for every layer and head: what the framed token looks at; and as a matrix what all of them look at, a line for each
    token that looks and a column for each that is looked at.

    Parameters
    ----------
    network
        With attention, of any hand.
    image
        uint8 ``(28, 28)``.
    token
        The framed token, counted row by row from 0; by default the one that the class rests on most.

    Raises
    ------
    ByhandError
        If the network has no attention, there is no such token, or the image has another shape than it reads.
    """
    images, likely = panels.predict(network, image)
    rows, columns = arrays.tokens(network)
    best = int(likely.argmax())
    relevance = arrays.class_attention(network, images, [best])[0]
    chosen = int(relevance.argmax()) if token is None else token
    if not 0 <= chosen < rows * columns:
        raise ByhandError(
            f"There is no token {chosen}; expected 0 to {rows * columns - 1}, row by row over the drawing.",
            code="look.no_such_token",
        )
    weights = [A[0] for A in arrays.attention_weights(network, images).values()]
    noun = "patch" if columns > 1 else "row"
    with style.applied():
        across = max(len(A) for A in weights)
        line = SIDE + CAPTION
        left, top = panels.MARGIN, panels.MARGIN + panels.HEADER + 0.3
        wide = max(across * (SIDE + BETWEEN) - BETWEEN, 2 * LARGE + panels.GAP)
        below = top + LARGE + CAPTION + 0.55
        height = below + len(weights) * (2 * line + 0.5) + panels.MARGIN
        note = f"read as {class_name(best)} with {percent(likely[best])} probability"
        figure = panels.sheet(2 * panels.MARGIN + wide, height, "Attention", note)
        axes = panels.panel(figure, left, top, LARGE, LARGE, f"The drawing, and one {noun}")
        panels.show_picture(axes, image)
        _frame(axes, network, chosen)
        axes = panels.panel(figure, left + LARGE + panels.GAP, top, LARGE, LARGE, f"What {class_name(best)} rests on")
        drawn = _over(axes, network, image, relevance)
        panels.key(figure, left + LARGE + panels.GAP, top + LARGE + 0.14, drawn, "nothing", "most", 1.2)
        for index, A in enumerate(weights):
            y = below + index * (2 * line + 0.5)
            panels.write(figure, left, y - 0.36, f"Layer {index + 1}: the framed {noun} looks at; below, each at each")
            for head, own in enumerate(A):
                x = left + head * (SIDE + BETWEEN)
                axes = panels.panel(figure, x, y, SIDE, SIDE, f"Head {head + 1}")
                _over(axes, network, image, own[chosen])
                _frame(axes, network, chosen)
                most = percent(float(own[chosen].max()))
                axes.set_xlabel(f"up to {most}", size=style.SMALL, labelpad=3, color=style.MUTED)
                axes = panels.panel(figure, x, y + line, SIDE, SIDE)
                panels.show(axes, own, panels.fraction(), 0, float(own.max()))
                most = percent(float(own.max()))
                axes.set_xlabel(f"up to {most}", size=style.SMALL, labelpad=3, color=style.MUTED)
    return figure


def _over(axes: style.Axes, network: Network, image: Array, values: Array) -> object:
    """Fill a panel with values of the tokens, each on its pixels, under the outline of the ink."""
    spread = arrays.on_drawing(network, values)
    drawn = panels.show(axes, spread, panels.fraction(), 0, float(spread.max()) or 1.0)
    panels.outline(axes, image)
    return drawn


def _frame(axes: style.Axes, network: Network, token: int) -> None:
    """Draw a frame around the pixels of a token."""
    (rows, columns), (high, wide) = arrays.tokens(network), network.spec.input_shape
    y, x = divmod(token, columns)
    (top, bottom), (left, right) = np.array([y, y + 1]) * (high / rows), np.array([x, x + 1]) * (wide / columns)
    corners = ([left, right, right, left, left], [top, top, bottom, bottom, top])
    axes.plot(*(np.array(sides) - 0.5 for sides in corners), color=style.VERMILION, linewidth=2, clip_on=False)
