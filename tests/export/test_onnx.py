"""ONNX Runtime computes with an exported file what the numpy hand does: each is the other's oracle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand import __version__, export
from byhand.data import embedded
from byhand.errors import ByhandError
from byhand.export.layer import EXPORTS
from byhand.hands import Network, build
from byhand.metrics.losses import probabilities
from byhand.models import zoo
from byhand.models.layers import (
    LAYERS,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Flatten,
    Layer,
    Linear,
    MaxPool2d,
    Recurrent,
    ReLU,
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
    "standardised twice": (Conv2d(2, 5), Standardize(0.5, 0.01), Flatten(), Dropout(0.1)),
}


def shaken(spec: Spec, size: float = 1.0, seed: int = 0, dtype: str = "float32") -> Network:
    """A network whose every parameter and running average is random, biases too."""
    network, rng = build(spec, dtype=dtype), np.random.default_rng(seed)
    # Scaled by what feeds them, or a recurrence is chaos and doubles every rounding.
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
    # One layer deep: what saturates exactly agrees, and chaos does not double the last bit at every step.
    settings = {"depth": 1, "hidden": 8} if name in ("elman", "lstm", "gru") else {}
    network = shaken(zoo.network(name, loss=loss, **settings), size=size)
    images = np.concatenate([noise(5), np.zeros((1, 28, 28), np.uint8), np.full((1, 28, 28), 255, np.uint8)])
    agrees(network, images, tolerance=1e-4)


def test_other_pictures_and_classes() -> None:
    spec = Spec((Standardize(0.0, 1.0), Conv2d(4, 3), ReLU(), Flatten(), Linear(3)), input_shape=(9, 14, 2))
    agrees(shaken(spec), noise(6, 9, 14, 2))
    rows = Spec((Standardize(), Linear(2)), input_shape=(5,), loss="sigmoid")
    agrees(shaken(rows), noise(6, 5))


@pytest.mark.parametrize("hand", ["tensor", "torch"])
def test_the_other_hands_write_the_same_file(hand: str) -> None:
    pytest.importorskip("torch")
    for name in ("lstm", "tiny-cnn with norm"):
        network = shaken(ZOO[name])
        other = build(network.spec, hand)
        other.load(network.parameters() | network.state())
        assert export.model(other).SerializeToString() == export.model(network).SerializeToString()


def test_all_our_layers_have_a_form() -> None:
    ours = {kind for kind in LAYERS.values() if kind.__module__ == "byhand.models.layers"}
    assert set(EXPORTS) >= ours


def test_what_the_file_says(tmp_path: Path) -> None:
    network = build(zoo.network("conv5x5", loss="sigmoid"))
    path = tmp_path / "new" / "conv.onnx"
    found = export.to_onnx(network, path, facts={"recipe": "conv5x5"})
    assert 0 <= found < 1e-5
    assert [file.name for file in path.parent.iterdir()] == ["conv.onnx"]
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert (model.ir_version, model.opset_import[0].version) == (8, 17)
    assert (model.producer_name, model.producer_version) == ("byhand", __version__)
    told = export.Session(path).metadata
    assert told["byhand"] == __version__
    assert told["recipe"] == "conv5x5"
    assert json.loads(told["labels"]) == [str(digit) for digit in range(10)]
    assert Spec.from_dict(json.loads(told["spec"])) == network.spec
    (entry,) = model.graph.input
    assert entry.name == "images"
    assert entry.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    dims = entry.type.tensor_type.shape.dim
    assert [dim.dim_param or dim.dim_value for dim in dims] == ["B", 28, 28]
    assert [output.name for output in model.graph.output] == ["logits", "probabilities"]
    # Maps are turned once on their way out of the last pool, and nothing is left of dropout.
    operators = [node.op_type for node in model.graph.node]
    assert operators.count("Transpose") == 1
    dropping = export.model(build(zoo.network("mlp", dropout=0.5)))
    assert [node.op_type for node in dropping.graph.node] == [
        *("Cast", "Mul", "Sub", "Flatten", "Gemm", "Relu", "Gemm", "Identity", "Softmax")
    ]


def test_stacked_recurrences_stay_in_their_order() -> None:
    operators = [node.op_type for node in export.model(build(zoo.network("lstm"))).graph.node]
    assert operators.count("LSTM") == 2
    assert operators.count("Transpose") == 1


def test_labels() -> None:
    reader = Spec((Standardize(), Flatten(), Linear(11)))
    assert export.labels_of(reader) == (*"0123456789", "not a digit")
    model = export.model(build(reader), labels=list("abcdefghijk"))
    assert json.loads({p.key: p.value for p in model.metadata_props}["labels"]) == list("abcdefghijk")
    with pytest.raises(ByhandError, match="3 labels were given for 11 logits"):
        export.model(build(reader), labels="abc")


def test_no_file_where_the_answers_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = build(zoo.network("gru", hidden=8))
    path = tmp_path / "gru.onnx"
    path.write_text("what was there")
    monkeypatch.setattr("byhand.export.recurrence.ORDERS", {"gru": (0, 1, 2)})
    with pytest.raises(ByhandError, match="differ from the numpy hand's by"):
        export.to_onnx(network, path)
    assert [file.name for file in tmp_path.iterdir()] == ["gru.onnx"]
    assert path.read_text() == "what was there"


def test_no_file_where_the_probabilities_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = build(zoo.network("softmax", loss="sigmoid"))
    monkeypatch.setattr("byhand.export.network._log_shares", lambda logits, loss, graph: logits)
    with pytest.raises(ByhandError, match=r"softmax\.onnx was not written"):
        export.to_onnx(network, tmp_path / "softmax.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_weights_that_are_no_numbers(value: float, tmp_path: Path) -> None:
    network = build(zoo.network("softmax"), dtype="float64")
    network.parameters()["W"][0, 0] = value
    with pytest.raises(ByhandError, match="W holds values that are no numbers in float32"):
        export.to_onnx(network, tmp_path / "softmax.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").mkdir()
    with pytest.raises(ByhandError, match=r"a\.onnx cannot be written"):
        export.to_onnx(build(zoo.network("softmax")), tmp_path / "a.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


def test_a_layer_of_ones_own(pictures: Any) -> None:
    from byhand.hands.by_fast.layer import MADE, FastLayer, makes

    class Turn(Layer):
        """Every map upside down."""

    try:

        @makes(Turn)
        class NumpyTurn(FastLayer):
            def forward(self, x: Any, mode: Any) -> Any:
                return x[:, ::-1].copy()

        layers = (Standardize(), Conv2d(2, 3), Turn(), MaxPool2d(2), Flatten(), Linear(10))
        network = shaken(Spec(layers))
        with pytest.raises(ByhandError, match=r"Turn has no form in ONNX; .* `exports\(Turn\)`"):
            export.model(network)

        @export.exports(Turn)
        def turn(about: Turn, x: str, values: Any, graph: export.Graph) -> str:
            ends = [
                graph.constant(name, [at]) for name, at in (("from", -1), ("to", -(2**31)), ("axis", 1), ("by", -1))
            ]
            return graph.add("Slice", x, *ends)

        agrees(network, pictures(5)[0])
    finally:
        del LAYERS["Turn"], MADE[Turn]
        EXPORTS.pop(Turn, None)
    with pytest.raises(ByhandError, match="There is no order of axes 'last'"):
        export.exports(Turn, axes="last")


def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(b"no protobuf")
    for source in (path, tmp_path / "none.onnx"):
        with pytest.raises(ByhandError, match="cannot be run by ONNX Runtime"):
            export.Session(source)


def test_a_model_of_others(tmp_path: Path) -> None:
    helper = onnx.helper
    entry, leaves = (helper.make_tensor_value_info(name, 1, ["B", 2]) for name in ("x", "y"))
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "others", [entry], [leaves])
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "a.onnx")
    with pytest.raises(ByhandError, match=r"a\.onnx was not exported by byhand"):
        export.Session(tmp_path / "a.onnx")


def test_pictures_that_are_none(tmp_path: Path) -> None:
    network = build(zoo.network("softmax"))
    session = export.Session(export.model(network))
    for images in (noise(3) / 255, noise(3, 784), noise(3)[0]):
        with pytest.raises(ByhandError, match=r"give pictures \(B, 28, 28\) of uint8"):
            session.run(images)
    with pytest.raises(ByhandError, match="none were given"):
        export.to_onnx(network, tmp_path / "a.onnx", images=noise(0))


@pytest.mark.parametrize("name", ["tiny-cnn", "lstm"])
def test_no_pictures_and_many(name: str) -> None:
    network = build(zoo.network(name))
    for threads in (1, 3):
        session = export.Session(export.model(network), threads=threads)
        for count in (0, 1, 15, 17, 33, 100, 501):
            images = noise(count)
            np.testing.assert_allclose(session.logits(images), network.logits(images), atol=1e-5)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_what_is_not_installed(package: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    with pytest.raises(ByhandError, match=f"ONNX needs {package}, which is not installed; run .*byhand.onnx"):
        export.to_onnx(build(zoo.network("softmax")), tmp_path / "a.onnx")
    assert list(tmp_path.iterdir()) == []
