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
    from byhand.weights.trained import Trained


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
    import json

    from byhand.data import load_dataset
    from byhand.data.loading import say
    from byhand.export import CHECKED, to_onnx

    found = _found(arguments.run)
    if found.run is not None and not found.run.results:
        say(f"{found.name} is not done: {len(found.run.log)} of {found.run.recipe.config.epochs} epochs.")
    results = found.card if found.run is None else found.run.results
    facts = {"recipe": found.recipe, "results": json.dumps(dict(results))}
    digits = load_dataset(arguments.data or "digits", offline=arguments.offline).train
    images = digits.images[:CHECKED]
    apart = to_onnx(found.network, arguments.onnx, images=images, facts=facts)
    size = arguments.onnx.stat().st_size
    print(f"{arguments.onnx}: {found.name}, {found.network.spec.size:,} parameters, {size:,} bytes")
    print(
        f"Largest difference between ONNX Runtime and the numpy hand on {len(images):,} digits "
        f"({digits.name}): {apart:.1e}"
    )
    return 0


def _found(name: str) -> Trained:
    """Load what RUN names, in the hand that needs no torch."""
    from byhand import weights
    from byhand.hands import build
    from byhand.training.checkpoint import Checkpoint
    from byhand.weights.trained import Trained, trained

    path = Path(name)
    if name in weights.names() or not path.is_file():
        return trained(name, "fast")
    saved = Checkpoint.load(path)
    network = build(saved.spec)
    network.load(saved.values)
    return Trained(name, network)
