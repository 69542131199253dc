"""``byhand train``, from the words on the command line to the folder of the run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byhand.cli import main
from byhand.hands import HANDS
from byhand.training.recipe import load_recipe, shipped

EPOCH = re.compile(
    r"Epoch: \[ *(\d+)/(\d+)\] \| Train Loss: \d+\.\d{4} \| Val Loss: \d+\.\d{4} \| Accuracy: \d+\.\d{2} % \| "
    r"Train Accuracy: \d+\.\d{2} % \| LR: ([\d.e-]+) \| Time: \d+\.\d{2} s \| Now: \d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"
)


@pytest.fixture
def train(npz: Path) -> Callable[..., int]:
    """``train("mlp", "-ep", "1")``: on the tests' digits, without a report, which takes longer than they do."""
    return lambda *words: main(["train", *words, "--data", str(npz), "--threads", "1", "--offline", "--no-report"])


def settings_of(name: str) -> Any:
    return load_recipe(Path("runs") / name / "recipe.toml")


@pytest.mark.parametrize("hand", HANDS)
def test_what_it_prints(hand: str, train: Callable[..., int], capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    words = ("--schedule", "step", "--lr", "0.02", "--set", "gamma=0.5", "-hid_dim", "12")
    assert train("mlp", "--hand", hand, "--epochs", "12", *words) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] == f"Data: drawn ({npz}): 150 to train, 30 to validate, 40 to test"
    table = [re.split(r"  +", line.rstrip()) for line in lines[2:9]]
    assert table[0] == ["layer", "output", "parameters"]
    assert table[3] == ["Linear(12)", "12", "9,420"]
    assert table[-1] == ["total", "9,550"]
    assert re.fullmatch(r"Accuracy before training: \d+\.\d{2} %", lines[9])
    epochs = [EPOCH.fullmatch(line) for line in lines[10:22]]
    assert all(epochs)
    assert lines[10].startswith("Epoch: [ 1/12] |")
    assert [int(match[1]) for match in epochs if match] == list(range(1, 13))
    assert [float(match[3]) for match in epochs if match][:4] == [0.02, 0.01, 0.005, 0.0025]
    assert re.fullmatch(r"Validation accuracy: \d+\.\d{2} %, test accuracy: \d+\.\d{2} %", lines[22])
    assert re.fullmatch(r"Training time: \d+\.\d{2} s for 12 epochs", lines[23])
    assert lines[24:] == [f"Run: {Path('runs') / f'mlp-{hand}'}"]
    # That NumPy computes on the CPU is no news.
    allowed = ("byhand: computing on",) if hand in ("tensor", "torch") else ()
    assert all(line.startswith(allowed) for line in printed.err.splitlines())
    results = json.loads(Path(f"runs/mlp-{hand}/results.json").read_text())
    assert f"test accuracy: {100 * results['test']['accuracy']:.2f} %" in lines[22]


def test_short_flags(train: Callable[..., int]) -> None:
    words = ("-optim", "adam", "-lr", "0.003", "-bs", "32", "-hid_dim", "20,10", "-ep", "1")
    assert train("mlp", *words, "--seed", "7", "--dropout", "0.1", "--l2", "0.001", "--name", "mine") == 0
    recipe = settings_of("mine")
    config = recipe.config
    assert (config.optimizer, config.lr, config.batch_size, config.epochs, config.seed, config.l2) == (
        "adam",
        0.003,
        32,
        1,
        7,
        0.001,
    )
    assert recipe.network == {"name": "mlp", "hidden": [20, 10], "dropout": 0.1}


def test_long_flags(train: Callable[..., int]) -> None:
    words = (
        "--optimizer momentum --lr 0.1 --batch-size 16 --hidden 9 --epochs 1 --schedule cosine --momentum 0.5 --clip 2"
    )
    words += " --patience 3 --smoothing 0.1 --dtype float64 --device cpu --watch-test --hand numpy --split 100/20/10"
    assert train("mlp", *words.split()) == 0
    recipe = settings_of("mlp-numpy")
    config = recipe.config
    assert (config.optimizer, config.momentum, config.clip, config.patience, config.schedule) == (
        "momentum",
        0.5,
        2.0,
        3,
        "cosine",
    )
    assert (config.dtype, config.device, config.watch_test, config.threads) == ("float64", "cpu", True, 1)
    assert recipe.network["smoothing"] == 0.1
    results = json.loads(Path("runs/mlp-numpy/results.json").read_text())
    assert [results["data"][part] for part in ("train", "validation", "test")] == [100, 20, 10]


def test_flags_override_ones_own_file(train: Callable[..., int], npz: Path) -> None:
    Path("my.toml").write_text(
        '[network]\nname = "mlp"\nhidden = [5]\n[training]\nlr = 0.5\nepochs = 2\n[data]\nname = "nowhere"\n'
    )
    assert train("my.toml", "--lr", "0.25", "--set", "decay_biases=true", "--set", "activation = tanh") == 0
    recipe = settings_of("my-fast")
    assert (recipe.config.lr, recipe.config.epochs, recipe.config.decay_biases) == (0.25, 2, True)
    assert recipe.network == {"name": "mlp", "hidden": [5], "activation": "tanh"}
    assert recipe.data["name"] == str(npz)


def test_the_report_of_a_run(npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", str(npz), "--threads", "1", "-hid_dim", "5"]
    assert main(["train", "mlp", *words, "-ep", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["Report: runs/mlp-fast/report.html", "Run: runs/mlp-fast"]
    page = Path("runs/mlp-fast/report.html")
    before = page.stat().st_mtime_ns
    # A run that is done keeps its report, and where it has none, none is written without its digits.
    assert main(["train", "--resume", "runs/mlp-fast"]) == 0
    assert page.stat().st_mtime_ns == before
    assert main(["train", "mlp", *words, "-ep", "1", "--no-report", "--name", "none"]) == 0
    assert not Path("runs/none/report.html").exists()


@pytest.mark.parametrize("hand", HANDS)
def test_a_run_that_diverges(hand: str, train: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    words = ("-optim", "sgd", "-lr", "1e30", "--schedule", "constant", "--clip", "0", "-hid_dim", "8")
    assert train("mlp", "--hand", hand, *words) == 2
    printed = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("byhand: computing on")]
    assert len(printed) == 1
    assert printed[0].endswith("[training.diverged]")


def test_no_traceback_from_a_real_process(python: Callable[..., Any]) -> None:
    done = python("-m", "byhand", "train", "mpl")
    assert done.returncode == 2
    # One of the few tests of a message: what was found, what was expected, what to do, the code.
    assert done.stderr == (
        "byhand: The recipe 'mpl' was not found; perhaps 'mlp' was meant, or name a file ending in .toml. "
        "[recipe.not_found]\n"
    )


def test_an_interrupt(train: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    from byhand.training import trainer as job

    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "train_by_steps", interrupted)
    assert train("mlp") == 130
    expected = "byhand: interrupted; resume the run by `byhand train --resume runs/mlp-fast`"
    assert capsys.readouterr().err.splitlines()[-1] == expected


def test_again(train: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """`--force` replaces a finished run when the new one is done, and not before."""
    from byhand.training import trainer

    words = ("mlp", "-hid_dim", "5", "-ep", "1", "--name", "x")
    assert train(*words) == 0
    assert train(*words) == 2
    assert "[run.exists]" in capsys.readouterr().err
    before = json.loads(Path("runs/x/results.json").read_text())
    steps = trainer.train_by_steps

    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer, "train_by_steps", interrupted)
    assert train(*words, "--seed", "1", "--force") == 130
    assert "--resume runs/x.new" in capsys.readouterr().err
    assert json.loads(Path("runs/x/results.json").read_text()) == before
    monkeypatch.setattr(trainer, "train_by_steps", steps)
    # What was interrupted takes its place when it is resumed, and a new attempt may begin from the start.
    assert main(["train", "--resume", "runs/x.new", "--no-report"]) == 0
    assert settings_of("x").config.seed == 1
    assert [path.name for path in Path("runs").iterdir()] == ["x"]
    assert train(*words, "--seed", "2", "--force") == 0
    assert settings_of("x").config.seed == 2
    assert [path.name for path in Path("runs").iterdir()] == ["x"]
    # Without a name, the recipe's; nothing but a run is replaced.
    assert train("mlp", "-hid_dim", "5", "-ep", "1", "--force") == 0
    Path("runs/mine").mkdir()
    Path("runs/mine/thesis.txt").touch()
    assert train("mlp", "-hid_dim", "5", "-ep", "1", "--force", "--name", "mine") == 2
    assert Path("runs/mine/thesis.txt").exists()


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".", "..", ".hidden", "x.new", "a\nb"])
def test_names_that_leave_the_folder_of_runs(
    name: str, train: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(Path().rglob("*"))
    assert train("mlp", "--name", name) == 2
    assert "[run.invalid_name]" in capsys.readouterr().err
    assert train("cg-grid", "--name", name) == 2
    assert sorted(Path().rglob("*")) == before


def test_longer(train: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    words = ("mlp", "-hid_dim", "5", "--schedule", "constant")
    assert train(*words, "--epochs", "3", "--name", "whole") == 0
    assert train(*words, "--epochs", "1", "--name", "part") == 0
    assert main(["train", "--resume", "runs/part", "--epochs", "3", "--no-report"]) == 0
    for name in ("log.jsonl", "checkpoint.safetensors", "recipe.toml"):
        assert Path("runs/part", name).read_bytes() == Path("runs/whole", name).read_bytes(), name
    assert main(["train", "--resume", "runs/part", "--epochs", "2"]) == 2
    assert train("mlp", "-hid_dim", "5", "--epochs", "1", "--name", "fixed") == 0
    capsys.readouterr()
    assert main(["train", "--resume", "runs/fixed", "--epochs", "2"]) == 2
    assert "[run.fixed_length]" in capsys.readouterr().err
    assert Path("runs/fixed/results.json").exists()
    assert main(["train", "--resume", "runs/fixed", "--epochs", "2", "--lr", "3"]) == 2


def test_nothing_to_resume(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--resume", "runs/none"]) == 2
    printed = capsys.readouterr().err
    assert "no folder" in printed
    assert "[run.not_found]" in printed


def test_the_loss_of_every_few_steps(train: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    assert train("mlp", "-hid_dim", "5", "-ep", "2", "-bs", "50", "--log-every", "2") == 0
    entries = [json.loads(line) for line in Path("runs/mlp-fast/log.jsonl").read_text().splitlines()]
    assert [[step for step, _ in entry["step_losses"]] for entry in entries] == [[2], [4, 6]]
    (_, first), (_, second) = entries[1]["step_losses"]
    assert f"Step 1/3 | loss {first:.4f}\nStep 3/3 | loss {second:.4f}\nEpoch: [2/2]" in capsys.readouterr().out
    assert train("mlp", "--optimizer", "cg", "--schedule", "constant", "--log-every", "2") == 2


def test_without_validation(train: Callable[..., int], capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    assert train("mlp", "-hid_dim", "5", "-ep", "2", "--patience", "1", "--split", "150/0/30") == 0
    printed = capsys.readouterr()
    assert "no validation digits" in printed.err
    assert "alidation accuracy" not in printed.out
    results = json.loads(Path("runs/mlp-fast/results.json").read_text())
    assert results["data"]["validation"] == 0
    assert results["epochs"] == 2
    assert not {"validation", "untrained"} & results.keys()
    assert main(["report", "runs/mlp-fast", "--offline"]) == 0
    assert "without validation" in Path("runs/mlp-fast/report.html").read_text()
    assert main(["evaluate", "runs/mlp-fast"]) == 0
    for words in (["compare", "runs/mlp-fast"], ["train", "cg-grid", "--data", str(npz), "--split", "150/0/30"]):
        assert main(words) == 2
        assert "[compare.no_validation]" in capsys.readouterr().err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has such a device")
def test_output_that_ends(python: Callable[..., Any], tmp_path: Path, npz: Path) -> None:
    """Defect: a closed pipe ended a training with status 0 and no results, a full disk with a traceback."""
    words = ["-m", "byhand", "train", "mlp", "-hid_dim", "5", "-ep", "1", "--data", str(npz), "--no-report"]
    command = [sys.executable, "-u", *words, "--threads", "1"]
    process = subprocess.Popen(
        [*command, "--name", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*command, "--name", "full"], cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True
        )
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "cannot be written" in done.stderr
        listed = subprocess.run(
            [sys.executable, "-m", "byhand", "recipes"], stdout=full, stderr=subprocess.PIPE, text=True
        )
        assert listed.returncode == 2
        assert "[cli.cannot_write]" in listed.stderr
    for name in ("pipe", "full"):
        assert (tmp_path / "runs" / name / "results.json").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has such a device")
@pytest.mark.parametrize("streams", ["2>/dev/full", ">&- 2>&-"])
def test_an_error_stream_that_ends(streams: str, tmp_path: Path, npz: Path) -> None:
    """Defect: notes that could not be written ended a training; where its reader had exited, with status 0."""
    words = ["-m", "byhand", "train", "mlp", "-hid_dim", "5", "-ep", "1", "--data", str(npz), "--split", "150/0/30"]
    shell = ["sh", "-c", f'exec "$@" {streams}', "sh"]
    done = subprocess.run([*shell, sys.executable, *words, "--no-report", "--name", "x"], cwd=tmp_path, check=False)
    assert done.returncode == 0
    assert (tmp_path / "runs" / "x" / "results.json").exists()


def test_an_interrupt_while_the_command_is_imported(tmp_path: Path) -> None:
    # The interrupt comes from the file that a package brings to every start of Python, at the first import of ours.
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        # A job in the background of a shell starts with SIGINT ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'byhand.cli.parser':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}"}
    done = subprocess.run([sys.executable, "-m", "byhand", "train"], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "byhand: interrupted\n")


def test_a_mistyped_name_needs_no_array_library(python: Callable[..., Any]) -> None:
    code = "import sys; from byhand.cli import main; main(['train', 'mpl']); print('numpy' in sys.modules)"
    assert python("-c", code).stdout == "False\n"


@pytest.mark.parametrize(
    "words",
    [
        "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried ...",
        "CUDA out of memory. Tried to allocate 20.00 GiB.",
        "DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes.",
    ],
)
def test_torch_without_memory(
    words: str, train: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from byhand.training import trainer as job

    def lacking(*arguments: Any) -> None:
        raise RuntimeError(words)

    monkeypatch.setattr(job, "train_by_steps", lacking)
    assert train("mlp") == 2
    assert "memory" in capsys.readouterr().err.splitlines()[-1]
    words = "something else"
    with pytest.raises(RuntimeError, match="something else"):
        train("mlp")


def test_every_recipe_trains_on_the_embedded_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: recipes whose split is made for MNIST failed on a machine without it."""
    monkeypatch.setattr("byhand.training.trainer.train_by_steps", lambda *_: None)
    recipes = [name for name in shipped() if (recipe := load_recipe(name)).data.get("split") and not recipe.sweep]
    assert {"tiny-cnn", "lstm", "conv5x5"} <= set(recipes)
    for name in ("tiny-cnn", "lstm", "reader"):
        words = ["--data", "digits", "--threads", "1", "--no-report", "--name", name]
        assert main(["train", name, *words]) == 0
        results = json.loads(Path(f"runs/{name}/results.json").read_text())
        assert sum(results["data"][part] for part in ("train", "validation", "test")) == 1797


def test_without_torch_nothing_is_said_of_the_digits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Defect: the note about the split came before the refusal."""
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["train", "lstm", "--hand", "torch", "--data", "digits", "--threads", "1"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("[hands.no_torch]")
