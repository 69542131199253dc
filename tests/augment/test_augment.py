"""Augmentation: the same from the same stream; pictures stay pictures and labels labels; resumed runs see it again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from byhand import weights
from byhand.augment import STRANGER, Writing, ahead
from byhand.augment.distortion import UPPER, boxed, rewritten, upscaled
from byhand.augment.fonts import DIGITS, HERSHEY, LETTERS, OTHERS, SIGNS, digit_glyphs, printed, stroked
from byhand.augment.negatives import KINDS, SHARES, strangers
from byhand.augment.regional import flourished
from byhand.data import load_digits
from byhand.errors import ByhandError
from byhand.rng import generator
from byhand.training import run as runs
from byhand.training import session as job
from byhand.training.checkpoint import Checkpoint
from byhand.training.config import TrainingConfig
from byhand.training.recipe import Recipe


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Real digits, those of scikit-learn."""
    train = load_digits("digits").train
    return train.images[:200], train.labelled()[:200]


def test_the_same_from_the_same_stream(digits: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = digits
    before = images.copy()
    first, again = (Writing(3, 0.3)(images, labels, 1, 2) for _ in range(2))
    assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert np.array_equal(images, before)
    for seed, stream in ((4, (1, 2)), (3, (1, 3)), (3, (2, 2))):
        other, _ = Writing(seed, 0.3)(images, labels, *stream)
        assert not np.array_equal(other[:200], first[0][:200])


@settings(max_examples=15)
@given(
    images=arrays(np.uint8, st.tuples(st.integers(1, 6), st.just(28), st.just(28))),
    seed=st.integers(0, 2**31),
    nondigits=st.sampled_from((0.0, 0.5, 3.0)),
)
def test_any_pictures_stay_pictures(images: np.ndarray, seed: int, nondigits: float) -> None:
    labels = generator(seed, "labels").integers(0, 10, len(images)).astype(np.uint8)
    made, named = Writing(seed, nondigits, plain=0)(images, labels, 0)
    assert made.dtype == named.dtype == np.uint8
    assert made.shape == (len(named), 28, 28)
    assert np.array_equal(named[: len(labels)], labels)
    strange = int((named == STRANGER).sum())
    assert abs(strange - nondigits * len(images)) < 1
    assert (named[len(labels) : len(named) - strange] < STRANGER).all()


def test_plain_digits_stay_as_they_are(digits: tuple[np.ndarray, np.ndarray]) -> None:
    images, labels = digits
    made, _ = Writing(0, plain=1.0)(images, labels, 0)
    assert np.array_equal(made[:200], images)
    made, _ = Writing(0)(images, labels, 0)
    same = (made[:200] == images).all(axis=(1, 2)).mean()
    assert 0.2 < same < 0.4


def test_the_box() -> None:
    """A bar of 8 by 40 becomes one of 4 by 20, whose centre of mass is the middle: columns 12 to 15, rows 4 to 23."""
    canvas = np.zeros((UPPER, UPPER), np.uint8)
    canvas[9:49, 30:38] = 255
    picture = np.zeros((28, 28), np.uint8)
    boxed(canvas, picture)
    wanted = np.zeros((28, 28), np.uint8)
    wanted[4:24, 12:16] = 255
    assert np.array_equal(picture, wanted)
    empty = np.zeros((28, 28), np.uint8)
    boxed(np.zeros((UPPER, UPPER), np.uint8), empty, 1.1, (2, 2))
    assert not empty.any()


def test_the_box_is_mnists(real_mnist: Path) -> None:
    images = load_digits(str(real_mnist)).train.images[:300]
    made = np.zeros_like(images)
    for canvas, picture in zip(upscaled(images), made, strict=True):
        boxed(canvas, picture)

    def alike(down: int, right: int) -> float:
        moved = np.roll(made, (down, right), (1, 2)).reshape(300, -1)
        pairs = zip(images.reshape(300, -1), moved, strict=True)
        return float(np.median([np.corrcoef(one, other)[0, 1] for one, other in pairs]))

    assert alike(0, 0) > 0.93
    assert max(alike(*off) for off in ((-1, 0), (1, 0), (0, -1), (0, 1))) < 0.85


def test_what_is_written_is_still_read(real_mnist: Path) -> None:
    """A network that never saw an augmented digit reads nearly all of them as what they were."""
    test = load_digits(str(real_mnist)).test.take(range(600))
    made, labels = Writing(5, plain=0)(test.images, test.labelled(), 0)
    right = weights.load("conv5x5").logits(made).argmax(axis=1) == labels
    assert right[:600].mean() > 0.85
    # Digits of fonts, which it never saw either.
    assert right[600:].mean() > 0.6


def test_flags_feet_and_bars() -> None:
    """An upright stroke grows to its left, and at its foot to both sides; a zero stays as it is."""
    bare = np.zeros((400, UPPER, UPPER), np.uint8)
    bare[:, 8:48, 26:30] = 255
    ones, sevens, zeros = bare.copy(), bare.copy(), bare.copy()
    flourished(ones, np.full(400, 1), generator(0, "ones"))
    flourished(sevens, np.full(400, 7), generator(0, "sevens"))
    flourished(zeros, np.zeros(400, int), generator(0, "zeros"))
    assert np.array_equal(zeros, bare)
    added = (ones > bare).mean(axis=0)
    # Flags lie to the upper left alone, feet at the bottom.
    assert added[10:24, :26].max() > 0.1
    assert not added[12:40, 32:].any()
    assert min(added[44:, :26].max(), added[44:, 30:].max()) > 0.1
    assert 0.4 < (ones != bare).any(axis=(1, 2)).mean() < 0.62
    crossed = (sevens > bare).mean(axis=0)
    assert not crossed[:16].any()
    assert not crossed[42:].any()
    assert crossed[20:40, :26].max() > 0.05


def test_every_character_is_there() -> None:
    for alphabet in (DIGITS, LETTERS, SIGNS, OTHERS):
        fonts = printed(alphabet)
        assert len(fonts) >= 12
        for font in fonts:
            assert (font.max(axis=(1, 2)) > 200).all()
            # A font without a character draws the same box for all that it lacks.
            assert len({glyph.tobytes() for glyph in font}) == len(alphabet)
    for character in DIGITS + LETTERS + SIGNS:
        for font in HERSHEY:
            assert stroked(character, font, 3).max() == 255


def test_no_letter_is_a_digit_in_disguise() -> None:
    assert not set("OoDQIliJj!|ZzSsbGBgq") - {"Q"} & set(LETTERS + SIGNS + OTHERS)


def test_digits_of_fonts_have_their_labels(real_mnist: Path) -> None:
    canvases, labels = digit_glyphs(300, generator(0, "glyphs"))
    pictures = np.zeros((300, 28, 28), np.uint8)
    for canvas, picture in zip(canvases, pictures, strict=True):
        boxed(canvas, picture)
    read = weights.load("conv5x5").logits(pictures).argmax(axis=1)
    assert set(labels) == set(range(10))
    assert (read == labels).mean() > 0.75


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_every_kind_of_non_digit(kind: int, digits: tuple[np.ndarray, np.ndarray]) -> None:
    rng = generator(0, "kind", kind)
    drawn = [KINDS[kind](*digits, rng) for _ in range(60)]
    assert all(canvas.shape == (UPPER, UPPER) and canvas.dtype == np.uint8 for canvas in drawn)
    assert np.mean([canvas.max() > 60 for canvas in drawn]) > 0.5
    assert len({canvas.tobytes() for canvas in drawn}) > 30


def test_non_digits_come_in_their_shares(digits: tuple[np.ndarray, np.ndarray]) -> None:
    assert sum(SHARES) == pytest.approx(1)
    assert len(SHARES) == len(KINDS)
    canvases = strangers(50, *digits, generator(0, "strangers"))
    assert canvases.shape == (50, UPPER, UPPER)
    assert strangers(0, *digits, generator(0, "none")).shape == (0, UPPER, UPPER)
    assert rewritten(canvases[:0], generator(0, "none")).shape == (0, 28, 28)


def test_one_batch_ahead() -> None:
    made = []

    def counting() -> Iterator[int]:
        for number in range(5):
            made.append(number)
            yield number

    batches = ahead(counting())
    assert next(batches) == 0
    batches.close()
    assert len(made) <= 2
    assert list(ahead(counting())) == [0, 1, 2, 3, 4]

    def failing() -> Iterator[int]:
        yield 0
        raise ByhandError("no more")

    with pytest.raises(ByhandError, match="no more"):
        list(ahead(failing()))


LAYERED = {"layers": [{"kind": "Standardize"}, {"kind": "Flatten"}, {"kind": "Linear", "units": 11}]}
TRAINED = {"epochs": 4, "batch_size": 50, "optimizer": "adam", "lr": 0.01, "schedule": "one-cycle", "threads": 1}
AUGMENTED = TRAINED | {"augment": "writing", "nondigits": 0.2}


def test_a_resumed_run_sees_the_same(tmp_path: Path, npz: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe("strange", network=LAYERED, training=AUGMENTED, data={"name": str(npz)})
    whole = runs.start(recipe, tmp_path, "whole")
    assert whole.network.spec.classes == 11
    monkeypatch.setattr(job, "SAVE_EVERY", -1.0)
    save, left = Checkpoint.save, [2]

    def saving(self: Checkpoint, path: Path) -> None:
        save(self, path)
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save", saving)
        with pytest.raises(KeyboardInterrupt):
            runs.start(recipe, tmp_path, "killed")
    assert len(runs.resume(tmp_path / "killed").log) == 4
    for name in (runs.LOG, runs.RESULTS, runs.CHECKPOINT):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_a_whole_batch_is_rewritten_too(tmp_path: Path, recipe: Callable[..., Recipe]) -> None:
    plain = runs.start(recipe(batch_size=0, epochs=2), tmp_path, "plain")
    augmented = runs.start(recipe(batch_size=0, epochs=2, augment="writing"), tmp_path, "augmented")
    assert plain.log[1]["train_loss"] != augmented.log[1]["train_loss"]


@pytest.mark.parametrize(
    ("training", "sentence"),
    [
        ({"augment": "writng"}, "There is no augment 'writng'; perhaps 'writing' was meant."),
        ({"augment": "writing", "nondigits": -0.1}, "nondigits was given as -0.1; give 0 or more."),
        ({"nondigits": 0.1}, "nondigits was given as 0.1 without augmentation, which draws them; set augment"),
        ({"augment": "writing", "optimizer": "cg"}, "cg needs a loss that stays the same; leave out augment"),
    ],
)
def test_refused(training: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ByhandError) as told:
        TrainingConfig(**training)
    assert str(told.value).startswith(sentence)


def test_non_digits_need_a_class_of_their_own() -> None:
    with pytest.raises(ByhandError, match=r"to 11 logits; digits need one from .* to 10"):
        Recipe("strange", network=LAYERED, training=TRAINED)
    ten = {"layers": [*LAYERED["layers"][:2], {"kind": "Linear", "units": 10}]}
    with pytest.raises(ByhandError, match=r"to 10 logits; digits and non-digits need one from .* to 11"):
        Recipe("strange", network=ten, training=AUGMENTED)
    with pytest.raises(ByhandError, match="'mlp' has no class for them"):
        Recipe("strange", network={"name": "mlp"}, training=AUGMENTED)
