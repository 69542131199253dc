from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from filelock import FileLock

import byhand
from byhand.data import load_digits
from byhand.metrics.classification import classification_report
from byhand.training.folder import locked
from byhand.training.run import load_run

if TYPE_CHECKING:
    from starlette.testclient import TestClient as Client

Service = Callable[..., "Client"]
Check = Callable[..., str]


def ended(client: Client, name: str) -> dict[str, Any]:
    """Wait for a training to end, as the page does."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        told: dict[str, Any] = client.get(f"/v1/trainings/{name}").json()
        if told["state"] != "running":
            return told
        time.sleep(0.2)
    raise AssertionError(f"{name} did not end")


@pytest.fixture
def watching(service: Service, tmp_path: Path) -> Iterator[Client]:
    with service(folder=tmp_path / "runs", trains=True) as made:
        yield made


@pytest.mark.slow
def test_a_training_is_started_and_watched(watching: Client, problem: Check, tmp_path: Path) -> None:
    begun = watching.post("/v1/trainings", json={"recipe": "tiny-cnn", "epochs": 2, "digits": "embedded"})
    assert begun.status_code == 201
    assert begun.json() == {"id": "tiny-cnn-lab-1"}
    assert begun.headers["location"] == "/v1/trainings/tiny-cnn-lab-1"
    second = watching.post("/v1/trainings", json={"recipe": "mlp", "epochs": 1, "digits": "embedded"})
    assert "tiny-cnn-lab-1" in problem(second, 409)
    (listed,) = watching.get("/v1/trainings").json()["trainings"]
    assert (listed["id"], listed["state"], listed["epochs"]) == ("tiny-cnn-lab-1", "running", 2)
    told = ended(watching, "tiny-cnn-lab-1")
    assert (told["state"], told["epoch"], told["detail"]) == ("done", 2, None)
    run = load_run(tmp_path / "runs" / "tiny-cnn-lab-1")
    assert told["log"] == run.log
    # The same matrix, from the same digits, by the way that `byhand evaluate` takes.
    held = load_digits("digits", 0, "0.7/0.15/0.15", offline=True).validation
    read = run.network.logits(held.images).argmax(axis=1)
    assert told["confusion"] == classification_report(held.labelled(), read).confusion.tolist()
    assert told["filters"]["shape"] == [4, 3, 3, 1]
    shown = np.array(told["filters"]["pictures"]).reshape(4, 3, 3, 1)
    assert np.allclose(shown, run.network.parameters()["W1"].transpose(3, 0, 1, 2), rtol=1e-3, atol=1e-9)
    # What has ended stays as it is.
    assert watching.delete("/v1/trainings/tiny-cnn-lab-1").status_code == 204
    assert watching.get("/v1/trainings/tiny-cnn-lab-1").json()["state"] == "done"


@pytest.mark.slow
def test_a_training_is_stopped_and_the_next_one_told_why_it_failed(
    watching: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BYHAND_TOKEN", "secret")
    wanted = {"recipe": "lstm", "epochs": 10, "digits": "embedded"}
    name = watching.post("/v1/trainings", json=wanted).json()["id"]
    assert watching.delete(f"/v1/trainings/{name}").status_code == 204
    assert watching.get(f"/v1/trainings/{name}").json()["state"] == "stopped"
    # There is no MNIST here, and none is fetched.
    other = watching.post("/v1/trainings", json={"recipe": "mlp", "epochs": 1, "digits": "mnist"}).json()["id"]
    told = ended(watching, other)
    assert told["state"] == "failed"
    assert "mnist" in told["detail"].lower()
    names = [training["id"] for training in watching.get("/v1/trainings").json()["trainings"]]
    assert names == ["mlp-lab-1", "lstm-lab-1"]


@pytest.fixture(scope="module")
def trained(npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that is done."""
    folder = tmp_path_factory.mktemp("runs")
    byhand.train("tiny-cnn", data=str(npz), split="130/50/40", epochs=2, runs=folder, name="mine", show=False)
    return folder


def test_runs_of_a_folder_are_shown(service: Service, trained: Path) -> None:
    with service(folder=trained) as own:
        assert own.get("/v1/trainings").json() == {
            "trainings": [{"id": "mine", "name": "mine", "state": "done", "epoch": 2, "epochs": 2}]
        }
        answer = own.get("/v1/trainings/mine")
        assert answer.json()["filters"]["shape"] == [4, 3, 3, 1]
        assert np.sum(answer.json()["confusion"]) == 50
        known = {"If-None-Match": answer.headers["etag"]}
        assert own.get("/v1/trainings/mine", headers=known).status_code == 304


def test_a_run_at_work_is_running_and_a_killed_one_stopped(service: Service, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "mine", tmp_path / "cut")
    (tmp_path / "cut" / "results.json").unlink()
    with service(folder=tmp_path) as own:
        assert own.get("/v1/trainings/cut").json()["state"] == "stopped"
        with FileLock(tmp_path / "cut" / ".lock"):
            assert own.get("/v1/trainings/cut").json()["state"] == "running"
        # A kill leaves the file and frees the lock.
        (tmp_path / "cut" / ".lock").touch()
        assert own.get("/v1/trainings/cut").json()["state"] == "stopped"


def test_asking_for_the_state_does_not_disturb_a_resume(service: Service, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "mine", tmp_path / "cut")
    (tmp_path / "cut" / "results.json").unlink()
    done = threading.Event()

    def probe(client: Client) -> int:
        count = 0
        while not done.is_set():
            assert client.get("/v1/trainings/cut").json()["state"] in ("running", "stopped")
            count += 1
        return count

    with service(folder=tmp_path) as own, ThreadPoolExecutor(2) as pool:
        probes = [pool.submit(probe, own) for _ in range(2)]
        for _ in range(100):
            with locked(tmp_path / "cut"):
                pass
        done.set()
        assert all(each.result() > 0 for each in probes)


def test_other_digits_than_it_began_with_give_no_matrix(service: Service, trained: Path, tmp_path: Path) -> None:
    shutil.copytree(trained / "mine", tmp_path / "moved")
    recipe = tmp_path / "moved" / "recipe.toml"
    text = recipe.read_text(encoding="utf-8").splitlines()
    recipe.write_text("\n".join('name = "digits"' if "drawn.npz" in line else line for line in text), encoding="utf-8")
    with service(folder=tmp_path) as own:
        told = own.get("/v1/trainings/moved").json()
    assert told["confusion"] is None
    assert told["filters"] is not None


def test_a_damaged_run_is_told_of_and_hides_no_other(
    service: Service, problem: Check, trained: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained / "mine", tmp_path / "fine")
    shutil.copytree(trained / "mine", tmp_path / "torn")
    (tmp_path / "torn" / "log.jsonl").write_text("{]\n", encoding="utf-8")
    with service(folder=tmp_path) as own:
        assert [run["id"] for run in own.get("/v1/trainings").json()["trainings"]] == ["fine"]
        assert "damaged" in problem(own.get("/v1/trainings/torn"), 422)


@pytest.mark.parametrize("name", ["nothing", "..", "%2e%2e", "..%2f..", ".run-x", "mine%2f..%2fmine"])
def test_a_name_is_never_a_path(service: Service, problem: Check, trained: Path, name: str) -> None:
    with service(folder=trained) as own:
        request = own.build_request("GET", "/")
        for method in ("GET", "DELETE"):
            request.method = method
            request.url = request.url.copy_with(raw_path=f"/v1/trainings/{name}".encode())
            problem(own.send(request), 404)


def test_trainings_are_started_where_that_is_allowed(service: Service, problem: Check, trained: Path) -> None:
    wanted = {"recipe": "mlp", "epochs": 1, "digits": "embedded"}
    for told in ({"folder": trained}, {"trains": True}):
        with service(**told) as own:
            problem(own.post("/v1/trainings", json=wanted), 403)
    with service(folder=trained, trains=True) as own:
        # It was not started here.
        problem(own.delete("/v1/trainings/mine"), 403)
    with service() as own:
        assert own.get("/v1/trainings").json() == {"trainings": []}


@pytest.mark.parametrize(
    "wanted",
    [
        *({}, [], {"recipe": "mlp"}, {"recipe": "mlp", "epochs": 11, "digits": "mnist"}),
        *({"recipe": "mlp", "epochs": "3", "digits": "mnist"}, {"recipe": "mlp", "epochs": 0, "digits": "mnist"}),
        *({"recipe": "../x.toml", "epochs": 1, "digits": "mnist"}, {"recipe": "mlp", "epochs": 1, "digits": "/etc"}),
        {"recipe": "mlp", "epochs": 1, "digits": "mnist", "set": "device=cuda"},
    ],
    ids=str,
)
def test_nothing_else_can_be_wished_for(watching: Client, problem: Check, wanted: Any, tmp_path: Path) -> None:
    assert "openapi" in problem(watching.post("/v1/trainings", json=wanted), 422)
    assert not (tmp_path / "runs").exists()


def test_a_form_of_another_page_starts_nothing(watching: Client, problem: Check, tmp_path: Path) -> None:
    body = '{"recipe": "mlp", "epochs": 1, "digits": "embedded"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        problem(watching.post("/v1/trainings", content=body, headers={"Content-Type": kind}), 415)
    assert not (tmp_path / "runs").exists()
