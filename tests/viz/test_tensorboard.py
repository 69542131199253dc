"""Events for TensorBoard, read by TensorBoard itself."""

from __future__ import annotations

import sys
import warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from byhand.cli import main
from byhand.viz.tensorboard import EVENTS
from byhand.weights import load_run

pytest.importorskip("tensorboardX")


def scalars(path: Path) -> dict[str, list[Any]]:
    with warnings.catch_warnings():
        # Its own warnings about protobuf and NumPy.
        warnings.simplefilter("ignore")
        accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator").EventAccumulator
        events = accumulator(str(path), size_guidance={"scalars": 0})
        events.Reload()
        return {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}


def train(npz: Path, *words: str) -> int:
    default = ("--data", str(npz), "--threads", "1", "-hid_dim", "4", "--no-report", "--tensorboard", "--name", "run")
    return main(["train", "mlp", *default, *words])


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_events_are_the_log(npz: Path) -> None:
    assert train(npz, "-ep", "3", "--watch-test") == 0
    run = load_run(Path("runs/run"))
    entries, times = run.log, run.times
    read = scalars(Path("runs/run"))
    named = {
        "loss/train": "train_loss",
        "loss/validation": "val_loss",
        "loss/test": "test_loss",
        "accuracy/train": "train_accuracy",
        "accuracy/validation": "val_accuracy",
        "accuracy/test": "test_accuracy",
        "learning_rate": "lr",
    }
    assert read.keys() == {*named, "seconds"}
    for tag, name in named.items():
        assert [event.step for event in read[tag]] == [0, 1, 2]
        assert [event.value for event in read[tag]] == pytest.approx([entry[name] for entry in entries], rel=1e-6)
    assert [event.value for event in read["seconds"]] == pytest.approx([entry["seconds"] for entry in times], rel=1e-6)


def test_a_resumed_run_has_every_epoch_once(npz: Path) -> None:
    assert train(npz, "-ep", "4", "--schedule", "constant") == 0
    folder = Path("runs/run")
    # As if it had been killed before its results were written.
    (folder / "results.json").unlink()
    text = (folder / "recipe.toml").read_text(encoding="utf-8")
    (folder / "recipe.toml").write_text(text.replace("epochs = 4", "epochs = 6"), encoding="utf-8")
    assert main(["train", "--resume", str(folder), "--tensorboard", "--no-report"]) == 0
    assert len(list(folder.glob(EVENTS))) == 1
    read = scalars(folder)["loss/train"]
    assert [event.step for event in read] == list(range(6))
    # Epochs of the first part have the times at which they ended.
    ended = [datetime.fromisoformat(entry["now"]).timestamp() for entry in load_run(folder).times]
    assert [event.wall_time for event in read][:4] == ended[:4]


def test_without_tensorboardx(npz: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert train(npz) == 2
    assert "[tensorboard.not_installed]" in capsys.readouterr().err
    assert not Path("runs").exists()
