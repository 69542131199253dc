"""The figures: they show what the arrays say, no words lie on others, and nothing leaves the page."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import byhand
from byhand.errors import ByhandError
from byhand.hands import Network
from byhand.viz import inside as look
from byhand.viz import style
from byhand.viz.inside import arrays, panels
from byhand.viz.inside.prediction import percent
from byhand.viz.inside.row_by_row import by_time
from byhand.viz.inside.views import page, views

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


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def test_every_kind_of_network_has_its_figures(made: Made, name: str, images: np.ndarray, tmp_path: Path) -> None:
    found = list(views(made(name, dtype="float32"), images[0], 3, others(images)))
    assert {view.name for view in found} == {"answer", "layers", "evidence", "map"} | KINDS[name]
    for view in found:
        laid_out_well(view.figure)
    html = page("Inside <it>", "A digit.", found).html()
    assert html.count("<svg") == len(found)
    assert "Inside &lt;it&gt;" in html
    for view in found:
        assert view.heading in html
    # Nothing is asked for from anywhere.
    assert 'src="http' not in html
    assert "url(http" not in html
    assert {view.name for view in views(made(name), images[0])} == {"answer", "layers", "evidence"} | KINDS[name]


def laid_out_well(figure: Figure) -> None:
    with style.applied():
        renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
        figure.draw(renderer)
        texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        boxes = [text.get_window_extent(renderer) for text in texts]
    for text, box in zip(texts, boxes, strict=True):
        assert figure.bbox.x0 <= box.x0, text
        assert box.x1 <= figure.bbox.x1, text
        assert figure.bbox.y0 <= box.y0, text
        assert box.y1 <= figure.bbox.y1, text
    # The names of classes on a map lie where the digits are.
    free = [(text, box) for text, box in zip(texts, boxes, strict=True) if text.get_size() < 24]
    for (one, at), (other, there) in itertools.combinations(free, 2):
        assert not at.shrunk(0.98, 0.9).overlaps(there.shrunk(0.98, 0.9)), (one.get_text(), other.get_text())
    assert min((text.get_size() for text, _ in free), default=style.SMALL) >= style.SMALL


def test_layers_show_the_activations(made: Made, images: np.ndarray) -> None:
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
    assert "read as" in figure.get_label()


def test_an_answer_is_told(made: Made, images: np.ndarray) -> None:
    network = made("mlp")
    k = int(network.logits(images[:1]).argmax())
    figure = look.answer(network, images[0], label=k)
    assert figure.get_label().startswith(f"Read as {k}: ")
    assert "it is a" not in figure.get_label()
    assert f"; it is a {(k + 1) % 10}" in look.answer(network, images[0], label=(k + 1) % 10).get_label()
    np.testing.assert_array_equal(shown(figure)[0], images[0])
    widths = [bar.get_width() for bar in figure.axes[1].patches]
    assert sum(widths) == pytest.approx(1)
    assert int(np.argmax(widths)) == k


@pytest.mark.parametrize(
    ("share", "told"), [(1.0, "100.0 %"), (0.9999, "> 99.9 %"), (0.5, "50.0 %"), (1e-7, "< 0.1 %"), (0.0, "0.0 %")]
)
def test_percent_says_no_more_than_it_knows(share: float, told: str) -> None:
    assert percent(share) == told


def test_units_stand_in_the_order_of_their_excitement(made: Made, images: np.ndarray) -> None:
    network = made("sigmoid")
    figure = look.units(network, images[0])
    values = network.activations(images[:1])["Sigmoid"][0]
    order = np.argsort(-values)
    assert "48 of 70" in figure.get_label()
    pictures = arrays.unit_pictures(network)
    for matrix, unit in zip(shown(figure)[:48], order, strict=False):
        np.testing.assert_array_equal(matrix, pictures[unit])
    # Without a picture in their own order.
    np.testing.assert_array_equal(shown(look.units(network))[5], pictures[5])
    names = [f"{k}: {panels.number(z)}" for k, z in enumerate(made("softmax").logits(images[:1])[0])]
    assert [word for word in words(look.units(made("softmax"), images[0])) if word in names] == names


def test_a_gallery_shows_its_pictures(images: np.ndarray) -> None:
    figure = look.gallery(images, [f"no. {n}" for n in range(5)], title="Five", beside="of many", columns=3)
    laid_out_well(figure)
    for matrix, image in zip(shown(figure), images, strict=True):
        np.testing.assert_array_equal(matrix, image)
    assert [word for word in words(figure) if word.startswith("no.")] == [f"no. {n}" for n in range(5)]
    laid_out_well(look.gallery(images[:1]))
    values = images.astype(float) - 100
    values[0, 0, 0] = np.nan
    laid_out_well(look.gallery(values, signed=True))
    for wrong in ({"pictures": images[0]}, {"names": ["one"]}, {"columns": 0}, {"pictures": images[:0]}):
        with pytest.raises(ByhandError, match="a name for each or none"):
            look.gallery(**{"pictures": images, **wrong})


def test_rows_show_states_and_answers(made: Made, images: np.ndarray) -> None:
    network = made("elman")
    figure = look.rows(network, images[0])
    h = arrays.hidden_states(network, images[:1])["Recurrent"][0]
    matrices = [matrix for matrix in shown(figure) if len(matrix) == 28]
    np.testing.assert_array_equal(matrices[0], images[0])
    np.testing.assert_allclose(matrices[1], h[:, by_time(h)])
    likely = arrays.probabilities_by_row(network, images[:1])[0]
    np.testing.assert_allclose(matrices[2], likely)
    best = likely.argmax(axis=1)
    row = int(figure.get_label().split(" from row ")[1].split()[0])
    assert (best[row - 1 :] == best[-1]).all()
    assert row == 1 or best[row - 2] != best[-1]


def test_units_that_move_early_stand_left() -> None:
    h = np.zeros((6, 3))
    h[4:, 0], h[1:, 1], h[2:, 2] = 1, -1, 0.5
    assert by_time(h).tolist() == [1, 2, 0]


def test_evidence_shows_saliency_and_occlusion(made: Made, images: np.ndarray) -> None:
    network = made("lstm")
    matrices = [matrix for matrix in shown(look.evidence(network, images[0])) if matrix.shape == (28, 28)]
    np.testing.assert_array_equal(matrices[0], images[0])
    np.testing.assert_allclose(matrices[1], arrays.saliency(network, images[:1])[0])
    np.testing.assert_allclose(matrices[2], arrays.occlusion(network, images[0]))


def test_a_map_marks_every_digit_and_the_picture(made: Made, images: np.ndarray) -> None:
    network = made("mlp")
    many, labels = others(images)
    figure = look.landscape(network, many, labels, images[0])
    offsets = [drawn.get_offsets() for drawn in figure.axes[0].collections]
    assert sum(map(len, offsets[:4])) == 10
    # The picture is the first of them.
    np.testing.assert_allclose(offsets[-1], offsets[0][:1], atol=1e-6)
    assert "The pixels: 10 digits, 784 values" in look.landscape(made("softmax"), many, labels).get_label()


def test_the_same_figure_gives_the_same_bytes(made: Made, images: np.ndarray, tmp_path: Path) -> None:
    files = [
        style.save(look.landscape(made("mlp"), *others(images), images[0]), tmp_path / name / "map") for name in "ab"
    ]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]


def test_bad_input(made: Made, images: np.ndarray) -> None:
    for figure in (look.answer, look.feature_maps, look.evidence):
        with pytest.raises(ByhandError, match=r"array of shape \(1, 28, 27\)"):
            figure(made("mlp"), images[0, :, 1:])
    with pytest.raises(ByhandError, match="5 pictures was given 4 labels"):
        look.landscape(made("mlp"), images, np.arange(4))
    with pytest.raises(ByhandError, match="There is no map 'umap'"):
        look.landscape(made("mlp"), *others(images), method="umap")
    for figure, name in ((look.units, "conv5x5"), (look.rows, "mlp"), (look.gates, "mlp")):
        with pytest.raises(ByhandError, match="look at"):
            figure(made(name), images[0])


def test_looking_needs_no_import_of_its_own() -> None:
    assert byhand.viz.inside is look
    assert byhand.viz.inside.feature_maps is look.feature_maps


def test_a_picture_without_ink_has_no_outline(made: Made) -> None:
    laid_out_well(look.evidence(made("mlp"), np.zeros((28, 28), np.uint8)))
