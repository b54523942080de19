"""Pictures by what they show, not by their pixels."""

import dataclasses
import json

import numpy as np
import pytest

import mmkeras
from mmkeras.insight import Options
from mmkeras.insight.classes import Classes, Label
from mmkeras.insight.pictures import PICTURES, figure_of
from mmkeras.insight.residuals import residuals_of
from mmkeras.insight.subject import Known
from mmkeras.insight.thresholds import thresholds_of
from mmkeras_edge.outputs import BinarySpec, RegressSpec

WITHOUT_NUMBERS = ["classes", "calibration", "curves", "slices", "uncertainty", "gallery"]


@pytest.fixture(scope="module")
def found(run, stamps):
    options = Options(rows=20, columns=("language",), shown=2)
    return mmkeras.evaluate(run, stamps.test, WITHOUT_NUMBERS, options)


def known(spec, truth, outputs):
    return Known("y", spec, truth, outputs, np.arange(len(truth)))


def test_every_part_has_a_picture_and_is_stored(found, tmp_path):
    few = {part: {"category": results["category"]} for part, results in found.parts.items()}
    paths = dataclasses.replace(found, parts=few).save(tmp_path)
    names = [f"{part}-category.png" for part in WITHOUT_NUMBERS]
    assert {path.name for path in paths} == {"evaluation.json", *names}
    stored = json.loads((tmp_path / "evaluation.json").read_text())
    assert stored["parts"]["slices"]["category"]["columns"]["language"][0]["rows"] > 0
    assert set(mmkeras.insight.PARTS) == set(PICTURES)


def test_the_reliability_diagram_shows_its_bins(found):
    result = found.parts["calibration"]["category"]
    upper, lower = figure_of("calibration", "category", result).axes
    line = next(each for each in upper.lines if each.get_label().startswith("how sure"))
    np.testing.assert_allclose(line.get_xdata(), [each.sure for each in result.bins])
    np.testing.assert_allclose(line.get_ydata(), [each.right for each in result.bins])
    assert [bar.get_height() for bar in lower.patches] == [each.count for each in result.bins]


def test_the_confusion_matrix_shows_shares_of_what_occurs(found):
    result = found.parts["classes"]["category"]
    (axes,) = figure_of("classes", "category", result).axes
    shares = axes.images[0].get_array()
    occurs = np.array([label.occurs for label in result.labels])
    np.testing.assert_allclose(shares.sum(axis=1)[occurs > 0], 1)
    plain = Classes((Label("a", 2, 1, 1), Label("b", 1, 0, 0)), None)
    (axes,) = figure_of("classes", "tags", plain).axes
    assert sorted(bar.get_width() for bar in axes.patches) == [0.0, pytest.approx(2 / 3)]


def test_an_evaluation_shows_a_part_by_its_name():
    results = {"tags": Classes((Label("a", 2, 1, 1), Label("b", 1, 0, 0)), None)}
    found = mmkeras.Evaluation({}, {}, {}, rows=3, parts={"classes": results})
    (axes,) = found.figure("classes").axes
    assert sorted(bar.get_width() for bar in axes.patches) == [0.0, pytest.approx(2 / 3)]
    with pytest.raises(ValueError, match=r"part of this evaluation 'curves'; .*from classes"):
        found.figure("curves")
    with pytest.raises(ValueError, match="output with classes 'mood'; choose from tags"):
        found.figure("classes", "mood")


def test_residuals_and_costs_show_their_points():
    truth, said = np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [2.0], [4.0]])
    result = residuals_of(known(RegressSpec("kg"), truth, said))
    left, right = figure_of("residuals", "weight", result).axes
    np.testing.assert_allclose(left.collections[0].get_offsets(), np.hstack([truth, said]))
    assert sum(bar.get_height() for bar in right.patches) == 3
    yes = known(BinarySpec(), np.array([[0.0], [1.0]]), np.array([[0.2], [0.4]]))
    result = thresholds_of(yes, missed=3.0)
    (axes,) = figure_of("thresholds", "y", result).axes
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [0.5, 0.0, 1.5])


def test_what_is_printed_has_a_line_for_each_slice(found, stamps):
    text = str(found)
    assert text.startswith("output            accuracy  majority   ")
    assert "category: accuracy " in text
    assert all(f" {language} " in text for language in stamps.test.classes("language"))
    assert max(map(len, text.splitlines())) <= 110


def test_the_gallery_shows_wrong_ones_with_their_files(found):
    result = found.parts["gallery"]["language"]
    for sample in result.worst:
        assert sample.said != sample.truth
        assert sample.inputs["image"].endswith(".png")
    assert [s.assurance for s in result.unsure] == sorted(s.assurance for s in result.unsure)
    assert len({sample.line for sample in result.unsure}) == 2
