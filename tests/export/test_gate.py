import pytest

from mmkeras_export.comparison import Comparison
from mmkeras_export.gate import failures


def seen(keras=0.9, lite=0.9, difference=0.0, majority=0.2) -> dict[str, Comparison]:
    one = {"y": keras}
    return {
        "all inputs": Comparison(
            rows=100,
            max_difference={"y": difference},
            agreement=one,
            keras_accuracy=one,
            accuracy={"y": lite},
            majority={"y": majority},
        )
    }


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


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("difference", [float("nan"), float("inf")])
def test_answers_that_are_no_numbers_never_pass(exact, difference):
    assert failures(seen(difference=difference), exact, budget=1.0) == [
        "y, all inputs: answers that are no numbers"
    ]
