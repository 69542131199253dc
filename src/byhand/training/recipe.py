"""Recipes: a network and how it is trained, as a TOML file.

::

    # What it reproduces, and the accuracy it reached.
    [network]
    name = "mlp"  # a network of the zoo, or `layers = [{ kind = "Flatten" }, ...]`
    hidden = [128]

    [training]
    optimizer = "adam"
    lr = 0.001

    [data]
    name = "auto"
"""

from __future__ import annotations

import dataclasses
import itertools
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomli_w

from byhand.data import Dataset, Digits, Splits, load_dataset, split
from byhand.data.digits import CLASSES, SIDE, varying_pixels
from byhand.data.loading import say
from byhand.errors import ByhandError, nearest, quoted
from byhand.models import zoo
from byhand.models.layers import Dropout
from byhand.models.spec import Spec
from byhand.options import check_settings, plain, short
from byhand.training.config import TrainingConfig
from byhand.training.recipe_files import recipe_text, shipped

DATA: dict[str, Any] = {"name": "auto", "split": "", "split_seed": 0}
PROJECT: dict[str, Any] = {"states": "", "epoch_seconds": 0.0}
UNDESCRIBED = ("hand", "dtype", "device", "seed", "threads", "watch_test", "log_every")
"""Settings that a recipe's comment is not about."""
SHAPE = (SIDE, SIDE)
SECTIONS = ("network", "training", "data", "sweep", "project")
DEEPEST = 50
"""The parts of a key: the time of `tomllib` grows with the square of their number."""
SPEC = {"layers": (), "input_shape": SHAPE, "loss": "softmax", "init": "glorot_uniform", "smoothing": 0.0}


@dataclass(frozen=True)
class Recipe:
    """A network, how it is trained, and the digits it is trained on.

    Attributes
    ----------
    name
        ``name`` in the file, or the file's name without its suffix.
    description
        The comment at the top of the file; of a changed recipe, what was changed.
    network
        ``name`` and the settings of a network of the zoo, or ``layers`` and the settings of a `Spec`. ``min_variance``
        leaves out the pixels whose variance over the training split (of values from 0 to 1) is no greater.
    training
        Settings of `TrainingConfig` that differ from its defaults.
    data
        ``name``, ``split`` and ``split_seed`` of `byhand.data.load_digits`.
    sweep
        Settings and the values to try for each, in all combinations; the best on validation wins.
    project
        For a recipe that reproduces another project: ``states``, the result that project states, and
        ``epoch_seconds``, what an epoch of its code takes on two cores.
    split_required
        Whether a split that asks for more digits than there are is an error (`with_data`) or is replaced by the default
        one (a recipe's own).
    """

    name: str
    description: str = field(default="", compare=False)
    network: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    sweep: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    project: Mapping[str, Any] = field(default_factory=dict)
    split_required: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        # Everything is checked here, so that a mistake in a file is reported before any work begins.
        if not self.name.isprintable() or self.name in ("", ".", "..") or "/" in self.name:
            raise _error(self.name, "has a name that no folder can have; give it another one", "invalid_name")
        self._checked("network", self._network_defaults())
        if "min_variance" in self.network and "pixels" in self.network:
            raise _error(self.name, "sets both min_variance and pixels; leave one of them out")
        spec = self.spec()
        if self.config.full_batch and any(
            isinstance(entry.layer, Dropout) and entry.layer.rate for entry in spec.entries
        ):
            raise _error(
                self.name, f"has dropout, with which {self.config.optimizer} cannot train; leave out one of them"
            )
        if (DATA | self._checked("data", DATA))["split_seed"] < 0:
            raise _error(self.name, f"has split_seed = {self.data['split_seed']}; expected 0 or more")
        self._checked("project", PROJECT)
        single = dataclasses.replace(self, sweep={}) if self.sweep else self
        for key, values in self.sweep.items():
            if not isinstance(values, list | tuple) or not values:
                raise _error(self.name, f"sweeps {key} over {values!r}; expected a list of values", "invalid_sweep")
            for value in values:
                single.with_settings(**{key: value})

    def __repr__(self) -> str:
        """The name, the network and how it is trained."""
        network, config = self.network.get("name", "own layers"), self.config
        return f"<Recipe {short(self.name)}: {network}, {config.optimizer}, epochs {config.epochs}, {config.hand} hand>"

    def _checked(self, section: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
        return check_settings(f"The recipe {self.name!r}, section {section},", defaults, getattr(self, section))

    def _network_defaults(self) -> dict[str, Any]:
        if "layers" in self.network:
            layers = self.network["layers"]
            if not isinstance(layers, list | tuple):
                raise _error(self.name, f"sets layers = {layers!r}; expected a list of layers")
            return SPEC | {"layers": tuple(layers)}
        if not isinstance(self.network.get("name"), str):
            names = ", ".join(zoo.NETWORKS)
            raise _error(
                self.name, f"names no network; expected [network] with a name ({names}) or layers", "no_network"
            )
        settings = {"name": ""} | zoo.settings_of(self.network["name"])
        return settings | {"min_variance": 0.0} if "pixels" in settings else settings

    @property
    def config(self) -> TrainingConfig:
        """The settings of the training, checked."""
        return TrainingConfig(**self._checked("training", TrainingConfig.defaults()))

    def with_settings(self, **settings: Any) -> Recipe:
        """Copy the recipe with some settings changed, of whichever section; ``None`` changes nothing.

        A setting of the sweep is taken out of the sweep.

        Raises
        ------
        ByhandError
            ``recipe.unknown_setting`` if no section has a setting of that name.
        """
        sections: dict[str, Any] = {"network": dict(self.network), "training": dict(self.training)}
        known = dict.fromkeys(TrainingConfig.defaults(), "training")
        known |= dict.fromkeys(self._network_defaults(), "network")
        settings = {key: value for key, value in settings.items() if value is not None}
        for key, value in settings.items():
            if key not in known:
                raise _error(self.name, f"has no setting {quoted(key)}; {nearest(key, known)}", "unknown_setting")
            sections[known[key]][key] = plain(value)
        sweep = {key: values for key, values in self.sweep.items() if key not in settings}
        changed = dataclasses.replace(self, **sections, sweep=sweep)
        new, old = (_defaults_filled(recipe) for recipe in (changed, self))
        differing = {key: new[key] for key in settings if new[key] != old[key] and key not in UNDESCRIBED}
        return dataclasses.replace(changed, description=self._describe_change(differing))

    def _describe_change(self, settings: Mapping[str, Any]) -> str:
        """Describe a copy with other settings: the comment is about the recipe as it was."""
        if not settings:
            return self.description
        beginning = f"The recipe {self.name!r}, changed: "
        text = self.description.removesuffix(".") if self.description.startswith(beginning) else ""
        for key, value in settings.items():
            shown = f"{key} = {_shown(value)}"
            # What was changed before is changed again, or joins the others.
            before = re.search(rf"\b{key} = (\[.*?\]|[^,]*)", text)
            text = text.replace(before[0], shown) if before else f"{text}, {shown}" if text else beginning + shown
        return f"{text}."

    @property
    def data_settings(self) -> dict[str, Any]:
        """``name``, ``split`` and ``split_seed`` of the digits, with defaults filled in."""
        return {**DATA, **self.data}

    def load_splits(
        self, dataset: Dataset | None = None, *, offline: bool = False, notify: Callable[[str], None] = say
    ) -> Splits:
        """Split the digits as the recipe says, or by default where there are too few and the split is its own.

        Parameters
        ----------
        dataset
            The digits; by default they are loaded.
        offline
            Download nothing.
        notify
            Receives a sentence where other digits or another split than the recipe's are used.

        Raises
        ------
        ByhandError
            If the digits cannot be loaded or split.
        """
        if dataset is None:
            dataset = load_dataset(self.data_settings["name"], offline=offline, notify=notify)
        seed, sizes = self.data_settings["split_seed"], self.data_settings["split"] or None
        try:
            return split(dataset, seed, sizes)
        except ByhandError as problem:
            if problem.code != "data.split_too_large" or self.split_required:
                raise
        default = split(dataset, seed)
        notify(
            f"The recipe {self.name!r} asks for a split of {sizes}, but {default.name} has too few digits; "
            f"using {'/'.join(map(str, default.sizes))}."
        )
        return default

    def variants(self) -> list[tuple[dict[str, Any], Recipe]]:
        """List the combinations of the sweep: their settings, and the recipe with them; without a sweep, the recipe."""
        variants = []
        for values in itertools.product(*self.sweep.values()):
            settings = dict(zip(self.sweep, values, strict=True))
            name = "_".join([self.name, *(f"{key}={_for_filename(value)}" for key, value in settings.items())])
            variants.append((settings, dataclasses.replace(self, name=name, sweep={}).with_settings(**settings)))
        return variants

    def with_data(self, **data: Any) -> Recipe:
        """Copy the recipe with other data: ``name``, ``split``, ``split_seed``; ``None`` changes nothing.

        A ``split`` given here must fit the digits.
        """
        given = {key: value for key, value in data.items() if value is not None}
        required = self.split_required or bool(given.get("split"))
        before = self.data_settings
        description = self._describe_change(
            {"data" if key == "name" else key: value for key, value in given.items() if value != before[key]}
        )
        data = {**self.data, **given}
        return dataclasses.replace(self, data=data, description=description, split_required=required)

    def spec(self, train: Digits | None = None) -> Spec:
        """Build the network's spec; only ``min_variance`` depends on the training split, and is ignored without one.

        Raises
        ------
        ByhandError
            If the layers do not fit together, or no pixel is left.
        """
        settings = {key: value for key, value in self.network.items() if key not in ("name", "min_variance")}
        if train is not None and "min_variance" in self.network:
            settings["pixels"] = varying_pixels(train.images, float(self.network["min_variance"]))
        spec = Spec.from_dict(settings) if "layers" in settings else zoo.network(self.network["name"], **settings)
        # Non-digits are an eleventh class.
        classes = CLASSES + (self.config.nondigits > 0)
        if (spec.input_shape, spec.classes) != (SHAPE, classes):
            hint = " with nondigits; write it as layers, or leave out nondigits" if self.config.nondigits else ""
            found = f"{spec.input_shape} to {spec.classes} logits; expected {SHAPE} to {classes}{hint}"
            raise _error(self.name, f"has a network from images {found}", "invalid_network")
        return spec

    def to_toml(self) -> str:
        """The recipe as the text of its file."""
        comment = "".join(f"# {line}".rstrip() + "\n" for line in self.description.splitlines())
        sections = {"name": self.name} | {part: dict(getattr(self, part)) for part in SECTIONS if getattr(self, part)}
        return f"{comment}\n{tomli_w.dumps(sections)}" if comment else tomli_w.dumps(sections)


def _error(name: str, problem: str, code: str = "invalid_setting") -> ByhandError:
    return ByhandError(f"The recipe {name!r} {problem}.", code=f"recipe.{code}")


def _defaults_filled(recipe: Recipe) -> dict[str, Any]:
    return {
        **recipe._network_defaults(),
        **recipe._checked("network", recipe._network_defaults()),
        **dataclasses.asdict(recipe.config),
    }


def _shown(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)


def _for_filename(value: Any) -> str:
    return (",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)).replace("/", "-")


def load_recipe(name: str | Path) -> Recipe:
    """Load a shipped recipe by its name, or your own by its path.

    Raises
    ------
    ByhandError
        If there is no such recipe, or the file is not a recipe.
    """
    return parse_recipe(recipe_text(name), str(name) if str(name) in shipped() else Path(name).stem)


def parse_recipe(text: str, name: str) -> Recipe:
    """Parse a recipe.

    Raises
    ------
    ByhandError
        If the text is not TOML, or a section or setting is unknown.
    """
    keys = (line.partition("=")[0] for line in text.splitlines())
    if any(key.count(".") > DEEPEST and "," not in key for key in keys):
        raise _error(name, f"is not valid TOML (a key of more than {DEEPEST} parts); correct it there", "invalid_toml")
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as problem:
        # A number of thousands of digits is a ValueError, thousands of brackets are a RecursionError.
        raise _error(name, f"is not valid TOML ({problem}); correct it there", "invalid_toml") from problem
    name = str(content.pop("name", name))
    for section, values in content.items():
        if section not in SECTIONS:
            raise _error(name, f"has no section {section!r}; {nearest(section, SECTIONS)}", "unknown_section")
        if not isinstance(values, dict):
            raise _error(name, f"sets {section} = {values!r}; write it as a section, [{section}]", "invalid_section")
    comment = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    return Recipe(name, "\n".join(line.lstrip("#").strip() for line in comment), **content)
