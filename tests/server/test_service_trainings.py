"""Trainings: started, stopped and shown."""

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
from byhand.weights import load_run

if TYPE_CHECKING:
    from starlette.testclient import TestClient as Client

Service = Callable[..., "Client"]
Check = Callable[..., str]
EMBEDDED = {"recipe": "mlp", "epochs": 1, "digits": "embedded"}


def wait_for(client: Client, name: str) -> dict[str, Any]:
    """Wait for a training to end, as the page does."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        content: dict[str, Any] = client.get(f"/v1/trainings/{name}").json()
        if content["state"] != "running":
            return content
        time.sleep(0.1)
    raise AssertionError(f"{name} did not end")


@pytest.fixture
def training(service: Service, tmp_path: Path) -> Iterator[Client]:
    with service(folder=tmp_path / "runs", trains=True) as made:
        yield made


@pytest.mark.slow
def test_a_training_is_started_and_shown(training: Client, problem: Check, tmp_path: Path) -> None:
    name = "tiny-cnn-lab-1"
    started = training.post("/v1/trainings", json={"recipe": "tiny-cnn", "epochs": 2, "digits": "embedded"})
    assert (started.status_code, started.json()) == (201, {"id": name})
    assert started.headers["location"] == f"/v1/trainings/{name}"
    problem(training.post("/v1/trainings", json=EMBEDDED), 409)
    (listed,) = training.get("/v1/trainings").json()["trainings"]
    assert (listed["id"], listed["state"], listed["epochs"]) == (name, "running", 2)
    content = wait_for(training, name)
    assert (content["state"], content["epoch"], content["detail"]) == ("done", 2, None)
    run = load_run(tmp_path / "runs" / name)
    assert content["log"] == run.log
    # The same matrix as `byhand evaluate` computes.
    held = load_digits("digits", 0, "0.7/0.15/0.15", offline=True).validation
    predicted = run.network.logits(held.images).argmax(axis=1)
    assert content["confusion"] == classification_report(held.labelled(), predicted).confusion.tolist()
    assert content["filters"]["shape"] == [4, 3, 3, 1]
    shown = np.array(content["filters"]["pictures"]).reshape(4, 3, 3, 1)
    assert np.allclose(shown, run.network.parameters()["W1"].transpose(3, 0, 1, 2), rtol=1e-3, atol=1e-9)
    # Stopping a training that has ended changes nothing.
    assert training.delete(f"/v1/trainings/{name}").status_code == 204
    assert training.get(f"/v1/trainings/{name}").json()["state"] == "done"


@pytest.mark.slow
def test_a_training_is_stopped_and_another_fails(training: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BYHAND_TOKEN", "secret")
    name = training.post("/v1/trainings", json={"recipe": "lstm", "epochs": 10, "digits": "embedded"}).json()["id"]
    assert training.delete(f"/v1/trainings/{name}").status_code == 204
    assert training.get(f"/v1/trainings/{name}").json()["state"] == "stopped"
    # MNIST is not available, and not downloaded.
    other = training.post("/v1/trainings", json=EMBEDDED | {"digits": "mnist"}).json()["id"]
    content = wait_for(training, other)
    assert content["state"] == "failed"
    assert content["code"].startswith("data.")
    assert "[" not in content["detail"]
    names = [each["id"] for each in training.get("/v1/trainings").json()["trainings"]]
    assert names == ["mlp-lab-1", "lstm-lab-1"]


@pytest.fixture(scope="module")
def trained(npz: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run that is done."""
    folder = tmp_path_factory.mktemp("runs")
    byhand.train("tiny-cnn", data=str(npz), split="130/50/40", epochs=2, runs=folder, name="mine", show=False)
    return folder


@pytest.fixture
def interrupted(trained: Path, tmp_path: Path) -> Path:
    """A run that was killed before its end."""
    shutil.copytree(trained / "mine", tmp_path / "cut", ignore=shutil.ignore_patterns("results.json"))
    return tmp_path / "cut"


def test_runs_of_a_folder_are_shown(service: Service, trained: Path) -> None:
    with service(folder=trained) as own:
        run = {"id": "mine", "name": "mine", "state": "done", "epoch": 2, "epochs": 2}
        assert own.get("/v1/trainings").json() == {"trainings": [run]}
        response = own.get("/v1/trainings/mine")
        assert response.json()["filters"]["shape"] == [4, 3, 3, 1]
        assert np.sum(response.json()["confusion"]) == 50
        known = {"If-None-Match": response.headers["etag"]}
        assert own.get("/v1/trainings/mine", headers=known).status_code == 304


def test_running_and_stopped_runs(service: Service, interrupted: Path) -> None:
    with service(folder=interrupted.parent) as own:
        assert own.get("/v1/trainings/cut").json()["state"] == "stopped"
        with FileLock(interrupted / ".lock"):
            assert own.get("/v1/trainings/cut").json()["state"] == "running"
        # A killed process leaves the file and releases the lock.
        (interrupted / ".lock").touch()
        assert own.get("/v1/trainings/cut").json()["state"] == "stopped"


def test_asking_for_the_state_does_not_disturb_a_resume(service: Service, interrupted: Path) -> None:
    done = threading.Event()

    def probe(client: Client) -> int:
        count = 0
        while not done.is_set():
            assert client.get("/v1/trainings/cut").json()["state"] in ("running", "stopped")
            count += 1
        return count

    with service(folder=interrupted.parent) as own, ThreadPoolExecutor(2) as pool:
        probes = [pool.submit(probe, own) for _ in range(2)]
        for _ in range(100):
            with locked(interrupted):
                pass
        done.set()
        assert all(each.result() > 0 for each in probes)


def test_damaged_runs_hide_no_others(service: Service, problem: Check, trained: Path, interrupted: Path) -> None:
    shutil.copytree(trained / "mine", interrupted.parent / "fine")
    (interrupted / "log.jsonl").write_text("{]\n", encoding="utf-8")
    with service(folder=interrupted.parent) as own:
        assert [run["id"] for run in own.get("/v1/trainings").json()["trainings"]] == ["fine"]
        problem(own.get("/v1/trainings/cut"), 422, "run.damaged")


def test_a_name_is_never_a_path(service: Service, problem: Check, trained: Path) -> None:
    with service(folder=trained) as own:
        for name in ("nothing", "..", "%2e%2e", "..%2f..", ".run-x", "mine%2f..%2fmine"):
            for method in ("GET", "DELETE"):
                request = own.build_request(method, "/")
                request.url = request.url.copy_with(raw_path=f"/v1/trainings/{name}".encode())
                problem(own.send(request), 404)


def test_trainings_need_permission(service: Service, problem: Check, trained: Path) -> None:
    for options in ({"folder": trained}, {"trains": True}):
        with service(**options) as own:
            problem(own.post("/v1/trainings", json=EMBEDDED), 403)
    with service(folder=trained, trains=True) as own:
        # It was started elsewhere.
        problem(own.delete("/v1/trainings/mine"), 403)
    with service() as own:
        assert own.get("/v1/trainings").json() == {"trainings": []}


def test_trainings_are_limited(service: Service, problem: Check, trained: Path, tmp_path: Path) -> None:
    names = [f"mlp-lab-{number}" for number in (1, 2)]
    for name in names:
        shutil.copytree(trained / "mine", tmp_path / name)
    shutil.copytree(trained / "mine", tmp_path / "own")
    with service(folder=tmp_path, trains=True, trainings=2) as own:
        assert names[0] in problem(own.post("/v1/trainings", json=EMBEDDED), 409)
        # What was not started by a client is not removed.
        problem(own.delete("/v1/trainings/own?remove=true"), 403)
        problem(own.delete("/v1/trainings/..?remove=true"), 404)
        problem(own.delete("/v1/trainings/mlp-lab-9?remove=true"), 404)
        assert own.delete(f"/v1/trainings/{names[0]}?remove=true").status_code == 204
        assert sorted(path.name for path in tmp_path.iterdir()) == [names[1], "own"]
        problem(own.get(f"/v1/trainings/{names[0]}"), 404)
    with service(folder=tmp_path, trains=True, disk=10**18) as own:
        problem(own.post("/v1/trainings", json=EMBEDDED), 507)


@pytest.mark.slow
def test_failed_trainings_are_forgotten(service: Service, tmp_path: Path) -> None:
    with service(folder=tmp_path / "runs", trains=True, trainings=2) as own:
        for _ in range(4):
            # MNIST is not available, and not downloaded.
            wait_for(own, own.post("/v1/trainings", json=EMBEDDED | {"digits": "mnist"}).json()["id"])
        assert len(own.get("/v1/trainings").json()["trainings"]) <= 3
        # A running one is stopped before it is removed.
        name = own.post("/v1/trainings", json=EMBEDDED | {"recipe": "lstm", "epochs": 10}).json()["id"]
        deadline = time.monotonic() + 120
        while not (tmp_path / "runs" / name).exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert own.delete(f"/v1/trainings/{name}?remove=true").status_code == 204
        assert not (tmp_path / "runs" / name).exists()


def test_invalid_trainings(training: Client, problem: Check, tmp_path: Path) -> None:
    changes = [{"epochs": 11}, {"epochs": "3"}, {"epochs": 0}, {"recipe": "../x.toml"}, {"digits": "/etc"}]
    for body in ({}, [], {"recipe": "mlp"}, EMBEDDED | {"set": "device=cuda"}, *(EMBEDDED | each for each in changes)):
        problem(training.post("/v1/trainings", json=body), 422)
    # Types that an HTML form of another page can send.
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        problem(training.post("/v1/trainings", content=b"{}", headers={"Content-Type": kind}), 415)
    assert not (tmp_path / "runs").exists()
