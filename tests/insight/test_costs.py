"""What wrong answers cost by a matrix, and energy as a score for strangers."""

import itertools

import numpy as np
import pytest

import mmkeras
from mmkeras.insight import Costs, Options, read_costs
from mmkeras.insight.decisions import cheapest_of, decisions_of
from mmkeras.insight.energy import likenesses, log_sum_exp
from mmkeras.insight.pictures import figure_of
from mmkeras.insight.subject import Known
from mmkeras.insight.thresholds import thresholds_of
from mmkeras_edge.outputs import BinarySpec, ClassifySpec

SPEC = ClassifySpec(("ok", "worn", "broken"))
FACTORY = Costs(SPEC.labels, ((0.0, 1.0, 2.0), (5.0, 0.0, 1.0), (50.0, 10.0, 0.0)))


def known(spec, truth, outputs):
    return Known("y", spec, np.array(truth), np.array(outputs, np.float32), np.arange(len(truth)))


def test_the_cheapest_answer_is_that_of_the_least_expected_cost_by_hand():
    said = cheapest_of(np.array([[0.9, 0.08, 0.02]]), FACTORY.array(SPEC.labels))
    # ok: 0.08 * 5 + 0.02 * 50 = 1.4; worn: 0.9 + 0.02 * 10 = 1.1; broken: 1.8 + 0.08 = 1.88
    assert said.tolist() == [1]


def test_costs_of_a_row_by_hand():
    found = decisions_of(known(SPEC, [0, 2], [[0.9, 0.08, 0.02], [0.6, 0.1, 0.3]]), FACTORY)
    assert found.probable == (0 + 50) / 2  # ok, ok
    assert found.cheapest == (1 + 0) / 2  # worn, broken: 0.6 * 2 + 0.1 * 1 is least
    assert (found.always, found.constant) == ("broken", (2 + 0) / 2)
    assert [(each.occurs, each.probable, each.cheapest) for each in found.labels] == [
        (1, 2, 0),
        (0, 0, 1),
        (1, 0, 1),
    ]


def test_of_honest_probabilities_no_other_rule_is_cheaper():
    random = np.random.default_rng(0)
    chances = random.dirichlet((1, 1, 1), 5_000)
    truth = (chances.cumsum(axis=1) < random.random((5_000, 1))).sum(axis=1)
    matrix = FACTORY.array(SPEC.labels)
    least = matrix[truth, cheapest_of(chances, matrix)].mean()
    for scale in itertools.product((0.5, 1, 2), repeat=3):
        assert matrix[truth, (chances * scale).argmax(axis=1)].mean() > 0.98 * least


def test_labels_are_matched_by_name_and_a_file_says_them(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("right,broken,ok,worn\nok,2,0,1\nworn,1,5,0\nbroken,0,50,10\n")
    np.testing.assert_array_equal(read_costs(path).array(SPEC.labels), FACTORY.of)
    with pytest.raises(ValueError, match="did you mean 'broken'"):
        read_costs(path).array(("ok", "worn", "brokn"))
    path.write_text("right,ok,worn\nok,0,x\nworn,1,0\n")
    with pytest.raises(ValueError, match=r"costs\.csv:2: wanted numbers"):
        read_costs(path)
    path.write_text("right,ok,worn\nok,0,1\n")
    with pytest.raises(ValueError, match="a line for each column"):
        read_costs(path)


def test_a_wrong_answer_that_pays_is_refused():
    with pytest.raises(ValueError, match="'b' where 'a' is right must cost more"):
        Costs(("a", "b"), ((0.0, 0.0), (1.0, 0.0)))


@pytest.mark.parametrize("matrix", [((0, 1), (1, 0)), ((0, 1), (9, 2)), ((1, 8), (7, -3))])
def test_a_threshold_by_a_matrix_is_that_of_a_search(matrix):
    random = np.random.default_rng(1)
    scores = random.random((400, 1)).astype(np.float32)
    truth = (random.random((400, 1)) < scores).astype(np.float32)
    (no, alarm), (missed, yes) = matrix
    found = thresholds_of(known(BinarySpec(), truth, scores), missed, alarm, (no, yes))
    (choice,) = found.labels
    costs = np.array(matrix, float)

    def cost(threshold):
        return costs[truth[:, 0].astype(int), (scores[:, 0] >= threshold).astype(int)].mean()

    assert choice.least == pytest.approx(min(map(cost, [*scores[:, 0], 1.01])))
    assert cost(np.float32(choice.threshold)) == pytest.approx(choice.least)
    assert choice.cost_now == pytest.approx(cost(0.5))
    assert found.by_theory == pytest.approx((alarm - no) / (alarm - no + missed - yes))
    assert choice.threshold == pytest.approx(found.by_theory, abs=0.12)


def test_evaluate_takes_a_matrix_and_draws_what_it_changes(run, stamps):
    labels = stamps.train.classes("language")
    dear = np.where(np.eye(len(labels)), 0.0, 1.0)
    dear[0, 1:] = 1_000.0  # whatever happens, do not overlook the first
    costs = {"language": Costs(labels, tuple(map(tuple, dear.tolist())))}
    rows = stamps.test.rows(range(12))
    found = mmkeras.evaluate(run, rows, ["decisions"], Options(costs=costs)).parts["decisions"]
    result = found["language"]
    assert result.cheapest < 1.0 == dear[1, 0]
    assert result.labels[0].cheapest > result.labels[0].probable
    left, _ = figure_of("decisions", "language", result).axes
    assert [bar.get_width() for bar in left.patches][-1] == result.cheapest
    with pytest.raises(ValueError, match="unknown output 'langage'; did you mean 'language'"):
        mmkeras.evaluate(run, rows, ["decisions"], Options(costs={"langage": costs["language"]}))


def test_energy_is_that_of_the_logits_and_a_file_has_none(run, stamps):
    rows = run.prepare(stamps.test.rows(range(8)))
    found = likenesses(run, rows)
    assert {name: of.shape for name, of in found.items()} == {"category": (8,), "language": (8,)}
    head = run.model.get_layer("language_logits")
    import keras

    logits = keras.Model(run.model.input, head.output).predict(rows.feed(), verbose=0)
    np.testing.assert_allclose(found["language"], np.log(np.exp(logits).sum(axis=1)), rtol=1e-5)
    assert log_sum_exp(np.array([[1_000.0, 1_000.0]])) == pytest.approx(1_000 + np.log(2))


def test_energy_is_one_more_score_of_uncertainty(run, stamps):
    rows = stamps.test.rows(range(24))
    found = mmkeras.evaluate(run, rows, ["uncertainty"], Options(rows=24)).parts["uncertainty"]
    names = [score.name for score in found["category"].scores]
    assert names == ["probability", "margin", "entropy", "energy"]
    energy = found["category"].scores[-1]
    assert 0 <= energy.tells_strangers <= 1
    assert 0 <= energy.passing <= 1
