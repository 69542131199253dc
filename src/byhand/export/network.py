"""A network's whole model: pixels in, logits and probabilities out, and what else a reader of the file should know."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from byhand import __version__
from byhand.errors import ByhandError
from byhand.export import layers, recurrence  # noqa: F401  # they register what they write with `exports`
from byhand.export.graph import Graph
from byhand.export.layer import turned, writer
from byhand.hands import Array, Network
from byhand.models.spec import Spec

OPSET, IR = 17, 8
"""Of June 2022: ONNX Runtime reads it from 1.12 on."""
MOST_BYTES = 2**31 - 2**20
"""A file of protobuf holds less than 2 GiB."""
NO_DIGIT = "not a digit"


def model(network: Network, *, labels: Sequence[str] | None = None, facts: Mapping[str, str] | None = None) -> Any:
    """Write a network in ONNX.

    Parameters
    ----------
    network
        Of any hand. Its weights become float32.
    labels
        What each logit stands for; those of `labels_of`, unless told.
    facts
        More to keep in the file, such as ``{"recipe": "mlp"}``.

    Returns
    -------
    onnx.ModelProto
        ``images``, uint8 ``(B, *input_shape)``, to ``logits`` and ``probabilities``, float32 ``(B, K)``. Its
        ``metadata_props`` hold ``byhand`` (the version), ``spec`` and ``labels`` (both JSON), and the facts.

    Raises
    ------
    ByhandError
        If onnx is not installed, a layer has no form in ONNX, the weights are no numbers or too many, or there is not a
        label for each logit.
    """
    spec, graph = network.spec, Graph()
    labels = labels_of(spec) if labels is None else tuple(labels)
    if len(labels) != spec.classes:
        raise ByhandError(f"{len(labels)} labels were given for {spec.classes} logits; give one for each.")
    if 4 * spec.size > MOST_BYTES:
        raise ByhandError(
            f"The network has {spec.size:,} parameters, and an ONNX file holds 2 GiB; choose a smaller one."
        )
    logits = _layers(network, graph)
    graph.scope = ""
    named = [
        graph.add("Identity", logits, name="logits"),
        graph.add("Softmax", _log_shares(logits, spec.loss, graph), axis=1, name="probabilities"),
    ]
    helper, kinds = graph.onnx.helper, graph.onnx.TensorProto
    whole = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "byhand",
            [helper.make_tensor_value_info("images", kinds.UINT8, ["B", *spec.input_shape])],
            [helper.make_tensor_value_info(name, kinds.FLOAT, ["B", spec.classes]) for name in named],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="byhand",
        producer_version=__version__,
        doc_string="Pixels as they are, ink light on dark, 0 to 255, to logits and probabilities of the labels.",
    )
    told = {"byhand": __version__, "spec": json.dumps(spec.to_dict()), "labels": json.dumps(labels)}
    helper.set_model_props(whole, {**(facts or {}), **told})
    graph.onnx.checker.check_model(whole, full_check=True)
    return whole


def labels_of(spec: Spec) -> tuple[str, ...]:
    """What each logit stands for: a class its number, and an eleventh, of networks that read, ``"not a digit"``."""
    numbers = tuple(str(number) for number in range(spec.classes))
    return (*numbers[:-1], NO_DIGIT) if spec.classes == 11 else numbers


def _layers(network: Network, graph: Graph) -> str:
    spec, arrays = network.spec, _float32(network)
    x, axes = graph.add("Cast", "images", to=graph.onnx.TensorProto.FLOAT, name="pixels"), "ours"
    for about, name, learnt, kept, shape, leaves in zip(
        spec.layers,
        spec.layer_names,
        spec.layer_parameters,
        spec.layer_state,
        spec.shapes[:-1],
        spec.shapes[1:],
        strict=True,
    ):
        graph.scope, config = name, writer(about)
        if config.axes != "any":
            x, axes = turned(x, shape, axes, config.axes, graph), config.axes
        x = config.write(about, x, [arrays[parameter.name] for parameter in (*learnt, *kept)], graph)
        if len(leaves) == 1:
            # Rows have no other order.
            axes = "ours"
    return x


def _float32(network: Network) -> dict[str, Array]:
    arrays = {}
    for name, value in (network.parameters() | network.state()).items():
        with np.errstate(over="ignore"):
            arrays[name] = np.asarray(value, np.float32)
        if not np.isfinite(arrays[name]).all():
            raise ByhandError(f"{name} holds values that are no numbers in float32; train the network again.")
    return arrays


def _log_shares(logits: str, loss: str, graph: Graph) -> str:
    """Give that whose softmax are the probabilities: `byhand.metrics.losses.probabilities`."""
    if loss == "softmax":
        return logits
    # log sigma(z) = -log(1 + exp(-z))
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", logits)))
