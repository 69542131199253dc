"""Write a trained network as an ONNX file, for other programs and languages.

byhand export runs/mlp-fast --onnx digits.onnx
byhand export conv5x5 --onnx digits.onnx

RUN is the folder of a run, the checkpoint in one, or the name of shipped weights (write ./NAME for a
folder of that name). Pixels go in, "images", uint8 (B, 28, 28), ink light on dark; "logits" and "probabilities" come
out. Before the file is written, ONNX Runtime must read 1,000 digits as the network does.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from byhand.cli.parser import output_file


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="a run's folder, a checkpoint, or the name of shipped weights")
    parser.add_argument("--onnx", type=output_file, required=True, metavar="FILE", help="the file to write")
    parser.add_argument(
        "--data", metavar="NAME|PATH", help="digits for the check (default: those embedded in scikit-learn)"
    )
    parser.add_argument("--offline", action="store_true", help="download nothing")


def run(arguments: argparse.Namespace) -> int:
    """Export."""
    import json

    from byhand.data import load_dataset
    from byhand.data.loading import say
    from byhand.export import CHECKED, to_onnx
    from byhand.hands import build
    from byhand.training.checkpoint import Checkpoint
    from byhand.weights import load_run, names

    name = arguments.run
    # In a hand that needs no torch, and the facts to write into the file.
    if name not in names() and Path(name).is_file():
        saved = Checkpoint.load(Path(name))
        network, facts = build(saved.spec), {"recipe": "", "results": "{}"}
        network.load(saved.values)
    else:
        run = load_run(name, "fast")
        network = run.network
        facts = {"recipe": run.recipe.to_toml(), "results": json.dumps(run.results or dict(run.card))}
        if run.status != "done":
            say(f"{run.name} is not done: {len(run.log)} of {run.recipe.config.epochs} epochs.")
    digits = load_dataset(arguments.data or "digits", offline=arguments.offline).train
    images = digits.images[:CHECKED]
    largest = to_onnx(network, arguments.onnx, images=images, facts=facts)
    size = arguments.onnx.stat().st_size
    print(f"{arguments.onnx}: {arguments.run}, {network.spec.size:,} parameters, {size:,} bytes")
    print(
        f"Largest difference between ONNX Runtime and the network on {len(images):,} digits "
        f"({digits.name}): {largest:.1e}"
    )
    return 0
