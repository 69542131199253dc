"""From the value of ``--data`` to digits, and on to training, validation and test."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from byhand.data import cache, embedded, splits
from byhand.data.cache import REMOTE, fingerprint
from byhand.data.digits import Dataset, Digits
from byhand.errors import ByhandError, nearest

AUTO = "mnist"  # what `auto` looks for

Notify = Callable[[str], None]
Given = tuple[Any, ...] | list[Any] | Dataset | Digits
"""Digits that are in memory."""


def say(sentence: str) -> None:
    """Print a notice on stderr, where it does not mix with a command's output."""
    print(f"byhand: {sentence}", file=sys.stderr)


def load_digits(
    name: str | Path | Given = "auto",
    seed: int = 0,
    split: str | splits.Counts | splits.Fractions | None = None,
    offline: bool = False,
    notify: Notify = say,
) -> splits.Splits:
    """Load digits and split them into training, validation and test.

    Parameters
    ----------
    name
        As in `load_dataset`: a name, a path, or ``(images, labels)``.
    seed
        Seed of the split, 0 or greater.
    split
        As in `byhand.data.split`.
    offline
        Download nothing.
    notify
        Called with a sentence when ``"auto"`` falls back to the embedded digits.

    Returns
    -------
    Splits
        The parts; ``.name`` and ``.source`` say which digits these are and where they came from.

    Raises
    ------
    ByhandError
        If the digits cannot be found, read or split.
    """
    return splits.split(load_dataset(name, offline=offline, notify=notify), seed, split)


def load_dataset(name: str | Path | Given = "auto", offline: bool = False, notify: Notify = say) -> Dataset:
    """Load digits as their source provides them.

    Parameters
    ----------
    name
        ``"auto"``: the folder or file in ``BYHAND_DATA``, else MNIST from the cache, else MNIST downloaded, else the
        digits embedded in scikit-learn. ``"mnist"``: the same order, but only MNIST. ``"digits"``: the embedded ones.
        Otherwise the name of an imported dataset, or a path in any format of `byhand.data.read`. (For a folder that has
        the name of a dataset, write ``./mnist``.) Or digits themselves: arrays ``(images, labels)``, a `Dataset`, or
        `Digits`, as in `byhand.data.in_memory.from_arrays`.
    offline
        Download nothing.
    notify
        Called with a sentence when ``"auto"`` falls back.

    Returns
    -------
    Dataset
        The digits.

    Raises
    ------
    ByhandError
        If the digits cannot be found or read.
    """
    if not isinstance(name, str | Path):
        from byhand.data.in_memory import from_arrays

        return from_arrays(name)
    if name == cache.IN_MEMORY:
        raise ByhandError(
            "These digits were given as arrays, which are not stored; give them again, or import a file of them by "
            "`byhand data import`.",
            code="data.not_stored",
        )
    if name == "auto":
        return _auto(offline, notify)
    if name == "digits":
        return embedded.digits()
    if isinstance(name, str) and name in REMOTE:
        given = from_environment()
        return given if given is not None and given.train.name == name else _remote(name, offline, patience=20)
    if isinstance(name, str) and (stored := cache.imported(name)):
        return _read(stored).renamed(name, "imported")
    path = Path(name)
    # os.path.exists returns False where Path.exists raises: for a name too long, or with a null character.
    if not os.path.exists(path) and path.name == str(name) and not path.suffix:  # noqa: PTH110
        known = [*cache.RESERVED - {cache.IN_MEMORY}, *cache.imported_names()]
        raise ByhandError(
            f"{str(name)!r} is neither a dataset nor a file; {nearest(str(name), known)}.", code="data.unknown_dataset"
        )
    return _read(path)


def from_environment() -> Dataset | None:
    """Read the digits in ``BYHAND_DATA``, recognizing named datasets by their pixels.

    Returns
    -------
    Dataset or None
        ``None`` if ``BYHAND_DATA`` is unset or empty.

    Raises
    ------
    ByhandError
        If it cannot be read: other digits than those asked for would be a surprise.
    """
    given = os.environ.get("BYHAND_DATA")
    if not given:
        return None
    dataset = _read(Path(given))
    found = fingerprint(dataset)
    names = [name for name, remote in REMOTE.items() if remote.fingerprint == found]
    return dataset.renamed(names[0] if names else dataset.train.name, "BYHAND_DATA")


def _read(path: Path) -> Dataset:
    # Digits that need no file start faster without the formats.
    from byhand.data.formats import read

    return read(path)


def _auto(offline: bool, notify: Notify) -> Dataset:
    from byhand.data.fetching import FetchError

    given = from_environment()
    if given is not None:
        return given
    try:
        # MNIST was not asked for by name, so the fallback should not take long.
        return _remote(AUTO, offline, patience=4)
    except FetchError as problem:
        source = f"scikit-learn's embedded digits, because MNIST is not available: {problem.reason}"
        notify(f"Using {source}.")
        return embedded.digits().renamed("digits", source)


def _remote(name: str, offline: bool, patience: float) -> Dataset:
    from byhand.data.fetching import fetch

    folder, source = fetch(name, offline=offline, patience=patience)
    return _read(folder).renamed(name, source)
