"""What tests of figures share."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from byhand.viz import style


def undrawn(axis: Axis) -> list[Text]:
    """Labels of ticks outside the limits of an axis, which Matplotlib makes but does not draw."""
    low, high = sorted(axis.get_view_interval())
    ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
    return [label for tick in ticks if not low <= tick.get_loc() <= high for label in (tick.label1, tick.label2)]


def check(figure: Figure) -> None:
    with style.applied():
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        figure.draw(renderer)
        hidden = {label for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in undrawn(axis)}
        texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible() and text not in hidden]
        # Without the lines that lead to annotations.
        boxes = [Text.get_window_extent(text, renderer) for text in texts]
        drawn = figure.get_tightbbox(renderer)
    width, height = figure.get_size_inches()
    assert drawn.x0 > -0.01
    assert drawn.y0 > -0.01
    assert drawn.x1 < width + 0.01
    assert drawn.y1 < height + 0.01
    # The large digits on a map of digits lie on their digits.
    small = [(text, box) for text, box in zip(texts, boxes, strict=True) if text.get_size() < 24]
    assert len(texts) > 1
    for (one, at), (other, there) in itertools.combinations(small, 2):
        assert not at.shrunk(0.98, 0.9).overlaps(there.shrunk(0.98, 0.9)), (one.get_text(), other.get_text())
    scale = min(1, style.SLIDE_WIDTH / width)
    assert min((text.get_size() for text in texts if not text.get_text().isdigit()), default=9) * scale >= 9


@pytest.fixture(scope="session")
def legible() -> Callable[[Figure], None]:
    """``legible(figure)``: no text lies on another, none is too small for a slide, and nothing leaves the figure."""
    return check


@pytest.fixture(scope="session")
def words() -> Callable[[Figure], list[str]]:
    """``words(figure)``: every text in it."""
    return lambda figure: [text.get_text() for text in figure.findobj(Text) if text.get_text()]
