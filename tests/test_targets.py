import numpy as np
import pytest

from mmkeras import Binary, Classify, Count, Gaussian, MultiLabel, Ordinal, Quantiles, Regress
from mmkeras.targets import check_cell, filled, labelled, read_targets, strata, task_for

NAN = np.nan
CASES = [
    (Classify(("cat", "dog")), ["dog", "", "cat"], [1, -1, 0]),
    (Ordinal(("low", "high")), ["low", "", "high"], [0, -1, 1]),
    (Binary(("no", "yes")), ["yes", "", "no"], [[1], [NAN], [0]]),
    (MultiLabel(("a", "b")), ["b|a", "", "|", "b"], [[1, 1], [NAN, NAN], [0, 0], [0, 1]]),
    (Regress(), ["1.5", "", "-2e3"], [[1.5], [NAN], [-2000]]),
    (Gaussian(), ["1.5", ""], [[1.5], [NAN]]),
    (Quantiles(), ["", "7"], [[NAN], [7]]),
    (Count(), ["0", "", "3"], [[0], [NAN], [3]]),
]


@pytest.mark.parametrize(("task", "cells", "wanted"), CASES, ids=lambda v: getattr(v, "kind", ""))
def test_cells_become_arrays_and_an_empty_one_is_not_known(task, cells, wanted):
    values, wrong = read_targets(cells, task)
    assert wrong == {}
    assert values.dtype == (np.int32 if task.kind in ("classify", "ordinal") else np.float32)
    np.testing.assert_array_equal(values, wanted)
    assert labelled(values).tolist() == [cell != "" for cell in cells]
    assert np.isfinite(filled(values)).all()
    assert filled(values).min() >= 0 or task.kind == "regress"


@pytest.mark.parametrize(
    ("task", "cell", "message"),
    [
        (Classify(2), "2", "the model knows no class '2'; mend the label"),
        (MultiLabel(("a", "b")), "a|c", "the model knows no class 'c'"),
        (Regress(), "tall", "'tall' is no number"),
        (Gaussian(), "nan", "'nan' is no finite number; leave it empty"),
        (Count(), "-1", "'-1' is no count; wanted 0, 1, 2"),
        (Count(), "1.5", "'1.5' is no count"),
    ],
)
def test_what_is_wrong_with_a_cell_is_said_by_its_position(task, cell, message):
    values, wrong = read_targets(["", cell], task)
    assert list(wrong) == [1]
    assert message in wrong[1]
    assert labelled(values).tolist() == [False, False]


def test_a_cell_is_checked_before_the_labels_are_known():
    assert check_cell("1.5", "count") == "'1.5' is no count; wanted 0, 1, 2, ..."
    assert [check_cell(cell, "regress") for cell in ("", "3")] == [None, None]
    assert check_cell("anything", "classify") is None


def test_a_task_has_the_labels_that_occur():
    assert task_for("y", "classify", ["b", "", "a"]) == Classify(("a", "b"))
    assert task_for("y", "multilabel", ["b|c", "a", "|"]) == MultiLabel(("a", "b", "c"))
    assert task_for("y", "binary", ["yes", "no", ""]) == Binary(("no", "yes"))
    assert task_for("y", "ordinal", ["10", "9", "2"]) == Ordinal(("2", "9", "10"))
    assert task_for("y", "regress", ["1.5"]) == Regress()


def test_what_a_column_cannot_tell_is_asked_for():
    with pytest.raises(ValueError, match="'y': binary wants two labels, found 3: a, b, c"):
        task_for("y", "binary", ["a", "b", "c"])
    with pytest.raises(ValueError, match="order of high, low is not known; give it from Python"):
        task_for("y", "ordinal", ["low", "high"])
    with pytest.raises(ValueError, match="unknown task of target 'y': 'regres'; did you mean"):
        task_for("y", "regres", [])


def test_numbers_are_shared_out_in_ranges_of_as_many_rows():
    cells = [str(i * i) for i in range(100)] + [""]
    found = strata(cells, "regress")
    assert found[-1] == ""
    assert {name: int((found == name).sum()) for name in sorted(set(found[:-1]))} == {
        str(i): 10 for i in range(10)
    }
    assert set(strata(["3", "5"], "count")) == {"0"}  # too few rows for ranges


def test_rows_of_several_labels_are_shared_out_by_the_rarest():
    cells = ["a|b", "a", "a|c", "", "|", "c", "c|a"]
    assert strata(cells, "multilabel").tolist() == ["b", "a", "c", "", "|", "c", "c"]
