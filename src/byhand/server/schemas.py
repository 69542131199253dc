"""What good answers hold, for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Byte = Annotated[int, Field(ge=0, le=255)]
Digit = Annotated[int, Field(ge=0, le=9)]
State = Literal["running", "done", "failed", "stopped"]
Ink = Annotated[list[Byte], Field(min_length=784, max_length=784, description="28x28 pixels, row by row, ink light.")]


class Model(BaseModel):
    """What all have in common."""

    model_config = ConfigDict(extra="forbid")


class Health(Model):
    """The service answers."""

    status: Literal["ok"]


class Guess(Model):
    """One of the three likeliest values."""

    value: Digit
    probability: Share


class ReadDigit(Model):
    """A digit that was found."""

    value: Digit
    box: Annotated[list[int], Field(min_length=4, max_length=4, description="left, top, right, bottom in pixels")]
    confidence: Annotated[Share, Field(description="Calibrated: of answers at 0.9, nine in ten are right.")]
    top: Annotated[list[Guess], Field(max_length=3)]
    unsure: Annotated[bool, Field(description="Rather ask a person.")]
    line: Annotated[int, Field(ge=0, description="The line it stands in, from 0.")]
    ink: Ink


class Stage(Model):
    """A step on the way from the picture to the ink."""

    name: str
    text: str
    picture: Annotated[str, Field(description="data:image/png;base64,...")]


class Reading(Model):
    """What was read."""

    text: Annotated[str, Field(description="The digits in reading order, a line for each line; empty for none.")]
    size: Annotated[list[int], Field(min_length=2, max_length=2, description="Width and height, upright.")]
    digits: list[ReadDigit]
    stages: Annotated[list[Stage] | None, Field(description="With explain=true alone.")] = None
    milliseconds: float


class Layer(Model):
    """A layer of a network."""

    name: str
    kind: str
    shape: Annotated[list[int], Field(description="Of its output, without the batch axis.")]
    parameters: Annotated[int, Field(ge=0)]
    text: str


class NetworkAbout(Model):
    """A network on offer."""

    name: str
    kind: Literal["softmax", "mlp", "elman", "lstm", "gru", "cnn"]
    origin: Literal["shipped", "run"]
    parameters: Annotated[int, Field(ge=1)]
    test_accuracy: Share | None
    layers: list[Layer]


class ReaderAbout(Model):
    """The network that reads pictures."""

    parameters: Annotated[int, Field(ge=1)]
    test_accuracy: Share | None
    threshold: Annotated[Share, Field(description="A confidence below it is marked unsure.")] | None


class Networks(Model):
    """All that is on offer."""

    networks: list[NetworkAbout]
    hands: list[str]
    reader: ReaderAbout | None


class Seen(Model):
    """What one network makes of the drawing."""

    name: str
    value: Digit
    probabilities: Annotated[list[Share], Field(min_length=10, max_length=10)]
    microseconds: float


class Sight(Model):
    """What all networks make of the drawing."""

    found: bool
    input: Ink | None
    reader: ReadDigit | None
    networks: list[Seen]


class Output(Model):
    """What a layer gives out."""

    name: str
    kind: str
    shape: list[int]
    low: float
    high: float
    values: list[float]


class Steps(Model):
    """How a recurrent network reads row by row."""

    hidden: Annotated[list[list[float]], Field(description="State (H) after each of 28 rows, of the last layer.")]
    probabilities: Annotated[list[list[Share]], Field(description="Had the reading stopped after that row.")]


class Activations(Model):
    """What goes on inside a network."""

    name: str
    hand: str
    microseconds: float
    logits: list[float]
    probabilities: list[Share]
    layers: list[Output]
    saliency: Annotated[
        list[float],
        Field(min_length=784, max_length=784, description="Gradient of the winning logit to each pixel."),
    ]
    steps: Steps | None = None


class Pictures(Model):
    """Weights as pictures."""

    shape: list[int]
    low: float
    high: float
    pictures: list[float]


class Weights(Model):
    """What feeds each unit of a layer."""

    name: str
    layer: str
    kind: str
    shape: Annotated[list[int], Field(description="Units first; (28, 28) pictures for a layer that sees pixels.")]
    low: float
    high: float
    pictures: list[float]
    back: Annotated[Pictures | None, Field(description="Of a recurrence: from each state into each (H, G, H).")] = None


class OneHand(Model):
    """One hand's answer."""

    hand: str
    microseconds: Annotated[float, Field(description="Median of five.")]
    logits: list[float]


class Hands(Model):
    """One network in every hand."""

    hands: list[OneHand]
    largest_difference: float


class Summary(Model):
    """A training in a list."""

    id: str
    name: str
    state: State
    epoch: Annotated[int, Field(ge=0, description="Epochs done.")]
    epochs: Annotated[int, Field(ge=1)]


class Trainings(Model):
    """Trainings in progress or done lately."""

    trainings: list[Summary]


class Training(Model):
    """All about one training."""

    id: str
    state: State
    epoch: Annotated[int, Field(ge=0, description="Epochs done.")]
    epochs: Annotated[int, Field(ge=1)]
    detail: Annotated[str | None, Field(description="Why it failed, of one that did.")] = None
    log: Annotated[list[dict[str, float | None]], Field(description="One entry an epoch, as in the run's log.jsonl.")]
    confusion: Annotated[list[list[int]] | None, Field(description="Truth by row, answer by column.")]
    filters: Pictures | None


class TrainingWanted(BaseModel):
    """What to train."""

    model_config = ConfigDict(extra="forbid", strict=True)

    recipe: Literal["softmax", "mlp", "elman", "lstm", "gru", "tiny-cnn", "conv5x5"]
    epochs: Annotated[int, Field(ge=1, le=10)]
    digits: Literal["embedded", "mnist"]


class TrainingBegun(Model):
    """A training that was started."""

    id: str
