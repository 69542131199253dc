"""What the readers share: limits on what a file may unpack to, and errors of third-party parsers.

A few kilobytes can unpack to terabytes (a "zip bomb"), and a header can claim any size. Every reader checks these
limits before it allocates memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from byhand.data.digits import SIDE
from byhand.errors import ByhandError
from byhand.io import silent_warnings

# More than three times the largest public set of digits (EMNIST, 280,000); 0.8 GB.
MOST_IMAGES = 1_000_000
MOST_BYTES = MOST_IMAGES * SIDE * SIDE
# An image of 28x28 pixels takes a few hundred bytes.
MOST_IMAGE_BYTES = 2**18


def check_count(count: int, where: str) -> None:
    """Raise `ByhandError` if a file claims more than `MOST_IMAGES` entries."""
    if count > MOST_IMAGES:
        raise ByhandError(
            f"{where} claims {count:,} entries; expected at most {MOST_IMAGES:,}. It is damaged, or must be divided "
            "into smaller files.",
            code="data.too_large",
        )


def check_bytes(count: int, where: str) -> None:
    """Raise `ByhandError` if a file unpacks to more than `MOST_BYTES`."""
    if count > MOST_BYTES:
        raise ByhandError(
            f"{where} unpacks to more than {MOST_BYTES / 1e9:.1f} GB; expected digits of 784 bytes each.",
            code="data.too_large",
        )


def is_test(path: Path) -> bool:
    """Whether the name of a file or folder says that it is the test set."""
    return re.search(r"t10k|(?<![a-z])test", path.name, re.IGNORECASE) is not None


@contextmanager
def parsing(path: Path | str, what: str) -> Iterator[None]:
    """Turn any exception or warning of a third-party parser into a `ByhandError`.

    Arrow, NumPy and Pillow document no set of exceptions for damaged files.

    Parameters
    ----------
    path
        The file.
    what
        The expected format, such as ``"a Parquet file"``.

    Raises
    ------
    ByhandError
        In place of any other exception.
    """
    try:
        with silent_warnings():
            yield
    except ByhandError:
        raise
    except Exception as problem:
        first = (str(problem).strip().splitlines() or [type(problem).__name__])[0][:160].rstrip(".")
        raise ByhandError(
            f"{path} cannot be read ({first}); expected {what}. Download or export it again.", code="data.damaged"
        ) from problem
