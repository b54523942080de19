"""Weighted measures against the measures themselves on rows that are repeated; the bootstrap."""

import numpy as np
import pytest

from mmkeras.heads import HEADS
from mmkeras.insight.intervals import Draws, Span, intervals_of, span_of
from mmkeras.insight.weighted import weighted
from mmkeras_edge.outputs import (
    BinarySpec,
    ClassifySpec,
    CountSpec,
    GaussianSpec,
    MultiLabelSpec,
    OrdinalSpec,
    QuantilesSpec,
    RegressSpec,
)

N = 50
RANDOM = np.random.default_rng(0)
IDS = RANDOM.integers(0, 4, N)
CHANCES = RANDOM.dirichlet(np.ones(4), N)
HOT = RANDOM.integers(0, 2, (N, 3)).astype(np.float32)
EACH = RANDOM.random((N, 3)).round(1)  # with ties
NUMBERS = RANDOM.normal(size=(N, 1))
CASES = {
    "classify": (ClassifySpec(("a", "b", "c", "d")), IDS, CHANCES),
    "ordinal": (OrdinalSpec(("1", "2", "3", "4")), IDS, CHANCES),
    "binary": (BinarySpec(threshold=0.3), HOT[:, :1], EACH[:, :1]),
    "multilabel": (MultiLabelSpec(("a", "b", "c"), (0.5, 0.3, 0.7)), HOT, EACH),
    "regress": (RegressSpec(), NUMBERS, NUMBERS + 0.5 * RANDOM.normal(size=(N, 1))),
    "gaussian": (GaussianSpec(), NUMBERS, np.column_stack([EACH[:, 0], EACH[:, 1] + 0.1])),
    "count": (CountSpec(), np.abs(NUMBERS).round(), EACH[:, :1] + 0.1),
    "quantiles": (QuantilesSpec(), NUMBERS, np.sort(EACH, axis=1)),
}


@pytest.mark.parametrize("kind", HEADS)
def test_a_row_that_counts_twice_is_a_row_that_is_there_twice(kind):
    spec, truth, outputs = CASES[kind]
    (weights,) = Draws(N, rounds=5, seed=1).batches()
    for measure in HEADS[kind].measures:
        found = weighted(measure, spec, truth, outputs, weights)
        for row, value in zip(weights, found, strict=True):
            rows = np.repeat(np.arange(N), row.astype(int))
            assert value == pytest.approx(measure.of(spec, truth[rows], outputs[rows]), abs=1e-6)


def test_each_draw_has_as_many_rows_as_there_are():
    (weights,) = Draws(20, rounds=100).batches()
    assert weights.shape == (100, 20)
    assert (weights.sum(axis=1) == 20).all()
    assert abs(float((weights == 0).mean()) - (1 - 1 / 20) ** 20) < 0.05  # rows not drawn


def test_rows_of_a_group_are_drawn_together():
    (weights,) = Draws(5, ["a", "b", "a", "", ""], rounds=50).batches()
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 3] != weights[:, 4]).any()  # those without a name are apart


def test_the_interval_of_a_share_is_that_of_the_binomial_distribution():
    truth, chances = np.zeros(400, int), np.tile([0.9, 0.1], (400, 1))
    chances[:100] = [0.1, 0.9]  # a quarter is wrong
    known = np.ones(400, bool)
    spec = ClassifySpec(("a", "b"))
    span = intervals_of(spec, truth, chances, known, Draws(400, rounds=4_000))["accuracy"]
    reach = 1.96 * (0.75 * 0.25 / 400) ** 0.5  # 0.042
    assert span.low == pytest.approx(0.75 - reach, abs=0.005)
    assert span.high == pytest.approx(0.75 + reach, abs=0.005)


def test_sixfold_rows_of_one_group_tell_no_more_than_one():
    truth, chances = np.zeros(240, int), np.tile([0.9, 0.1], (240, 1))
    chances[:60] = [0.1, 0.9]
    known, groups = np.ones(240, bool), [str(i // 6) for i in range(240)]
    spec = ClassifySpec(("a", "b"))
    apart = intervals_of(spec, truth, chances, known, Draws(240))["accuracy"]
    together = intervals_of(spec, truth, chances, known, Draws(240, groups))["accuracy"]
    widths = (together.high - together.low) / (apart.high - apart.low)
    assert widths == pytest.approx(6**0.5, rel=0.15)


def test_batches_of_draws_are_the_same_draws(monkeypatch):
    from mmkeras.insight import intervals

    spec, truth, outputs = CASES["regress"]
    whole = intervals_of(spec, truth, outputs, np.ones(N, bool), Draws(N))
    monkeypatch.setattr(intervals, "CELLS", 7 * N)
    parts = intervals_of(spec, truth, outputs, np.ones(N, bool), Draws(N))
    assert parts == {name: pytest.approx(span, rel=1e-9) for name, span in whole.items()}


def test_of_no_figures_there_is_no_span():
    assert np.isnan(span_of(np.array([np.nan]), 1)).all()
    assert span_of(np.arange(101.0), 101, level=0.9) == pytest.approx(Span(5.0, 95.0))
    with pytest.raises(ValueError, match="two rounds or more"):
        Draws(10, rounds=1)


def test_all_right_does_not_mean_always_right():
    assert span_of(np.ones(10), units=150) == Span(0.98, 1.0)
    assert span_of(np.zeros(10), units=2) == Span(0.0, 1.0)
    assert Draws(5, ["a", "b", "a", "", ""]).units() == 4
