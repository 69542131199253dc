"""Block diagrams of networks: every layer, shape and count is there and legible."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from byhand.data import Digits
from byhand.models import zoo
from byhand.models.layers import Conv2d, Flatten, Linear, MaxPool2d, Standardize
from byhand.models.spec import Spec
from byhand.training.recipe import load_recipe, shipped
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
    "a long title " * 20: zoo.network("softmax"),
    "other pictures": Spec(
        (Standardize(), MaxPool2d(4), Conv2d(64, 3, stride=2), Flatten(), Linear(3000), Linear(7)), input_shape=(60, 30)
    ),
}


@pytest.mark.parametrize("name", SPECS)
def test_every_layer_is_there(name: str, legible: Callable[[Figure], None], tmp_path: Path) -> None:
    spec = SPECS[name]
    drawn = structure.draw(spec, name)
    legible(drawn)
    root = ET.parse(style.save(drawn, tmp_path / "x")[0]).getroot()  # noqa: S314  # our own file
    words = [str(element.text) for element in root.iter(f"{SVG}text")]
    assert f"{spec.size:,} parameters" in words
    assert name in words or words[0].endswith("…")
    blocks = structure.blocks(spec)
    titles = [title for block in blocks for title in (block.layer and block.layer.title(), *block.attached)]
    assert titles[1:] == [layer.title() for layer in spec.layers]
    assert sum(sum(block.counts) for block in blocks) == spec.size
    for block in blocks:
        assert {word for word in (*block.words, *block.attached) if word} <= {*words}
        assert "×".join(map(str, block.shape)) in block.words


def heights(spec: Spec, fill: str) -> list[float]:
    (axes,) = structure.draw(spec, "x").axes
    boxes = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    return [box.get_height() for box in boxes if to_hex(box.get_facecolor()).upper() == fill]


def test_a_vector_is_as_tall_as_the_square_of_its_values() -> None:
    for hidden in (16, 64, 256):
        (height,) = heights(zoo.network("mlp", hidden=(hidden,)), style.tint(style.ORANGE, 0.85))
        assert height == pytest.approx(max(structure.LEAST, structure.SIDE * hidden**0.5 / 28))


def test_states_that_leave_a_layer_are_dark() -> None:
    dark = style.tint(style.GREEN, 0.95)
    assert len(heights(zoo.network("elman"), dark)) == 1
    # Every state of the first layer enters the second; only the last of that leaves.
    assert len(heights(zoo.network("lstm"), dark)) == 29
