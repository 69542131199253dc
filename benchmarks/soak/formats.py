"""A small whole file of every format that byhand reads, and how it is used."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from byhand.data import load_dataset, load_digits
from byhand.reading import Reader
from byhand.training.checkpoint import Checkpoint
from byhand.training.recipe import Recipe, load_recipe
from byhand.training.trainer import start
from byhand.viz.comparison_table import read_results
from byhand.weights import load_run

COUNT = 60
RECIPE = """# A recipe.
name = "mine"

[network]
layers = [
    { kind = "Standardize" },
    { kind = "Conv2d", channels = 4, kernel = 3, padding = 1 },
    { kind = "ReLU" },
    { kind = "MaxPool2d" },
    { kind = "Flatten" },
    { kind = "Dropout", rate = 0.2 },
    { kind = "Linear", units = 10 },
]
init = "he_normal"

[training]
optimizer = "adam"
schedule = "one-cycle"
l2 = 1e-4
batch_size = 32
epochs = 3
patience = 2

[data]
name = "digits"
split = "200/50/50"

[sweep]
lr = [0.1, 0.2]
"""
PICTURES = ("PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP")


@dataclass
class Format:
    """A format: a folder with a whole file of it, and how the folder is used.

    Attributes
    ----------
    name, folder
        The format's name, and a folder with whole files.
    use
        Uses the folder; returns what was read, for comparison.
    checked
        Whether its files have checksums, so that no damage can go unnoticed.
    ending
        Files with this ending are damaged; by default all.
    answer
        What the whole file gives.
    """

    name: str
    folder: Path
    use: Callable[[Path], Any]
    checked: bool = False
    ending: str = ""
    answer: Any = None

    def is_victim(self, name: str) -> bool:
        """Whether a file is one that is damaged."""
        return name.endswith(self.ending)


def formats(folder: Path) -> list[Format]:
    """Write a whole file of every format."""
    shutil.rmtree(folder, ignore_errors=True)
    digits = load_digits("digits", offline=True).train
    images, labels = digits.images[:COUNT], digits.labelled()[:COUNT]
    made = [
        Format("idx", _idx(folder / "idx", images, labels, gz=False), _dataset),
        Format("idx.gz", _idx(folder / "idx.gz", images, labels, gz=True), _dataset),
        Format("npz", _npz(folder / "npz", images, labels), _file),
        Format("csv", _csv(folder / "csv", images, labels), _file),
        Format("folder of images", _pictures(folder / "pictures", images, labels), _dataset),
        *(Format(kind.lower(), _picture(folder / kind, kind), _read) for kind in PICTURES),
    ]
    recipe = Recipe("soak", network={"name": "mlp", "hidden": [6]}, training={"epochs": 2, "threads": 1})
    recipe = recipe.with_data(name="digits", split="200/50/50")
    run = start(recipe, folder / "runs", "run", offline=True).folder
    made.append(Format("run", _copy(run, folder / "run"), _run))
    made.append(Format("checkpoint", _copy(run, folder / "checkpoint"), _checkpoint, ending=".safetensors"))
    made.append(Format("recipe", _recipe(folder / "recipe"), _load_recipe))
    made.append(Format("results", _results(folder / "results"), _read_results))
    return made


def _hash(*arrays: Any) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _checked(digits: Any) -> str:
    """A hash of digits that are such as digits must be."""
    assert digits.images.dtype == np.uint8
    assert digits.images.shape[1:] == (28, 28)
    assert len(digits)
    if digits.labels is None:
        return _hash(digits.images)
    assert digits.labels.shape == (len(digits),)
    assert digits.labels.max() < 10
    return _hash(digits.images, digits.labels)


def _dataset(folder: Path) -> Any:
    found = load_dataset(str(folder), offline=True, notify=lambda sentence: None)
    return [None if part is None else _checked(part) for part in (found.train, found.test)]


def _file(folder: Path) -> Any:
    (path,) = folder.iterdir()
    return _dataset(path)


def _idx(folder: Path, images: Any, labels: Any, *, gz: bool) -> Path:
    folder.mkdir(parents=True)
    for part, chosen in (("train", slice(40)), ("t10k", slice(40, None))):
        for kind, array in (("images-idx3", images[chosen]), ("labels-idx1", labels[chosen].astype(np.uint8))):
            head = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
            data = head + array.tobytes()
            path = folder / f"{part}-{kind}-ubyte{'.gz' if gz else ''}"
            path.write_bytes(gzip.compress(data, mtime=0) if gz else data)
    return folder


def _npz(folder: Path, images: Any, labels: Any) -> Path:
    folder.mkdir(parents=True)
    np.savez_compressed(
        folder / "digits.npz", x_train=images[:40], y_train=labels[:40], x_test=images[40:], y_test=labels[40:]
    )
    return folder


def _csv(folder: Path, images: Any, labels: Any) -> Path:
    folder.mkdir(parents=True)
    head = ",".join(["label", *(f"pixel{number}" for number in range(784))])
    rows = [",".join(map(str, [label, *image.ravel()])) for image, label in zip(images, labels, strict=True)]
    (folder / "train.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return folder


def _pictures(folder: Path, images: Any, labels: Any) -> Path:
    for number, (image, label) in enumerate(zip(images[:20], labels[:20], strict=True)):
        (folder / str(label)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(folder / str(label) / f"{number}.png")
    return folder


def _picture(folder: Path, kind: str) -> Path:
    folder.mkdir(parents=True)
    picture = Image.new("L", (160, 80), 250)
    draw = ImageDraw.Draw(picture)
    draw.line([(20, 20), (60, 20), (35, 65)], fill=20, width=6)
    draw.line([(110, 15), (105, 65)], fill=20, width=6)
    picture.convert("RGB" if kind in ("JPEG", "WEBP") else "L").save(folder / f"picture.{kind.lower()}", kind)
    return folder


_reader: list[Reader] = []


def _read(folder: Path) -> Any:
    if not _reader:
        _reader.append(Reader())
    (path,) = folder.iterdir()
    reading = _reader[0].read(path)
    assert all(0 <= digit.value <= 9 and 0 <= digit.confidence <= 1 for digit in reading.digits)
    return reading.text


def _copy(run: Path, folder: Path) -> Path:
    shutil.copytree(run, folder)
    return folder


def _run(folder: Path) -> Any:
    run = load_run(folder)
    run.require_done()
    images = np.arange(784, dtype=np.uint16).reshape(1, 28, 28) % 256
    logits = run.network.logits(images.astype(np.uint8))
    assert logits.shape == (1, 10)
    return [_hash(logits), run.accuracy, run.spec.size]


def _checkpoint(folder: Path) -> Any:
    saved = Checkpoint.load(folder / "checkpoint.safetensors")
    return [_hash(*saved.values.values()), sorted(saved.values)]


def _recipe(folder: Path) -> Path:
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(RECIPE, encoding="utf-8")
    return folder


def _load_recipe(folder: Path) -> Any:
    recipe = load_recipe(folder / "mine.toml")
    assert load_recipe(folder / "mine.toml") == recipe
    return [recipe.to_toml(), recipe.spec().size, len(recipe.variants())]


def _results(folder: Path) -> Path:
    folder.mkdir(parents=True)
    source = Path(__file__).parents[2] / "results" / "recipes.json"
    rows = json.loads(source.read_text(encoding="utf-8"))["rows"][:2]
    (folder / "recipes.json").write_text(json.dumps({"rows": rows}, indent=2), encoding="utf-8")
    return folder


def _read_results(folder: Path) -> Any:
    return read_results(folder / "recipes.json")
