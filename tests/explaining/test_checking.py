"""The deletion test, on a model whose right marks are known."""

import dataclasses
import json

import numpy as np
import pytest

from mmkeras.explaining import check
from mmkeras.explaining.deletion import POINTS, deletion
from mmkeras.explaining.marks import mark
from mmkeras.explaining.question import ask
from mmkeras.explaining.sample import answer, of_line, of_sources
from mmkeras.explaining.scene import scene_of
from mmkeras.explaining.units import units_of


@pytest.fixture(scope="module")
def scenes(run, usual, line):
    sample = of_line(run, run.rows("test"), line)
    question = ask(run.specs, answer(run, sample.feed))
    return {name: scene_of(usual, sample, question, name) for name in sample.present}


@pytest.fixture(scope="module")
def found(run, usual):
    return check(run, samples=12, usual=usual)


def test_marks_fall_faster_than_chance_where_the_model_looks(found):
    """The synthetic captions name the category: their marks must be better than chance."""
    text = next(held for held in found.each if held.input == "text")
    assert text.holds
    assert text.area > 0.02
    assert {held.method for held in found.each} == {"integrated gradients", "Grad-CAM"}


def test_all_curves_begin_and_end_alike(scenes):
    """Nothing taken away is the sample, everything taken away is nothing, in any order."""
    for scene in scenes.values():
        curves = deletion(scene, mark(scene))
        ends = np.array([[of[0], of[-1]] for of in curves.values()])
        np.testing.assert_allclose(ends, np.broadcast_to(ends[0], ends.shape), atol=1e-5)
        assert {len(of) for of in curves.values()} == {POINTS}


def test_taking_nothing_leaves_the_sample_and_taking_all_leaves_nothing(scenes):
    for name, scene in scenes.items():
        units = units_of(scene, mark(scene))
        none, every = (np.full(units.count, taken) for taken in (False, True))
        paths = list(units.without(none))
        gone = scene.taken_away()
        for taken, feed in ((none, scene.sample.feed), (every, gone)):
            for path, of in scene.values(paths, feed).items():
                np.testing.assert_allclose(units.without(taken)[path], of, err_msg=name)


def test_the_units_share_out_all_that_is_marked(scenes):
    found = mark(scenes["image"])
    units = units_of(scenes["image"], found)
    assert units.count == 64
    assert units.sums(found.values).sum() == pytest.approx(found.values.sum(), abs=1e-4)


def test_the_picture_and_the_file_have_the_curves(found, tmp_path):
    panels = found.figure().axes
    assert [axes.get_title().split(",")[0] for axes in panels] == ["image", "text", "audio"]
    first = found.each[0]
    np.testing.assert_allclose(panels[0].lines[0].get_ydata(), first.random)
    np.testing.assert_allclose(panels[0].lines[1].get_ydata(), first.marked)
    assert {path.name for path in found.save(tmp_path)} == {"check.png", "check.json"}
    stored = json.loads((tmp_path / "check.json").read_text())
    assert stored["each"][0]["area"] == pytest.approx(first.area)
    assert stored["output"] == "category"


def test_an_output_that_is_not_there_is_told(run, usual):
    with pytest.raises(ValueError, match="unknown output 'colour'; choose from category, language"):
        check(run, samples=2, output="colour", usual=usual)


def test_words_that_the_model_does_not_read_cost_no_step(run, usual, line):
    """Of 40 words it reads 8 at most: random orders spend none of their steps on the others."""
    sources = {**run.manifest().on_lines([line]).sources(0), "text": " ".join(["cat"] * 40)}
    sample = of_sources(run, sources)
    question = ask(run.specs, answer(run, sample.feed))
    scene = scene_of(usual, sample, question, "text")
    found = mark(scene)
    seen = sum(bool(word.tokens) for word in found.words)
    units = units_of(scene, found)
    assert len(found.words) == 40
    assert units.count == seen <= 8
    assert units.of.tolist() == [*range(seen), *[seen - 1] * (40 - seen)]
    assert units.sums(found.values).sum() == pytest.approx(found.values.sum(), abs=1e-6)
    assert set(deletion(scene, found)) == {"integrated gradients", "random"}


def test_a_text_without_a_word_has_nothing_to_take_away(scenes):
    found = mark(scenes["text"])
    wordless = dataclasses.replace(found, values=np.zeros(0), parts=(), words=())
    assert deletion(scenes["text"], wordless) == {}


def test_the_axis_of_a_number_has_its_unit(found):
    assert found.figure().axes[0].get_ylabel() == "probability of the category that was said"
    weight = dataclasses.replace(found, output="weight", unit="g")
    assert weight.figure().axes[0].get_ylabel() == "weight, in g"
    plain = dataclasses.replace(found, output="score", unit="")
    assert plain.figure().axes[0].get_ylabel() == "score"


def test_without_test_rows_the_cure_is_told(run, usual):
    everything = {"train": run.manifest().lines, "valid": []}
    data = {**run.about["data"], "lines": everything}
    whole = dataclasses.replace(run, about={**run.about, "data": data})
    with pytest.raises(ValueError, match="no test rows; name rows: --data, rows="):
        check(whole, samples=2, usual=usual)
