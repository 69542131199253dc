"""Requests that a machine thought up, from the OpenAPI document alone: no mistake of ours, nothing undocumented."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import hypothesis
import numpy as np
import pytest
import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis import GenerationMode, checks

from byhand.server.config import Limits, ServerConfig
from byhand.server.schemas import PICTURE_TYPES
from byhand.server.serving import create_server, open_socket, url_of

if TYPE_CHECKING:
    from schemathesis import BaseSchema, Case

NAMES = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance"),
)
EXAMPLES = int(os.environ.get("BYHAND_EXAMPLES", "6"))
"""Requests for each operation, and each kind of names in its path; the documentation says how to make it thousands."""
KNOWN = {"name": "mlp", "layer": "Linear2"}
IMAGES = (*PICTURE_TYPES, "application/octet-stream")


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Pictures, whole or spoilt, and what is none."""
    if draw(st.integers(0, 3)) == 0:
        return draw(st.binary(max_size=100))
    width, height = draw(st.sampled_from([(28, 28), (1, 1), (60, 40), (200, 3), (3, 200)]))
    seed = draw(st.integers(0, 9))
    levels = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    mode = draw(st.sampled_from(["L", "RGB", "RGBA", "1", "P", "LA", "I;16"]))
    file = io.BytesIO()
    Image.fromarray(levels).convert(mode).save(file, "PNG")
    whole = bytearray(file.getvalue())
    for place in draw(st.lists(st.integers(0, len(whole) - 1), max_size=2)):
        whole[place] ^= draw(st.integers(1, 255))
    return bytes(whole[: draw(st.sampled_from([None, None, len(whole) // 2]))])


@pytest.fixture
def document() -> Iterator[BaseSchema]:
    checks.load_all_checks()
    for kind in IMAGES:
        schemathesis.openapi.media_type(kind, files())
    # Trainings are started by no machine's thought.
    config = ServerConfig(readers=1, threads=1, limits=Limits(seconds=300))
    with open_socket("127.0.0.1", 0) as opened:
        server = create_server(config)
        thread = threading.Thread(target=server.run, args=([opened],))
        thread.start()
        yield schemathesis.openapi.from_url(f"{url_of(opened)}openapi.json", timeout=300)
        server.should_exit = True
        thread.join(60)


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_answer_is_one_of_those_documented(document: BaseSchema, mode: GenerationMode) -> None:
    seen = Counter[int]()
    for found in document.get_all_operations():
        operation = found.ok()
        for known in ({}, KNOWN) if operation.path_parameters else ({},):
            cases = operation.as_strategy(mode, path_parameters={k: v for k, v in known.items() if k in operation.path})

            @hypothesis.settings(max_examples=EXAMPLES, suppress_health_check=list(hypothesis.HealthCheck))
            @hypothesis.given(case=cases)
            def answered(case: Case) -> None:
                seen[case.call_and_validate(timeout=300, checks=checks.CHECKS.get_by_names(NAMES)).status_code] += 1

            # What takes nothing cannot be asked wrongly.
            with contextlib.suppress(hypothesis.errors.Unsatisfiable):
                answered()
    print(f"{seen.total()} requests, {mode.value}: {dict(sorted(seen.items()))}")
    assert seen.total() >= 5 * EXAMPLES
    assert seen.keys() >= ({200, 404, 422} if mode is GenerationMode.POSITIVE else {400, 404, 422})
