"""The notebooks run on the embedded digits, and their stored outputs are complete and contain no path."""

from __future__ import annotations

import importlib.util
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

FOLDER = Path(__file__).parents[1] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
LARGEST = 400_000


def executed() -> Callable[[Path], Any]:
    spec = importlib.util.spec_from_file_location("refresh", FOLDER / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.executed  # type: ignore[no-any-return]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    before = nbformat.read(path, as_version=4)
    with warnings.catch_warnings():
        # The kernel's own warnings, not the notebook's.
        warnings.simplefilter("ignore")
        after = executed()(copy)
    assert [cell.source for cell in after.cells] == [cell.source for cell in before.cells]
    assert figures(after) == figures(before)
    assert os.listdir(tmp_path) == [path.name]  # noqa: PTH208


def outputs(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def figures(notebook: Any) -> int:
    return sum("image/png" in output.get("data", {}) for output in outputs(notebook))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < LARGEST
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert figures(notebook) >= 1
    assert not [
        output for output in outputs(notebook) if output.output_type == "error" or output.get("name") == "stderr"
    ]
    # Nothing depends on when and where it ran.
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert all(not cell.metadata for cell in notebook.cells)
    assert not re.search(r"/(home|root|work|tmp|Users|var|usr|opt)/|[A-Z]:\\\\", text)
    # A numbered title, and text between the figures.
    assert notebook.cells[0].source.startswith(f"# {path.name[0]}. ")
    assert sum(cell.cell_type == "markdown" for cell in notebook.cells) >= len(code) - 3
    for link in re.findall(r"\]\(([^)]+\.ipynb)\)", text):
        assert (FOLDER / link).exists(), link
