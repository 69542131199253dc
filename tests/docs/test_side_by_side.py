"""The page that shows the hands side by side shows the source files' own code."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "side-by-side.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"<!-- (\S+) (\S+) -->\n```python\n(.*?)\n```", PAGE, re.DOTALL)


def source(path: str, name: str) -> str:
    """The code of a class, a function or a method in a file of a hand."""
    text = (ROOT / "src" / "byhand" / "hands" / path).read_text(encoding="utf-8")
    node: ast.AST = ast.parse(text)
    for part in name.split("."):
        node = next(inner for inner in ast.iter_child_nodes(node) if getattr(inner, "name", "") == part)
    assert isinstance(node, ast.ClassDef | ast.FunctionDef)
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return textwrap.dedent("\n".join(text.splitlines()[first - 1 : node.end_lineno]))


@pytest.mark.parametrize(("path", "name", "code"), SHOWN, ids=lambda value: value if " " not in value else "")
def test_the_page_shows_the_source(path: str, name: str, code: str) -> None:
    assert code == source(path, name), f"docs/side-by-side.md: copy {name} from {path} again"


def test_every_block_of_code_is_held_to_a_file() -> None:
    assert len(SHOWN) == PAGE.count("```python") == 11
