import json

import pytest

from mmkeras_edge.card import Card
from mmkeras_edge.outputs import ClassifySpec
from mmkeras_edge.specs import AudioSpec, ImageSpec, TextSpec

CARD = Card(
    inputs={"image": ImageSpec(8, 8, fit="pad"), "text": TextSpec(6), "audio": AudioSpec()},
    outputs={"label": ClassifySpec(("cat", "dog"))},
    optional=("audio",),
    notes=("made by hand",),
)


def test_numbers_follow_from_numbers():
    spec = AudioSpec(rate_hz=8_000, clip_ms=1_000, hop_ms=10)
    assert (spec.frames, spec.hop_samples, spec.shape) == (100, 80, (8_000,))
    assert AudioSpec(rate_hz=16_000, clip_ms=105, hop_ms=10).samples == 1_600  # whole hops only
    assert ImageSpec(height_px=2, width_px=3).shape == (2, 3, 3)


def test_a_card_comes_back_as_it_went():
    assert Card.from_json(CARD.to_json()) == CARD


def test_fields_that_a_later_writer_adds_are_left_alone():
    fields = {**json.loads(CARD.to_json()), "colour": "blue"}
    assert Card.from_json(json.dumps(fields)) == CARD


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format_version": 2}, "has format version 2, this mmkeras_edge reads 1; upgrade with"),
        ({"format_version": None}, "has format version None"),
        ({"inputs": []}, r"inputs is \[\], no dict"),
        ({"sha256": "abc"}, "sha256 is 'abc', no dict"),
        ({"model_bytes": "many"}, "model_bytes is 'many', no int"),
        ({"optional": "audio"}, "optional is 'audio', no list"),
        ({"inputs": {"x": {"kind": "smell"}}}, "unknown kind 'smell' in the card"),
        ({"inputs": {"x": 3}}, "unknown kind 3"),
        ({"inputs": {"x": {"kind": []}}}, r"unknown kind \[\]"),
        ({"inputs": {"x": {"kind": "image", "depth": 3}}}, "image cannot be read: .*'depth'"),
        ({"outputs": {"x": {"kind": "classify", "labels": 3}}}, "classify cannot be read"),
        ({"inputs": {"x": {"kind": "audio", "hop_ms": 0}}}, "whole hop_ms above 0, received 0"),
        ({"inputs": {"x": {"kind": "text", "length": "6"}}}, "whole length above 0, received '6'"),
        (
            {"inputs": {"x": {"kind": "image", "background": None}}},
            "background is None, wanted",
        ),
        ({"inputs": {"x": {"kind": "sensor", "rate_hz": 1e999}}}, "sensor cannot be read: .*infin"),
        ({"outputs": {"x": {"kind": "classify", "labels": ["a", 0]}}}, r"\('a', 0\), wanted tuple"),
        ({"outputs": {"x": {"kind": "classify", "temperature": 10**400}}}, "wanted float"),
        ({"outputs": {"x": {"kind": "binary", "threshold": None}}}, "threshold is None, wanted fl"),
        ({"notes": [3]}, r"card.json: notes is \(3,\), wanted tuple"),
    ],
)
def test_a_card_that_cannot_be_read_says_why(changes, message):
    with pytest.raises(ValueError, match=message):
        Card.from_json(json.dumps({**json.loads(CARD.to_json()), **changes}))


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, b"\xff\xfe\xff"])
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r"card\.json is no JSON"):
        Card.from_json(text)


@pytest.mark.parametrize("text", ["[]", "{}", "3"])
def test_what_is_no_card_is_refused(text):
    with pytest.raises(ValueError, match="holds no format_version"):
        Card.from_json(text)


def test_a_clip_without_a_whole_hop_is_refused():
    with pytest.raises(ValueError, match="10 ms hold no whole hop of 16 ms"):
        AudioSpec(clip_ms=10, hop_ms=16)


def test_an_unknown_fit_is_refused():
    with pytest.raises(ValueError, match="unknown fit 'squash'; choose from stretch, pad, crop"):
        ImageSpec(fit="squash")
