"""docs/speed.md points at measured results and keeps no figures that a new measurement would make wrong."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")


def test_its_links_exist() -> None:
    links = re.findall(r"\]\((\.\./[^)]+)\)", TEXT)
    assert len(links) >= 2
    for link in links:
        assert (ROOT / "docs" / link).exists(), link


def test_times_stand_in_the_results_alone() -> None:
    # Times of networks change with every measurement: they are in results/bench-hands.md.
    assert not re.findall(r"\d (?:s|ms)\b", TEXT)


def test_files_it_names_exist() -> None:
    names = re.findall(r"`(\w+\.py)`", TEXT)
    assert {"workspace.py", "parallel.py", "layout.py"} <= set(names)
    for name in names:
        assert (ROOT / "src" / "byhand" / "hands" / "by_fast" / name).exists(), name
