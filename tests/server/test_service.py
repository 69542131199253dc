"""Requests that succeed."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

import byhand
from byhand import weights
from byhand.cli import main
from byhand.hands import HANDS
from byhand.reading import Reader
from byhand.server import schemas
from byhand.viz.inside.arrays import attention_weights, class_attention, saliency

if TYPE_CHECKING:
    from starlette.testclient import TestClient as Client

Encode = Callable[..., bytes]
PNG = {"Content-Type": "image/png"}
OCTETS = "application/octet-stream"
NETWORKS = [name for name in weights.names() if name != "reader"]


def test_networks_and_reader_are_described(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    content = client.get("/v1/networks").json()
    assert [network["name"] for network in content["networks"]] == NETWORKS
    assert content["hands"] == list(HANDS)
    for network in content["networks"]:
        card = weights.card(network["name"])
        assert network["parameters"] == card["parameters"] == sum(layer["parameters"] for layer in network["layers"])
        assert network["test_accuracy"] == card["test_accuracy"]
        assert network["origin"] == "shipped"
        assert network["layers"][-1]["shape"] == [10]
    kinds = {network["name"]: network["kind"] for network in content["networks"]}
    others = dict.fromkeys(("conv5x5", "tiny-cnn", "resnet"), "cnn") | {"bi-lstm": "lstm"}
    assert kinds == {name: others.get(name, name) for name in NETWORKS}
    card = weights.card("reader")
    assert content["reader"] == {name: card[name] for name in ("parameters", "test_accuracy", "threshold")}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_read_equals_reader(client: Client, seven: bytes, encode: Encode, kind: str) -> None:
    file = encode(Image.open(io.BytesIO(seven)), kind)
    reading = Reader().read(file)
    content = client.post("/v1/read", content=file, headers={"Content-Type": f"image/{kind.lower()}"}).json()
    assert content["text"] == "7"
    assert content["digits"][0].pop("ink") == reading.digits[0].ink.ravel().tolist()
    assert content.pop("milliseconds") > 0
    assert content == reading.to_dict()


@pytest.mark.parametrize("kind", ["bytes", "base64", "files"])
def test_many_digits(client: Client, ink: np.ndarray, encode: Encode, kind: str) -> None:
    images = np.stack([ink, np.zeros_like(ink), np.roll(ink, 2, 1)])
    if kind == "bytes":
        response = client.post("/v1/digits", content=images.tobytes(), headers={"Content-Type": OCTETS})
    elif kind == "base64":
        response = client.post("/v1/digits", json={"images": base64.b64encode(images.tobytes()).decode()})
    else:
        files = [("pictures", (f"{n}.png", encode(Image.fromarray(image)))) for n, image in enumerate(images)]
        response = client.post("/v1/digits", files=files)
    digits = response.json()["digits"]
    probabilities = Reader().probabilities(images)
    assert [digit["value"] for digit in digits] == probabilities[:, :10].argmax(axis=1).tolist()
    assert [digit["confidence"] for digit in digits] == pytest.approx(probabilities[:, :10].max(axis=1), abs=6e-5)
    # An empty picture is no digit.
    assert [digit["unsure"] for digit in digits] == [False, True, False]
    assert [digit["value"] for digit in digits][::2] == [7, 7]
    for digit in digits:
        assert [each["probability"] for each in digit["top"]] == sorted(
            (each["probability"] for each in digit["top"]), reverse=True
        )


def test_command_and_service_give_the_same_numbers(
    client: Client, seven: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "seven.png"
    path.write_bytes(seven)
    assert main(["read", str(path), "--json"]) == 0
    (command,) = json.loads(capsys.readouterr().out)
    content = client.post("/v1/read", content=seven, headers=PNG).json()
    for digit in content["digits"]:
        digit.pop("ink")
    assert {name: command[name] for name in ("text", "size", "digits")} == {
        name: content[name] for name in ("text", "size", "digits")
    }
    see = client.post("/v1/see", content=seven, headers=PNG).json()["reader"]
    single = Reader().read(seven, single=True).digits[0].to_dict()
    assert {name: see[name] for name in single} == single


def test_explain_shows_every_stage(client: Client, seven: bytes) -> None:
    content = client.post("/v1/read?explain=true&single=true", content=seven, headers=PNG).json()
    assert [stage["name"] for stage in content["stages"]] == list(Reader().read(seven, single=True).stages)
    contrast = []
    for stage in content["stages"]:
        kind, _, data = stage["picture"].partition(",")
        assert kind == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert max(picture.size) <= 480
            contrast.append(float(np.ptp(np.asarray(picture.convert("L")))))
    # The picture and the ink have contrast; a stage between, such as the paper's brightness, may have none.
    assert contrast[0] > 200
    assert contrast[-1] > 60


@pytest.mark.parametrize("hand", ["fast", "torch"])
def test_every_network_sees_the_same_ink(client: Client, seven: bytes, hand: str) -> None:
    content = client.post(f"/v1/see?hand={hand}", content=seven, headers=PNG).json()
    ink = np.array(content["input"], np.uint8).reshape(28, 28)
    assert np.array_equal(ink, Reader().read(seven, single=True).digits[0].ink)
    assert content["reader"]["value"] == 7
    assert [network["name"] for network in content["networks"]] == NETWORKS
    for network in content["networks"]:
        expected = softmax(weights.load(network["name"]).logits(ink[None])[0].astype(float))
        assert network["probabilities"] == pytest.approx(expected, abs=2e-5)
        assert network["value"] == expected.argmax()
        assert network["microseconds"] > 0


@pytest.mark.parametrize("name", NETWORKS)
def test_activations(client: Client, ink: np.ndarray, pixels: Any, name: str) -> None:
    content = client.post(f"/v1/networks/{name}/activations", json=pixels).json()
    network = weights.load(name, "torch")
    expected = network.activations(ink[None])
    assert [layer["name"] for layer in content["layers"]] == list(network.spec.layer_names)
    for layer in content["layers"]:
        values = np.array(layer["values"]).reshape(layer["shape"])
        assert np.allclose(values, expected[layer["name"]][0], rtol=1e-3, atol=1e-4)
        assert (layer["low"], layer["high"]) == (values.min(), values.max())
    assert content["logits"] == pytest.approx(network.logits(ink[None])[0], rel=1e-3, abs=1e-4)
    assert len(content["saliency"]) == 784
    assert any(content["saliency"])
    assert ("attention" in content) == (name == "vit")
    if name not in ("elman", "lstm", "gru"):
        assert "steps" not in content
        return
    # After the last row, the whole picture has been read.
    assert content["steps"]["probabilities"][-1] == pytest.approx(content["probabilities"], abs=2e-5)
    last = [layer for layer in content["layers"] if layer["kind"] == "Recurrent"][-1]
    assert content["steps"]["hidden"][-1] == pytest.approx(last["values"], abs=1e-3)
    assert np.shape(content["steps"]["hidden"]) == (28, last["shape"][-1])


def test_weights_have_units_first(client: Client) -> None:
    def get(name: str, layer: str) -> dict[str, Any]:
        return dict(client.get(f"/v1/networks/{name}/weights/{layer}").json())

    def same(content: dict[str, Any], expected: np.ndarray, at: Any = ()) -> bool:
        shown = np.array(content["pictures"]).reshape(content["shape"])[at]
        return shown.shape == expected.shape and np.allclose(shown, expected, rtol=1e-3, atol=1e-9)

    mlp, conv = weights.load("mlp").parameters(), weights.load("conv5x5").parameters()
    lstm = weights.load("lstm").parameters()
    assert same(get("mlp", "Linear1"), mlp["W1"].T.reshape(128, 28, 28))
    assert same(get("mlp", "Linear2"), mlp["W2"].T)
    assert same(get("conv5x5", "Conv2d1"), conv["W1"].transpose(3, 0, 1, 2))
    recurrence = get("lstm", "Recurrent1")
    # Unit 5's third gate, o, from all 28 columns and from all units.
    assert same(recurrence, lstm["W_xh1"][:, 2 * 128 + 5], (5, 2))
    assert same(recurrence["back"], lstm["W_hh1"][:, 2 * 128 + 5], (5, 2))


def test_runs_are_offered(service: Callable[..., Client], npz: Path, tmp_path: Path, pixels: Any) -> None:
    run = byhand.train("mlp", data=str(npz), epochs=1, hidden=[5], runs=tmp_path, name="mlp", show=False)
    with service(runs=(run.path,)) as own:
        content = own.get("/v1/networks").json()["networks"]
        # A shipped network has the folder's name.
        assert (content[-1]["name"], content[-1]["origin"], content[-1]["kind"]) == ("mlp-2", "run", "mlp")
        assert content[-1]["test_accuracy"] == run.accuracy
        read = own.post("/v1/networks/mlp-2/activations", json=pixels).json()
    ink = np.array(pixels["pixels"], np.uint8).reshape(1, 28, 28)
    assert read["logits"] == pytest.approx(run.network.logits(ink)[0], rel=1e-3, abs=1e-4)


def test_attention_of_a_run(service: Callable[..., Client], npz: Path, tmp_path: Path, ink: np.ndarray) -> None:
    settings: dict[str, Any] = {"patch": 7, "stem": 0, "width": 8, "depth": 2, "heads": 2, "hidden": 6, "epochs": 1}
    run = byhand.train("vit", data=str(npz), runs=tmp_path, show=False, **settings)
    with service(runs=(run.path,)) as own:
        summary = own.get("/v1/networks").json()["networks"][-1]
        content = own.post(f"/v1/networks/{summary['name']}/activations", json={"pixels": ink.ravel().tolist()}).json()
    assert summary["kind"] == "vit"
    found, weights_of = content["attention"], attention_weights(run.network, ink[None])
    assert found["tokens"] == [4, 4]
    assert found["relevance"] == pytest.approx(class_attention(run.network, ink[None])[0], rel=1e-3, abs=1e-6)
    assert [layer["name"] for layer in found["layers"]] == [*weights_of]
    for layer, A in zip(found["layers"], weights_of.values(), strict=True):
        for head, own_weights in zip(layer["heads"], A[0], strict=True):
            assert max(head["values"]) == 255
            shown = np.reshape(head["values"], (16, 16)) / 255 * head["high"]
            np.testing.assert_allclose(shown, own_weights, atol=head["high"] / 250)


def test_both_directions_of_a_run(service: Callable[..., Client], npz: Path, tmp_path: Path, pixels: Any) -> None:
    run = byhand.train("bi-lstm", data=str(npz), epochs=1, hidden=5, runs=tmp_path, show=False)
    with service(runs=(run.path,)) as own:
        summary = own.get("/v1/networks").json()["networks"][-1]
        content = own.post(f"/v1/networks/{summary['name']}/activations", json=pixels).json()
    assert summary["kind"] == "lstm"
    assert content["steps"]["probabilities"][-1] == pytest.approx(content["probabilities"], abs=2e-5)
    assert np.shape(content["steps"]["hidden"]) == (28, 10)


def test_threads_share_networks(client: Client) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (40, 28, 28)).astype(np.uint8)
    runtime = client.app.state.runtime  # type: ignore[attr-defined]
    jobs = [(name, picture) for picture in pictures for name in ("conv5x5", "lstm", "mlp")]
    serial = [runtime.registry.predict(name, picture).logits for name, picture in jobs]
    gradients = [saliency(runtime.registry.network("mlp"), picture[None]) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        threads = list(pool.map(lambda job: runtime.registry.predict(*job).logits, jobs))
        slopes = list(pool.map(lambda picture: saliency(runtime.registry.network("mlp"), picture[None]), pictures))
    assert np.array_equal(serial, threads)
    assert np.array_equal(gradients, slopes)


def test_unchanged_content_is_not_sent_again(client: Client) -> None:
    for path in ("/", "/v1/networks", "/v1/networks/softmax/weights/Linear"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_requests_are_counted(service: Callable[..., Client], seven: bytes) -> None:
    with service() as own:
        for _ in range(3):
            own.post("/v1/read", content=seven, headers=PNG)
        own.get("/nowhere")
        text = own.get("/metrics").text
    assert 'byhand_requests_total{method="POST",route="/v1/read",status="200"} 3.0' in text
    assert 'byhand_requests_total{method="GET",route="none",status="404"} 1.0' in text
    assert 'byhand_digits_read_total{value="7"} 3.0' in text
    assert f"byhand_received_bytes_total {3 * len(seven)}.0" in text
    assert 'byhand_request_seconds_count{route="/v1/read"} 3.0' in text
    assert "byhand_requests_in_progress 1.0" in text


def example_of(schema: Any, document: Any) -> Any:
    """Assemble an example from those of the fields."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return example_of(document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document)
    if "anyOf" in schema:
        return example_of(schema["anyOf"][0], document)
    if schema["type"] == "array":
        return [example_of(schema["items"], document)]
    if schema["type"] == "object":
        return {name: example_of(each, document) for name, each in schema["properties"].items()}
    return None


def test_openapi_documents_every_path_with_examples(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert "securitySchemes" not in document["components"]
    # Every error is one of our problems.
    assert "ValidationError" not in json.dumps(document)
    seen, names = set(), []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"]
            names.append(operation["operationId"])
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                told = {
                    name: document["components"]["headers"][each["$ref"].rpartition("/")[2]]
                    for name, each in response["headers"].items()
                }
                assert all(each["description"] and each["schema"] for each in told.values())
                expected = {"429": {"Retry-After"}, "401": {"WWW-Authenticate"}, "304": {"ETag"}, "201": {"Location"}}
                assert told.keys() - {"ETag"} == {"X-Request-Id"} | (expected.get(status, set()) - {"ETag"})
                assert ("ETag" in told) == (status in ("200", "304") and "304" in operation["responses"])
                if int(status) >= 400:
                    assert content.keys() == {"application/problem+json"}
                elif "application/json" in content:
                    schema = content["application/json"]["schema"]
                    model = getattr(schemas, schema["$ref"].rpartition("/")[2])
                    assert model.model_validate(example_of(schema, document)), f"{method} {path} {status}"
                    seen.add(f"{method} {path}")
    assert len(seen) == 11
    # Names of a generated client's functions.
    assert len(set(names)) == len(names) == 13
    assert all(re.fullmatch("[a-z]+[A-Z][A-Za-z]+", name) for name in names)
    types = document["paths"]["/v1/read"]["post"]["requestBody"]["content"].keys()
    assert types >= {f"image/{kind}" for kind in ("png", "jpeg", "webp", "tiff", "bmp", "gif")}
