"""Temperatures and limits of assurance, as a card carries them."""

import numpy as np
import pytest

from mmkeras_edge.card import Card
from mmkeras_edge.outputs import BinarySpec, ClassifySpec, GaussianSpec, MultiLabelSpec
from mmkeras_edge.readings import Interval, Scores
from mmkeras_edge.tempering import tempered, tempered_each


def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def test_a_temperature_divides_the_logits():
    logits = np.array([3.0, 1.0, -2.0])
    np.testing.assert_allclose(tempered(softmax(logits), 2.5), softmax(logits / 2.5), rtol=1e-6)
    chances = 1 / (1 + np.exp(-logits))
    each = 1 / (1 + np.exp(-logits / 2.5))
    np.testing.assert_allclose(tempered_each(chances, 2.5), each, rtol=1e-6)


def test_of_one_it_leaves_every_bit_and_a_zero_stays_a_number():
    values = np.array([0.1, 0.2, 0.7], np.float32)
    assert tempered(values, 1.0) is values
    np.testing.assert_allclose(tempered(np.array([1.0, 0.0]), 3.0), [0.9999, 1e-4], atol=1e-6)


def test_a_reading_is_tempered_and_keeps_its_label():
    spec = ClassifySpec(("cat", "dog"), temperature=2.0, unsure_below=0.8)
    said = spec.read(np.array([0.9, 0.1], np.float32))  # odds of 9, of 3 when tempered
    assert said.top(1) == [("cat", pytest.approx(0.75))]
    assert not said.sure
    assert said.rows(1) == [("cat", "0.750 unsure")]
    assert repr(said) == "unsure: cat 0.75, dog 0.25"
    assert ClassifySpec(("cat", "dog"), unsure_below=0.8).read(np.array([0.9, 0.1])).sure


def test_yes_is_judged_after_the_temperature():
    spec = BinarySpec(threshold=0.7, temperature=2.0)
    assert spec.read(np.array([0.9])).label == "yes"  # 0.75
    assert spec.read(np.array([0.8])).label == "no"  # 0.667: unsure is how sure of the no
    assert Scores(("no", "yes"), np.array([0.4, 0.6]), 0.7, unsure_below=0.5).sure is False


def test_tags_are_tempered_each():
    spec = MultiLabelSpec(("a", "b"), (0.5, 0.8), temperature=2.0)
    assert spec.read(np.array([0.9, 0.9])).chosen == ("a",)


def test_a_wide_interval_is_unsure():
    spec = GaussianSpec("years", unsure_above=2.0)
    wide, narrow = spec.read(np.array([5.0, 0.7])), spec.read(np.array([5.0, 0.6]))
    assert (wide.sure, narrow.sure) == (False, True)  # 3.29 deviations: 2.3 and 1.97 years
    assert wide.rows()[0] == ("5", "years unsure")
    assert Interval((0.1, 0.9), (0.0, 100.0)).sure


def test_they_travel_in_the_card():
    outputs = {"animal": ClassifySpec(("cat", "dog"), temperature=1.5, unsure_below=0.6)}
    again = Card.from_json(Card(inputs={}, outputs=outputs).to_json())
    assert again.outputs == outputs
    assert again.outputs["animal"].about == "2 labels: cat, dog; temperature 1.5; unsure below 0.6"


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        (ClassifySpec, {"temperature": 0.0}, "wanted a temperature above 0, received 0.0"),
        (ClassifySpec, {"temperature": "hot"}, "wanted a temperature above 0, received 'hot'"),
        (BinarySpec, {"unsure_below": 1.0}, "wanted unsure_below from 0 to below 1"),
        (GaussianSpec, {"unsure_above": -1.0}, "wanted unsure_above from 0 to below inf"),
    ],
)
def test_what_cannot_be_is_refused(kind, fields, message):
    with pytest.raises(ValueError, match=message):
        kind(**fields)
