"""``DigitClassifier``: scikit-learn's estimator checks, its tools, and its classifiers as references."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import threadpoolctl
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from byhand.models import zoo
from byhand.sklearn import DigitClassifier, ScaleWarning

SMALL = {"hidden": 16, "epochs": 4, "lr": 0.01, "random_state": 0}


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    X, y = load_digits(return_X_y=True)
    return X[:600], y[:600]


def unpickled(classifier: DigitClassifier) -> Any:
    """Pickle and unpickle, as joblib does between processes."""
    return pickle.loads(pickle.dumps(classifier))  # noqa: S301  # our own, just written


# Checks of pandas and other array libraries are skipped if these are not installed.
@parametrize_with_checks(
    [
        DigitClassifier(),
        DigitClassifier("mlp", lr=0.01, patience=3, dropout=0.1, training_settings={"schedule": "one-cycle"}),
        DigitClassifier("softmax", lr=0.02, dtype="float64"),
        DigitClassifier("softmax", optimizer="lbfgs"),
    ]
)
def test_the_checks_of_scikit_learn(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([DigitClassifier(hand=hand) for hand in ("numpy", "tensor", "torch")])
def test_the_checks_in_the_other_hands(estimator: Any, check: Callable[[Any], None]) -> None:
    pytest.importorskip("torch")
    check(estimator)


def test_softmax_regression_equals_scikit_learns(digits: tuple[Any, Any]) -> None:
    X, y = digits
    ours = DigitClassifier(
        "softmax", optimizer="lbfgs", epochs=500, l2=2.0, training_settings={"l2_over_rows": True}
    ).fit(X, y)
    # C = 1 / l2, and pixels are standardized as our network does.
    theirs = LogisticRegression(C=0.5, max_iter=2000, tol=1e-8).fit((X - X.mean()) / X.std(), y)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba((X - X.mean()) / X.std()), atol=2e-3)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict((X - X.mean()) / X.std()))


def test_grid_search_pipeline_and_cross_validation(digits: tuple[Any, Any]) -> None:
    X, y = digits
    grid = {"hidden": [2, (24, 24)], "lr": [0.01]}
    search = GridSearchCV(DigitClassifier("mlp", epochs=5, random_state=0), grid, cv=2, error_score="raise")
    search.fit(X, y)
    assert search.best_params_ == {"hidden": (24, 24), "lr": 0.01}
    assert search.best_score_ > 0.8
    scores = cross_val_score(make_pipeline(StandardScaler(), DigitClassifier(lr=0.01, random_state=0)), X, y, cv=2)
    assert scores.min() > 0.8


def test_it_learns_digits(digits: tuple[Any, Any]) -> None:
    X, y = load_digits(return_X_y=True)
    classifier = DigitClassifier(random_state=0).fit(X[:1200], y[:1200])
    assert classifier.score(X[1200:], y[1200:]) > 0.92
    assert classifier.n_iter_ == 20 == len(classifier.loss_curve_)
    assert classifier.loss_curve_[-1] < classifier.loss_curve_[0] / 10
    np.testing.assert_allclose(classifier.predict_proba(X[:9]).sum(axis=1), 1)


def test_random_state(digits: tuple[Any, Any]) -> None:
    X, y = digits
    one, same, other = (DigitClassifier(**{**SMALL, "random_state": seed}).fit(X, y) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one.predict_proba(X), same.predict_proba(X))
    assert np.abs(one.predict_proba(X) - other.predict_proba(X)).max() > 0.01
    stream = clone(one).set_params(random_state=np.random.RandomState(3))
    np.testing.assert_array_equal(stream.fit(X, y).predict_proba(X), one.predict_proba(X))
    # A second fit draws further numbers from the stream.
    assert np.abs(stream.fit(X, y).predict_proba(X) - one.predict_proba(X)).max() > 0.01


@pytest.mark.parametrize("hand", ["numpy", "tensor", "torch"])
def test_every_hand_learns_the_same(hand: str, digits: tuple[Any, Any]) -> None:
    if hand != "numpy":
        pytest.importorskip("torch")
    X, y = digits
    ours, theirs = (DigitClassifier(**SMALL, dropout=0.2, hand=name, device="cpu").fit(X, y) for name in ("fast", hand))
    assert ours.network_.dtype == np.float64
    np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), atol=1e-8)


@pytest.mark.parametrize("network", ["tiny-cnn", "gru"])
def test_networks_that_read_pictures(network: str, pictures: Callable[..., tuple[Any, Any]]) -> None:
    images, labels = pictures(200)
    classifier = DigitClassifier(network, epochs=6, lr=0.01, random_state=0)
    if network == "gru":
        classifier.set_params(hidden=16, network_settings={"depth": 1})
    classifier.fit(images, labels)
    assert classifier.network_.dtype == np.float32
    assert classifier.n_features_in_ == 784
    assert classifier.score(*pictures(50, seed=1)) > 0.6
    # The same as rows, as integers of another type, and from 0 to 1.
    rows = images.reshape(-1, 784)
    np.testing.assert_array_equal(classifier.predict_proba(rows), classifier.predict_proba(images))
    np.testing.assert_allclose(classifier.predict_proba(rows.astype(np.int64)), classifier.predict_proba(images))
    scaled = clone(classifier).fit(rows / np.float32(255), labels)
    np.testing.assert_allclose(
        scaled.predict_proba(rows / np.float32(255)), classifier.predict_proba(images), atol=0.02
    )


def test_partial_fits_are_epochs(digits: tuple[Any, Any]) -> None:
    X, y = digits
    whole = DigitClassifier(**{**SMALL, "epochs": 3}, dropout=0.1).fit(X, y)
    parts = clone(whole)
    for _ in range(3):
        parts.partial_fit(X, y, classes=range(10))
        parts = unpickled(parts)
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.n_iter_ == 3
    np.testing.assert_array_equal(parts.predict_proba(X), whole.predict_proba(X))
    # fit starts again.
    assert parts.fit(X, y).loss_curve_ == whole.loss_curve_


def test_partial_fit_without_some_classes(digits: tuple[Any, Any]) -> None:
    X, y = digits
    classifier = DigitClassifier(**SMALL)
    with pytest.raises(ValueError, match="needs classes"):
        classifier.partial_fit(X, y)
    few = y < 5
    classifier.partial_fit(X[few], y[few], classes=np.arange(10))
    assert classifier.predict_proba(X).shape == (600, 10)
    with pytest.raises(ValueError, match="invalid classes"):
        classifier.partial_fit(X, y, classes=np.arange(9))
    with pytest.raises(ValueError, match="previously unseen"):
        classifier.partial_fit(X, y + 1)
    assert classifier.partial_fit(X[~few], y[~few]).n_iter_ == 2
    for whole in ({"optimizer": "cg"}, {"patience": 2}, {"training_settings": {"schedule": "cosine"}}):
        assert not hasattr(DigitClassifier(**whole), "partial_fit")


@pytest.mark.parametrize("hand", ["fast", "numpy", "tensor", "torch"])
@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_pickling(hand: str, optimizer: str, digits: tuple[Any, Any]) -> None:
    if hand in ("tensor", "torch"):
        pytest.importorskip("torch")
    X, y = digits
    classifier = DigitClassifier(**SMALL, hand=hand, optimizer=optimizer).fit(X, y)
    # The parameters and Adam's two arrays in float64, and no buffers.
    assert len(pickle.dumps(classifier)) < 3 * 8 * classifier.network_.spec.size + 10_000
    read = unpickled(classifier)
    np.testing.assert_array_equal(read.predict_proba(X), classifier.predict_proba(X))
    assert read.loss_curve_ == classifier.loss_curve_
    assert unpickled(DigitClassifier("gru")).network == "gru"


def test_patience_restores_the_best(digits: tuple[Any, Any]) -> None:
    X, y = digits
    classifier = DigitClassifier(hidden=32, lr=0.05, epochs=100, patience=3, validation_fraction=0.3, random_state=0)
    classifier.fit(X, y)
    curve = classifier.validation_loss_curve_
    assert classifier.n_iter_ == len(curve) < 100
    assert np.argmin(curve) == len(curve) - 4
    shorter = clone(classifier).set_params(epochs=len(curve) - 3, patience=99).fit(X, y)
    np.testing.assert_array_equal(shorter.predict_proba(X), classifier.predict_proba(X))
    assert shorter.validation_loss_curve_ == curve[:-3]


def test_no_side_effects(
    digits: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
    DigitClassifier(**SMALL).fit(*digits).predict(digits[0])
    assert [pool["num_threads"] for pool in threadpoolctl.threadpool_info()] == before
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"network": "conv5x5"}, "sklearn.wrong_shape"),
        ({"network": "softmax", "hidden": 4}, "recipe.unknown_setting"),
        ({"network": zoo.network("softmax")}, "sklearn.wrong_shape"),
        ({"network": zoo.network("softmax"), "hidden": 4}, "settings.conflict"),
        ({"network_settings": {"hidden": 4}, "hidden": 5}, "settings.conflict"),
        ({"training_settings": {"lr": 4.0}}, "settings.conflict"),
        ({"training_settings": {"threads": 4}}, "recipe.unknown_setting"),
        ({"optimizer": "sgdd"}, "recipe.unknown_optimizer"),
        ({"epochs": 0}, "recipe.invalid_setting"),
        ({"epochs": "many"}, "settings.wrong_type"),
        ({"hand": "foot"}, "recipe.unknown_hand"),
        ({"patience": 2, "validation_fraction": 1.0}, "settings.invalid"),
        ({"patience": 2, "validation_fraction": -0.5}, "settings.invalid"),
        ({"optimizer": "sgd", "lr": 1e300}, "training.diverged"),
    ],
)
def test_invalid_settings(
    settings: dict[str, Any], code: str, digits: tuple[Any, Any], refused: Callable[[str], Any]
) -> None:
    with refused(code):
        DigitClassifier(**settings).fit(*digits)


def test_threads_predict_as_one_thread_does(pictures: Callable[..., tuple[Any, Any]]) -> None:
    """A thousand batches in eight threads, bit for bit."""
    images, labels = pictures(200)
    classifier = DigitClassifier("tiny-cnn", epochs=1, random_state=0).fit(images, labels)
    batches = [images[n : n + 1 + n % 7] for n in range(100)]
    serial = [classifier.predict_proba(batch).tobytes() for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda batch: classifier.predict_proba(batch).tobytes(), batches * 10))
        labels = list(pool.map(lambda batch: classifier.predict(batch).tobytes(), batches))
    assert sum(one != same for one, same in zip(answers, serial * 10, strict=True)) == 0
    assert labels == [classifier.predict(batch).tobytes() for batch in batches]


def test_errors_of_scikit_learn(digits: tuple[Any, Any]) -> None:
    X, y = digits
    with pytest.raises(NotFittedError):
        DigitClassifier().predict(X)
    with pytest.raises(NotFittedError):
        _ = DigitClassifier().n_iter_
    with pytest.raises(ValueError, match="dim 3"):
        DigitClassifier().fit(X.reshape(-1, 8, 8), y)
    with pytest.raises(ValueError, match="n_samples=2"):
        DigitClassifier(patience=1, validation_fraction=0.9).fit(X[:2], y[:2])
    with pytest.raises(ValueError, match="Unknown label type"):
        DigitClassifier().fit(X, y + 0.5)


def test_another_scale_warns(digits: tuple[Any, Any], pictures: Callable[..., tuple[Any, Any]]) -> None:
    X, y = digits  # 0 to 16
    images, labels = pictures(60)
    rows = images.reshape(60, -1) * 1.0
    for values, wanted, factors in (
        (X, y, (1 / 16, 255 / 16)),
        (rows, labels, (1 / 255, 16 / 255)),
        (rows / 255, labels, (16, 255)),
    ):
        classifier = DigitClassifier("softmax", epochs=1).fit(values, wanted)
        for factor in factors:
            for ask in (classifier.predict, classifier.predict_proba, lambda Z, c=classifier, y=wanted: c.score(Z, y)):
                with pytest.warns(ScaleWarning, match="scale both alike"):
                    ask(values * factor)
            with pytest.warns(ScaleWarning):
                unpickled(classifier).predict(values[:1] * factor)
        # Warnings are errors: these give none.
        classifier.predict(values)
        classifier.predict(values[:1])
        classifier.predict(values * 0)
        classifier.predict(values * 1.1)
        classifier.predict(values - 0.5)
    # Nothing is known of the scale of other numbers.
    DigitClassifier("softmax", epochs=1).fit(X - 8, y).predict(X / 16)
    DigitClassifier("softmax", epochs=1).fit(X[:, :9], y).predict(X[:, :9] / 16)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite(value: float, digits: tuple[Any, Any], refused: Callable[[str], Any]) -> None:
    X, y = digits
    wrong = np.where(X == 16, value, X)
    classifier = DigitClassifier("softmax", epochs=1)
    with refused("pixels.not_finite"):
        classifier.fit(wrong, y)
    classifier.fit(X, y)
    for ask in (
        classifier.predict,
        classifier.predict_proba,
        lambda X: classifier.partial_fit(X, y),
        classifier.network_.logits,
    ):
        with refused("pixels.not_finite"):
            ask(wrong)


def test_its_network_takes_numbers_as_they_are(digits: tuple[Any, Any]) -> None:
    X, y = digits
    for values in (X / 16, X, X - 8):
        classifier = DigitClassifier("softmax", epochs=2, random_state=0).fit(values, y)
        for one in (classifier, unpickled(classifier)):
            assert np.array_equal(
                one.classes_[one.network_.logits(values[:50]).argmax(axis=1)], one.predict(values[:50])
            )
