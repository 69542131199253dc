"""The architecture: who may import whom, what is never called, which words are not used, and what is imported late."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SRC = Path(__file__).parents[1] / "src" / "byhand"
FILES = sorted(SRC.rglob("*.py"))
HANDS = SRC / "hands"

LAYERS = (
    ("errors", "io", "rng", "options", "cpu"),
    *(("data",), ("metrics",), ("models",), ("hands",), ("augment",), ("training",), ("weights",)),
    *(("verify",), ("compare",), ("export",), ("viz", "reading", "bench"), ("sklearn",), ("server",)),
    ("cli", "api", "__init__", "__main__"),
)
"""From bottom to top. A module imports from its own layer and from those below it."""
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SRC)))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of every import in a file, including those for type checkers."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def package(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def test_every_module_has_a_layer() -> None:
    assert len(FILES) > 50
    assert {package(path) for path in FILES} <= LEVEL.keys()


@every_file
def test_imports_point_down(path: Path) -> None:
    for line, name in imported(path):
        first, *rest = name.split(".")
        if first == "byhand" and rest != ["__version__"]:
            assert LEVEL[rest[0]] <= LEVEL[package(path)], f"{path}:{line} imports {name}"


@every_file
def test_no_file_runs_what_it_reads(path: Path) -> None:
    names = [name for _, name in imported(path)]
    forbidden = ("pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal")
    assert not [name for name in names if name.split(".")[0] in forbidden]
    assert "torch.load" not in names
    assert "torch.save" not in names
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("eval", "exec", "compile", "torch.load", "torch.save", "pickle.loads")
            for keyword in node.keywords:
                if keyword.arg == "allow_pickle":
                    assert isinstance(keyword.value, ast.Constant)
                    assert keyword.value.value is False
                assert keyword.arg != "shell"


def test_every_error_has_a_code() -> None:
    wrong = []
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("ByhandError"):
                codes = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
                constant = [code.value for code in codes if isinstance(code, ast.Constant)]
                if not codes or any(not re.fullmatch(r"[a-z]+\.[a-z0-9_]+", code) for code in constant):
                    wrong.append(f"{path.relative_to(SRC)}:{node.lineno}")
    assert wrong == []


def test_errors_begin_with_a_capital() -> None:
    """Or with a name, a value or an option that they are about."""
    wrong = []
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and re.search(r"(ByhandError|\bsay)$", ast.unparse(node.func)) and node.args:
                text = node.args[0].values[0] if isinstance(node.args[0], ast.JoinedStr) else node.args[0]
                if isinstance(text, ast.Constant) and re.match(r"[a-z]", str(text.value)):
                    wrong.append(f"{path.relative_to(SRC)}:{node.lineno}: {text.value}")
    assert wrong == []


OUR_OWN_WORDS = {
    *("room", "there_and_back", "keeps_output", "may_overwrite", "teams", "sweeps", "having", "usual", "Usual"),
    *("remember", "shelf", "strangers", "Strangers", "flourishes", "grounds", "shares", "told", "_untold", "untold"),
    *("Punctual", "Together", "GLIMPSE", "FORSAKEN", "HEM", "Done", "Offered", "Begun", "Track", "Trained"),
}


def test_names_are_words_of_the_field() -> None:
    found = set()
    for path in FILES:
        for node in ast.walk(tree(path)):
            names = [getattr(node, key, None) for key in ("id", "attr", "arg", "name", "asname")]
            found |= {f"{path.relative_to(SRC)}: {name}" for name in names if name in OUR_OWN_WORDS}
        if path.stem in OUR_OWN_WORDS:
            found.add(str(path.relative_to(SRC)))
    assert sorted(found) == []


def mentions(path: Path) -> set[str]:
    """Every dotted name in a file's code, without comments and docstrings."""
    dotted = {ast.unparse(node) for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute | ast.Name)}
    return dotted | {name for _, name in imported(path)}


def test_the_tensor_hand_uses_no_torch_nn_and_no_torch_optim() -> None:
    paths = list((HANDS / "by_tensor").glob("*.py"))
    assert len(paths) > 5
    for path in paths:
        for name in mentions(path):
            assert not name.startswith(("torch.nn", "torch.optim", "nn.", "optim.")), f"{path} uses {name}"


@pytest.mark.parametrize("path", sorted((HANDS / "by_numpy").glob("*.py")), ids=lambda path: path.stem)
def test_the_textbook_hand_is_plain(path: Path) -> None:
    """No threads, no buffers, no arrays that are changed in place: each line computes a new value."""
    for _, name in imported(path):
        assert name.split(".")[0] in (
            "__future__",
            "byhand",
            "collections",
            "dataclasses",
            "typing",
            "numpy",
            "math",
            # erf, which NumPy lacks.
            "scipy",
        ), name
        assert not name.startswith(("byhand.hands.by_fast", "byhand.cpu"))
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            assert "out" not in [keyword.arg for keyword in node.keywords], f"{path}:{node.lineno}"
        if isinstance(node, ast.AugAssign):
            # The exceptions are sums: of overlapping windows, and the running statistics, which are state.
            target = ast.unparse(node.target)
            assert isinstance(node.op, ast.Add), f"{path}:{node.lineno}"
            assert isinstance(node.target, ast.Subscript) or target.startswith("running_"), f"{path}:{node.lineno}"


def test_the_numpy_hands_do_not_use_torch() -> None:
    for path in [*(HANDS / "by_numpy").glob("*.py"), *(HANDS / "by_fast").glob("*.py")]:
        assert not [name for name in mentions(path) if name.split(".")[0] == "torch"], path


def test_the_engine_does_not_know_the_hands() -> None:
    for name in ("loop", "optimizers"):
        words = mentions(SRC / "training" / f"{name}.py")
        assert not [word for word in words if re.search(r"by_(numpy|fast|tensor|torch)", word)]


def implemented(hand: str) -> dict[str, set[str]]:
    """The layers that each file of a hand implements: the arguments of ``@implements(layers.Linear)``."""
    files: dict[str, set[str]] = {}
    for path in (HANDS / f"by_{hand}").glob("*.py"):
        for node in ast.walk(tree(path)):
            for decorator in getattr(node, "decorator_list", []):
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) in ("implements", "makes", "cell"):
                    files.setdefault(path.name, set()).add(ast.unparse(decorator.args[0]).removeprefix("layers."))
    return files


def test_every_hand_implements_every_layer_in_files_of_the_same_names() -> None:
    from byhand.models.layers import LAYERS as DESCRIBED

    described = {kind.__name__ for kind in DESCRIBED.values() if kind.__module__.startswith("byhand.")}
    assert len(described) >= 11
    hands = {hand: implemented(hand) for hand in ("numpy", "tensor", "torch")}
    for files in hands.values():
        assert set().union(*files.values()) >= described
    names = [files.keys() - {"recurrence.py"} for files in hands.values()]
    assert names[0] == names[1] == names[2]
    # The fast hand uses the textbook layer where it has none.
    assert implemented("fast").keys() - {"recurrence.py"} <= names[0]


HEAVY = ("numpy", "scipy", "torch", "matplotlib", "sklearn", "pyarrow", "rich", "PIL", "cv2", "onnx", "fastapi")


@pytest.mark.parametrize("words", ["import byhand", "--help", "--version", "mistyped"])
def test_imports_stay_light(words: str, python: Callable[..., Any]) -> None:
    doing = words if words.startswith("import") else f"from byhand.cli import main; main([{words!r}])"
    done = python("-c", f"import sys; {doing}; print(sorted(set({HEAVY}) & set(sys.modules)))")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "[]"


SLOW = ("scipy", "torch", "matplotlib", "sklearn", "pyarrow", "onnx", "fastapi")
"""What takes long to import. A mistake is reported before."""


@pytest.mark.parametrize(
    "line",
    [
        *(
            "train MLP",
            "train mlp --lr fast",
            "train mlp --data nowhere",
            "evaluate nowhere",
            "predict mlp --data nowhere",
        ),
        *("report nowhere", "look nowhere", "export nowhere --onnx x.onnx", "read nowhere.png"),
        *(
            "show nowhere",
            "compare nowhere",
            "compare mlp --hands foot",
            "data show --data nowhere",
            "bench hands nowhere",
        ),
    ],
)
def test_mistakes_are_reported_at_once(line: str, python: Callable[..., Any]) -> None:
    code = f"from byhand.cli import main; assert main({line.split()!r}) == 2"
    done = python("-c", f"import sys; {code}; print(sorted(set({SLOW}) & set(sys.modules)))")
    assert done.stdout == "[]\n", done.stderr


def test_training_works_without_torch(python: Callable[..., Any], npz: Path) -> None:
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
    assert "PyTorch" in done.stderr
