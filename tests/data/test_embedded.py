from __future__ import annotations

import hashlib

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from byhand.data import embedded


def test_weights_are_catmull_and_roms() -> None:
    """The same spline by SciPy: Hermite cubics whose slopes are central differences."""
    padded = np.arange(-3.0, 11.0)
    values = np.random.default_rng(0).normal(size=8)
    levels = values[np.clip(padded, 0, 7).astype(int)]
    slopes = np.gradient(levels)
    places = (np.arange(20) + 0.5) * 8 / 20 - 0.5
    expected = CubicHermiteSpline(padded, levels, slopes)(places)
    np.testing.assert_allclose(embedded._catmull_rom() @ values / embedded.SCALE, expected, atol=1e-12)


def test_digits_are_centred_light_on_dark_and_the_same_everywhere() -> None:
    train = embedded.digits().train
    assert len(train) == 1797
    assert np.bincount(train.labelled()).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    margin = np.ones((28, 28), bool)
    margin[4:24, 4:24] = False
    assert not train.images[:, margin].any()
    assert train.images.max() == 255
    # Paper stays paper: the pixels that never hold ink keep the mean low, as MNIST's 33.
    assert 30 < train.images.mean() < 60
    assert (
        hashlib.sha256(train.images.tobytes()).hexdigest()
        == "a8d50e161a0edbf9183928c5e5999cfae96a47f426e72bdb63a08a240382b96e"
    )
