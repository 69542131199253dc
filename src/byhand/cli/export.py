"""Write a trained network as an ONNX file, for other programs and languages.

byhand export runs/mlp-numpy --onnx digits.onnx
byhand export conv5x5 --onnx digits.onnx

RUN is the folder of a run, the checkpoint in one, or the name of weights that come with byhand (a folder of such a name
is meant by ./NAME). Pixels go in, "images", uint8 (B, 28, 28), ink light on dark; "logits" and "probabilities" go out.
ONNX Runtime reads 1,000 digits with the file before it takes its place.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from byhand.hands import Network


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run's folder, a checkpoint, or the name of shipped weights")
    parser.add_argument("--onnx", type=Path, required=True, metavar="FILE", help="the file to write")
    parser.add_argument(
        "--data", metavar="NAME|PATH", help="digits to read for the check; by default those embedded in scikit-learn"
    )
    parser.add_argument("--offline", action="store_true", help="download nothing")


def run(arguments: argparse.Namespace) -> int:
    """Export."""
    from byhand.data import load_dataset
    from byhand.export import CHECKED, to_onnx

    network, facts = _trained(arguments.run)
    digits = load_dataset(arguments.data or "digits", offline=arguments.offline).train
    images = digits.images[:CHECKED]
    found = to_onnx(network, arguments.onnx, images=images, facts=facts)
    size = arguments.onnx.stat().st_size
    print(f"{arguments.onnx}: {arguments.run}, {network.spec.size:,} parameters, {size:,} bytes")
    print(
        f"Largest difference between ONNX Runtime and the {network.hand} hand on {len(images):,} digits "
        f"({digits.name}): {found:.1e}"
    )
    return 0


def _trained(name: str) -> tuple[Network, dict[str, str]]:
    """Load what RUN names, and tell where it comes from."""
    import json

    from byhand import weights
    from byhand.data.loading import say
    from byhand.errors import ByhandError, nearest
    from byhand.hands import build
    from byhand.training.checkpoint import Checkpoint
    from byhand.training.runs import load_run

    path = Path(name)
    if name in weights.names():
        card = weights.card(name)
        return weights.load(name), {"recipe": str(card["recipe"]), "card": json.dumps(card)}
    if path.is_dir():
        trained = load_run(path)
        if not trained.results:
            say(f"{path} is not done: {len(trained.log)} of {trained.recipe.how.epochs} epochs.")
        facts = {"recipe": trained.recipe.name, "recipe.toml": trained.recipe.to_toml()}
        return trained.network, facts | ({"results": json.dumps(trained.results)} if trained.results else {})
    if not path.exists():
        raise ByhandError(
            f"{name!r} is neither a folder or file nor the name of weights that come with byhand; "
            f"{nearest(name, weights.names())}."
        )
    saved = Checkpoint.load(path)
    network = build(saved.spec)
    network.load(saved.values)
    return network, {}
