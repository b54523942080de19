import pytest

from mmkeras_export.comparison import Comparison, Seen
from mmkeras_export.gate import failures


def seen(keras=0.9, lite=0.9, difference=0.0, majority=0.2) -> dict[str, Comparison]:
    y = Seen("accuracy", True, keras, lite, majority, 0.9, difference, rows=100)
    return {"all inputs": Comparison(100, {"y": y})}


def seen_error(keras=2.0, lite=2.0, constant=8.0, rows=100) -> dict[str, Comparison]:
    y = Seen("mae", False, keras, lite, constant, 0.9, 0.3, rows)
    return {"all inputs": Comparison(100, {"y": y})}


def test_float_must_answer_as_keras_does():
    assert failures(seen(difference=9e-5), exact=True, budget=0.02) == []
    assert failures(seen(difference=2e-4), exact=True, budget=0.02) == [
        "y, all inputs: differs from Keras by 0.0002, allowed 0.0001"
    ]


def test_quantised_may_differ_but_only_lose_the_budget():
    assert failures(seen(0.90, 0.89, difference=0.3), exact=False, budget=0.02) == []
    assert failures(seen(0.90, 0.87), exact=False, budget=0.02) == [
        "y, all inputs: accuracy drops by 0.030 (3 of 100 rows), allowed 0.02"
    ]


def test_what_keras_only_guesses_cannot_be_lost():
    # 0.2 + 2 * sqrt(0.2 * 0.8 / 100) = 0.28
    assert failures(seen(0.27, 0.17), exact=False, budget=0.02) == []
    assert failures(seen(0.29, 0.17), exact=False, budget=0.02) != []


def test_an_error_may_grow_by_the_budgets_share_of_it():
    assert failures(seen_error(2.0, 2.03), exact=False, budget=0.02) == []
    assert failures(seen_error(2.0, 2.05), exact=False, budget=0.02) == [
        "y, all inputs: mae grows by 2.5%, from 2 to 2.05, allowed 2.0%"
    ]
    assert failures(seen_error(2.0, 1.0), exact=False, budget=0.02) == []


def test_an_error_that_is_hardly_below_the_constant_answers_cannot_grow():
    # 8 * (1 - 2 / sqrt(100)) = 6.4
    assert failures(seen_error(6.5, 9.0), exact=False, budget=0.02) == []
    assert failures(seen_error(6.3, 9.0), exact=False, budget=0.02) != []


def test_what_no_row_has_a_label_of_cannot_be_checked():
    assert failures(seen_error(rows=0), exact=False, budget=0.02) == [
        "y, all inputs: no validation row has its label; give rows that have"
    ]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("difference", [float("nan"), float("inf")])
def test_answers_that_are_no_numbers_never_pass(exact, difference):
    assert failures(seen(difference=difference), exact, budget=1.0) == [
        "y, all inputs: answers that are no numbers"
    ]
