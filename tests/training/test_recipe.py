"""Recipes: read, written, changed by flags, and refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from byhand.data import Dataset, Digits, Splits, split
from byhand.data.digits import varying_pixels
from byhand.errors import ByhandError
from byhand.models.layers import Select
from byhand.training.config import FULL_BATCH, OPTIMIZERS, SCHEDULES
from byhand.training.recipe import Recipe, load_recipe, parse_recipe

MLP = '[network]\nname = "mlp"\n'
LAYERS = '[network]\nlayers = [{{ kind = "Standardize" }}, {{ kind = "Flatten" }}, {{ kind = "Linear", units = {} }}]\n'


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text(
        "# What it is.\n#\n# More of it.\n\n"
        '[network]\nname = "mlp"\nhidden = [3, 2]\n# not at the head\n'
        '[training]\nlr = 1\noptimizer = "adam"\n[data]\nname = "digits"\nsplit_seed = 3\n',
        encoding="utf-8",
    )
    recipe = load_recipe(path)
    assert (recipe.name, recipe.description) == ("my", "What it is.\n\nMore of it.")
    assert recipe.config.lr == 1.0
    assert type(recipe.config.lr) is float
    assert recipe.config.optimizer == "adam"
    assert recipe.data == {"name": "digits", "split_seed": 3}
    assert load_recipe(str(path)) == recipe


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "recipe.no_network"),
        ("[network]\nname = 3\n", "recipe.no_network"),
        ('[network]\nname = "mpl"\n', None),
        ("[network\n", "recipe.invalid_toml"),
        ("a = " + "[" * 50_000, "recipe.invalid_toml"),
        ("a." * 20_000 + "b = 1", "recipe.invalid_toml"),
        (f"a = {'9' * 5000}", "recipe.invalid_toml"),
        ("a = 1\na = 2\n", "recipe.invalid_toml"),
        (MLP + "[trainin]\n", "recipe.unknown_section"),
        ("training = 3\n" + MLP, "recipe.invalid_section"),
        (MLP + "hiden = 3\n", "recipe.unknown_setting"),
        (MLP + "[training]\nephocs = 3\n", "recipe.unknown_setting"),
        (MLP + '[training]\nlr = "fast"\n', "settings.wrong_type"),
        (MLP + f"[training]\nlr = 1{'0' * 400}\n", "settings.wrong_type"),
        (MLP + "[training]\nlr = nan\n", "recipe.invalid_setting"),
        (MLP + '[training]\noptimizer = "adm"\n', "recipe.unknown_optimizer"),
        (MLP + '[data]\nsplitt = "a"\n', "recipe.unknown_setting"),
        (MLP + "[data]\nsplit_seed = -1\n", "recipe.invalid_setting"),
        (MLP + "[sweep]\nlr = 0.1\n", "recipe.invalid_sweep"),
        (MLP + "[sweep]\nlr = []\n", "recipe.invalid_sweep"),
        (MLP + "[sweep]\nlrr = [0.1]\n", "recipe.unknown_setting"),
        (MLP + '[sweep]\nlr = ["a"]\n', "settings.wrong_type"),
        ("[network]\nlayers = 3\n", "recipe.invalid_setting"),
        ('[network]\nname = "mlp"\nlayers = []\n', "recipe.unknown_setting"),
        ('[network]\nlayers = [{ kind = "Linnear" }]\n', None),
        (MLP + "hidden = [0]\n", None),
        ('[network]\nname = "lstm"\nmin_variance = 0.1\n', "recipe.unknown_setting"),
        (MLP + "min_variance = 0.1\npixels = [3]\n", "recipe.invalid_setting"),
        (MLP + 'dropout = 0.5\n[training]\noptimizer = "cg"\n', "recipe.invalid_setting"),
        ('name = "a/b"\n' + MLP, "recipe.invalid_name"),
        ('name = ".."\n' + MLP, "recipe.invalid_name"),
        ('[network]\nlayers = [{ kind = "Flatten" }]\n', None),
        ('[network]\nlayers = ["Flatten"]\n', None),
        (LAYERS.format(5), "recipe.invalid_network"),
        (LAYERS.format(10) + "input_shape = [14, 14]\n", "recipe.invalid_network"),
    ],
)
def test_refused(text: str, code: str | None) -> None:
    """Without a code: what the spec and its layers refuse, which is tested there."""
    with pytest.raises(ByhandError) as problem:
        parse_recipe(text, "x")
    assert "\n" not in str(problem.value)
    assert code in (None, problem.value.code)


def test_files_that_are_no_recipe(tmp_path: Path, refused: Any) -> None:
    with refused("recipe.not_found"):
        load_recipe("mpl")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "latin.toml").write_bytes(b'name = "\xff"')
    for name in ("x.toml", "folder.toml", "latin.toml"):
        with refused("recipe.unreadable"):
            load_recipe(tmp_path / name)


def test_a_split_fits_the_digits(splits: Splits, refused: Any) -> None:
    digits, notes = Dataset(splits.train), list[str]()
    own = parse_recipe(MLP + '[data]\nsplit = "58000/2000/10000"\n', "x")
    assert own.load_splits(digits, notify=notes.append).sizes == split(digits).sizes
    assert len(notes) == 1
    with refused("data.split_too_large"):
        own.with_data(split="58000/2000/10000").load_splits(digits)
    with refused("data.invalid_split"):
        parse_recipe(MLP + '[data]\nsplit = "1/2"\n', "x").load_splits(digits)
    assert own.with_data(split="100/20/10").load_splits(digits, notify=pytest.fail).sizes == (100, 20, 10)


def test_changed_settings(refused: Any) -> None:
    recipe = parse_recipe(MLP + "[training]\nlr = 0.5\nepochs = 9\n", "x")
    changed = recipe.with_settings(lr=0.1, hidden=[4], smoothing=0.2, epochs=None, hand="torch")
    assert (changed.config.lr, changed.config.epochs, changed.config.hand) == (0.1, 9, "torch")
    assert changed.network == {"name": "mlp", "hidden": [4], "smoothing": 0.2}
    assert recipe.config.lr == 0.5
    with refused("recipe.unknown_setting"):
        recipe.with_settings(hiddn=3)
    with refused("settings.wrong_type"):
        recipe.with_settings(epochs=1.5)
    assert recipe.with_data(name="digits", split=None).data == {"name": "digits"}
    with refused("recipe.invalid_setting"):
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


def test_varying_pixels(refused: Any) -> None:
    """Two pictures of two pixels: (0, 10) and (255, 10). Variances 1/4 and 0."""
    images = np.array([[[0, 10]], [[255, 10]]], np.uint8)
    assert varying_pixels(images, 0.0) == (0,)
    assert varying_pixels(images, 0.2499) == (0,)
    with refused("recipe.no_pixels"):
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


def test_a_changed_recipe_does_not_keep_its_comment() -> None:
    """Defect: the comment's accuracy stood above other settings."""
    recipe = load_recipe("mlp")
    assert "97.98" in recipe.description
    same = recipe.with_settings(hidden=[128], seed=7, hand="numpy", threads=2).with_data(name="auto")
    assert same.description == recipe.description
    changed = recipe.with_settings(hidden=[64], lr=0.1, seed=3)
    assert changed.description == "The recipe 'mlp', changed: hidden = [64], lr = 0.1."
    again = changed.with_data(name="digits").with_settings(epochs=2)
    assert again.description == "The recipe 'mlp', changed: hidden = [64], lr = 0.1, data = digits, epochs = 2."
    last = again.with_settings(hidden=[32, 16]).with_settings(epochs=3, dropout=0.1)
    assert last.description == (
        "The recipe 'mlp', changed: hidden = [32, 16], lr = 0.1, data = digits, epochs = 3, dropout = 0.1."
    )
    assert parse_recipe(again.to_toml(), "mlp") == again
    assert again.to_toml().startswith("# The recipe 'mlp', changed: hidden = [64]")


@pytest.mark.parametrize("section", ["network", "training", "data"])
def test_a_long_name_is_not_repeated_whole(section: str) -> None:
    network = '[network]\nname = "mlp"\n' if section != "network" else ""
    name = "init" * 1000
    extra = 'name = "mlp"\n' if section == "network" else ""
    with pytest.raises(ByhandError) as caught:
        parse_recipe(f"{network}[{section}]\n{extra}{name} = 1\n", "mine")
    assert caught.value.code == "recipe.unknown_setting"
    assert len(str(caught.value)) < 1000
