"""`byhand bench hands`: all hands in one table, ratios and the floor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from byhand import cpu
from byhand.bench.hands import Bench, Timing, operations
from byhand.cli import main
from byhand.models import zoo


def test_operations_by_hand() -> None:
    # Forward 2 x 784 x 10; backward the same for the weights, and nothing for the pixels.
    assert operations(zoo.network("softmax")) == 4 * 784 * 10
    # The layer above also passes a gradient down: three times 2 x 8 x 10.
    assert operations(zoo.network("mlp", hidden=8)) == 4 * 784 * 8 + 6 * 8 * 10
    assert operations(zoo.network("mlp", hidden=8), training=False) == 2 * 784 * 8 + 2 * 8 * 10
    # 16 patches of 49 values to 8, attention of width 8 (four products, and two of 16 x 16 steps), and 8 to 12 to 8.
    vit = zoo.network("vit", patch=7, stem=0, width=8, depth=1, heads=2, hidden=12)
    attention = 16 * 4 * 8 * 8 + 2 * 16 * 16 * 8
    assert operations(vit, training=False) == 2 * (16 * 49 * 8 + attention + 2 * 16 * 8 * 12 + 8 * 10)


def test_ratio_and_floor() -> None:
    timings = {"fast": Timing.of([1.0, 2.0, 3.0]), "torch": Timing.of([3.0])}
    one = Bench("softmax", zoo.network("softmax"), 10, timings, {}, timings, 100, rate=4 * 784 * 10)
    assert one.floor == 10
    assert one.ratio("step", "fast") == 1.5
    assert one.ratio("epoch", "fast") is None
    assert one.to_dict()["fraction_of_product_rate"]["fast"] == 5


@pytest.mark.parametrize("free", [2, 1])
def test_the_command_times_every_hand(
    free: int, npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr(cpu, "processors", lambda: 2)
    monkeypatch.setattr(cpu, "free_processors", lambda: free)
    words = ["bench", "hands", "softmax", "--batch", "8", "--rounds", "2", "--threads", "1", "--no-epoch"]
    assert main([*words, "--data", str(npz), "--out", str(tmp_path), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    (network,) = record["networks"]
    assert set(network["step"]) == {"numpy", "fast", "tensor", "torch"}
    assert network["step"]["torch"]["times_as_fast_as_torch"] == 1
    assert network["floor_seconds"] > 0
    written = (tmp_path / "bench-hands.md").read_text()
    assert all(f"| softmax | {hand} |" in written for hand in network["step"])
    svg = (tmp_path / "bench-hands.svg").read_text()
    # Ratios of a busy machine are not printed without saying so.
    assert record["processors"] == {"all": 2, "free": free}
    assert ("Other programs kept 1 of 2 processors busy" in written) == (free == 1)
    assert ("busy machine" in svg) == (free == 1)
    main([*words, "--data", str(npz)])
    assert ("kept 1 of 2 processors busy" in " ".join(capsys.readouterr().out.split())) == (free == 1)
