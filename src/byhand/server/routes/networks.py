"""``/v1/networks``: the available networks, their activations, gradients and weights."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from byhand import weights as shipped
from byhand.errors import nearest
from byhand.hands import Array, Network
from byhand.server import schemas
from byhand.server.arrays import described, recurrent_inputs, rounded, unit_inputs
from byhand.server.registry import ModelRegistry, kind_of
from byhand.server.responses import NOT_MODIFIED, Problem, cacheable, documented, json_response
from byhand.server.runtime import runtime_of
from byhand.server.uploads import receive_ink
from byhand.training.run import Run
from byhand.viz.inside.arrays import (
    attends,
    attention_weights,
    class_attention,
    hidden_states,
    probabilities_by_row,
    recurrences,
    saliency,
    tokens,
)

router = APIRouter(tags=["networks"])

REPEATS = 5
"""Measurements of each hand."""


@router.get(
    "/v1/networks",
    operation_id="listNetworks",
    summary="Available networks",
    response_model=schemas.Networks,
    responses=NOT_MODIFIED | documented(),
)
async def networks(request: Request) -> Response:
    """List the networks with their layers, the available hands, and the network that reads pictures."""
    registry, card = runtime_of(request).registry, shipped.card("reader")
    content = {
        "networks": [_summary(name, run) for name, run in registry.models.items()],
        "hands": list(registry.hands),
        "reader": {name: card.get(name) for name in ("parameters", "test_accuracy", "threshold")},
    }
    return cacheable(request, json_response(content))


@router.post(
    "/v1/networks/{name}/activations",
    operation_id="getActivations",
    summary="Every layer's output, and the saliency of the pixels",
    response_model=schemas.Activations,
    responses=documented(404, 408, 413, 415, 422, 504),
    openapi_extra=schemas.INK_BODY,
)
async def activations(request: Request, name: str, hand: schemas.Hand = "fast") -> Response:
    """Classify a picture with one network, and show every step."""
    runtime = runtime_of(request)
    runtime.registry.check(name, hand)
    ink = await receive_ink(request, runtime.readers)
    return await runtime.pool.run(lambda: json_response(_activations(runtime.registry, name, ink, hand)))


@router.post(
    "/v1/networks/{name}/hands",
    operation_id="compareHands",
    summary="One network in every hand",
    response_model=schemas.Hands,
    responses=documented(404, 408, 413, 415, 422, 504),
    openapi_extra=schemas.INK_BODY,
)
async def hands(request: Request, name: str) -> Response:
    """Classify a picture with one network in every available hand, and give times and differences."""
    runtime = runtime_of(request)
    runtime.registry.check(name)
    ink = await receive_ink(request, runtime.readers)
    return await runtime.pool.run(lambda: json_response(_hands(runtime.registry, name, ink)))


@router.get(
    "/v1/networks/{name}/weights/{layer}",
    operation_id="getWeights",
    summary="The weights into each unit of a layer",
    response_model=schemas.Weights,
    responses=NOT_MODIFIED | documented(404, 422, 504),
)
async def weights(request: Request, name: str, layer: str) -> Response:
    """Return the weights into each unit: 28x28 pictures for a layer on the pixels, kernels for a convolution."""
    runtime = runtime_of(request)
    runtime.registry.check(name)
    return await runtime.pool.run(lambda: cacheable(request, json_response(_weights(runtime.registry, name, layer))))


def _summary(name: str, run: Run) -> dict[str, Any]:
    spec = run.spec
    layers = zip(spec.layers, spec.layer_names, spec.shapes[1:], spec.layer_parameters, strict=True)
    return {
        "name": name,
        "kind": kind_of(spec),
        "origin": "shipped" if run.path is None else "run",
        "parameters": spec.size,
        "test_accuracy": None if math.isnan(run.accuracy) else run.accuracy,
        "layers": [
            {
                "name": layer_name,
                "kind": layer.kind,
                "shape": list(shape),
                "parameters": sum(parameter.size for parameter in parameters),
                "text": layer.title(),
            }
            for layer, layer_name, shape, parameters in layers
        ],
    }


def _activations(registry: ModelRegistry, name: str, ink: Array, hand: str) -> dict[str, Any]:
    network, prediction = registry.network(name, hand), registry.predict(name, ink, hand)
    spec = network.spec
    outputs = network.activations(ink[None])
    content: dict[str, Any] = {
        "name": name,
        "hand": hand,
        "microseconds": round(prediction.microseconds, 1),
        "logits": rounded(prediction.logits),
        "probabilities": np.round(prediction.probabilities.astype(float), 5).tolist(),
        "layers": [
            {"name": layer_name, "kind": layer.kind} | described(outputs[layer_name][0])
            for layer_name, layer in zip(spec.layer_names, spec.layers, strict=True)
        ],
        "saliency": rounded(saliency(registry.network(name), ink[None])[0]),
    }
    fast, read = registry.network(name), recurrences(network)
    if read and not read[-1][1].every:
        states = hidden_states(fast, ink[None])
        # The last layer's; where it reads in both directions, side by side.
        inside, _, _ = read[-1][0].rpartition(".")
        beside = [h[0] for other, h in states.items() if inside and other.startswith(f"{inside}.")]
        hidden = np.concatenate(beside or [states[read[-1][0]][0]], axis=1)
        content["steps"] = {
            "hidden": [rounded(row) for row in hidden],
            "probabilities": np.round(probabilities_by_row(fast, ink[None])[0].astype(float), 5).tolist(),
        }
    if attends(network):
        content["attention"] = _attention(fast, ink[None])
    return content


def _attention(network: Network, images: Array) -> dict[str, Any]:
    def head(A: Array) -> dict[str, Any]:
        high = float(A.max())
        return {"high": rounded(A.max())[0], "values": np.rint(A / high * 255).astype(int).ravel().tolist()}

    return {
        "tokens": list(tokens(network)),
        "relevance": rounded(class_attention(network, images)[0]),
        "layers": [
            {"name": layer, "heads": [head(own) for own in A[0]]}
            for layer, A in attention_weights(network, images).items()
        ],
    }


def _hands(registry: ModelRegistry, name: str, ink: Array) -> dict[str, Any]:
    results, logits = [], []
    for hand in registry.hands:
        predictions = [registry.predict(name, ink, hand) for _ in range(REPEATS)]
        microseconds = statistics.median(prediction.microseconds for prediction in predictions)
        logits.append(predictions[-1].logits.astype(np.float64))
        results.append({"hand": hand, "microseconds": round(microseconds, 1), "logits": rounded(logits[-1])})
    return {"hands": results, "largest_difference": rounded(np.ptp(logits, axis=0).max())[0]}


def _weights(registry: ModelRegistry, name: str, layer: str) -> dict[str, Any]:
    network = registry.network(name)
    names = network.spec.layer_names
    if layer not in names:
        raise Problem(404, f"{name} has no layer {layer[:80]!r}; {nearest(layer[:80], names)}.")
    index = names.index(layer)
    inputs, back = unit_inputs(network, index), recurrent_inputs(network, index)
    if inputs is None:
        raise Problem(404, f"The layer {layer} of {name} has no weights; choose another.")
    content = {"name": name, "layer": layer, "kind": network.spec.layers[index].kind} | described(inputs, "pictures")
    return content if back is None else content | {"back": described(back, "pictures")}
