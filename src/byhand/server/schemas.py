"""Models of requests and responses, with examples, for validation and the OpenAPI document."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

# A vertical stroke: a one.
ONE = [230 if 12 <= i % 28 <= 15 and 4 <= i // 28 <= 23 else 0 for i in range(784)]
LOGITS = [-5.1, 5.7, 0.9, 0.43, -1.72, 0.21, -0.84, -0.08, 0.77, -1.18]
PROBABILITIES = [0.00002, 0.97, 0.008, 0.005, 0.00058, 0.004, 0.0014, 0.003, 0.007, 0.001]
WEIGHTS = [-0.2217, 0.1034, 0.3102, 0.0141]

Hand = Literal["numpy", "fast", "tensor", "torch"]
Flag = Literal["true", "false"]

Name = Annotated[str, Field(examples=["softmax"])]
LayerName = Annotated[str, Field(examples=["Linear"])]
RunName = Annotated[str, Field(examples=["mlp-lab-1"])]
HandName = Annotated[str, Field(examples=["fast"])]
Digit = Annotated[int, Field(ge=0, le=9, examples=[1])]
Count = Annotated[int, Field(ge=0, examples=[7850])]
Shape = Annotated[list[int], Field(examples=[[1, 2, 2, 1]])]
Microseconds = Annotated[float, Field(ge=0, examples=[38.4])]
Probability = Annotated[float, Field(ge=0, le=1, examples=[0.97])]
Probabilities = Annotated[list[Probability], Field(min_length=10, max_length=10, examples=[PROBABILITIES])]
Logits = Annotated[list[float], Field(min_length=10, max_length=10, examples=[LOGITS])]
Byte = Annotated[int, Field(ge=0, le=255)]
INK = "28x28 pixels, row by row, ink light on dark."
Ink = Annotated[list[Byte], Field(min_length=784, max_length=784, description=INK, examples=[ONE])]


class Model(BaseModel):
    """Base class: no other members are allowed."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Health(Model):
    """The service is up."""

    status: Literal["ok"] = Field(examples=["ok"])


class Candidate(Model):
    """One of the three most probable values."""

    value: Digit
    probability: Probability


class ReadDigit(Model):
    """A digit in a picture."""

    value: Digit
    box: list[int] = Field(
        min_length=4, max_length=4, description="Left, top, right, bottom.", examples=[[212, 96, 240, 318]]
    )
    confidence: Probability = Field(description="Calibrated: of digits at 0.9, nine in ten are right.")
    top: list[Candidate] = Field(max_length=3)
    unsure: bool = Field(description="The digit needs review.", examples=[False])
    line: int = Field(ge=0, description="Line of text, from 0.", examples=[0])
    ink: Ink


class UnreadInk(Model):
    """Ink that belongs to no digit."""

    box: list[int] = Field(
        min_length=4, max_length=4, description="Left, top, right, bottom.", examples=[[300, 96, 340, 318]]
    )
    kind: Literal["ink", "rule", "border", "speck"] = Field(
        description="`ink` may be writing and needs review.", examples=["ink"]
    )
    pieces: int = Field(ge=1, description="Pieces of ink in the box.", examples=[1])


class Stage(Model):
    """A stage from the picture to the ink."""

    name: str = Field(examples=["ink"])
    text: str = Field(examples=["ink"])
    picture: str = Field(description="PNG as a data URL.", examples=["data:image/png;base64,..."])


class Reading(Model):
    """The digits in a picture."""

    text: str = Field(description="The digits, a line for each line of text; empty if there are none.", examples=["1"])
    size: list[int] = Field(min_length=2, max_length=2, description="Width and height, upright.", examples=[[480, 400]])
    needs_review: bool = Field(description="A digit is unsure, or unread ink may be writing.", examples=[False])
    digits: list[ReadDigit]
    unread: list[UnreadInk] = Field(description="All ink that belongs to no digit.")
    stages: list[Stage] | None = Field(None, description="Only with explain=true.")
    milliseconds: float = Field(ge=0, examples=[4.213])


class Classified(Model):
    """The digit in a picture of 28x28 pixels."""

    value: Digit
    confidence: Probability = Field(description="Calibrated: of digits at 0.9, nine in ten are right.")
    top: list[Candidate] = Field(max_length=3)
    unsure: bool = Field(description="The digit needs review.", examples=[False])


class Digits(Model):
    """The digits in pictures of 28x28 pixels, in their order."""

    digits: list[Classified]
    milliseconds: float = Field(ge=0, examples=[4.213])


class Layer(Model):
    """A layer of a network."""

    name: LayerName
    kind: LayerName
    shape: Shape = Field(description="Of its output, without the batch axis.")
    parameters: Count
    text: str = Field(description="With its settings.", examples=["Linear(10)"])


class NetworkSummary(Model):
    """An available network."""

    name: Name
    kind: Literal["softmax", "mlp", "elman", "lstm", "gru", "cnn", "vit"] = Field(examples=["softmax"])
    origin: Literal["shipped", "run"] = Field(examples=["shipped"])
    parameters: Count
    test_accuracy: Probability | None
    layers: list[Layer]


class ReaderSummary(Model):
    """The network that reads pictures."""

    parameters: Count
    test_accuracy: Probability | None
    threshold: Probability | None = Field(description="Digits of a lower confidence are unsure.")


class Networks(Model):
    """All available networks."""

    networks: list[NetworkSummary]
    hands: list[HandName]
    reader: ReaderSummary | None


class NetworkPrediction(Model):
    """One network's prediction."""

    name: Name
    value: Digit
    probabilities: Probabilities
    microseconds: Microseconds


class Sight(Model):
    """Every network's prediction for a drawing."""

    found: bool = Field(examples=[True])
    input: Ink | None
    reader: ReadDigit | None
    networks: list[NetworkPrediction]


class Range(Model):
    """Shape and extremes of an array."""

    shape: Shape
    low: float = Field(examples=[WEIGHTS[0]])
    high: float = Field(examples=[WEIGHTS[2]])


class Output(Range):
    """A layer's output."""

    name: LayerName
    kind: LayerName
    values: list[float] = Field(examples=[WEIGHTS])


class Steps(Model):
    """A recurrent network row by row."""

    hidden: list[list[float]] = Field(
        description="State (H) of the last layer after each row.", examples=[[WEIGHTS] * 28]
    )
    probabilities: list[Probabilities] = Field(description="If reading stopped after that row.")


class AttentionHead(Model):
    """One head: how much of each token every token receives."""

    high: float = Field(description="The largest weight.", examples=[0.21])
    values: list[int] = Field(
        description="Weights (T, T) in 255ths of the largest; line t is what token t looks at.", examples=[[255, 17]]
    )


class AttentionLayer(Model):
    """A layer of attention."""

    name: LayerName
    heads: list[AttentionHead]


class Attention(Model):
    """A network's attention over the drawing."""

    tokens: list[int] = Field(
        min_length=2, max_length=2, description="Rows and columns of the tokens on the drawing.", examples=[[7, 7]]
    )
    relevance: list[float] = Field(description="How far the class rests on each token (T).", examples=[WEIGHTS])
    layers: list[AttentionLayer]


class Activations(Model):
    """Activations and gradients of a network."""

    name: Name
    hand: HandName
    microseconds: Microseconds
    logits: Logits
    probabilities: Probabilities
    layers: list[Output]
    saliency: list[float] = Field(
        min_length=784,
        max_length=784,
        description="Gradient of the largest logit at each pixel.",
        examples=[[0.0] * 784],
    )
    steps: Steps | None = None
    attention: Attention | None = None


class Pictures(Range):
    """Weights as pictures."""

    pictures: list[float] = Field(examples=[WEIGHTS])


class Weights(Pictures):
    """The weights into each unit of a layer, units first; (28, 28) pictures for a layer on the pixels."""

    name: Name
    layer: LayerName
    kind: LayerName
    back: Pictures | None = Field(None, description="Of a recurrence: from the last state into each gate, (H, G, H).")


class HandResult(Model):
    """One hand's result."""

    hand: HandName
    microseconds: Microseconds = Field(description="Median of five.")
    logits: Logits


class Hands(Model):
    """One network in every hand."""

    hands: list[HandResult]
    largest_difference: float = Field(ge=0, examples=[4.77e-07])


class TrainingSummary(Model):
    """A training in a list."""

    id: RunName
    name: RunName
    state: Literal["running", "done", "failed", "stopped"] = Field(examples=["running"])
    epoch: int = Field(ge=0, description="Epochs done.", examples=[1])
    epochs: int = Field(ge=1, examples=[5])


class Trainings(Model):
    """Running and recent trainings."""

    trainings: list[TrainingSummary]


class Training(TrainingSummary):
    """One training."""

    detail: str | None = Field(None, description="Why it failed, if it did.")
    code: str | None = Field(None, description="The stable name of that error.")
    log: list[dict[str, float | None]] = Field(
        description="One entry an epoch, as in the run's log.jsonl.", examples=[[{"epoch": 0, "val_accuracy": 0.9489}]]
    )
    confusion: list[list[int]] | None = Field(
        description="Labels by row, predictions by column.", examples=[[[9] * 10] * 10]
    )
    filters: Pictures | None


class TrainingStarted(Model):
    """A training that was started."""

    id: RunName


class TrainingRequest(Model):
    """A training to start."""

    recipe: Literal["softmax", "mlp", "elman", "lstm", "gru", "tiny-cnn", "conv5x5"] = Field(examples=["mlp"])
    epochs: int = Field(ge=1, le=10, examples=[5])
    digits: Literal["embedded", "mnist"] = Field(examples=["embedded"])


class Pixels(Model):
    """The input of a network."""

    pixels: Ink


class DigitPictures(Model):
    """Pictures of 28x28 pixels."""

    images: str = Field(
        description="784 bytes for each picture, ink light on dark, row by row; all of them together in base64.",
        examples=[base64.b64encode(bytes(ONE)).decode()],
        json_schema_extra={"contentEncoding": "base64"},
    )


class PictureForm(Model):
    """A form with a picture file."""

    picture: bytes = Field(description="A picture file.")


class PicturesForm(Model):
    """A form with picture files."""

    pictures: list[bytes] = Field(description="Picture files of 28x28 pixels.", min_length=1, max_length=1000)


def _body(description: str, **content: Any) -> dict[str, Any]:
    return {"requestBody": {"required": True, "description": description, "content": content}}


_FILE = {"schema": {"type": "string", "format": "binary"}}
PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/tiff", "image/bmp", "image/gif")
_FILES: dict[str, Any] = {
    **dict.fromkeys((*PICTURE_TYPES, "application/octet-stream"), _FILE),
    "multipart/form-data": {"schema": PictureForm.model_json_schema()},
}
PICTURE_BODY = _body(
    "A picture file (PNG, JPEG, WebP, TIFF, BMP or GIF), as the body or as the field `picture` of a form; at most "
    "10 MB and 40 million pixels.",
    **_FILES,
)
INK_BODY = _body(
    "The input of the networks, as numbers or as a picture file of 28x28 pixels.",
    **{"application/json": {"schema": Pixels.model_json_schema()}} | _FILES,
)
DIGITS_BODY = _body(
    "Up to 1,000 pictures of 28x28 pixels, ink light on dark: 784 bytes for each, the same in base64, or "
    "picture files.",
    **{
        "application/octet-stream": _FILE,
        "application/json": {"schema": DigitPictures.model_json_schema()},
        "multipart/form-data": {"schema": PicturesForm.model_json_schema()},
    },
)
TRAINING_BODY = _body("What to train.", **{"application/json": {"schema": TrainingRequest.model_json_schema()}})
