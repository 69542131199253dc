"""ONNX Runtime computes the same from an exported file as our own network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand import __version__, export
from byhand.data import embedded
from byhand.hands import Network, build
from byhand.metrics.losses import probabilities
from byhand.models import zoo
from byhand.models.layers import (
    GELU,
    Attention,
    BatchNorm1d,
    BatchNorm2d,
    Bidirectional,
    Conv2d,
    Dropout,
    Flatten,
    GlobalAveragePool,
    LayerNorm,
    Linear,
    MaxPool2d,
    Patches,
    Positions,
    Recurrent,
    ReLU,
    Residual,
    Select,
    Sigmoid,
    Standardize,
    Tanh,
)
from byhand.models.spec import Spec

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

ZOO = {name: zoo.network(name) for name in zoo.NETWORKS} | {
    "tiny-cnn with norm": zoo.network("tiny-cnn", norm=True),
    "mlp of some pixels": zoo.network("mlp", pixels=(3, 400, 399), activation="sigmoid", dropout=0.3),
    "elman of three": zoo.network("elman", depth=3, dropout=0.2),
}

OWN = {
    "strided": (Conv2d(3, 4, stride=3, padding=1), Tanh(), Conv2d(5, 2, stride=2), Flatten()),
    "pools with a rest": (MaxPool2d(3), BatchNorm2d(), Sigmoid(), MaxPool2d(2), Flatten()),
    "norm of pixels": (BatchNorm2d(epsilon=0.1), ReLU(), Flatten(), Select((783, 0, 5))),
    "every state": (Recurrent("gru", 5, every=True), Dropout(0.5), ReLU(), Recurrent("lstm", 4, every=True), Flatten()),
    "maps of states": (Recurrent("elman", 6, every=True), Conv2d(2, 3), Flatten(), Flatten()),
    "branches in branches": (
        Conv2d(3, 3, padding=1),
        Residual((BatchNorm2d(), Residual((ReLU(), Conv2d(3, 1))), Conv2d(3, 3, padding=1), BatchNorm2d())),
        GlobalAveragePool(),
    ),
    "a branch of rows": (
        Residual((Recurrent("elman", 28, every=True), GELU())),
        Conv2d(2, 5, stride=4),
        GlobalAveragePool(),
    ),
    "tokens": (
        Conv2d(2, 3, padding=1),
        Patches(7),
        Positions(),
        Residual((LayerNorm(0.1), Attention(7))),
        Attention(),
        Residual((BatchNorm1d(), Linear(98), GELU())),
        Recurrent("gru", 5, every=True),
        GlobalAveragePool(),
    ),
    "both directions": (
        Bidirectional((Recurrent("lstm", 4, every=True),)),
        Bidirectional((Bidirectional((Recurrent("gru", 3, every=True), Dropout(0.2))), Recurrent("elman", 5))),
        BatchNorm1d(),
    ),
    "maps of both directions": (Bidirectional((Recurrent("elman", 3, every=True),)), Conv2d(2, 3), Flatten()),
    "standardised twice": (Conv2d(2, 5), Standardize(0.5, 0.01), Flatten(), Dropout(0.1)),
}


def shaken(spec: Spec, size: float = 1.0, seed: int = 0, dtype: str = "float32", hand: str = "fast") -> Network:
    """A network in which all parameters and running averages are random, biases too."""
    network, rng = build(spec, hand, dtype=dtype), np.random.default_rng(seed)
    # Scaled by fan-in, or a recurrence becomes chaotic and doubles every rounding error.
    noise = {p.name: 0.3 * rng.normal(size=p.shape) / np.sqrt(p.fan_in) for p in spec.parameters}
    values = {name: size * (v + noise[name]) for name, v in network.parameters().items()}
    state = {name: np.abs(v + 0.5 * rng.normal(size=v.shape)) + 0.1 for name, v in network.state().items()}
    network.load(values | state)
    return network


def noise(count: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, *(shape or (28, 28))), dtype=np.uint8)


def agrees(network: Network, images: np.ndarray, tolerance: float = 1e-5) -> None:
    session = export.Session(export.model(network), threads=1)
    logits, shares = session.run(images)
    ours = network.logits(images)
    assert logits.dtype == shares.dtype == np.float32
    assert np.isfinite(logits).all()
    scale = max(1.0, float(np.abs(ours).max()))
    np.testing.assert_allclose(logits / scale, ours / scale, atol=tolerance)
    np.testing.assert_allclose(shares, probabilities(logits, network.spec.loss), atol=1e-6)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ZOO)
def test_the_zoo(name: str, dtype: str) -> None:
    network = shaken(ZOO[name], dtype=dtype)
    digits = embedded.digits().train.images
    for count in (1, 7):
        agrees(network, noise(count))
    agrees(network, digits[: 1000 if dtype == "float32" else 20])


@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("name", OWN)
def test_every_way_to_set_a_layer(name: str, loss: str) -> None:
    agrees(shaken(Spec((Standardize(), *OWN[name], Linear(11)), loss=loss)), noise(9))


@pytest.mark.parametrize("size", [1e-30, 1e-3, 30.0, 1e3])
@pytest.mark.parametrize("loss", ["softmax", "sigmoid"])
@pytest.mark.parametrize("name", ["mlp", "elman", "lstm", "gru", "tiny-cnn"])
def test_extreme_weights(name: str, loss: str, size: float) -> None:
    # One layer deep: saturated units agree exactly, and chaos does not double the last bit at every step.
    settings = {"depth": 1, "hidden": 8} if name in ("elman", "lstm", "gru") else {}
    network = shaken(zoo.network(name, loss=loss, **settings), size=size)
    images = np.concatenate([noise(5), np.zeros((1, 28, 28), np.uint8), np.full((1, 28, 28), 255, np.uint8)])
    agrees(network, images, tolerance=1e-4)


@pytest.mark.parametrize("hand", ["tensor", "torch"])
def test_all_hands_write_the_same_file(hand: str) -> None:
    pytest.importorskip("torch")
    for name in ("lstm", "tiny-cnn with norm"):
        network = shaken(ZOO[name])
        other = build(network.spec, hand)
        other.load(network.parameters() | network.state())
        assert export.model(other).SerializeToString() == export.model(network).SerializeToString()


def test_the_contents_of_a_file(tmp_path: Path) -> None:
    network = build(zoo.network("conv5x5", loss="sigmoid"))
    path = tmp_path / "new" / "conv.onnx"
    found = export.to_onnx(network, path, facts={"recipe": "conv5x5"})
    assert 0 <= found < 1e-5
    assert [file.name for file in path.parent.iterdir()] == ["conv.onnx"]
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    assert (model.producer_name, model.producer_version) == ("byhand", __version__)
    metadata = export.Session(path).metadata
    assert metadata["byhand"] == __version__
    assert metadata["recipe"] == "conv5x5"
    assert json.loads(metadata["labels"]) == [str(digit) for digit in range(10)]
    assert Spec.from_dict(json.loads(metadata["spec"])) == network.spec
    (entry,) = model.graph.input
    assert entry.name == "images"
    assert entry.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    dims = entry.type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in dims] == ["B", 28, 28]
    assert [output.name for output in model.graph.output] == ["logits", "probabilities"]


@pytest.mark.parametrize(
    ("network", "patched", "wrong"),
    [
        (zoo.network("gru", hidden=8), "operators.GATES", {"gru": (0, 1, 2)}),
        (zoo.network("softmax", loss="sigmoid"), "build._log_probabilities", lambda logits, loss, graph: logits),
    ],
)
def test_no_file_is_written_on_disagreement(
    network: Spec,
    patched: str,
    wrong: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: Callable[[str], Any],
) -> None:
    path = tmp_path / "a.onnx"
    path.write_text("the old file")
    monkeypatch.setattr(f"byhand.export.{patched}", wrong)
    with refused("export.disagreement"):
        export.to_onnx(build(network), path)
    assert [file.name for file in tmp_path.iterdir()] == ["a.onnx"]
    assert path.read_text() == "the old file"


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_weights_that_are_not_finite(value: float, tmp_path: Path, refused: Callable[[str], Any]) -> None:
    network = build(zoo.network("softmax"), dtype="float64")
    network.parameters()["W"][0, 0] = value
    with refused("export.not_finite"):
        export.to_onnx(network, tmp_path / "softmax.onnx")
    assert list(tmp_path.iterdir()) == []


def test_invalid_files(tmp_path: Path, refused: Callable[[str], Any]) -> None:
    (tmp_path / "a.onnx").write_bytes(b"no protobuf")
    for source in ("a.onnx", "none.onnx"):
        with refused("export.invalid_file"):
            export.Session(tmp_path / source)
    helper = onnx.helper
    x, y = (helper.make_tensor_value_info(name, 1, ["B", 2]) for name in ("x", "y"))
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "foreign", [x], [y])
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    with refused("export.foreign_file"):
        export.Session(model)


@pytest.mark.parametrize("name", ["tiny-cnn", "lstm"])
def test_any_number_of_pictures(name: str) -> None:
    network = build(zoo.network(name))
    for threads in (1, 3):
        session = export.Session(export.model(network), threads=threads)
        for count in (0, 1, 15, 17, 33, 100, 501):
            images = noise(count)
            np.testing.assert_allclose(session.logits(images), network.logits(images), atol=1e-5)


def test_a_classifier_of_grey_levels_only(
    pictures: Callable[..., tuple[Any, Any]], refused: Callable[[str], Any]
) -> None:
    from byhand.sklearn import DigitClassifier

    images, labels = pictures(60)
    rows = images.reshape(60, -1)
    fitted = DigitClassifier("softmax", epochs=2).fit(rows, labels)
    session = export.Session(export.model(fitted.network_))
    assert np.array_equal(session.logits(rows).argmax(axis=1), fitted.predict(rows))
    for values in (rows / 255, rows / 16, (rows - 30.0) / 70):
        with refused("export.other_scale"):
            export.model(DigitClassifier("softmax", epochs=1).fit(values, labels).network_)
