"""What commands refuse: exit code 2, one line with a code, nothing printed and nothing written."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from byhand.cli import main
from byhand.training.run import Run


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("train", "cli.conflicting_arguments"),
        ("train mlp --resume x", "cli.conflicting_arguments"),
        ("train --resume nowhere --name x", "cli.conflicting_arguments"),
        ("train --resume nowhere --runs x", "cli.conflicting_arguments"),
        ("train --resume nowhere", "run.not_found"),
        ("train mpl", "recipe.not_found"),
        ("train my.toml", "recipe.unreadable"),
        ("train broken.toml", "recipe.invalid_toml"),
        ("train wrong.toml", "recipe.unknown_setting"),
        ("train mlp --hand nunpy", "recipe.unknown_hand"),
        ("train mlp --set lrr=3", "recipe.unknown_setting"),
        ("train softmax --dropout 0.5", "recipe.unknown_setting"),
        ("train mlp --set lr", "cli.invalid_argument"),
        ("train mlp --set lr=fast", "settings.wrong_type"),
        ("train mlp --lr 0", "recipe.invalid_setting"),
        ("train mlp --lr nan", "recipe.invalid_setting"),
        ("train mlp -bs -1", "recipe.invalid_setting"),
        ("train mlp -hid_dim 0", None),
        ("train mlp --dropout 1", None),
        ("train mlp --device cuda", None),
        ("train mlp --hand torch --device nowhere", None),
        ("train mlp --data nowhere", None),
        ("train mlp --split 1/2", "data.invalid_split"),
        ("train mlp --split 999/1/1", "data.split_too_large"),
        ("train mlp --hidden 1000000000", None),
        ("train mlp --hidden 100000000000000", "recipe.too_large"),
        ("train mlp --runs /proc/runs", "run.not_writable"),
        ("train mlp --runs empty/../test.npz", "run.not_writable"),
        ("train mlp -optim cg --schedule constant -bs 9 -lr 1", "cli.conflicting_arguments"),
        ("train cg-grid -lr 1", "cli.conflicting_arguments"),
        ("train cg-grid --tensorboard", "cli.conflicting_arguments"),
        ("train cg-mlp -optim adam", "recipe.invalid_setting"),
        ("train mlp --bogus", "cli.invalid_argument"),
        ("train mlp --lr fast", "cli.invalid_argument"),
        ("train mlp -ep 1.5", "cli.invalid_argument"),
        ("train mlp --optimizer adm", "cli.invalid_argument"),
        ("train mlp --hidden 8,x", "cli.invalid_argument"),
        ("train mlp another", "cli.invalid_argument"),
        ("train mlp --no-report=3", "cli.invalid_argument"),
        ("data shw", "cli.invalid_argument"),
        ("look mlp --digit 3 --image x.png", "cli.invalid_argument"),
        ("evaluate", "cli.invalid_argument"),
        ("compare mlp --set seed=3", "cli.conflicting_arguments"),
        ("evaluate nowhere", "run.not_found"),
        ("evaluate elmann", "run.not_found"),
        ("evaluate empty", "run.not_found"),
        ("evaluate RUN --data unlabelled.csv", None),
        ("evaluate RUN --data missing.csv", None),
        ("evaluate RUN --hand numpi", None),
        ("report RUN --out test.npz/x.html", "cli.no_folder"),
        ("report nowhere", "run.not_found"),
        ("predict softmax", "cli.invalid_argument"),
        ("predict nowhere --data test.npz", "run.not_found"),
        ("predict softmax --data test.npz --submission test.npz", "cli.same_file"),
        ("predict softmax --data test.npz --submission empty/../test.npz", "cli.same_file"),
        ("predict softmax --data test.npz --submission x.csv --probabilities ./x.csv", "cli.same_file"),
        ("predict softmax --data test.npz --submission nowhere/x.csv", "cli.no_folder"),
        ("predict softmax --data test.npz --probabilities test.npz/x", "cli.no_folder"),
        ("export softmax --onnx nowhere/x.onnx", "cli.no_folder"),
        ("data show --data test.npz --out nowhere/x.png", "cli.no_folder"),
        ("read x.png --explain nowhere/x.png", "cli.no_folder"),
        ("bench", "cli.invalid_argument"),
        ("bench nothing", "cli.invalid_argument"),
        ("bench hands mpl", "bench.unknown_network"),
        ("bench hands --rounds 0", "bench.invalid_count"),
        ("prove mlp --entries 0", "cli.out_of_range"),
        ("prove mlp --seed -1", "cli.out_of_range"),
        ("show tiny-cn", "recipe.not_found"),
        ("show broken.toml", "recipe.invalid_toml"),
        ("show cg-mlp --data missing.csv", None),
    ],
)
def test_refused(
    line: str,
    code: str | None,
    trained: Run,
    capsys: pytest.CaptureFixture[str],
    pictures: Callable[..., tuple[Any, Any]],
    tmp_path: Path,
) -> None:
    """Without a code: those of other packages, and of argparse, which has none."""
    images, labels = pictures(40)
    np.savez("test.npz", x_train=images, y_train=labels)
    header = ",".join(f"pixel{number}" for number in range(784))
    Path("unlabelled.csv").write_text(header + "\n" + ",".join(["0"] * 784) + "\n", encoding="utf-8")
    Path("empty").mkdir()
    Path("broken.toml").write_text("[network", encoding="utf-8")
    Path("wrong.toml").write_text('[network]\nname = "mlp"\nhiden = 3\n', encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    words = [str(trained.path) if word == "RUN" else word for word in line.split()]
    # The settings are wrong, not the digits.
    if line.startswith("train ") and "--resume" not in words and "--data" not in words:
        words += ["--data", "test.npz"]
    try:
        exit_code: Any = main(words)
    except SystemExit as stop:
        exit_code = stop.code
    assert exit_code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (message,) = [text for text in printed.err.splitlines() if "usage:" not in text and "computing on" not in text][-1:]
    assert message.startswith("byhand")
    if code:
        assert re.fullmatch(r"byhand: \S.*[.?] \[(.*)\]", message)[1] == code  # type: ignore[index]
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("train mlp --lr fast", "--lr is 'fast'; expected a number."),
        ("train mlp -ep 1.5", "--epochs is '1.5'; expected a whole number."),
        ("train mlp --optimizer Adam", "--optimizer is 'Adam'; perhaps 'adam' was meant."),
        ("train MLP", "The recipe 'MLP' was not found; perhaps 'mlp' was meant, or name a file ending in .toml."),
        ("train mlp --epoch 3", "`byhand train` has no option --epoch; perhaps '--epochs' was meant."),
        ("train mlp --lr", "--lr has no value; give one."),
        ("evaluate", "`byhand evaluate` needs RUN; `byhand evaluate --help` describes it."),
        ("look mlp --digit 3 --image x", "--image and --digit exclude each other; give one of them."),
        ("train mlp another", "`byhand train` takes no further 'another'; `byhand train --help` lists its arguments."),
        ("data shw", "The action is 'shw'; perhaps 'show' was meant."),
    ],
)
def test_the_parsers_errors_are_sentences(line: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 2
    assert capsys.readouterr().err.rsplit(" [", 1)[0] == f"byhand: {sentence}"
