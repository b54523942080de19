"""What figures warn of, over made-up ones: whole, blind and left out."""

import pytest

from mmkeras.evaluation import Evaluation
from mmkeras.insight.intervals import Span
from mmkeras.insight.modalities import Modalities, Modality
from mmkeras.reporting.limits import limits
from mmkeras.reporting.result import Report


def leaning(whole, nothing, higher=True, **left_out):
    """The inputs that are said to be leant on."""
    inputs = tuple(
        Modality(name, nothing, left, left, whole - left, Span(0.0, 0.0), None)
        for name, left in left_out.items()
    )
    of = Modalities("accuracy", higher, "", whole, nothing, inputs, {}, ())
    evaluation = Evaluation({}, {}, {}, 10, parts={"modalities": {"category": of}})
    said = [
        each
        for each in limits(Report(None, {}, "test rows", evaluation=evaluation))
        if "leans" in each
    ]
    return [each.split()[3].rstrip(":") for each in said]


def test_a_model_that_is_worse_than_blind_leans_on_nothing():
    assert leaning(0.4, 0.5, image=0.4, audio=0.45) == []
    assert leaning(5.0, 4.0, higher=False, image=5.0, audio=4.5) == []


@pytest.mark.parametrize(("left_out", "leans"), [(0.69, ["audio"]), (0.71, [])])
def test_it_leans_on_what_more_than_half_hangs_on(left_out, leans):
    assert leaning(0.9, 0.5, image=0.9, audio=left_out) == leans
    assert leaning(0.1, 0.5, higher=False, image=0.1, audio=1 - left_out) == leans
