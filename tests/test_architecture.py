"""The shape of the house: who may import whom, what may never be called, and that nothing heavy comes uninvited."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SRC = Path(__file__).parents[1] / "src" / "byhand"
FILES = sorted(SRC.rglob("*.py"))

FLOORS = (
    ("errors", "io", "rng", "options", "cpu"),
    *(("data",), ("models",), ("metrics",), ("hands",), ("augment",), ("training",), ("weights",)),
    *(("verify",), ("compare",), ("export",), ("reading",), ("bench",), ("viz",), ("sklearn",), ("server",)),
    ("cli", "api", "__init__", "__main__"),
)
"""From the cellar to the roof. A module imports from its own floor and from those below."""
RANK = {name: floor for floor, names in enumerate(FLOORS) for name in names}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything a file imports, wherever in it, also for type checkers alone."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def floor_of(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def test_every_module_has_its_floor() -> None:
    assert len(FILES) > 50
    assert {floor_of(path) for path in FILES} <= RANK.keys()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_no_arrow_runs_back_up(path: Path) -> None:
    for line, name in imported(path):
        first, *rest = name.split(".")
        if first == "byhand" and rest != ["__version__"]:
            assert RANK[rest[0]] <= RANK[floor_of(path)], f"{path}:{line} imports {name}"


def test_packages_of_data_know_the_cellar_alone() -> None:
    for path in (SRC / "data").rglob("*.py"):
        for _, name in imported(path):
            if name.startswith("byhand."):
                assert name.split(".")[1] in ("data", "errors", "io", "rng", "options", "__version__")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))
def test_nothing_runs_what_it_reads(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [name for _, name in imported(path)]
    forbidden = ("pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal")
    assert not [name for name in names if name.split(".")[0] in forbidden]
    assert "torch.load" not in names
    assert "torch.save" not in names
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("eval", "exec", "compile", "torch.load", "torch.save", "pickle.loads")
            for keyword in node.keywords:
                if keyword.arg == "allow_pickle":
                    assert isinstance(keyword.value, ast.Constant)
                    assert keyword.value.value is False
                assert keyword.arg != "shell"


def mentions(path: Path) -> set[str]:
    """Every dotted name in a file's code, comments and docstrings left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    dotted = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute | ast.Name)}
    return dotted | {name for _, name in imported(path)}


def test_the_tensor_hand_is_written_by_hand() -> None:
    paths = list((SRC / "hands" / "by_tensor").glob("*.py"))
    assert len(paths) > 5
    for path in paths:
        for name in mentions(path):
            assert not name.startswith(("torch.nn", "torch.optim", "nn.", "optim.")), f"{path} uses {name}"


def test_the_numpy_hand_knows_no_torch() -> None:
    for path in (SRC / "hands" / "by_numpy").glob("*.py"):
        assert not [name for name in mentions(path) if name.split(".")[0] == "torch"], path


def test_the_engine_knows_no_hand_by_name() -> None:
    for name in ("loop", "optimizers", "schedules"):
        words = mentions(SRC / "training" / f"{name}.py")
        assert not [word for word in words if "by_numpy" in word or "by_tensor" in word or "by_torch" in word]


def test_twins_have_the_same_file_names() -> None:
    files = {}
    for hand in ("numpy", "tensor", "torch"):
        folder = SRC / "hands" / f"by_{hand}"
        # A file that makes a layer real, and those that every hand has.
        files[hand] = {path.name for path in folder.glob("*.py") if "@makes(" in path.read_text(encoding="utf-8")}
        files[hand] |= {path.name for path in folder.glob("*.py")} & {"layer.py", "losses.py", "network.py"}
        assert {"layer.py", "losses.py", "network.py", "dense.py", "pixels.py"} <= files[hand]
    assert files["numpy"] == files["tensor"] == files["torch"]


def test_every_layer_is_made_in_every_hand() -> None:
    from byhand.hands.by_fast.network import MADE as IN_NUMPY
    from byhand.hands.by_tensor.network import MADE as IN_TENSOR
    from byhand.hands.by_torch.network import MADE as IN_TORCH
    from byhand.models.layers import LAYERS

    ours = {kind for kind in LAYERS.values() if kind.__module__ == "byhand.models.layers"}
    assert len(ours) >= 11
    for made in (IN_NUMPY, IN_TENSOR, IN_TORCH):
        assert set(made) >= ours


HEAVY = ("numpy", "scipy", "torch", "matplotlib", "sklearn", "pyarrow", "rich", "PIL", "cv2", "onnx", "fastapi")


@pytest.mark.parametrize("words", ["import byhand", "--help", "--version", "mistyped"])
def test_nothing_heavy_comes_uninvited(words: str, python: Callable[..., Any]) -> None:
    doing = words if words.startswith("import") else f"from byhand.cli import main; main([{words!r}])"
    done = python("-c", f"import sys; {doing}; print(sorted(set({HEAVY}) & set(sys.modules)))")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_numpy_hand_trains_without_torch(python: Callable[..., Any], npz: Path) -> None:
    script = (
        "import sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'torch': raise ImportError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from byhand.cli import main\n"
        f"assert main(['train', 'mlp', '--data', {str(npz)!r}, '-ep', '1', '-hid_dim', '4', '--no-report']) == 0\n"
        f"assert main(['train', 'mlp', '--data', {str(npz)!r}, '--hand', 'torch']) == 2\n"
        "print('torch' in sys.modules, 'matplotlib' in sys.modules)"
    )
    done = python("-c", script)
    assert done.stdout.splitlines()[-1] == "False False", done.stderr
    assert "needs PyTorch, which is not installed" in done.stderr
