"""Answers as the OpenAPI document shows them."""

from __future__ import annotations

from typing import Any

from byhand.server.routes.bodies import ONE

HEALTH: dict[str, Any] = {"status": "ok"}
DIGIT: dict[str, Any] = {
    "value": 1,
    "box": [212, 96, 240, 318],
    "confidence": 0.9941,
    "top": [
        {"value": 1, "probability": 0.9941},
        {"value": 7, "probability": 0.0043},
        {"value": 4, "probability": 0.0006},
    ],
    "unsure": False,
    "line": 0,
    "ink": ONE,
}
READING: dict[str, Any] = {"text": "1", "size": [480, 400], "digits": [DIGIT], "milliseconds": 4.213}
SIGHT: dict[str, Any] = {
    "found": True,
    "input": ONE,
    "reader": DIGIT,
    "networks": [
        {
            "name": "softmax",
            "value": 1,
            "probabilities": [0.00002, 0.97, 0.008, 0.005, 0.00058, 0.004, 0.0014, 0.003, 0.007, 0.001],
            "microseconds": 38.4,
        }
    ],
}
_LINEAR: dict[str, Any] = {"name": "Linear", "kind": "Linear", "shape": [10]}
NETWORKS: dict[str, Any] = {
    "networks": [
        {
            "name": "softmax",
            "kind": "softmax",
            "origin": "shipped",
            "parameters": 7850,
            "test_accuracy": 0.9228,
            "layers": [
                {
                    "name": "Standardize",
                    "kind": "Standardize",
                    "shape": [28, 28],
                    "parameters": 0,
                    "text": "Standardize",
                },
                {"name": "Flatten", "kind": "Flatten", "shape": [784], "parameters": 0, "text": "Flatten"},
                _LINEAR | {"parameters": 7850, "text": "Linear(10)"},
            ],
        }
    ],
    "hands": ["numpy", "fast", "tensor", "torch"],
    "reader": {"parameters": 393131, "test_accuracy": 0.9955, "threshold": 0.8},
}
_LOGITS = [-5.1, 5.7, 0.9, 0.43, -1.72, 0.21, -0.84, -0.08, 0.77, -1.18]
_SHARES = [0.00002, 0.97, 0.008, 0.005, 0.00058, 0.004, 0.0014, 0.003, 0.007, 0.001]
ACTIVATIONS: dict[str, Any] = {
    "name": "softmax",
    "hand": "fast",
    "microseconds": 38.4,
    "logits": _LOGITS,
    "probabilities": _SHARES,
    "layers": [_LINEAR | {"low": -5.1, "high": 5.7, "values": _LOGITS}],
    "saliency": [0.0] * 784,
}
HANDS: dict[str, Any] = {
    "hands": [
        {"hand": "fast", "microseconds": 38.4, "logits": _LOGITS},
        {"hand": "torch", "microseconds": 61.2, "logits": _LOGITS},
    ],
    "largest_difference": 4.77e-07,
}
WEIGHTS: dict[str, Any] = {
    "name": "conv5x5",
    "layer": "Conv2d1",
    "kind": "Conv2d",
    "shape": [1, 2, 2, 1],
    "low": -0.2217,
    "high": 0.3102,
    "pictures": [-0.2217, 0.1034, 0.3102, 0.0141],
}
_SUMMARY: dict[str, Any] = {"id": "mlp-lab-1", "state": "running", "epoch": 1, "epochs": 5}
BEGUN: dict[str, Any] = {"id": "mlp-lab-1"}
TRAININGS: dict[str, Any] = {"trainings": [_SUMMARY | {"name": "mlp-lab-1"}]}
TRAINING: dict[str, Any] = _SUMMARY | {
    "detail": None,
    "log": [{"epoch": 0, "step": 391, "train_loss": 0.4326, "val_loss": 0.1606, "val_accuracy": 0.9489, "lr": 0.00497}],
    "confusion": [[100 if row == column else 0 for column in range(10)] for row in range(10)],
    "filters": {"shape": [1, 2, 2, 1], "low": -0.2217, "high": 0.3102, "pictures": [-0.2217, 0.1034, 0.3102, 0.0141]},
}

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "As the client has it (If-None-Match)."}}


def shown(example: dict[str, Any], status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Put an example where the document looks for it."""
    return {status: {"content": {"application/json": {"example": example}}}}
