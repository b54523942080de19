"""What is told of answers, against scikit-learn where it knows the figure."""

import math

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from mmkeras.insight.calibration import (
    assurance,
    brier,
    calibration_of,
    ece,
    nll,
    reliability,
    temperature_for,
    under,
)
from mmkeras.insight.classes import classes_of
from mmkeras.insight.curves import curve_of, curves_of
from mmkeras.insight.merit import assurances, merits, right
from mmkeras.insight.residuals import residuals_of
from mmkeras.insight.subject import Known
from mmkeras.insight.thresholds import thresholds_of
from mmkeras_edge.outputs import (
    BinarySpec,
    ClassifySpec,
    GaussianSpec,
    MultiLabelSpec,
    QuantilesSpec,
    RegressSpec,
)

N = 200
RANDOM = np.random.default_rng(0)
CHANCES = RANDOM.dirichlet(np.ones(4), N).astype(np.float32)
IDS = np.array([RANDOM.choice(4, p=p / p.sum()) for p in CHANCES.astype(float)])
YES = RANDOM.random((N, 1)).round(2).astype(np.float32)  # with ties
ANSWERS = (RANDOM.random((N, 1)) < YES).astype(np.float32)
CLASSES = ClassifySpec(("a", "b", "c", "d"))


def known(spec, truth, outputs, groups=None):
    return Known("y", spec, truth, outputs, np.arange(len(truth)), groups)


def test_classes_are_those_of_scikit_learn():
    found = classes_of(known(CLASSES, IDS, CHANCES))
    said = CHANCES.argmax(1)
    assert np.array_equal(found.confusion, metrics.confusion_matrix(IDS, said))
    wanted = metrics.precision_recall_fscore_support(IDS, said)
    each = [(label.precision, label.recall, label.f1, label.occurs) for label in found.labels]
    np.testing.assert_allclose(np.array(each).T, wanted)
    truth, place, rows = found.confused(1)[0]
    wrong = np.array(found.confusion) * (1 - np.eye(4, dtype=int))
    assert (rows, wrong["abcd".index(truth), "abcd".index(place)]) == (wrong.max(), wrong.max())


def test_a_class_that_is_never_said_has_no_precision():
    chances = np.tile([0.9, 0.1, 0, 0], (3, 1))
    found = classes_of(known(CLASSES, np.array([0, 0, 1]), chances))
    assert [label.precision for label in found.labels] == [2 / 3, None, None, None]
    assert [label.recall for label in found.labels] == [1.0, 0.0, None, None]
    assert found.to_dict()["labels"][2]["f1"] is None


def test_labels_that_may_apply_together_have_no_confusion():
    spec = MultiLabelSpec(("a", "b"), (0.5, 0.5))
    truth = np.array([[1, 0], [1, 1], [0, 1]], np.float32)
    found = classes_of(known(spec, truth, np.array([[0.9, 0.9], [0.9, 0.1], [0.1, 0.9]])))
    assert found.confusion is None
    assert [(n.occurs, n.said, n.hits) for n in found.labels] == [(2, 2, 2), (2, 2, 1)]


def test_reliability_is_that_of_scikit_learn():
    bins = reliability(YES[:, 0], ANSWERS[:, 0] > 0, 10)
    truth, said = calibration_curve(ANSWERS[:, 0], np.maximum(YES[:, 0] - 1e-6, 0), n_bins=10)
    np.testing.assert_allclose([each.right for each in bins], truth)
    np.testing.assert_allclose([each.sure for each in bins], said, atol=2e-6)
    assert sum(each.count for each in bins) == N


def test_the_error_of_two_bins_by_hand():
    bins = reliability(np.array([0.2, 0.2, 0.9, 0.9]), np.array([0, 1, 1, 1]) > 0, 2)
    assert ece(bins) == pytest.approx(0.5 * 0.3 + 0.5 * 0.1)


def test_log_loss_and_brier_score_are_those_of_scikit_learn():
    binary = BinarySpec()
    assert nll(CLASSES, IDS, CHANCES) == pytest.approx(metrics.log_loss(IDS, CHANCES), rel=1e-4)
    inside = np.clip(YES, 0.01, 0.99)
    wanted = metrics.log_loss(ANSWERS, inside.astype(float))
    assert nll(binary, ANSWERS, inside) == pytest.approx(wanted, rel=1e-4)
    wanted = metrics.brier_score_loss(ANSWERS, YES)
    assert brier(binary, ANSWERS, YES) == pytest.approx(wanted, rel=1e-4)


def test_a_temperature_is_found_again():
    """Labels drawn by probabilities that are then sharpened by 2.5."""
    random = np.random.default_rng(1)
    honest = random.dirichlet(np.ones(3), 5_000).astype(np.float32)
    truth = np.array([random.choice(3, p=p / p.sum()) for p in honest.astype(float)])
    spec = ClassifySpec(("a", "b", "c"))
    sharp = under(spec, honest, 1 / 2.5)
    assert temperature_for(spec, truth, sharp) == pytest.approx(2.5, abs=0.15)
    found = calibration_of(known(spec, truth, sharp))
    assert found.overconfident
    assert found.ece > 0.1 > 0.03 > found.ece_tempered
    assert found.nll_tempered < found.nll


def test_halves_for_a_temperature_keep_groups_together():
    from mmkeras.insight.calibration import _halves

    groups = tuple(str(i // 5) for i in range(N))
    (one, other), _ = _halves(known(CLASSES, IDS, CHANCES, groups), seed=0)
    assert len(one) + len(other) == N
    assert not {groups[i] for i in one} & {groups[i] for i in other}


def test_curves_are_those_of_scikit_learn():
    truth, scores = ANSWERS[:, 0] > 0, YES[:, 0]
    found = curve_of("yes", truth, scores)
    assert found.auc == pytest.approx(metrics.roc_auc_score(truth, scores))
    assert found.ap == pytest.approx(metrics.average_precision_score(truth, scores))
    alarms, recall, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose(found.false_alarms, alarms[1:])
    np.testing.assert_allclose(found.recall, recall[1:])
    precision, _, _ = metrics.precision_recall_curve(truth, scores)
    np.testing.assert_allclose(found.precision, precision[:-1][::-1])


def test_curves_of_classes_are_one_against_all():
    found = curves_of(known(CLASSES, IDS, CHANCES))
    wanted = metrics.roc_auc_score(IDS, CHANCES.astype(float), multi_class="ovr", average="macro")
    assert found.mean("auc") == pytest.approx(wanted, abs=1e-6)
    alone = curves_of(known(CLASSES, np.zeros(N, int), CHANCES))
    assert alone.labels == ()
    assert math.isnan(alone.mean("ap"))


def test_residuals_by_hand():
    truth, said = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([[2.0], [2.0], [3.0], [6.0]])
    found = residuals_of(known(RegressSpec("kg"), truth, said))
    assert (found.bias, found.mae, found.rmse) == (0.75, 0.75, pytest.approx((5 / 4) ** 0.5))
    assert (found.unit, found.quantiles["0.5"], found.coverage) == ("kg", 0.5, {})
    assert sum(part.rows for part in found.parts) == 4


def test_coverage_of_intervals():
    truth = np.array([[0.0], [1.0], [3.0]])
    normal = np.tile([0.0, 1.0], (3, 1))
    found = residuals_of(known(GaussianSpec(), truth, normal))
    assert found.coverage == {"50%": pytest.approx(1 / 3), "90%": pytest.approx(2 / 3)}
    ends = np.tile([-0.5, 0.0, 2.0], (3, 1))
    assert residuals_of(known(QuantilesSpec(), truth, ends)).coverage == {
        "80%": pytest.approx(2 / 3)
    }


@pytest.mark.parametrize(("missed", "alarm"), [(1.0, 1.0), (10.0, 1.0), (1.0, 4.0)])
def test_the_cheapest_threshold_is_that_of_a_search(missed, alarm):
    (found,) = thresholds_of(known(BinarySpec(), ANSWERS, YES), missed, alarm).labels

    def cost(threshold):
        said = threshold <= YES
        return (missed * (~said & (ANSWERS > 0)) + alarm * (said & (ANSWERS == 0))).mean()

    least = min(cost(t) for t in np.linspace(0, 1.01, 1_000))
    assert found.least == pytest.approx(least)
    assert cost(found.threshold) == pytest.approx(least)
    assert found.cost_now == pytest.approx(cost(0.5))


def test_thresholds_of_honest_probabilities_are_near_the_theory():
    random = np.random.default_rng(2)
    scores = random.random((20_000, 1)).astype(np.float32)
    truth = (random.random((20_000, 1)) < scores).astype(np.float32)
    found = thresholds_of(known(BinarySpec(), truth, scores), missed=4.0, alarm=1.0)
    assert found.by_theory == 0.2
    assert found.labels[0].threshold == pytest.approx(0.2, abs=0.05)


def test_merit_and_assurance_of_a_row():
    chances = np.array([[0.7, 0.2, 0.1, 0.0], [0.25, 0.25, 0.25, 0.25]])
    assert merits(CLASSES, np.array([0, 3]), chances).tolist() == [0.7, 0.25]
    assert right(CLASSES, np.array([0, 3]), chances).tolist() == [True, False]
    scores = assurances(CLASSES, chances)
    assert scores["margin"] == pytest.approx([0.5, 0.0])
    assert scores["entropy"][1] == pytest.approx(-math.log(4))
    sure = assurances(BinarySpec(threshold=0.3), np.array([[0.4], [0.2]]))["probability"]
    assert sure == pytest.approx([0.4, 0.8])  # of what is said: yes, no
    assert assurances(QuantilesSpec(), np.array([[0.0, 1.0, 3.0]]))["width"] == [-3.0]
    assert assurances(RegressSpec(), np.zeros((1, 1))) == {}
    assert merits(RegressSpec(), np.array([[2.0]]), np.array([[5.0]])) == [-3.0]


def test_how_sure_yes_or_no_is():
    sure, truth = assurance(BinarySpec(), ANSWERS, YES)
    assert (sure.shape, truth.sum()) == ((N,), ANSWERS.sum())
