"""Against scikit-learn where it knows the figure, by hand where it does not."""

import math

import numpy as np
import pytest
from sklearn import metrics

from mmkeras.heads import HEADS, measures
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

N = 60
RANDOM = np.random.default_rng(0)
IDS = RANDOM.integers(0, 4, N)
CHANCES = RANDOM.dirichlet(np.ones(4), N)
SAID = CHANCES.argmax(1)
HOT = RANDOM.integers(0, 2, (N, 3)).astype(np.float32)
EACH = RANDOM.random((N, 3)).round(1)  # with ties
THRESHOLDS = (0.5, 0.3, 0.7)
TAGGED = np.greater_equal(EACH, np.array(THRESHOLDS, np.float32))
NUMBERS = RANDOM.normal(size=(N, 1))
GUESSES = NUMBERS + RANDOM.normal(size=(N, 1))
COUNTS = RANDOM.poisson(2, (N, 1)).astype(np.float32)
RATES = RANDOM.uniform(0.5, 4, (N, 1))

CLASSES = ClassifySpec(("a", "b", "c", "d"))
TAGS = MultiLabelSpec(("a", "b", "c"), THRESHOLDS)


def figures(spec, truth, outputs):
    return {m.name: m.of(spec, truth, outputs) for m in HEADS[spec.kind].measures}


def test_of_classes():
    found = figures(CLASSES, IDS, CHANCES)
    assert found == {
        "accuracy": pytest.approx(metrics.accuracy_score(IDS, SAID)),
        "balanced_accuracy": pytest.approx(metrics.balanced_accuracy_score(IDS, SAID)),
        "f1": pytest.approx(metrics.f1_score(IDS, SAID, average="macro")),
    }


def test_of_yes_and_no():
    truth, outputs = HOT[:, :1], EACH[:, :1]
    found = figures(BinarySpec(threshold=0.3), truth, outputs)
    said = outputs >= np.float32(0.3)
    assert found == {
        "accuracy": pytest.approx(metrics.accuracy_score(truth, said)),
        "balanced_accuracy": pytest.approx(metrics.balanced_accuracy_score(truth, said)),
        "f1": pytest.approx(metrics.f1_score(truth, said)),
        "auc": pytest.approx(metrics.roc_auc_score(truth, outputs)),
    }


def test_of_tags():
    assert figures(TAGS, HOT, EACH) == {
        "f1": pytest.approx(metrics.f1_score(HOT, TAGGED, average="micro")),
        "macro_f1": pytest.approx(metrics.f1_score(HOT, TAGGED, average="macro")),
        "exact": pytest.approx(metrics.accuracy_score(HOT, TAGGED)),
    }


def test_of_numbers():
    assert figures(RegressSpec(), NUMBERS, GUESSES) == {
        "mae": pytest.approx(metrics.mean_absolute_error(NUMBERS, GUESSES)),
        "rmse": pytest.approx(metrics.root_mean_squared_error(NUMBERS, GUESSES)),
        "r2": pytest.approx(metrics.r2_score(NUMBERS, GUESSES)),
    }


def test_of_counts():
    found = figures(CountSpec(), COUNTS, RATES)
    wanted = metrics.mean_poisson_deviance(COUNTS[:, 0].astype(float), RATES[:, 0])
    assert found["deviance"] == pytest.approx(wanted)
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(COUNTS, RATES))


def test_of_quantiles():
    spec = QuantilesSpec((0.1, 0.5, 0.9))
    outputs = np.sort(RANDOM.normal(size=(N, 3)), axis=1)
    losses = [
        metrics.mean_pinball_loss(NUMBERS[:, 0], outputs[:, i], alpha=level)
        for i, level in enumerate(spec.levels)
    ]
    inside = (outputs[:, 0] <= NUMBERS[:, 0]) & (NUMBERS[:, 0] <= outputs[:, 2])
    found = figures(spec, NUMBERS, outputs)
    assert found["pinball"] == pytest.approx(np.mean(losses))
    assert found["mae"] == pytest.approx(np.abs(NUMBERS[:, 0] - outputs[:, 1]).mean())
    assert found["in_interval"] == pytest.approx(inside.mean())


def test_ranks_that_are_off_by_one_and_by_three_are_two_off():
    spec = OrdinalSpec(("a", "b", "c", "d"))
    assert measures.rank_error(spec, np.array([1, 3]), np.eye(4)[[2, 0]]) == 2.0


def test_crps_is_the_integral_of_the_squared_difference_of_two_distributions():
    """∫ (Φ((x - μ) / σ) - [x ≥ y])² dx, on a fine grid."""
    mean, deviation, truth = 1.0, 2.0, 2.5
    grid = np.linspace(-30, 30, 200_001)
    below = np.array([0.5 * (1 + math.erf((x - mean) / deviation / 2**0.5)) for x in grid])
    wanted = (((below - (grid >= truth)) ** 2) * (grid[1] - grid[0])).sum()
    outputs = np.array([[mean, deviation]])
    found = measures.crps(GaussianSpec(), np.array([[truth]]), outputs)
    assert found == pytest.approx(wanted, abs=1e-3)


def test_crps_without_uncertainty_is_the_absolute_error():
    assert measures.crps(GaussianSpec(), np.array([[3.0]]), np.array([[1.0, 0.0]])) == (
        pytest.approx(2.0)
    )


def test_auc_of_one_class_has_no_value():
    assert math.isnan(measures.auc(BinarySpec(), np.ones((3, 1)), np.ones((3, 1))))


CASES = [
    (CLASSES, IDS),
    (BinarySpec(), HOT[:, :1]),
    (TAGS, HOT),
    (OrdinalSpec(("a", "b", "c", "d")), IDS),
    (RegressSpec(), NUMBERS),
    (GaussianSpec(), NUMBERS),
    (CountSpec(), COUNTS),
    (QuantilesSpec(), NUMBERS),
]


@pytest.mark.parametrize(("spec", "truth"), CASES, ids=lambda v: getattr(v, "kind", ""))
def test_no_constant_answer_beats_the_constant_answer(spec, truth):
    head = HEADS[spec.kind]
    decides = head.measures[0]

    def figure(row):
        return decides.of(spec, truth, np.tile(row, (N, 1)))

    best = figure(head.constant(spec, truth))
    random = np.random.default_rng(1)
    for _ in range(50):
        row = np.sort(random.uniform(0, 3, spec.shape)) if truth.ndim == 2 else np.zeros(4)
        if spec.kind in ("binary", "multilabel"):
            row = random.integers(0, 2, spec.shape).astype(float)
        elif truth.ndim == 1:
            row = np.eye(4)[random.integers(4)]
        if decides.higher:
            assert figure(row) <= best + 1e-9
        else:
            assert figure(row) >= best * 0.98  # a normal distribution's is not the very best
