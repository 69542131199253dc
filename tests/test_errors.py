from __future__ import annotations

import pytest

from byhand.errors import ByhandError, nearest


@pytest.mark.parametrize(
    ("word", "half"),
    [
        ("ephocs", "perhaps 'epochs' was meant"),
        ("lrr", "perhaps 'lr' was meant"),
        ("zzz", "known are epochs, lr, seed"),
        ("", "known are epochs, lr, seed"),
    ],
)
def test_nearest(word: str, half: str) -> None:
    assert nearest(word, ("seed", "lr", "epochs")) == half


def test_one_error_for_all() -> None:
    import byhand

    assert byhand.ByhandError is ByhandError
    assert issubclass(ByhandError, Exception)
