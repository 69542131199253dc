"""``byhand train``, from the words on the command line to the folder of the run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byhand.cli import main
from byhand.hands import HANDS
from byhand.training.recipe import load_recipe

EPOCH = re.compile(
    r"Epoch: \[ *(\d+)/(\d+)\] \| Train Loss: \d+\.\d{4} \| Val Loss: \d+\.\d{4} \| Accuracy: \d+\.\d{2} % \| "
    r"LR: (\d\.\d{5}) \| Time: \d+\.\d{2} s \| Now: \d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"
)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


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
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0] == f"Data: drawn ({npz}): 150 to train, 30 to validate, 40 to test"
    table = [re.split(r"  +", line.rstrip()) for line in lines[2:9]]
    assert table[0] == ["layer", "output", "parameters"]
    assert table[3] == ["Linear(12)", "12", "9,420"]
    assert table[-1] == ["total", "9,550"]
    assert re.fullmatch(r"Accuracy before training: \d+\.\d{2} %", lines[9])
    epochs = [EPOCH.fullmatch(line) for line in lines[10:22]]
    assert all(epochs)
    assert lines[10].startswith("Epoch: [ 0/12] |")
    assert [int(match[1]) for match in epochs if match] == list(range(12))
    assert [float(match[3]) for match in epochs if match][:4] == [0.02, 0.01, 0.005, 0.0025]
    assert re.fullmatch(r"Validation accuracy: \d+\.\d{2} %, test accuracy: \d+\.\d{2} %", lines[22])
    assert lines[23:] == [f"Run: {Path('runs') / f'mlp-{hand}'}"]
    assert told.err.splitlines() == [line for line in told.err.splitlines() if line.startswith("byhand: computing on")]
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
    recipe = settings_of("my-numpy")
    assert (recipe.config.lr, recipe.config.epochs, recipe.config.decay_biases) == (0.25, 2, True)
    assert recipe.network == {"name": "mlp", "hidden": [5], "activation": "tanh"}
    assert recipe.data["name"] == str(npz)


def test_full_batch(train: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    words = ("-optim", "cg", "--schedule", "constant", "--clip", "0", "-ep", "2", "-hid_dim", "4")
    assert train("mlp", *words) == 0
    assert "| LR: line search |" in capsys.readouterr().out


def test_a_run_elsewhere(train: Callable[..., int], tmp_path: Path) -> None:
    assert train("mlp", "-ep", "1", "--runs", "deep/er", "--name", "mine", "-hid_dim", "4") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep"]
    assert (tmp_path / "deep/er/mine/results.json").exists()


def test_the_report_of_a_run(npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--data", str(npz), "--threads", "1", "-hid_dim", "5"]
    assert main(["train", "mlp", *words, "-ep", "2"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["Report: runs/mlp-numpy/report.html", "Run: runs/mlp-numpy"]
    page = Path("runs/mlp-numpy/report.html")
    assert "<h1>mlp in the numpy hand</h1>" in page.read_text(encoding="utf-8")
    before = page.stat().st_mtime_ns
    # A run that is done keeps its report, and where it has none, none is written without its digits.
    assert main(["train", "--resume", "runs/mlp-numpy"]) == 0
    assert page.stat().st_mtime_ns == before
    assert main(["train", "mlp", *words, "-ep", "1", "--no-report", "--name", "none"]) == 0
    assert not Path("runs/none/report.html").exists()


def refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that is told; nothing is left behind."""
    before = sorted(Path().rglob("*"))
    try:
        code = main(["train", *words])
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    assert code == 2
    assert sorted(Path().rglob("*")) == before
    told = capsys.readouterr()
    assert told.out == ""
    lines = told.err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("byhand")
    return lines[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "byhand train was given neither of a recipe (byhand train mlp) and a run to go on with"),
        (["mlp", "--resume", "x"], "byhand train was given both of a recipe"),
        (["mpl"], "There is no recipe 'mpl'; perhaps 'mlp' was meant, or name a file ending in .toml."),
        (["my.toml"], "The recipe my.toml cannot be read (No such file or directory); check its name."),
        (["mlp", "--hand", "nunpy"], "There is no hand 'nunpy'; perhaps 'numpy' was meant."),
        (["mlp", "--set", "lrr=3"], "The recipe 'mlp' has no setting 'lrr'; perhaps 'lr' was meant."),
        (["mlp", "--set", "lr"], "--set was given 'lr'; write it as NAME=VALUE."),
        (
            ["mlp", "--set", "lr=fast"],
            "The recipe 'mlp', section training, was given lr = 'fast'; give a value like 0.1.",
        ),
        (["mlp", "--lr", "0"], "lr was given as 0.0; give more than 0."),
        (["mlp", "--lr", "nan"], "lr was given as nan; give more than 0."),
        (["mlp", "-ep", "0"], "epochs was given as 0; give 1 or more."),
        (["mlp", "-bs", "-1"], "batch_size was given as -1; give 0 or more."),
        (["mlp", "-hid_dim", "0"], "Linear was given units = 0; give 1 or more."),
        (["mlp", "--dropout", "1"], "Dropout was given rate 1.0; give a share from 0 to below 1."),
        (["softmax", "--dropout", "0.5"], "The recipe 'softmax' has no setting 'dropout'; "),
        (["mlp", "--seed", "-1"], "seed was given as -1; give 0 or more."),
        (
            ["mlp", "--device", "cuda"],
            "The numpy hand computes on the CPU, not on 'cuda'; choose --hand tensor or torch.",
        ),
        (["mlp", "--hand", "torch", "--device", "nowhere"], "The device 'nowhere' cannot be used ("),
        (["mlp", "--data", "nowhere"], "'nowhere' is neither a dataset nor a file; "),
        (["mlp", "--split", "1/2"], ""),
        (["mlp", "--split", "999/1/1"], ""),
        (["mlp", "--runs", "/proc/runs"], "The folder /proc/runs/mlp-numpy cannot be made ("),
        (["mlp", "--runs", "a-file"], "a-file"),
        (["mlp", "-optim", "cg", "--schedule", "constant", "-bs", "9", "-lr", "1"], "cg finds its own steps on all"),
        (["cg-grid", "-lr", "1"], "cg finds its own steps on all digits; leave out --lr."),
        (["cg-grid", "--tensorboard"], "The recipe 'cg-grid' sweeps, which makes many runs, and --tensorboard shows"),
        (["cg-mlp", "-optim", "adam"], "l2_over_rows is of cg and lbfgs alone, and the optimizer is adam; "),
        (["mlp", "--threads", "-1"], "threads was given as -1; give 0 or more."),
        (["--resume", "nowhere", "--name", "x"], "--resume goes on with the recipe in nowhere as it is and takes no"),
        (["--resume", "nowhere", "--runs", "x"], "--resume goes on with the recipe in nowhere as it is and takes no"),
        (["--resume", "nowhere"], "nowhere is not the folder of a run; it should hold recipe.toml."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_one_sentence_and_nothing_behind(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str], npz: Path
) -> None:
    Path("a-file").touch()
    # The settings are wrong, not the digits.
    given = [] if "--resume" in words or "--data" in words or not words else ["--data", str(npz)]
    told = refused([*words, *given], capsys)
    assert sentence in told
    if "--runs" not in words:
        assert told.startswith(f"byhand: {sentence}")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[network]\nname = "mlp"\n[training]\nephocs = 3\n', "has no setting 'ephocs'; perhaps 'epochs' was meant."),
        ('[network]\nname = "mlp"\n[trainig]\nepochs = 3\n', "has no section 'trainig'; perhaps 'training' was meant."),
        ('[network]\nlayers = [{ kind = "Linnear" }]\n', "There is no layer 'Linnear'; perhaps 'Linear' was meant."),
        ("not toml", "The recipe 'my' is not TOML ("),
    ],
)
def test_mistakes_in_ones_own_file(text: str, sentence: str, capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    Path("my.toml").write_text(text)
    assert sentence in refused(["my.toml", "--data", str(npz)], capsys)


@pytest.mark.parametrize(
    "words",
    [
        ["mlp", "--bogus"],
        ["mlp", "--lr", "fast"],
        ["mlp", "-ep", "1.5"],
        ["mlp", "--optimizer", "adm"],
        ["mlp", "--hidden", "8,x"],
        ["mlp", "another"],
    ],
    ids=" ".join,
)
def test_words_that_are_no_flags(words: list[str], capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    told = refused([*words, "--data", str(npz)], capsys)
    assert words[-1].split(",")[-1] in told


def test_a_name_that_is_taken(train: Callable[..., int], capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    assert train("mlp", "-ep", "1", "-hid_dim", "4", "--name", "mine") == 0
    capsys.readouterr()
    told = refused(["mlp", "--name", "mine", "--data", str(npz)], capsys)
    assert "There is a run runs/mine already; go on with it by --resume runs/mine, or choose another --name." in told


@pytest.mark.parametrize("hand", HANDS)
def test_a_run_that_diverges(hand: str, train: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    words = ("-optim", "sgd", "-lr", "1e30", "--schedule", "constant", "--clip", "0", "-hid_dim", "8")
    assert train("mlp", "--hand", hand, *words) == 2
    told = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("byhand: computing on")]
    assert len(told) == 1
    assert re.fullmatch(
        r"byhand: The loss became (nan|inf) at step \d+ with learning rate 1e\+30; try --lr 1e\+29, or --clip 1\.",
        told[0],
    )


def test_no_traceback_from_a_real_process(python: Callable[..., Any]) -> None:
    done = python("-m", "byhand", "train", "mpl")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "byhand: There is no recipe 'mpl'; perhaps 'mlp' was meant, or name a file ending in .toml."
    ]


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["train", "--help"])
    assert not stopped.value.code
    text = capsys.readouterr().out
    for flag in [
        "--hand",
        "--optimizer",
        "-optim",
        "--lr",
        "-lr",
        "--batch-size",
        "-bs",
        "--hidden",
        "-hid_dim",
        "--epochs",
        "-ep",
        "--seed",
    ]:
        assert flag in text
    for flag in [
        "--schedule",
        "--dropout",
        "--l2",
        "--device",
        "--threads",
        "--name",
        "--resume",
        "--set",
        "--data",
        "--split",
        "--offline",
    ]:
        assert flag in text


def test_an_interrupt(train: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    from byhand.training import trainer as job

    def interrupted(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "train_by_steps", interrupted)
    assert train("mlp") == 130
    assert capsys.readouterr().err.splitlines()[-1] == "byhand: interrupted"


@pytest.mark.parametrize("units", ["1000000000", "100000000000000", "1" + 40 * "0"])
def test_a_network_beyond_all_memory(units: str, capsys: pytest.CaptureFixture[str], npz: Path) -> None:
    assert "memory" in refused(["mlp", "--hidden", units, "--data", str(npz)], capsys)


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
    assert capsys.readouterr().err.splitlines()[-1] == (
        "byhand: the memory of this machine does not suffice; choose smaller layers or batches."
    )
    words = "something else"
    with pytest.raises(RuntimeError, match="something else"):
        train("mlp")


def test_one_variant_of_a_sweep(train: Callable[..., int]) -> None:
    assert train("cg-grid", "-hid_dim", "8", "--l2", "10", "-ep", "1") == 0
    assert settings_of("cg-grid-numpy").network["hidden"] == 8
    assert load_recipe("runs/cg-grid-numpy/recipe.toml").sweep == {}


def test_help_is_light(python: Callable[..., Any]) -> None:
    doing = "import sys; from byhand.cli import main\ntry: main(['train', '--help'])\nexcept SystemExit: pass\n"
    done = python("-c", doing + "print(sorted({'numpy', 'scipy', 'torch', 'rich'} & set(sys.modules)))")
    assert done.stdout.splitlines()[-1] == "[]"


def test_benches_and_comparisons_refuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "hands", "softmax", "--threads", "-1"]) == 2
    assert "threads was given as -1; give a number from 0 to 1024." in capsys.readouterr().err
    assert main(["compare", "mlp", "--set", "seed=3"]) == 2
    assert "byhand compare chooses the seeds itself; say how many by --seeds" in capsys.readouterr().err
