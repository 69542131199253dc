"""From the word after ``--data`` to digits, and from there to training, validation and test."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from byhand.data import cache, embedded, fetching, splits
from byhand.data.digits import Dataset
from byhand.data.formats import read
from byhand.data.named import REMOTE, fingerprint
from byhand.errors import ByhandError, nearest

AUTO = "mnist"  # what `auto` looks for

Notify = Callable[[str], None]


def say(sentence: str) -> None:
    """Tell a person something on stderr, where no program takes it for output."""
    print(f"byhand: {sentence}", file=sys.stderr)


def load_digits(
    name: str | Path = "auto",
    seed: int = 0,
    split: str | splits.Counts | splits.Fractions | None = None,
    offline: bool = False,
    notify: Notify = say,
) -> splits.Splits:
    """Load digits and split them into training, validation and test.

    Parameters
    ----------
    name
        As in `load_dataset`.
    seed
        Seed of the split, 0 or greater.
    split
        As in `byhand.data.split`.
    offline
        Download nothing.
    notify
        Takes the sentence that says so when ``"auto"`` falls back to the embedded digits.

    Returns
    -------
    Splits
        The parts; ``.name`` and ``.source`` tell which digits these are and where they came from.

    Raises
    ------
    ByhandError
        If the digits cannot be had, read or split.
    """
    return splits.split(load_dataset(name, offline=offline, notify=notify), seed, split)


def load_dataset(name: str | Path = "auto", offline: bool = False, notify: Notify = say) -> Dataset:
    """Load digits as their source ships them.

    Parameters
    ----------
    name
        ``"auto"``: the folder or file that ``BYHAND_DATA`` names, else MNIST from the cache, else downloaded, else the
        digits embedded in scikit-learn. ``"mnist"``: the same order, never another dataset. ``"digits"``: the embedded
        ones. Otherwise the name of an imported dataset, or a path in any format of `byhand.data.read`. (A folder that
        is called like a dataset is meant by ``./mnist``.)
    offline
        Download nothing.
    notify
        Takes the sentence that says so when ``"auto"`` falls back.

    Returns
    -------
    Dataset
        The digits.

    Raises
    ------
    ByhandError
        If the digits cannot be had or read.
    """
    if name == "auto":
        return _auto(offline, notify)
    if name == "digits":
        return embedded.digits()
    if isinstance(name, str) and name in REMOTE:
        given = from_environment()
        return given if given is not None and given.train.name == name else _remote(name, offline, patience=20)
    if isinstance(name, str) and (stored := cache.imported(name)):
        return read(stored).called(name, "imported")
    path = Path(name)
    # os.path.exists says no where Path.exists fails: of a name too long, or with a null character.
    if not os.path.exists(path) and path.name == str(name) and not path.suffix:  # noqa: PTH110
        known = [*cache.RESERVED, *cache.imported_names()]
        raise ByhandError(f"{str(name)!r} is neither a dataset nor a file; {nearest(str(name), known)}.")
    return read(path)


def from_environment() -> Dataset | None:
    """Read what ``BYHAND_DATA`` names, recognising named datasets by their pixels.

    Returns
    -------
    Dataset or None
        ``None`` where ``BYHAND_DATA`` is not set or empty.

    Raises
    ------
    ByhandError
        If there are no readable digits: whoever set it wants to know.
    """
    given = os.environ.get("BYHAND_DATA")
    if not given:
        return None
    dataset = read(Path(given))
    seen = fingerprint(dataset)
    names = [name for name, remote in REMOTE.items() if remote.fingerprint == seen]
    return dataset.called(names[0] if names else dataset.train.name, "BYHAND_DATA")


def _auto(offline: bool, notify: Notify) -> Dataset:
    given = from_environment()
    if given is not None:
        return given
    try:
        # A person who asked for nothing in particular is not kept waiting.
        return _remote(AUTO, offline, patience=4)
    except fetching.FetchError as problem:
        source = f"scikit-learn's embedded digits, because MNIST could not be had: {problem.reason}"
        notify(f"using {source}.")
        return embedded.digits().called("digits", source)


def _remote(name: str, offline: bool, patience: float) -> Dataset:
    folder, source = fetching.fetch(name, offline=offline, patience=patience)
    return read(folder).called(name, source)
