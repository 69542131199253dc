"""``/healthz``, ``/metrics`` and ``/v1/networks``."""

from __future__ import annotations

import math
from typing import Any

from fastapi import APIRouter, Request, Response

from byhand import weights
from byhand.models.spec import Spec
from byhand.server import problems, schemas
from byhand.server.numbers import json_answer, tagged_json
from byhand.server.registry import kind_of
from byhand.server.routes import examples
from byhand.server.state import lab_of
from byhand.training.run import Run

router = APIRouter()


@router.get(
    "/healthz",
    tags=["service"],
    summary="Is the service there?",
    responses=examples.shown(examples.HEALTH) | problems.documented(),
    response_model=schemas.Health,
)
async def healthz() -> Response:
    """Answer, without asking for a token."""
    return json_answer({"status": "ok"})


@router.get(
    "/metrics",
    tags=["service"],
    summary="Counts and times for Prometheus",
    response_class=Response,
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "In Prometheus's text format."},
        **problems.documented(),
    },
)
async def metrics(request: Request) -> Response:
    """Give what was counted since the service, with all its workers, began."""
    text, media_type = lab_of(request).metrics.exposed()
    return Response(text, media_type=media_type)


@router.get(
    "/v1/networks",
    tags=["networks"],
    summary="The networks on offer",
    response_model=schemas.Networks,
    responses=examples.shown(examples.NETWORKS) | examples.UNCHANGED | problems.documented(),
)
async def networks(request: Request) -> Response:
    """List the networks with their layers, the hands that compute here, and the network that reads pictures."""
    shelf = lab_of(request).shelf
    return tagged_json(
        request,
        {
            "networks": [_about(name, run) for name, run in shelf.offered.items()],
            "hands": list(shelf.hands),
            "reader": _reader(),
        },
    )


def _about(name: str, run: Run) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind_of(run.spec),
        "origin": "shipped" if run.path is None else "run",
        "parameters": run.spec.size,
        "test_accuracy": None if math.isnan(run.accuracy) else run.accuracy,
        "layers": _layers(run.spec),
    }


def _layers(spec: Spec) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "kind": layer.kind,
            "shape": list(shape),
            "parameters": sum(parameter.size for parameter in learnt),
            "text": layer.title(),
        }
        for layer, name, shape, learnt in zip(
            spec.layers, spec.layer_names, spec.shapes[1:], spec.layer_parameters, strict=True
        )
    ]


def _reader() -> dict[str, Any] | None:
    if "reader" not in weights.names():
        return None
    card = weights.card("reader")
    return {name: card.get(name) for name in ("parameters", "test_accuracy", "threshold")}
