"""``/v1/trainings``: networks that learn, live."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from byhand.server import problems, schemas
from byhand.server.numbers import json_answer, tagged_json
from byhand.server.problems import Problem, sentence
from byhand.server.routes import examples
from byhand.server.state import lab_of
from byhand.server.uploads import kind_of, parsed

router = APIRouter(tags=["trainings"])

_WANTED = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": schemas.TrainingWanted.model_json_schema(),
                "example": {"recipe": "mlp", "epochs": 5, "digits": "embedded"},
            }
        },
    }
}


@router.get(
    "/v1/trainings",
    summary="Trainings in progress or done lately",
    response_model=schemas.Trainings,
    responses=examples.shown(examples.TRAININGS) | examples.UNCHANGED | problems.documented(504),
)
async def trainings(request: Request) -> Response:
    """List the trainings that were started here, and the latest whose runs lie in the service's folder."""
    lab = lab_of(request)
    return await lab.work.do(lambda: tagged_json(request, {"trainings": lab.trainings.listed()}))


@router.post(
    "/v1/trainings",
    status_code=201,
    summary="Start a training",
    response_model=schemas.TrainingBegun,
    responses=examples.shown(examples.BEGUN, 201) | problems.documented(400, 408, 409, 413, 415, 422, 504),
    openapi_extra=_WANTED,
)
async def start(request: Request) -> Response:
    """Train a small network in a process of its own, one at a time; `byhand lab` allows it, `byhand serve` if told."""
    lab = lab_of(request)
    # No other page can send this without asking first, which a form could.
    if kind_of(request) != "application/json":
        raise Problem(415, f"The body is said to be {kind_of(request)[:80]!r}; send application/json.")
    async with lab.uploads.body(request) as body:
        wanted = await lab.work.do(lambda: _wanted(body))
    name = await lab.trainings.start(wanted.recipe, wanted.epochs, wanted.digits)
    answer = json_answer({"id": name})
    answer.status_code = 201
    answer.headers["Location"] = f"/v1/trainings/{name}"
    return answer


@router.get(
    "/v1/trainings/{name}",
    summary="One training, as it learns",
    response_model=schemas.Training,
    responses=examples.shown(examples.TRAINING) | examples.UNCHANGED | problems.documented(404, 422, 504),
)
async def one(request: Request, name: str) -> Response:
    """Tell a training's log, its confusion matrix on validation digits, and its lowest weights as pictures."""
    lab = lab_of(request)
    return await lab.work.do(lambda: tagged_json(request, lab.trainings.one(name)))


@router.delete(
    "/v1/trainings/{name}",
    status_code=204,
    summary="Stop a training",
    responses=problems.documented(404),
)
async def stop(request: Request, name: str) -> Response:
    """Stop a training that was started here; what it learnt stays, and `byhand train --resume` goes on with it."""
    await lab_of(request).trainings.stop(name)
    return Response(status_code=204)


def _wanted(body: bytes) -> schemas.TrainingWanted:
    try:
        return schemas.TrainingWanted.model_validate(parsed(body))
    except ValidationError as problem:
        raise Problem(422, sentence(problem.errors())) from None
