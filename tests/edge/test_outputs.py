import json

import numpy as np
import pytest

from mmkeras_edge.card import spec_from_dict, spec_to_dict
from mmkeras_edge.outputs import (
    OUTPUT_SPECS,
    BinarySpec,
    ClassifySpec,
    CountSpec,
    GaussianSpec,
    MultiLabelSpec,
    OrdinalSpec,
    QuantilesSpec,
    RegressSpec,
)

SPECS = [
    ClassifySpec(("a", "b", "c")),
    BinarySpec(("well", "ill"), 0.25),
    MultiLabelSpec(("a", "b"), (0.5, 0.25)),
    OrdinalSpec(("low", "high")),
    RegressSpec("cm", 12.5),
    GaussianSpec("g", 2.0),
    CountSpec(3.0),
    QuantilesSpec((0.05, 0.5), "EUR", 4.0),
]


def test_every_kind_is_here():
    assert [spec.kind for spec in SPECS] == list(OUTPUT_SPECS)


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_a_spec_travels_in_the_card(spec):
    carried = json.loads(json.dumps(spec_to_dict(spec)))
    assert spec_from_dict(carried, OUTPUT_SPECS) == spec


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.kind)
def test_an_answer_is_plain_data_and_two_cells_a_line(spec):
    reading = spec.read(np.linspace(0.2, 0.8, spec.shape[0]).astype(np.float32))
    assert json.dumps(reading.to_dict())
    assert {len(row) for row in reading.rows()} == {2}
    assert repr(reading)
    assert spec.about


def test_yes_is_said_from_the_threshold_on():
    spec = BinarySpec(("well", "ill"), threshold=0.25)
    assert spec.read(np.array([0.25])).label == "ill"
    assert spec.read(np.array([0.24])).label == "well"
    assert spec.read(np.array([0.25])).top() == [("ill", 0.25), ("well", 0.75)]


def test_each_tag_has_a_threshold_of_its_own():
    tags = MultiLabelSpec(("a", "b", "c"), (0.5, 0.25, 0.5)).read(np.array([0.4, 0.3, 0.5]))
    assert list(tags) == ["b", "c"]
    assert ("a" in tags, "b" in tags, len(tags)) == (False, True, 2)
    assert tags.top(1) == [("c", 0.5)]
    assert repr(tags) == "c 0.50, b 0.30"
    assert tags.rows(1) == [("c", "0.500 yes"), ("a", "0.400 no")]


def test_no_tag_is_none():
    tags = MultiLabelSpec(("a", "b"), (0.5, 0.5)).read(np.array([0.4, 0.3]))
    assert repr(tags) == "none"
    assert tags.to_dict() == {"labels": [], "probabilities": {"a": 0.4, "b": 0.3}}


def test_a_value_has_its_unit():
    value = RegressSpec("cm").read(np.array([171.26], np.float32))
    assert repr(value) == "171.3 cm"
    assert float(value) == pytest.approx(171.26)
    assert value.to_dict() == {"value": pytest.approx(171.26), "unit": "cm"}
    assert repr(CountSpec().read(np.array([2.5]))) == "2.5"
    assert f"{value:.0f} or {value}" == "171 cm or 171.3 cm"


def test_nine_tenths_of_a_normal_distribution_are_within_1645_deviations():
    answer = GaussianSpec("g").read(np.array([100.0, 10.0]))
    assert (answer.value, answer.share) == (100.0, pytest.approx(0.9))
    assert (answer.low, answer.high) == (
        pytest.approx(83.551, abs=1e-3),
        pytest.approx(116.449, abs=1e-3),
    )
    assert repr(answer) == "100 g (90%: 83.55 to 116.4)"


def test_quantiles_name_the_one_nearest_to_the_median():
    answer = QuantilesSpec((0.1, 0.4, 0.9), "EUR").read(np.array([1.0, 2.0, 8.0]))
    assert answer.value == 2.0
    assert repr(answer) == "2 EUR (80%: 1 to 8)"
    assert answer.to_dict()["quantiles"] == {"0.1": 1.0, "0.4": 2.0, "0.9": 8.0}
