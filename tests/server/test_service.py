from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

import byhand
from byhand import weights
from byhand.reading import Reader
from byhand.server import schemas

if TYPE_CHECKING:
    from starlette.testclient import TestClient as Client

Written = Callable[..., bytes]
PNG = {"Content-Type": "image/png"}
NETWORKS = [name for name in weights.names() if name != "reader"]


def test_it_says_that_it_is_there(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_networks_are_those_that_come_with_byhand(client: Client) -> None:
    told = client.get("/v1/networks").json()
    assert [network["name"] for network in told["networks"]] == NETWORKS
    assert told["hands"] == ["numpy", "tensor", "torch"]
    for network in told["networks"]:
        card = weights.card(network["name"])
        assert network["parameters"] == card["parameters"] == sum(layer["parameters"] for layer in network["layers"])
        assert network["test_accuracy"] == card["test_accuracy"]
        assert network["origin"] == "shipped"
        assert network["layers"][-1]["shape"] == [10]
    kinds = {network["name"]: network["kind"] for network in told["networks"]}
    assert kinds == {name: "cnn" if name in ("conv5x5", "tiny-cnn") else name for name in NETWORKS}


def test_the_reader_is_told_of_where_its_weights_ship(client: Client) -> None:
    told = client.get("/v1/networks").json()["reader"]
    if "reader" not in weights.names():
        assert told is None
        return
    card = weights.card("reader")
    assert told == {name: card[name] for name in ("parameters", "test_accuracy", "threshold")}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_pictures_are_read_as_the_reader_reads_them(client: Client, seven: bytes, file_of: Written, kind: str) -> None:
    file = file_of(Image.open(io.BytesIO(seven)), kind)
    wanted = Reader().read(file)
    told = client.post("/v1/read", content=file, headers={"Content-Type": f"image/{kind.lower()}"}).json()
    assert told["text"] == wanted.text == "7"
    assert told["size"] == [280, 280]
    (digit,) = told["digits"]
    assert digit["value"] == 7
    assert digit["box"] == list(wanted.digits[0].box)
    assert digit["confidence"] == pytest.approx(wanted.digits[0].confidence, abs=1e-5)
    assert digit["ink"] == wanted.digits[0].ink.ravel().tolist()
    assert [guess["value"] for guess in digit["top"]] == [value for value, _ in wanted.digits[0].top]
    assert "stages" not in told


def test_a_form_carries_a_picture_too(client: Client, seven: bytes) -> None:
    told = client.post("/v1/read", files={"picture": ("seven.png", seven, "image/png")}, data={"note": "mine"})
    assert told.json()["text"] == "7"


def test_bytes_that_are_not_said_to_be_anything_are_read(client: Client, seven: bytes) -> None:
    assert client.post("/v1/read", content=seven).json()["text"] == "7"


def test_several_digits_have_boxes_from_left_to_right(client: Client, seven: bytes, file_of: Written) -> None:
    one = Image.open(io.BytesIO(seven))
    page = Image.new("L", (840, 280), 255)
    for place in range(3):
        page.paste(one, (280 * place, 0))
    told = client.post("/v1/read", content=file_of(page), headers=PNG).json()
    assert told["text"] == "777"
    lefts = [digit["box"][0] for digit in told["digits"]]
    assert np.allclose(np.diff(lefts), 280, atol=2)


def test_an_empty_page_holds_no_digit(client: Client, file_of: Written) -> None:
    page = file_of(Image.new("L", (200, 200), 255))
    assert client.post("/v1/read", content=page, headers=PNG).json()["text"] == ""
    told = client.post("/v1/see", content=page, headers=PNG).json()
    assert told == {"found": False, "input": None, "reader": None, "networks": []}


def test_explaining_shows_every_stage(client: Client, seven: bytes) -> None:
    told = client.post("/v1/read?explain=true&single=true", content=seven, headers=PNG).json()
    assert [stage["name"] for stage in told["stages"]] == list(Reader().read(seven, single=True).stages)
    shown = []
    for stage in told["stages"]:
        kind, _, coded = stage["picture"].partition(",")
        assert kind == "data:image/png;base64"
        with Image.open(io.BytesIO(base64.b64decode(coded))) as picture:
            assert max(picture.size) <= 480
            shown.append(float(np.ptp(np.asarray(picture.convert("L")))))
    # From the picture to the ink; what lies between may be one colour, as the paper of a drawing is.
    assert shown[0] > 200
    assert shown[-1] > 100


@pytest.mark.parametrize("hand", ["numpy", "torch"])
def test_every_network_sees_the_same_ink(client: Client, seven: bytes, hand: str) -> None:
    told = client.post(f"/v1/see?hand={hand}", content=seven, headers=PNG).json()
    ink = np.array(told["input"], np.uint8).reshape(28, 28)
    assert np.array_equal(ink, Reader().read(seven, single=True).digits[0].ink)
    assert told["reader"]["value"] == 7
    assert [network["name"] for network in told["networks"]] == NETWORKS
    for network in told["networks"]:
        wanted = softmax(weights.load(network["name"]).logits(ink[None])[0].astype(float))
        assert network["probabilities"] == pytest.approx(wanted, abs=2e-5)
        assert network["value"] == wanted.argmax()
        assert network["microseconds"] > 0


@pytest.mark.parametrize("name", NETWORKS)
def test_inside_a_network(client: Client, ink: np.ndarray, pixels: Any, name: str) -> None:
    told = client.post(f"/v1/networks/{name}/activations", json=pixels).json()
    network = weights.load(name, "torch")
    wanted = network.activations(ink[None])
    assert [layer["name"] for layer in told["layers"]] == list(network.spec.layer_names)
    for layer in told["layers"]:
        values = np.array(layer["values"]).reshape(layer["shape"])
        assert np.allclose(values, wanted[layer["name"]][0], rtol=1e-3, atol=1e-4)
        assert layer["low"] == pytest.approx(values.min(), rel=1e-3)
        assert layer["high"] == pytest.approx(values.max(), rel=1e-3)
    assert told["logits"] == pytest.approx(network.logits(ink[None])[0], rel=1e-3, abs=1e-4)
    assert len(told["saliency"]) == 784
    assert any(told["saliency"])
    if name not in ("elman", "lstm", "gru"):
        assert "steps" not in told
        return
    # Having read the last row is having read the picture.
    assert told["steps"]["probabilities"][-1] == pytest.approx(told["probabilities"], abs=2e-5)
    last = [layer for layer in told["layers"] if layer["kind"] == "Recurrent"][-1]
    assert told["steps"]["hidden"][-1] == pytest.approx(last["values"], abs=1e-3)
    assert np.shape(told["steps"]["hidden"]) == (28, last["shape"][-1])


def test_a_picture_of_the_right_size_is_ink(client: Client, ink: np.ndarray, pixels: Any, file_of: Written) -> None:
    file = file_of(Image.fromarray(ink))
    one = client.post("/v1/networks/mlp/activations", content=file, headers=PNG).json()
    other = client.post("/v1/networks/mlp/activations", json=pixels).json()
    assert one["logits"] == other["logits"]


def test_three_hands_agree(client: Client, pixels: Any) -> None:
    told = client.post("/v1/networks/gru/hands", json=pixels).json()
    assert [each["hand"] for each in told["hands"]] == ["numpy", "tensor", "torch"]
    assert 0 <= told["largest_difference"] < 1e-4
    assert np.ptp([each["logits"] for each in told["hands"]], axis=0).max() < 1e-2


def test_weights_are_shown_units_first(client: Client) -> None:
    def shown(name: str, layer: str) -> np.ndarray:
        told = client.get(f"/v1/networks/{name}/weights/{layer}").json()
        return np.array(told["pictures"]).reshape(told["shape"])

    def near(one: np.ndarray, other: np.ndarray) -> bool:
        return one.shape == other.shape and np.allclose(one, other, rtol=1e-3, atol=1e-9)

    mlp, conv = weights.load("mlp").parameters(), weights.load("conv5x5").parameters()
    lstm = weights.load("lstm").parameters()
    assert near(shown("mlp", "Linear1"), mlp["W1"].T.reshape(128, 28, 28))
    assert near(shown("mlp", "Linear2"), mlp["W2"].T)
    assert near(shown("conv5x5", "Conv2d1"), conv["W1"].transpose(3, 0, 1, 2))
    first = shown("lstm", "Recurrent1")
    assert first.shape == (128, 4, 28)
    # Unit 5's third gate, o, from all 28 columns.
    assert near(first[5, 2], lstm["W_xh1"][:, 2 * 128 + 5])
    back = client.get("/v1/networks/lstm/weights/Recurrent1").json()["back"]
    assert near(np.array(back["pictures"]).reshape(back["shape"])[5, 2], lstm["W_hh1"][:, 2 * 128 + 5])


def test_own_runs_stand_beside_the_shipped(
    service: Callable[..., Client], npz: Path, tmp_path: Path, pixels: Any
) -> None:
    run = byhand.train("mlp", data=str(npz), epochs=1, hidden=[5], runs=tmp_path, name="mlp", show=False)
    with service(runs=(run.path,)) as own:
        told = own.get("/v1/networks").json()["networks"]
        # Its folder is called as a network that comes with byhand.
        assert (told[-1]["name"], told[-1]["origin"], told[-1]["kind"]) == ("mlp-2", "run", "mlp")
        assert told[-1]["test_accuracy"] == run.accuracy
        read = own.post("/v1/networks/mlp-2/activations", json=pixels).json()
    ink = np.array(pixels["pixels"], np.uint8).reshape(1, 28, 28)
    assert read["logits"] == pytest.approx(run.network.logits(ink)[0], rel=1e-3, abs=1e-4)


def test_what_a_client_has_is_not_sent_again(client: Client) -> None:
    for path in ("/", "/v1/networks", "/v1/networks/softmax/weights/Linear"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": f'"other", {first.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content


def test_answers_are_counted(service: Callable[..., Client], seven: bytes) -> None:
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


def test_the_document_tells_every_path(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, method in (
        *(("/healthz", "get"), ("/metrics", "get"), ("/v1/networks", "get"), ("/v1/read", "post"), ("/v1/see", "post")),
        *(("/v1/networks/{name}/activations", "post"), ("/v1/networks/{name}/hands", "post")),
        *(
            ("/v1/networks/{name}/weights/{layer}", "get"),
            ("/v1/trainings", "post"),
            ("/v1/trainings/{name}", "delete"),
        ),
    ):
        told = document["paths"][path][method]
        assert told["summary"]
        # FastAPI's own words for what is no good are not ours.
        assert "HTTPValidationError" not in json.dumps(told)
        for status, answer in told["responses"].items():
            if int(status) >= 400:
                assert answer["content"].keys() == {"application/problem+json"}
    assert "securitySchemes" not in document["components"]


def test_the_document_shows_an_example_of_every_answer(client: Client) -> None:
    shown = 0
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method, told in operations.items():
            for status, answer in told["responses"].items():
                content = answer.get("content", {}).get("application/json")
                if content is None:
                    continue
                model = getattr(schemas, content["schema"]["$ref"].rpartition("/")[2])
                assert model.model_validate(content["example"]), f"{method} {path} {status}"
                shown += 1
    assert shown == 10
