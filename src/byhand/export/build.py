"""The ONNX model of a network: pixels in, logits and probabilities out, and metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from byhand import __version__
from byhand.data.pixels import FAINTEST, WHITE
from byhand.errors import ByhandError
from byhand.export import operators  # noqa: F401  # registers our layers
from byhand.export.graph import Graph
from byhand.hands import Array, Network
from byhand.models.layers import Standardize
from byhand.models.spec import Spec

OPSET, IR = 17, 8
"""Version of June 2022, which ONNX Runtime 1.12 and later read."""
MAX_BYTES = 2**31 - 2**20
"""A protobuf file holds less than 2 GiB."""
NON_DIGIT = "not a digit"


def model(network: Network, *, labels: Sequence[str] | None = None, facts: Mapping[str, str] | None = None) -> Any:
    """Build the ONNX model of a network.

    Parameters
    ----------
    network
        A network of any hand. Its weights become float32.
    labels
        The meaning of each logit; by default `labels_of` the spec.
    facts
        Further metadata, such as ``{"recipe": "mlp"}``.

    Returns
    -------
    onnx.ModelProto
        ``images``, uint8 ``(B, *input_shape)``, to ``logits`` and ``probabilities``, float32 ``(B, K)``. Its
        ``metadata_props`` hold ``byhand`` (the version), ``spec`` and ``labels`` (both JSON), and the facts.

    Raises
    ------
    ByhandError
        If onnx is not installed, a layer has no ONNX form, there are too many weights or some are not finite, or the
        number of labels is wrong.
    """
    spec, graph = network.spec, Graph()
    labels = labels_of(spec) if labels is None else tuple(labels)
    if len(labels) != spec.classes:
        raise ByhandError(
            f"Got {len(labels)} labels for {spec.classes} logits; give one each.", code="export.invalid_labels"
        )
    (pixels, *_) = spec.layers
    if not network.pixels and isinstance(pixels, Standardize) and WHITE * pixels.std < FAINTEST:
        raise ByhandError(
            "The classifier was fitted to values on another scale than 0 to 255, which a file takes; fit it to grey "
            "levels before you export its network.",
            code="export.other_scale",
        )
    if 4 * spec.size > MAX_BYTES:
        raise ByhandError(
            f"The network has {spec.size:,} parameters, and an ONNX file holds 2 GiB; choose a smaller one.",
            code="export.too_large",
        )
    logits = _write_layers(network, graph)
    graph.scope = ""
    outputs = [
        graph.add("Identity", logits, name="logits"),
        graph.add("Softmax", _log_probabilities(logits, spec.loss, graph), axis=1, name="probabilities"),
    ]
    helper, kinds = graph.onnx.helper, graph.onnx.TensorProto
    made = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "byhand",
            [helper.make_tensor_value_info("images", kinds.UINT8, ["B", *spec.input_shape])],
            [helper.make_tensor_value_info(name, kinds.FLOAT, ["B", spec.classes]) for name in outputs],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="byhand",
        producer_version=__version__,
        doc_string="Pixels from 0 to 255, ink light on dark, to logits and probabilities of the labels.",
    )
    own = {"byhand": __version__, "spec": json.dumps(spec.to_dict()), "labels": json.dumps(labels)}
    helper.set_model_props(made, {**(facts or {}), **own})
    graph.onnx.checker.check_model(made, full_check=True)
    return made


def labels_of(spec: Spec) -> tuple[str, ...]:
    """The meaning of each logit: its number; the eleventh of the reader's network is ``"not a digit"``."""
    numbers = tuple(str(number) for number in range(spec.classes))
    return (*numbers[:-1], NON_DIGIT) if spec.classes == 11 else numbers


def _write_layers(network: Network, graph: Graph) -> str:
    spec, arrays = network.spec, _float32(network)
    x = graph.add("Cast", "images", to=graph.onnx.TensorProto.FLOAT, name="pixels")
    values = [
        [arrays[one.name] for one in (*learned, *kept)]
        for learned, kept in zip(spec.layer_parameters, spec.layer_state, strict=True)
    ]
    return graph.chain(zip(spec.layer_names, spec.layers, spec.shapes, values, strict=False), x)


def _float32(network: Network) -> dict[str, Array]:
    arrays = {}
    for name, value in (network.parameters() | network.state()).items():
        with np.errstate(over="ignore"):
            arrays[name] = np.asarray(value, np.float32)
        if not np.isfinite(arrays[name]).all():
            raise ByhandError(
                f"{name} holds values that are not finite in float32; train the network again.",
                code="export.not_finite",
            )
    return arrays


def _log_probabilities(logits: str, loss: str, graph: Graph) -> str:
    """Values whose softmax are the probabilities of `byhand.metrics.losses.probabilities`."""
    if loss == "softmax":
        return logits
    # log sigma(z) = -log(1 + exp(-z))
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", logits)))
