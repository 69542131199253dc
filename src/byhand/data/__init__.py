"""Digits: from files of any format to training, validation and test."""

from typing import TYPE_CHECKING, Any

from byhand.data.digits import Dataset, Digits
from byhand.data.loading import load_dataset, load_digits
from byhand.data.splits import Splits, parse_split, split

if TYPE_CHECKING:
    from byhand.data.fetching import fetch
    from byhand.data.formats import read

__all__ = ["Dataset", "Digits", "Splits", "fetch", "load_dataset", "load_digits", "parse_split", "read", "split"]


def __getattr__(name: str) -> Any:
    # The file formats and the downloads are imported by those who use them.
    if name == "read":
        from byhand.data.formats import read

        return read
    if name == "fetch":
        from byhand.data.fetching import fetch

        return fetch
    raise AttributeError(f"module 'byhand.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
