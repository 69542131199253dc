"""``/v1/trainings``: networks in training."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from byhand.server import schemas
from byhand.server.responses import NOT_MODIFIED, Problem, cacheable, documented, json_response, parse_json
from byhand.server.runtime import runtime_of
from byhand.server.uploads import media_type

router = APIRouter(tags=["trainings"])


@router.get(
    "/v1/trainings",
    operation_id="listTrainings",
    summary="Running and recent trainings",
    response_model=schemas.Trainings,
    responses=NOT_MODIFIED | documented(504),
)
async def trainings(request: Request) -> Response:
    """List the trainings started here, and the latest in the service's folder of runs."""
    runtime = runtime_of(request)
    return await runtime.pool.run(
        lambda: cacheable(request, json_response({"trainings": runtime.trainings.summaries()}))
    )


@router.post(
    "/v1/trainings",
    status_code=201,
    operation_id="startTraining",
    summary="Start a training",
    response_model=schemas.TrainingStarted,
    responses=documented(408, 409, 413, 415, 422, 504, 507),
    openapi_extra=schemas.TRAINING_BODY,
)
async def start(request: Request) -> Response:
    """Train a small network in a separate process, one at a time, if `byhand lab` or `byhand serve --train` runs."""
    # An HTML form of another page cannot send this type without a preflight request.
    if media_type(request) != "application/json":
        raise Problem(415, f"The Content-Type is {media_type(request)[:80]!r}; expected application/json.")
    wanted = parse_json(schemas.TrainingRequest, await request.body())
    name = await runtime_of(request).trainings.start(wanted.recipe, wanted.epochs, wanted.digits)
    return json_response({"id": name}, 201, {"Location": f"/v1/trainings/{name}"})


@router.get(
    "/v1/trainings/{name}",
    operation_id="getTraining",
    summary="The progress of a training",
    response_model=schemas.Training,
    responses=NOT_MODIFIED | documented(404, 422, 504),
)
async def one(request: Request, name: str) -> Response:
    """Return a training's log, its confusion matrix on validation digits, and its first layer's weights as pictures."""
    runtime = runtime_of(request)
    return await runtime.pool.run(lambda: cacheable(request, json_response(runtime.trainings.details(name))))


@router.delete(
    "/v1/trainings/{name}",
    operation_id="stopTraining",
    status_code=204,
    summary="Stop a training, or remove it",
    responses=documented(404, 422),
)
async def stop(request: Request, name: str, remove: schemas.Flag = "false") -> Response:
    """Stop a training that was started here; `byhand train --resume` continues it. `remove=true` removes its run."""
    trainings = runtime_of(request).trainings
    await (trainings.remove(name) if remove == "true" else trainings.stop(name))
    return Response(status_code=204)
