"""What the readers have in common: how much a file may unpack to, and what other people's parsers may do.

A few kilobytes can unpack to terabytes (a "zip bomb"), and a header can claim any size. Every reader checks what it is
about to make against these limits before it makes it.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from byhand.data.digits import SIDE
from byhand.errors import ByhandError

# Three times the largest public sets of digits (EMNIST's 280,000), and 0.8 GB as bytes.
MOST_IMAGES = 1_000_000
MOST_BYTES = MOST_IMAGES * SIDE * SIDE
# A picture of 28x28 pixels takes a few hundred bytes; what is beyond this holds something else.
MOST_PICTURE_BYTES = 2**18


def check_count(count: int, where: str) -> None:
    """Refuse what is too much to be digits.

    Raises
    ------
    ByhandError
        If `count` images are more than `MOST_IMAGES`.
    """
    if count > MOST_IMAGES:
        raise ByhandError(
            f"{where} claims to hold {count:,} entries, expected at most {MOST_IMAGES:,}; "
            "it is damaged or needs cutting into smaller files."
        )


def check_bytes(count: int, where: str) -> None:
    """Refuse what unpacks to too much.

    Raises
    ------
    ByhandError
        If `count` bytes are more than `MOST_BYTES`.
    """
    if count > MOST_BYTES:
        raise ByhandError(
            f"{where} unpacks to more than {MOST_BYTES / 1e9:.1f} GB, expected digits of 784 bytes each; "
            "it is damaged, or no file of digits."
        )


def is_test(path: Path) -> bool:
    """Tell by its name whether a file or folder holds the test part."""
    return re.search(r"t10k|(?<![a-z])test", path.name, re.IGNORECASE) is not None


@contextmanager
def parsing(path: Path | str, what: str) -> Iterator[None]:
    """Turn whatever a library's parser raises on damaged bytes into one sentence.

    The parsers of SciPy, Arrow, NumPy and Pillow promise no kinds of exception, and warn about what they could mend.

    Parameters
    ----------
    path
        The file.
    what
        What it was taken for, such as ``"a Parquet file"``.

    Raises
    ------
    ByhandError
        In place of any other exception.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ByhandError:
        raise
    except Exception as problem:
        first = (str(problem).strip().splitlines() or [type(problem).__name__])[0][:160].rstrip(".")
        raise ByhandError(f"{path} cannot be read ({first}), expected {what}; fetch or export it again.") from problem
