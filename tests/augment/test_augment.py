"""Augmentation: reproducible draws, valid pictures and labels, and resumed runs that see the same pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from byhand import weights
from byhand.augment import NON_DIGIT, Affine, Writing, prefetch
from byhand.augment.distortion import CANVAS, fit_box, upscale
from byhand.augment.fonts import LETTERS, OTHERS, SIGNS
from byhand.data import load_digits
from byhand.rng import generator
from byhand.training import folder, trainer
from byhand.training.checkpoint import Checkpoint
from byhand.training.config import TrainingConfig
from byhand.training.recipe import Recipe


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Real digits, those of scikit-learn."""
    train = load_digits("digits").train
    return train.images[:200], train.labelled()[:200]


@pytest.mark.parametrize(
    ("seed", "nondigits", "plain", "stream", "digest"),
    [
        (0, 0.5, 0.3, (1, 2), "8c5aef219c0494c9a85e500952a77e53"),
        (7, 3.0, 0.0, (0,), "01a726d9efa6057643ef52bb284ae26c"),
        (3, 0.0, 1.0, ("x",), "c3dee215e77da71afb8cc9a15daa9dc1"),
    ],
)
def test_the_draws_of_earlier_versions(
    seed: int, nondigits: float, plain: float, stream: tuple[str | int, ...], digest: str
) -> None:
    """A recipe trains on the same pictures as before, bit for bit."""
    train = load_digits("digits").train
    images, labels = train.images[:300], train.labelled()[:300]
    before = images.copy()
    pictures, named = Writing(seed, nondigits, plain)(images, labels, *stream)
    assert hashlib.sha256(pictures.tobytes() + named.tobytes()).hexdigest()[:32] == digest
    assert np.array_equal(images, before)
    other, _ = Writing(seed, nondigits, plain)(images, labels, *stream, 1)
    assert not np.array_equal(other, pictures)


@settings(max_examples=15)
@given(
    images=arrays(np.uint8, st.tuples(st.integers(1, 6), st.just(28), st.just(28))),
    seed=st.integers(0, 2**31),
    nondigits=st.sampled_from((0.0, 0.5, 3.0)),
)
def test_any_pictures(images: np.ndarray, seed: int, nondigits: float) -> None:
    labels = generator(seed, "labels").integers(0, 10, len(images)).astype(np.uint8)
    made, named = Writing(seed, nondigits, plain=0)(images, labels, 0)
    assert made.dtype == named.dtype == np.uint8
    assert made.shape == (len(named), 28, 28)
    assert np.array_equal(named[: len(labels)], labels)
    count = int((named == NON_DIGIT).sum())
    assert abs(count - nondigits * len(images)) < 1
    assert (named[len(labels) : len(named) - count] < NON_DIGIT).all()


def test_the_box() -> None:
    """A bar of 8 by 40 becomes one of 4 by 20, whose centre of mass is the middle: columns 12 to 15, rows 4 to 23."""
    canvas = np.zeros((CANVAS, CANVAS), np.uint8)
    canvas[9:49, 30:38] = 255
    picture = np.zeros((28, 28), np.uint8)
    fit_box(canvas, picture)
    wanted = np.zeros((28, 28), np.uint8)
    wanted[4:24, 12:16] = 255
    assert np.array_equal(picture, wanted)
    empty = np.zeros((28, 28), np.uint8)
    fit_box(np.zeros((CANVAS, CANVAS), np.uint8), empty, 1.1, (2, 2))
    assert not empty.any()


def test_the_box_is_mnists(real_mnist: Path) -> None:
    images = load_digits(str(real_mnist)).train.images[:300]
    made = np.zeros_like(images)
    for canvas, picture in zip(upscale(images), made, strict=True):
        fit_box(canvas, picture)

    def alike(down: int, right: int) -> float:
        moved = np.roll(made, (down, right), (1, 2)).reshape(300, -1)
        pairs = zip(images.reshape(300, -1), moved, strict=True)
        return float(np.median([np.corrcoef(one, other)[0, 1] for one, other in pairs]))

    assert alike(0, 0) > 0.93
    assert max(alike(*off) for off in ((-1, 0), (1, 0), (0, -1), (0, 1))) < 0.85


def test_augmented_digits_are_still_read(real_mnist: Path) -> None:
    """A network that never saw an augmented digit reads nearly all of them."""
    test = load_digits(str(real_mnist)).test.take(range(600))
    made, labels = Writing(5, plain=0)(test.images, test.labelled(), 0)
    right = weights.load("conv5x5").logits(made).argmax(axis=1) == labels
    assert right[:600].mean() > 0.85
    # Digits of fonts, which it never saw either.
    assert right[600:].mean() > 0.6


def test_no_letter_looks_like_a_digit() -> None:
    assert not set("OoDIliJj!|ZzSsbGBgqYy$") & set(LETTERS + SIGNS + OTHERS)


def test_prefetch() -> None:
    computed = []

    def counting() -> Iterator[int]:
        for number in range(5):
            computed.append(number)
            yield number

    items = prefetch(counting())
    assert next(items) == 0
    items.close()
    assert len(computed) <= 2
    assert list(prefetch(counting())) == [0, 1, 2, 3, 4]

    def failing() -> Iterator[int]:
        yield 0
        raise KeyError

    with pytest.raises(KeyError):
        list(prefetch(failing()))


LAYERED = {"layers": [{"kind": "Standardize"}, {"kind": "Flatten"}, {"kind": "Linear", "units": 11}]}
TEN = {"layers": [*LAYERED["layers"][:2], {"kind": "Linear", "units": 10}]}
TRAINED = {"epochs": 4, "batch_size": 50, "optimizer": "adam", "lr": 0.01, "schedule": "one-cycle", "threads": 1}
AUGMENTED = TRAINED | {"augment": "writing", "nondigits": 0.2}


def test_a_resumed_run_sees_the_same(tmp_path: Path, npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe("negatives", network=LAYERED, training=AUGMENTED, data={"name": str(npz)})
    whole = trainer.start(recipe, tmp_path, "whole")
    assert whole.network.spec.classes == 11
    monkeypatch.setattr(trainer, "SAVE_EVERY", -1.0)
    save, left = Checkpoint.save, [2]

    def saving(self: Checkpoint, path: Path) -> None:
        save(self, path)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save", saving)
        with pytest.raises(KeyboardInterrupt):
            trainer.start(recipe, tmp_path, "killed")
    assert len(trainer.resume(tmp_path / "killed").log) == 4
    killed, uninterrupted = tmp_path / "killed", tmp_path / "whole"
    for name in (folder.LOG, folder.CHECKPOINT):
        assert (killed / name).read_bytes() == (uninterrupted / name).read_bytes(), name
    results = [json.loads((path / folder.RESULTS).read_text(encoding="utf-8")) for path in (killed, uninterrupted)]
    assert all(one.pop("seconds") > 0 for one in results)
    assert results[0] == results[1]


def test_affine_distortions_move_ink_a_little(digits: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = digits
    before = images.copy()
    distorted, named = Affine(3)(images, labels, 1, 2)
    np.testing.assert_array_equal(images, before)
    assert named is labels
    assert (distorted.dtype, distorted.shape) == (np.uint8, images.shape)
    np.testing.assert_array_equal(distorted, Affine(3)(images, labels, 1, 2)[0])
    for other in (Affine(4)(images, labels, 1, 2)[0], Affine(3)(images, labels, 1, 3)[0]):
        assert (other != distorted).any(axis=(1, 2)).mean() > 0.9
    # The center of mass moves by up to two pixels, and ink stays ink.
    at = np.arange(28)
    moved = [
        [(picture.sum(axis) * at).sum() / picture.sum() for axis in (0, 1)]
        for pictures in (images, distorted)
        for picture in pictures.astype(float)
    ]
    apart = np.abs(np.subtract(*np.split(np.array(moved), 2)))
    assert 0.5 < apart.mean() < 1.5
    assert apart.max() < 3.5
    assert distorted.mean() == pytest.approx(images.mean(), rel=0.1)


def test_affine_matrices_turn_and_stretch_about_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("byhand.augment.affine.SHIFT", 0.0)
    for matrix in Affine(0)._matrices(50, 1):
        np.testing.assert_allclose(matrix @ [13.5, 13.5, 1], [13.5, 13.5], rtol=1e-5)
        # rotation * shear * stretch: the determinant is that of the stretch.
        assert abs(np.log(np.linalg.det(matrix[:, :2]))) < 2 * 0.12 + 1e-6


def test_a_whole_batch_is_augmented_too(tmp_path: Path, npz: Path) -> None:
    losses = set()
    for augment in ("none", "affine", "writing"):
        training = TRAINED | {"batch_size": 0, "epochs": 2, "augment": augment}
        recipe = Recipe("batch", network=TEN, training=training, data={"name": str(npz)})
        losses.add(trainer.start(recipe, tmp_path, augment).log[1]["train_loss"])
    assert len(losses) == 3


@pytest.mark.parametrize(
    ("training", "code"),
    [
        ({"augment": "affine", "nondigits": 0.1}, "recipe.invalid_setting"),
        ({"augment": "writng"}, "recipe.unknown_augment"),
        ({"augment": "writing", "nondigits": -0.1}, "recipe.invalid_setting"),
        ({"nondigits": 0.1}, "recipe.invalid_setting"),
        ({"augment": "writing", "optimizer": "cg"}, "recipe.invalid_setting"),
    ],
)
def test_invalid_settings(training: dict[str, Any], code: str, refused: Callable[[str], Any]) -> None:
    with refused(code):
        TrainingConfig(**training)


@pytest.mark.parametrize(("network", "training"), [(LAYERED, TRAINED), (TEN, AUGMENTED), ({"name": "mlp"}, AUGMENTED)])
def test_non_digits_need_a_class(network: dict[str, Any], training: Any, refused: Callable[[str], Any]) -> None:
    with refused("recipe.invalid_network"):
        Recipe("negatives", network=network, training=training)
