"""The figures show the arrays, legibly."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

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
    "bi-lstm": {"rows", "gates"},
    "resnet": {"filters"},
    "vit": {"attention"},
    "vit of rows": {"attention"},
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


def test_attention_shows_what_the_token_looks_at(
    made: Made, images: np.ndarray, words: Callable[[Figure], list[str]], refused: Callable[..., Any]
) -> None:
    network = made("vit")
    relevance = arrays.class_attention(network, images[:1])[0]
    weights = arrays.attention_weights(network, images[:1])
    for token in (None, 3):
        figure = look.attention(network, images[0], token)
        chosen = int(relevance.argmax()) if token is None else token
        picture, rests_on, _, *rest = shown(figure)
        np.testing.assert_array_equal(picture, images[0])
        np.testing.assert_allclose(rests_on, arrays.on_drawing(network, relevance))
        expected = []
        for A in weights.values():
            for own in A[0]:
                expected += [arrays.on_drawing(network, own[chosen]), own]
        for matrix, wanted in zip(rest, expected, strict=True):
            np.testing.assert_allclose(matrix, wanted)
    assert [word for word in words(figure) if word == "Head 2"] == ["Head 2"] * 2
    with refused("look.no_such_token"):
        look.attention(network, images[0], 16)


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
