"""The Python face of the project: what ``import byhand`` offers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from byhand import verify as proof
from byhand import weights
from byhand.data import load_digits
from byhand.hands import Network
from byhand.models.spec import Spec
from byhand.training.recipe import Recipe, load_recipe
from byhand.training.run import Run, load_run
from byhand.training.trainer import start
from byhand.viz.displays import displaying
from byhand.viz.proof import ProofTable

__all__ = ["load_digits", "load_network", "load_run", "prove", "train"]


def train(
    recipe: str | Path | Recipe,
    *,
    data: str | None = None,
    split: str | None = None,
    name: str | None = None,
    runs: str | Path = "runs",
    offline: bool = False,
    show: bool = True,
    report: bool = True,
    tensorboard: bool = False,
    **settings: Any,
) -> Run:
    """Train a network.

    Parameters
    ----------
    recipe
        A shipped recipe's name (``"mlp"``), the path of one's own, or a `Recipe`.
    data, split
        Digits to use and how to split them, as in `load_digits`; the recipe's, unless told.
    name, runs
        The run's name and the folder where runs lie.
    offline
        Download nothing.
    show
        Print the parameter table and a line an epoch.
    report
        Write ``report.html`` into the run's folder.
    tensorboard
        Write events for TensorBoard there.
    settings
        Any setting of the recipe: ``hand="torch"``, ``epochs=3``, ``hidden=[512, 256]``, ``lr=0.01``.

    Returns
    -------
    Run
        With ``accuracy``, ``network``, ``results``, ``log`` and ``path``.

    Raises
    ------
    ByhandError
        If a setting is unknown, the data cannot be had, or the loss is no longer a number.
    """
    chosen = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    wanted = chosen.with_settings(**settings).with_data(name=data, split=split)
    with displaying(show, tensorboard) as callback:
        run = start(wanted, Path(runs), name, offline=offline, callback=callback)
    if report:
        from byhand.viz.run import report_run

        report_run(run)
    return run


def prove(
    network: str | Path | Recipe | Spec, *, entries: int = proof.ENTRIES, seed: int = 0, show: bool = True
) -> proof.Proof:
    """Prove a network: its gradients, that the three hands are one function, and that it can learn.

    Parameters
    ----------
    network
        The name of a shipped recipe or of a network of the zoo, the path of a recipe of one's own, a `Recipe`, or a
        `Spec`, whose layers may be one's own.
    entries
        How many entries of each array are compared with central differences one by one; beside them all are compared
        together, along random directions.
    seed
        Of weights, pictures and entries.
    show
        Print a line for every check, and one for every mistake, which names the layer and the parameter.

    Returns
    -------
    Proof
        With ``holds``, ``checks`` and ``failures``. What needs torch is skipped where it is not installed.

    Raises
    ------
    ByhandError
        If there is no such network, or a hand has not got one of its layers.
    """
    proven = proof.prove(network, entries=entries, seed=seed)
    if show:
        ProofTable().add(proven)
    return proven


def load_network(name: str, hand: str = "fast", *, device: str = "cpu") -> Network:
    """Build a network with the trained weights that come with byhand.

    Parameters
    ----------
    name
        A network of the zoo, or ``"reader"``, the one that reads handwriting, whose eleventh logit means that there is
        no digit; `byhand.weights.names` lists them.
    hand
        ``"fast"``, ``"numpy"``, ``"tensor"`` or ``"torch"``.
    device
        A torch device; the numpy hand knows ``"cpu"`` alone.

    Returns
    -------
    Network
        Trained, and the caller's own.

    Raises
    ------
    ByhandError
        If there are no such weights, or the hand cannot be built.
    """
    return weights.load(name, hand, device=device)
