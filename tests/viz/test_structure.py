"""Pictures of networks: everything is told, no words lie on others, and nothing leaves the page."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from byhand.data import Digits
from byhand.models import zoo
from byhand.models.layers import Conv2d, Flatten, Linear, MaxPool2d, Standardize
from byhand.models.spec import Spec
from byhand.training.recipe import load_recipe, shipped
from byhand.viz import shapes as glyphs
from byhand.viz import structure, style

SVG = "{http://www.w3.org/2000/svg}"


def of_recipe(name: str) -> Spec:
    # A frame of constant pixels, for recipes that drop them.
    images = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
    images[:, :3], images[:, :, 25:] = 0, 0
    return load_recipe(name).spec(Digits(images, None, "noise", "here"))


SPECS = {name: of_recipe(name) for name in shipped()} | {
    "normed": zoo.network("tiny-cnn", norm=True, activations="all"),
    "fourteen layers": zoo.network("mlp", hidden=(300,) * 14, dropout=0.3),
    "three recurrences, 数字, $x_1$": zoo.network("gru", depth=3, hidden=16, dropout=0.3),
    "an untold story " * 20: zoo.network("softmax"),
    "other pictures": Spec(
        (Standardize(), MaxPool2d(4), Conv2d(64, 3, stride=2), Flatten(), Linear(3000), Linear(7)), input_shape=(60, 30)
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_everything_is_told(name: str, tmp_path: Path) -> None:
    spec = SPECS[name]
    svg, _ = style.save(structure.draw(spec, name), tmp_path / "x")
    root = ET.parse(svg).getroot()  # noqa: S314  # our own file
    words = [str(element.text) for element in root.iter(f"{SVG}text")]
    assert root.findtext(f"{SVG}title") == f"{name}: {spec.size:,} parameters"
    assert f"{spec.size:,} parameters" in words
    assert name in words or words[0].endswith("…")
    # In the order of the network, whether a block or small on one.
    blocks = structure.blocks(spec)
    told = [title for block in blocks for title in (block.layer and block.layer.title(), *block.attached)]
    assert told[1:] == [layer.title() for layer in spec.layers]
    for layer, after, learnt in zip(spec.layers, spec.shapes[1:], spec.layer_parameters, strict=True):
        kind, _, settings = layer.title().partition("(")
        settings = settings.removesuffix(")").replace("3x3", "3×3").replace("5x5", "5×5")
        small = isinstance(layer, structure.ATTACHED)
        assert (layer.title() if small else kind) in words
        shape = "×".join(map(str, after))
        assert small or shape in words
        # Settings are left out only where the shape says the same.
        assert small or not settings or settings in (*words, shape)
        count = sum(parameter.size for parameter in learnt)
        assert not count or any(f"{count:,}" in word.split(" + ") for word in words), layer
    assert sum(sum(block.counts) for block in blocks) == spec.size


@pytest.mark.parametrize("name", SPECS)
def test_no_words_lie_on_others_and_nothing_leaves_the_page(name: str) -> None:
    with style.applied(), style.any_script():
        drawn = structure.draw(SPECS[name], name)
        renderer = drawn.canvas.get_renderer()
        page = drawn.bbox
        (axes,) = drawn.axes
        words = [word for word in axes.findobj(Text) if word.get_text()]
        boxes = [word.get_window_extent(renderer) for word in words]
        shapes = [patch.get_window_extent(renderer) for patch in axes.patches]
    assert len(words) > 10
    assert len(shapes) > 3
    for box in (*boxes, *shapes):
        assert page.x0 < box.x0
        assert box.x1 < page.x1
        assert page.y0 < box.y0
        assert box.y1 < page.y1
    for (one, at), (other, there) in itertools.combinations(zip(words, boxes, strict=True), 2):
        assert not at.overlaps(there), (one.get_text(), other.get_text())
    # On a slide no word is smaller than can be read; the names of the classes are the smallest.
    scale = min(1, style.SLIDE_WIDTH / drawn.get_figwidth())
    assert min(word.get_size() for word in words if not word.get_text().isdigit()) * scale > 9


def test_larger_shapes_are_drawn_larger() -> None:
    for hidden in (16, 64, 256):
        (axes,) = structure.draw(zoo.network("mlp", hidden=(hidden,)), "x").axes
        heights = [patch.get_height() for patch in axes.patches if isinstance(patch, Rectangle)]
        # As tall as the root of the values: 784 are as tall as the picture's side of 28.
        assert pytest.approx(max(glyphs.LEAST, glyphs.UNIT * hidden**0.5)) in heights
        assert sum(height == pytest.approx(glyphs.UNIT * 28) for height in heights) == 2


def test_the_states_that_leave_are_solid() -> None:
    def solid(spec: Spec) -> int:
        (axes,) = structure.draw(spec, "x").axes
        colour = style.tint(style.GREEN, 0.95)
        return sum(to_hex(patch.get_facecolor()).upper() == colour for patch in axes.patches)

    assert solid(zoo.network("elman")) == 1
    # Every state of the first layer goes on to the second, and the last of that.
    assert solid(zoo.network("lstm")) == 29
