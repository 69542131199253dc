"""A page in a real browser: it loads nothing, breaks no accessibility rule, and fits a phone, light and dark."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from byhand.data import Digits
from byhand.metrics.evaluation import Evaluation
from byhand.training.recipe import Recipe
from byhand.training.trainer import start
from byhand.viz.run import write_report

NAMES = ("chromium", "chromium-browser", "google-chrome")

# In a process of its own: Playwright allows one of its loops in each, and other tests have one.
LOOK = """
import json, os, sys
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

address, browser = sys.argv[1:]
flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
seen = []
with sync_playwright() as playwright:
    chromium = playwright.chromium.launch(executable_path=browser, args=flags)
    for scheme in ("light", "dark"):
        for width in (1280, 390):
            page = chromium.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
            asked, said = [], []
            page.on("request", lambda request: asked.append(request.url))
            page.on("console", lambda message: said.append(message.text))
            page.goto(address)
            seen.append({
                "asked": [url for url in asked if not url.startswith("data:")],
                "said": said,
                "violations": [(one["id"], one["nodes"][0]["html"]) for one in Axe().run(page).response["violations"]],
                "beyond": page.evaluate("document.documentElement.scrollWidth - innerWidth"),
                "paper": page.evaluate("getComputedStyle(document.body).backgroundColor"),
            })
    chromium.close()
print(json.dumps(seen))
"""


@pytest.mark.slow
def test_the_report_of_a_run(npz: Path, tmp_path: Path, python: Callable[..., Any]) -> None:
    pytest.importorskip("axe_playwright_python")
    browser = next(filter(None, map(shutil.which, NAMES)), None)
    if browser is None:
        pytest.skip(f"there is no browser: none of {', '.join(NAMES)} is installed")
    recipe = Recipe("small", network={"name": "mlp"}, training={"epochs": 2, "threads": 1}, data={"name": str(npz)})
    run = start(recipe, tmp_path, "run")
    digits = run.splits().test
    # Some of each: right answers and wrong ones.
    labels = digits.labelled().copy()
    labels[::3] = (labels[::3] + 1) % 10
    found = Evaluation.of(run.network, Digits(digits.images, labels, "drawn", "here"))
    path = tmp_path / "report.html"
    write_report(run, found, "test split", path)
    done = python("-c", LOOK, path.as_uri(), browser)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert len(seen) == 4
    for one in seen:
        assert one["asked"] == [path.as_uri()]
        assert not one["said"]
        assert not one["violations"]
        assert one["beyond"] <= 0
    assert seen[0]["paper"] == "rgb(255, 255, 255)"
    assert seen[2]["paper"] == "rgb(26, 26, 26)"
