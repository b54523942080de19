import numpy as np
import pytest

from mmkeras_edge.outputs import ClassifySpec, CountSpec, MultiLabelSpec, RegressSpec
from mmkeras_export import compare
from mmkeras_export.comparison import agreement_of


def test_a_comparison_by_hand():
    expected = {"y": np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])}
    found = {"y": np.array([[0.8, 0.2], [0.2, 0.8], [0.4, 0.6], [0.7, 0.3]])}
    specs = {"y": ClassifySpec(("no", "yes"))}
    seen = compare(expected, found, {"y": np.array([0, 1, 1, 1])}, specs)
    assert seen.rows == 4
    assert round(seen.max_difference["y"], 6) == 0.2
    assert seen.agreement == {"y": 0.75}
    assert seen.keras_accuracy == {"y": 0.5}
    assert seen.accuracy == {"y": 0.75}
    assert seen.majority == {"y": 0.75}


def test_numbers_are_compared_in_deviations_of_their_labels():
    expected, found = np.array([[10.0], [20.0], [30.0]]), np.array([[10.5], [18.0], [30.0]])
    truth = np.array([[11.0], [20.0], [np.nan]])  # the third is not known
    seen = compare({"y": expected}, {"y": found}, {"y": truth}, {"y": RegressSpec("kg", 10.0)})
    y = seen.outputs["y"]
    assert (y.measure, y.higher, y.rows) == ("mae", False, 2)
    assert (y.keras, y.file) == (0.5, 1.25)
    assert y.constant == 4.5  # the median, 15.5
    assert y.max_difference == pytest.approx(0.2)
    assert y.agreement == pytest.approx(2 / 3)  # within 1 kg
    assert seen.accuracy == {}


def test_tags_agree_where_all_of_a_row_do():
    spec = MultiLabelSpec(("a", "b"), (0.5, 0.2))
    one, other = np.array([[0.6, 0.1], [0.4, 0.3]]), np.array([[0.9, 0.1], [0.4, 0.1]])
    assert agreement_of(spec, one, other) == 0.5


def test_an_output_without_any_label_has_no_figure():
    one = {"y": np.array([[1.0]])}
    seen = compare(one, one, {"y": np.array([[np.nan]])}, {"y": CountSpec()})
    assert seen.outputs["y"].rows == 0
    assert np.isnan(seen.outputs["y"].keras)
