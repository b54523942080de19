import json

import pytest

import mmkeras
from mmkeras import Binary, Classify, Count, Gaussian, MultiLabel, Ordinal, Quantiles, Regress
from mmkeras.recipe import Recipe
from mmkeras.tasks import TASKS

EVERY = [
    Classify(3),
    Binary(("well", "ill"), 0.3),
    MultiLabel(("a", "b"), (0.5, 0.2), weight=2.0),
    Ordinal(("low", "high")),
    Regress("cm"),
    Gaussian("g"),
    Count(),
    Quantiles((0.05, 0.95), "EUR"),
]


def test_every_kind_is_here():
    assert [task.kind for task in EVERY] == list(TASKS)


@pytest.mark.parametrize("task", EVERY, ids=lambda task: task.kind)
def test_a_task_travels_in_a_recipe(task):
    recipe = Recipe(inputs={"text": mmkeras.Text()}, outputs={"y": task})
    again = Recipe.from_dict(json.loads(json.dumps(recipe.to_dict())))
    assert again.outputs == {"y": task}
    assert again.outputs["y"].spec == task.spec


def test_one_threshold_is_that_of_every_label():
    assert MultiLabel(3, 0.2).spec.thresholds == (0.2, 0.2, 0.2)
    assert MultiLabel(2, [0.2, 0.4]).spec.thresholds == (0.2, 0.4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Classify(1), r"Classify wants two or more different labels\. Received: 1"),
        (lambda: MultiLabel("ab"), r"MultiLabel wants two or more different labels"),
        (lambda: Binary(("a", "b", "c")), r"Binary wants the labels \(no, yes\)"),
        (lambda: Binary(threshold=1.0), r"threshold above 0 and below 1\. Received: 1\.0"),
        (lambda: MultiLabel(3, (0.5, 0.5)), r"one for each of 3 labels\. Received: 2"),
        (lambda: Quantiles((0.9, 0.1)), r"levels that rise\. Received: \(0\.9, 0\.1\)"),
        (lambda: Quantiles((0.0, 0.5)), r"levels above 0 and below 1\. Received: 0\.0"),
    ],
)
def test_what_is_no_task_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
