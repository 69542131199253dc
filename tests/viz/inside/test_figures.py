"""The figures show the arrays, legibly."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import byhand
from byhand.hands import Network
from byhand.viz import inside as look
from byhand.viz import style
from byhand.viz.inside import arrays, panels
from byhand.viz.inside.row_by_row import by_time
from byhand.viz.inside.views import TEXTS, page, views

Made = Callable[..., Network]
KINDS = {
    "softmax": {"units"},
    "softmax of some pixels": {"units"},
    "mlp": {"units"},
    "mlp of some pixels": {"units"},
    "sigmoid": {"units"},
    "elman": {"rows"},
    "lstm": {"rows", "gates"},
    "gru": {"rows", "gates"},
    "conv5x5": {"filters"},
    "tiny-cnn": {"filters"},
}


def others(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate([images, images[:, ::-1]]), np.arange(10) % 4


def shown(figure: Figure) -> list[np.ndarray]:
    """The matrices of its panels, in their order."""
    return [np.ma.getdata(drawn.get_array()) for axes in figure.axes for drawn in axes.images]


def test_every_kind_of_network_has_its_figures(
    made: Made, name: str, images: np.ndarray, legible: Callable[[Figure], None]
) -> None:
    found = dict(views(made(name, dtype="float32"), images[0], 3, others(images)))
    assert found.keys() == {"answer", "layers", "evidence", "map"} | KINDS[name]
    for figure in found.values():
        legible(figure)
    html = page("Inside <it>", "A digit.", found).html()
    assert html.count("<svg") == len(found)
    assert "Inside &lt;it&gt;" in html
    for view in found:
        assert TEXTS[view][0] in html


def test_layers_show_the_activations(made: Made, images: np.ndarray, words: Callable[[Figure], list[str]]) -> None:
    network = made("conv5x5")
    figure = look.feature_maps(network, images[0])
    seen = network.activations(images[:1])
    matrices = shown(figure)
    np.testing.assert_allclose(matrices[0], images[0] / 255)
    maps = seen["Conv2d1"][0]
    for c in range(4):
        np.testing.assert_allclose(matrices[2][:, 29 * c : 29 * c + 28], maps[..., c])
    strips = [matrix for matrix in matrices if len(matrix) == 1]
    for strip, name in zip(strips, ("Linear1", "ReLU3", "Linear2"), strict=False):
        np.testing.assert_allclose(strip, seen[name])
    titles = [layer.title() for layer in network.spec.layers if layer.kind not in ("Flatten", "Dropout")]
    assert [word for word in words(figure) if word in titles] == titles


def test_a_prediction(made: Made, images: np.ndarray) -> None:
    network = made("mlp")
    k = int(network.logits(images[:1]).argmax())
    right, wrong = (look.answer(network, images[0], label=label) for label in (k, (k + 1) % 10))
    assert len(wrong.get_label()) > len(right.get_label())
    np.testing.assert_array_equal(shown(right)[0], images[0])
    widths = [bar.get_width() for bar in right.axes[1].patches]
    assert sum(widths) == pytest.approx(1)
    assert int(np.argmax(widths)) == k


def test_units_are_sorted_by_activation(made: Made, images: np.ndarray, words: Callable[[Figure], list[str]]) -> None:
    network = made("sigmoid")
    figure = look.units(network, images[0])
    values = network.activations(images[:1])["Sigmoid"][0]
    order = np.argsort(-values)
    assert "48 of 70" in figure.get_label()
    pictures = arrays.unit_pictures(network)
    for matrix, unit in zip(shown(figure)[:48], order, strict=False):
        np.testing.assert_array_equal(matrix, pictures[unit])
    # Without an image, in their own order.
    np.testing.assert_array_equal(shown(look.units(network))[5], pictures[5])
    names = [f"{k}: {panels.number(z)}" for k, z in enumerate(made("softmax").logits(images[:1])[0])]
    assert [word for word in words(look.units(made("softmax"), images[0])) if word in names] == names


def test_a_gallery_shows_its_images(
    images: np.ndarray, legible: Callable[[Figure], None], words: Callable[[Figure], list[str]]
) -> None:
    names = [f"no. {n}" for n in range(5)]
    figure = look.gallery(images, names, title="Five", beside="of many", columns=3)
    legible(figure)
    for matrix, image in zip(shown(figure), images, strict=True):
        np.testing.assert_array_equal(matrix, image)
    assert [word for word in words(figure) if word in names] == names
    values = images.astype(float) - 100
    values[0, 0, 0] = np.nan
    legible(look.gallery(values, signed=True))


def test_rows_show_states_and_predictions(made: Made, images: np.ndarray) -> None:
    network = made("elman")
    figure = look.rows(network, images[0])
    h = arrays.hidden_states(network, images[:1])["Recurrent"][0]
    matrices = [matrix for matrix in shown(figure) if len(matrix) == 28]
    np.testing.assert_array_equal(matrices[0], images[0])
    np.testing.assert_allclose(matrices[1], h[:, by_time(h)])
    likely = arrays.probabilities_by_row(network, images[:1])[0]
    np.testing.assert_allclose(matrices[2], likely)
    best = likely.argmax(axis=1)
    row = int(re.findall(r"\d+", figure.get_label())[1])
    assert (best[row - 1 :] == best[-1]).all()
    assert row == 1 or best[row - 2] != best[-1]


def test_units_that_change_early_stand_left() -> None:
    h = np.zeros((6, 3))
    h[4:, 0], h[1:, 1], h[2:, 2] = 1, -1, 0.5
    assert by_time(h).tolist() == [1, 2, 0]


def test_evidence_shows_saliency_and_occlusion(made: Made, images: np.ndarray) -> None:
    network = made("lstm")
    matrices = [matrix for matrix in shown(look.evidence(network, images[0])) if matrix.shape == (28, 28)]
    np.testing.assert_array_equal(matrices[0], images[0])
    np.testing.assert_allclose(matrices[1], arrays.saliency(network, images[:1])[0])
    np.testing.assert_allclose(matrices[2], arrays.occlusion(network, images[0]))


def test_a_map_marks_every_digit_and_the_image(made: Made, images: np.ndarray) -> None:
    network = made("mlp")
    many, labels = others(images)
    figure = look.landscape(network, many, labels, images[0])
    offsets = [drawn.get_offsets() for drawn in figure.axes[0].collections]
    assert sum(map(len, offsets[:4])) == 10
    # The image is the first of them.
    np.testing.assert_allclose(offsets[-1], offsets[0][:1], atol=1e-6)
    assert "784" in look.landscape(made("softmax"), many, labels).get_label()


def test_bad_input(made: Made, images: np.ndarray, refused: Callable[..., Any]) -> None:
    for figure in (look.answer, look.feature_maps, look.evidence):
        with refused("look.wrong_shape"):
            figure(made("mlp"), images[0, :, 1:])
    with refused("look.wrong_labels"):
        look.landscape(made("mlp"), images, np.arange(4))
    with refused("look.unknown_map"):
        look.landscape(made("mlp"), *others(images), method="umap")
    wrong: dict[str, Any]
    for wrong in ({"pictures": images[0]}, {"names": ["one"]}, {"columns": 0}, {"pictures": images[:0]}):
        with refused("look.invalid_gallery"):
            look.gallery(**{"pictures": images, **wrong})


def test_figures_from_several_threads(made: Made, images: np.ndarray, tmp_path: Path) -> None:
    network = made("elman")

    def draw(number: int) -> bytes:
        return style.save(look.rows(network, images[0]), tmp_path / f"{number}" / "rows")[0].read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(draw, range(8)))) == 1


def test_the_public_name() -> None:
    assert byhand.look is look


def test_an_image_without_ink_has_no_outline(made: Made, legible: Callable[[Figure], None]) -> None:
    legible(look.evidence(made("mlp"), np.zeros((28, 28), np.uint8)))
