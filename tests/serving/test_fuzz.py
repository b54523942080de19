"""Whatever is sent, the answer is an answer or a refusal, never a fault."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmkeras_edge.serving import Limits, Serving
from mmkeras_edge.serving.limits import RefusedError
from tests.serving.conftest import BOUNDARY, multipart

FORM = f"multipart/form-data; boundary={BOUNDARY}"
NAMES = st.sampled_from(["image", "text", "audio", "imag", ""])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES | st.text(), inner),
    max_leaves=5,
)
quickly = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def serving(models) -> Serving:
    return Serving(models, Limits(body_mb=1))


def served(serving: Serving, body: bytes, kind: str) -> int:
    """The status that it has; anything but a refusal is raised."""
    try:
        answer = serving.predict(body, kind, serving.models[0])
    except RefusedError as refusal:
        return refusal.status
    assert sum(answer["outputs"]["label"].values()) == pytest.approx(1, abs=1e-5)
    return 200


@quickly
@given(inputs=st.dictionaries(NAMES, PLAIN), around=PLAIN)
def test_any_json(serving, inputs, around):
    for value in ({"inputs": inputs}, around):
        assert served(serving, json.dumps(value).encode(), "application/json") in (200, 400, 422)


@quickly
@given(body=st.binary(), kind=st.sampled_from([FORM, "multipart/form-data", "application/json"]))
def test_any_bytes(serving, body, kind):
    assert served(serving, body, kind) in (400, 422)


@quickly
@given(data=st.data())
def test_any_part(serving, data):
    part = st.tuples(NAMES, st.none() | st.just("a.b"), st.binary())
    body = multipart(*data.draw(st.lists(part, max_size=4)))
    cut = data.draw(st.integers(0, len(body)))
    assert served(serving, body, FORM) in (200, 400, 422)
    assert served(serving, body[:cut], FORM) in (200, 400, 422)


@quickly
@given(data=st.data())
def test_damaged_files(serving, png, wav, data):
    """A valid form with some bytes of its picture and its sound changed, or its end cut off."""
    files = []
    for content in (png, wav):
        damaged = bytearray(content)
        places = st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255))
        for place, value in data.draw(st.lists(places, max_size=5)):
            damaged[place] = value
        files.append(bytes(damaged[: data.draw(st.integers(1, len(content)))]))
    parts = [("image", "a.png", files[0]), ("text", None, b"abc"), ("audio", "a.wav", files[1])]
    assert served(serving, multipart(*parts), FORM) in (200, 413, 422)
