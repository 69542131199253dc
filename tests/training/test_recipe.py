"""Recipes: read, written, changed by flags, and refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.data import Digits
from byhand.errors import ByhandError
from byhand.models.layers import Flatten, Linear, Select, Standardize
from byhand.training.config import FULL_BATCH, OPTIMIZERS, SCHEDULES
from byhand.training.recipe import Recipe, load_recipe, parse_recipe, shipped, varying_pixels

MLP = '[network]\nname = "mlp"\n'


@pytest.mark.parametrize("name", shipped())
def test_what_is_shipped_is_sound(name: str, pictures: Any) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.about.strip()
    assert recipe.about.rstrip()[-1] in ".:)"
    train = Digits(*pictures(20), "drawn", "the tests")
    if "min_variance" not in recipe.network:
        assert recipe.spec(train).classes == 10 + (recipe.config.nondigits > 0)
    assert parse_recipe(recipe.to_toml(), "x") == recipe


def test_names_that_the_issue_promises() -> None:
    assert {"mlp", "softmax"} <= set(shipped())


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(
        "# What it is.\n#\n# More of it.\n\n"
        '[network]\nname = "mlp"\nhidden = [3, 2]\n# not at the head\n'
        '[training]\nlr = 1\noptimizer = "adam"\n[data]\nname = "digits"\nsplit_seed = 3\n',
        encoding="utf-8",
    )
    recipe = load_recipe(path)
    assert (recipe.name, recipe.about) == ("my", "What it is.\n\nMore of it.")
    assert recipe.config.lr == 1.0
    assert type(recipe.config.lr) is float
    assert recipe.config.optimizer == "adam"
    assert recipe.data == {"name": "digits", "split_seed": 3}
    assert load_recipe(str(path)) == recipe


def test_layers_written_out(pictures: Any) -> None:
    text = (
        '[network]\ninit = "torch"\nlayers = [{ kind = "Standardize" }, { kind = "Flatten" }, '
        '{ kind = "Select", indices = [4, 7] }, { kind = "Linear", units = 10 }]\n'
    )
    spec = parse_recipe(text, "x").spec(Digits(*pictures(5), "drawn", "the tests"))
    assert spec.layers == (Standardize(), Flatten(), Select((4, 7)), Linear(10))
    assert spec.init == "torch"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The recipe 'x' names no network; give [network] a name (softmax, mlp, "),
        ("[network]\nname = 3\n", "The recipe 'x' names no network"),
        ('[network]\nname = "mpl"\n', "There is no network 'mpl'; perhaps 'mlp' was meant."),
        ("[network\n", "The recipe 'x' is not TOML (Expected "),
        ("a = 1\na = 2\n", "The recipe 'x' is not TOML (Cannot overwrite a value (at line 2, column "),
        (MLP + "[trainin]\n", "The recipe 'x' has no section 'trainin'; perhaps 'training' was meant."),
        ("training = 3\n" + MLP, "The recipe 'x' sets training = 3; write it as a section, [training]."),
        (MLP + "hiden = 3\n", "The recipe 'x', section network, has no setting 'hiden'; perhaps 'hidden' was meant."),
        (
            MLP + "[training]\nephocs = 3\n",
            "The recipe 'x', section training, has no setting 'ephocs'; perhaps 'epochs'",
        ),
        (
            MLP + '[training]\nlr = "fast"\n',
            "The recipe 'x', section training, was given lr = 'fast'; give a value like 0.1.",
        ),
        (MLP + "[training]\nlr = nan\n", "lr was given as nan; give more than 0."),
        (MLP + f"[training]\nlr = 1{'0' * 400}\n", "The recipe 'x', section training, was given lr = 1000"),
        (MLP + '[training]\noptimizer = "adm"\n', "There is no optimizer 'adm'; perhaps 'adam' was meant."),
        (
            MLP + '[data]\nsplitt = "a"\n',
            "The recipe 'x', section data, has no setting 'splitt'; perhaps 'split' was meant.",
        ),
        (MLP + "[data]\nsplit_seed = -1\n", "The recipe 'x', section data, was given split_seed = -1; give 0 or more."),
        (MLP + "[sweep]\nlr = 0.1\n", "The recipe 'x' sweeps lr over 0.1; give a list of values."),
        (MLP + "[sweep]\nlr = []\n", "The recipe 'x' sweeps lr over []; give a list of values."),
        (MLP + "[sweep]\nlrr = [0.1]\n", "The recipe 'x' has no setting 'lrr'; perhaps 'lr' was meant."),
        (MLP + '[sweep]\nlr = ["a"]\n', "The recipe 'x', section training, was given lr = 'a'"),
        ("[network]\nlayers = 3\n", "The recipe 'x' sets layers = 3; give a list of layers."),
        ('[network]\nname = "mlp"\nlayers = []\n', "The recipe 'x', section network, has no setting 'name'"),
        ('[network]\nlayers = [{ kind = "Linnear" }]\n', "There is no layer 'Linnear'; perhaps 'Linear' was meant."),
        (MLP + "hidden = [0]\n", "Linear was given units = 0; give 1 or more."),
        ('[network]\nname = "lstm"\nmin_variance = 0.1\n', "The recipe 'x', section network, has no setting 'min_var"),
        (MLP + "min_variance = 0.1\npixels = [3]\n", "The recipe 'x' chooses its pixels twice; leave out min_variance"),
        (
            MLP + 'dropout = 0.5\n[training]\noptimizer = "cg"\n',
            "The recipe 'x' drops values, and cg needs a loss that stays the same; leave out dropout, or choose",
        ),
        ('name = "a/b"\n' + MLP, "The recipe 'a/b' has a name that no folder can have; give it a word for one."),
        ('name = ".."\n' + MLP, "The recipe '..' has a name that no folder can have"),
    ],
)
def test_refused(text: str, sentence: str) -> None:
    with pytest.raises(ByhandError) as told:
        parse_recipe(text, "x")
    assert str(told.value).startswith(sentence)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("layers", "more", "sentence"),
    [
        ('[{ kind = "Flatten" }]', "", "A network takes pixels as they are"),
        ('["Flatten"]', "", "A layer was given as 'Flatten'"),
        ("[]", "", "A network takes pixels as they are"),
        (
            '[{ kind = "Standardize" }, { kind = "Flatten" }, { kind = "Linear", units = 5 }]',
            "",
            "The recipe 'x' makes a network from pictures (28, 28) to 5 logits; digits need one from (28, 28) to 10.",
        ),
        (
            '[{ kind = "Standardize" }, { kind = "Flatten" }, { kind = "Linear", units = 10 }]',
            "input_shape = [14, 14]",
            "The recipe 'x' makes a network from pictures (14, 14) to 10 logits; digits need one from (28, 28) to 10.",
        ),
    ],
)
def test_networks_that_read_no_digits(layers: str, more: str, sentence: str) -> None:
    """Told when the recipe is loaded, before there are digits."""
    with pytest.raises(ByhandError) as told:
        parse_recipe(f"[network]\nlayers = {layers}\n{more}\n", "x")
    assert str(told.value).startswith(sentence)


def test_files_that_are_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(ByhandError, match=r"no recipe 'mpl'; perhaps 'mlp' was meant, or name a file ending in \.toml"):
        load_recipe("mpl")
    with pytest.raises(ByhandError, match=r"cannot be read \(No such file or directory\); check its name"):
        load_recipe(tmp_path / "x.toml")
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ByhandError, match=r"cannot be read \(Is a directory\)"):
        load_recipe(tmp_path / "folder.toml")
    (tmp_path / "latin.toml").write_bytes(b'name = "\xff"')
    with pytest.raises(ByhandError, match=r"cannot be read \(it is not UTF-8 text\)"):
        load_recipe(tmp_path / "latin.toml")


def test_having() -> None:
    recipe = parse_recipe(MLP + "[training]\nlr = 0.5\nepochs = 9\n", "x")
    changed = recipe.with_settings(lr=0.1, hidden=[4], smoothing=0.2, epochs=None, hand="torch")
    assert (changed.config.lr, changed.config.epochs, changed.config.hand) == (0.1, 9, "torch")
    assert changed.network == {"name": "mlp", "hidden": [4], "smoothing": 0.2}
    assert recipe.config.lr == 0.5
    with pytest.raises(ByhandError, match="has no setting 'hiddn'; perhaps 'hidden' was meant"):
        recipe.with_settings(hiddn=3)
    with pytest.raises(ByhandError, match=r"section training, was given epochs = 1\.5"):
        recipe.with_settings(epochs=1.5)
    assert recipe.with_data(name="digits", split=None).data == {"name": "digits"}
    with pytest.raises(ByhandError, match="split_seed = -3"):
        recipe.with_data(split_seed=-3)


def test_sweeps() -> None:
    recipe = parse_recipe(MLP + "[sweep]\nlr = [0.1, 0.2]\nhidden = [[8], [16, 8]]\n", "x")
    assert recipe.sweep == {"lr": [0.1, 0.2], "hidden": [[8], [16, 8]]}
    assert recipe.with_settings(epochs=3, lr=None).sweep == recipe.sweep
    assert parse_recipe(recipe.to_toml(), "y") == recipe


def test_a_setting_that_is_swept_is_swept_no_more() -> None:
    recipe = parse_recipe(MLP + "[sweep]\nlr = [0.1, 0.2]\nhidden = [[8], [16, 8]]\n", "x")
    changed = recipe.with_settings(hidden=[4])
    assert changed.sweep == {"lr": [0.1, 0.2]}
    assert [variant.network["hidden"] for _, variant in changed.variants()] == [[4], [4]]
    assert [variant.config.lr for _, variant in changed.variants()] == [0.1, 0.2]
    assert changed.with_settings(lr=0.5).sweep == {}
    assert [settings for settings, _ in changed.with_settings(lr=0.5).variants()] == [{}]


def test_numbers_of_numpy() -> None:
    recipe = parse_recipe(MLP, "x").with_settings(lr=np.float64(0.1), epochs=np.int64(3), hidden=[np.int32(4), 5])
    assert parse_recipe(recipe.to_toml(), "x") == recipe
    assert (type(recipe.training["epochs"]), recipe.network["hidden"]) == (int, [4, 5])
    assert parse_recipe(MLP, "x").with_settings(hidden=np.array([4, 5])).network["hidden"] == [4, 5]


def test_varying_pixels() -> None:
    """Two pictures of two pixels: (0, 10) and (255, 10). Variances 1/4 and 0."""
    images = np.array([[[0, 10]], [[255, 10]]], np.uint8)
    assert varying_pixels(images, 0.0) == (0,)
    assert varying_pixels(images, 0.2499) == (0,)
    with pytest.raises(ByhandError, match=r"No pixel varies by more than min_variance = 0\.25; give a smaller one"):
        varying_pixels(images, 0.25)
    many = np.random.default_rng(0).integers(0, 256, (5000, 4, 3), dtype=np.uint8)
    many[:, 1, 1] = 7
    variances = (many.reshape(5000, 12) / 255).var(axis=0)
    assert varying_pixels(many, 0.0) == tuple(np.flatnonzero(variances > 1e-12)) == (0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11)
    middle = float(np.median(variances))
    assert varying_pixels(many, middle + 1e-12) == tuple(np.flatnonzero(variances > middle + 1e-12))
    recipe = parse_recipe('[network]\nname = "softmax"\nmin_variance = 0.001\n', "x")
    images = np.zeros((4, 28, 28), np.uint8)
    images[::2, 3, 5] = 200
    spec = recipe.spec(Digits(images, np.zeros(4, np.uint8), "x", "y"))
    assert spec.layers[2] == Select((3 * 28 + 5,))


WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_characters="/\x7f"), min_size=1)
NAMES = WORDS.filter(lambda name: name.isprintable() and name not in (".", ".."))
STEPWISE = tuple(name for name in OPTIMIZERS if name not in FULL_BATCH)
TRAININGS = st.fixed_dictionaries(
    {},
    optional={
        "optimizer": st.sampled_from(STEPWISE),
        "schedule": st.sampled_from(SCHEDULES),
        "lr": st.floats(1e-300, 1e300),
        "l2": st.floats(0, 1e300),
        "epochs": st.integers(1, 2**60),
        "seed": st.integers(0, 2**60),
        "shuffle": st.booleans(),
        "beta1": st.floats(0, 0.999),
    },
)
NETWORKS = st.fixed_dictionaries(
    {"name": st.just("mlp")},
    optional={
        "hidden": st.lists(st.integers(1, 10**9), max_size=3),
        "dropout": st.floats(0, 0.99),
        "pixels": st.lists(st.integers(0, 783), max_size=5, unique=True),
        "loss": st.sampled_from(("softmax", "sigmoid")),
    },
)
DATA = st.fixed_dictionaries({}, optional={"name": st.text(), "split": st.text(), "split_seed": st.integers(0, 9)})
SWEEPS = st.fixed_dictionaries({}, optional={"lr": st.lists(st.floats(0.1, 9), min_size=1, max_size=2)})


@given(name=NAMES, network=NETWORKS, training=TRAININGS, data=DATA, sweep=SWEEPS)
def test_through_a_file_and_back(name: str, network: Any, training: Any, data: Any, sweep: Any) -> None:
    recipe = Recipe(name, "What it is.\n\nAnd more.", network, training, data, sweep)
    again = parse_recipe(recipe.to_toml(), "another")
    assert again == recipe
    assert again.config == recipe.config
    assert again.to_toml() == recipe.to_toml()
