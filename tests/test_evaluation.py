import numpy as np
import pytest

from mmkeras import Evaluation, evaluate, load_manifest
from mmkeras.evaluation import predict, score
from mmkeras.prepare import prepare
from mmkeras.tokenizer import train_tokenizer


def test_three_right_of_four_are_075_and_the_majority_is_counted(toy, recipe):
    data = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"})
    first = prepare(data.rows([0, 2, 4, 1]), recipe, train_tokenizer(["a"], 257))  # cats and a dog
    saying = {"animal": np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.1, 0.9]])}
    found = score(saying, first)
    assert (found.accuracy, found.majority) == ({"animal": 0.75}, {"animal": 0.75})
    assert (found.labelled, found.rows) == ({"animal": 4}, 4)
    # of the three cats two are found, and the dog
    assert found.figures["animal"]["balanced_accuracy"] == pytest.approx((2 / 3 + 1) / 2)


def test_it_prints_a_line_for_each_output():
    figures = {"mood": {"accuracy": 0.5}, "age": {"accuracy": 1.0}}
    baseline = {"mood": {"accuracy": 0.25}, "age": {"accuracy": 0.125}}
    found = Evaluation(figures, baseline, {"mood": 8, "age": 8}, rows=8)
    assert [line.split() for line in str(found).splitlines()] == [
        ["output", "accuracy", "majority", "8", "rows"],
        ["mood", "0.500", "0.250"],
        ["age", "1.000", "0.125"],
    ]


def test_where_one_output_is_a_number_it_prints_a_line_for_each_measure():
    figures = {"mood": {"accuracy": 0.5}, "age": {"mae": 3.25, "r2": 0.5}}
    baseline = {"mood": {"accuracy": 0.25}, "age": {"mae": 8.0, "r2": 0.0}}
    found = Evaluation(figures, baseline, {"mood": 8, "age": 7}, rows=8)
    assert [line.split() for line in str(found).splitlines()] == [
        ["output", "measure", "model", "constant", "8", "rows"],
        ["mood", "accuracy", "0.5", "0.25"],
        ["age", "mae", "3.25", "8"],
        ["age", "r2", "0.5", "0"],
    ]
    assert found.accuracy == {"mood": 0.5}


def test_a_run_is_evaluated_on_every_row(run, stamps):
    found = evaluate(run, stamps.test)
    data = run.prepare(stamps.test)
    best = predict(run, data)["language"].argmax(axis=1)
    languages = stamps.train.classes("language")
    right = [
        languages[i] == said for i, said in zip(best, stamps.test.table["language"], strict=True)
    ]
    assert found.accuracy["language"] == pytest.approx(sum(right) / len(stamps.test))
    assert found.rows == len(stamps.test)


def test_the_order_of_the_rows_does_not_matter(run, stamps):
    backwards = stamps.test.rows(range(len(stamps.test) - 1, -1, -1))
    assert evaluate(run, backwards).accuracy == pytest.approx(evaluate(run, stamps.test).accuracy)


def test_without_its_sound_a_language_is_a_guess(run, stamps):
    deaf = evaluate(run, run.prepare(stamps.test).without("audio"))
    hearing = evaluate(run, stamps.test)
    assert hearing.accuracy["language"] > 0.5 > deaf.accuracy["language"]  # of six languages
