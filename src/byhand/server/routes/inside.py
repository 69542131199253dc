"""``/v1/networks/{name}/...``: what goes on inside a network."""

from __future__ import annotations

import statistics
from typing import Any

import numpy as np
from fastapi import APIRouter, Request, Response

from byhand.errors import nearest
from byhand.hands import Array, Network
from byhand.models.layers import Recurrent
from byhand.server import problems, schemas
from byhand.server.incoming import fed, fed_back
from byhand.server.numbers import array, json_answer, pictures, rounded, tagged_json
from byhand.server.problems import Problem
from byhand.server.registry import Shelf
from byhand.server.routes import examples
from byhand.server.routes.bodies import INK
from byhand.server.routes.hands import Hand, computing
from byhand.server.state import Lab, lab_of
from byhand.server.uploads import ink_in
from byhand.viz.inside.arrays import hidden_states, is_recurrent, probabilities_by_row

router = APIRouter(tags=["networks"])

TIMED = 5


@router.post(
    "/v1/networks/{name}/activations",
    summary="Every layer's output, and what the answer rests on",
    response_model=schemas.Activations,
    responses=examples.shown(examples.ACTIVATIONS) | problems.documented(400, 404, 408, 413, 415, 422, 504),
    openapi_extra=INK,
)
async def activations(request: Request, name: str, hand: Hand = Hand.fast) -> Response:
    """Have one network read a picture, and tell all that happens on the way."""
    lab, kind = lab_of(request), request.headers.get("content-type", "")
    _known(lab, name)
    computing(lab, hand)
    async with lab.uploads.body(request) as body:
        return await lab.work.do(
            lambda: json_answer(_inside(lab.shelf, name, ink_in(body, kind, lab.settings.limits), hand.value))
        )


@router.post(
    "/v1/networks/{name}/hands",
    summary="One network in every hand",
    response_model=schemas.Hands,
    responses=examples.shown(examples.HANDS) | problems.documented(400, 404, 408, 413, 415, 422, 504),
    openapi_extra=INK,
)
async def hands(request: Request, name: str) -> Response:
    """Have one network read a picture in every hand that computes here, and tell times and differences."""
    lab, kind = lab_of(request), request.headers.get("content-type", "")
    _known(lab, name)
    async with lab.uploads.body(request) as body:
        return await lab.work.do(lambda: json_answer(_hands(lab.shelf, name, ink_in(body, kind, lab.settings.limits))))


@router.get(
    "/v1/networks/{name}/weights/{layer}",
    summary="What feeds each unit of a layer",
    response_model=schemas.Weights,
    responses=examples.shown(examples.WEIGHTS) | examples.UNCHANGED | problems.documented(404, 504),
)
async def weights(request: Request, name: str, layer: str) -> Response:
    """Give the weights into each unit: as 28x28 pictures where the layer sees pixels, as kernels of a convolution."""
    lab = lab_of(request)
    _known(lab, name)
    return await lab.work.do(lambda: tagged_json(request, _weights(lab.shelf.network(name), name, layer)))


def _known(lab: Lab, name: str) -> None:
    if name not in lab.shelf.offered:
        raise Problem(404, f"There is no network {name[:80]!r}; {nearest(name[:80], lab.shelf.offered)}.")


def _inside(shelf: Shelf, name: str, ink: Array, hand: str) -> dict[str, Any]:
    network, answer = shelf.network(name, hand), shelf.read(name, ink, hand)
    spec = network.spec
    seen = network.activations(ink[None])
    told: dict[str, Any] = {
        "name": name,
        "hand": hand,
        "microseconds": round(answer.microseconds, 1),
        "logits": rounded(answer.logits),
        "probabilities": [round(float(p), 5) for p in answer.probabilities],
        "layers": [
            {"name": layer, "kind": about.kind} | array(seen[layer][0])
            for layer, about in zip(spec.layer_names, spec.layers, strict=True)
        ],
        "saliency": rounded(shelf.slopes(name)(ink[None])[0]),
    }
    last = [about for about in spec.layers if isinstance(about, Recurrent)][-1:]
    if is_recurrent(network) and not last[0].every:
        own = shelf.network(name)
        *_, hidden = hidden_states(own, ink[None]).values()
        by_row = probabilities_by_row(own, ink[None])[0]
        told["steps"] = {
            "hidden": [rounded(row) for row in hidden[0]],
            "probabilities": [[round(float(p), 5) for p in row] for row in by_row],
        }
    return told


def _hands(shelf: Shelf, name: str, ink: Array) -> dict[str, Any]:
    told, logits = [], []
    for hand in shelf.hands:
        answers = [shelf.read(name, ink, hand) for _ in range(TIMED)]
        taken = statistics.median(answer.microseconds for answer in answers)
        logits.append(answers[-1].logits.astype(np.float64))
        told.append({"hand": hand, "microseconds": round(taken, 1), "logits": rounded(logits[-1])})
    apart = max(float(np.abs(one - other).max()) for one in logits for other in logits)
    return {"hands": told, "largest_difference": float(f"{apart:.3g}")}


def _weights(network: Network, name: str, layer: str) -> dict[str, Any]:
    spec = network.spec
    if layer not in spec.layer_names:
        raise Problem(404, f"{name} has no layer {layer[:80]!r}; {nearest(layer[:80], spec.layer_names)}.")
    place = spec.layer_names.index(layer)
    shown, back = fed(network, place), fed_back(network, place)
    if shown is None:
        raise Problem(404, f"The layer {layer} of {name} learns nothing, so it has no weights; name another.")
    told = {"name": name, "layer": layer, "kind": spec.layers[place].kind} | pictures(shown)
    return told if back is None else told | {"back": pictures(back)}
