"""`mmkeras.explain`: what it says of one sample of a trained run."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile

import mmkeras
from mmkeras.explaining.question import Question
from mmkeras_edge.outputs import ClassifySpec, MultiLabelSpec


@pytest.fixture(scope="module")
def found(run, usual, line):
    return mmkeras.explain(run, line, usual=usual)


def test_the_answer_is_what_the_run_predicts(run, found, line):
    spec = run.specs["category"]
    (scores,) = run.predict(run.manifest().on_lines([line]))["category"]
    assert found.question.label == spec.labels[int(scores.argmax())]
    assert next(iter(found.answers.items())) == pytest.approx(
        (found.question.label, scores.max()), abs=1e-5
    )
    assert found.contributions.whole == pytest.approx(scores.max(), abs=1e-5)
    assert set(found.others) == {"language"}


def test_contributions_lead_from_the_blind_answer_to_the_whole(found):
    added = found.contributions
    assert added.exact
    assert list(added.inputs) == ["image", "text", "audio"]
    assert added.nothing + sum(added.inputs.values()) == pytest.approx(added.whole)


def test_marks_sum_up_to_what_the_input_changes(found):
    """The axiom of completeness, Sundararajan et al., section 3: few steps miss little."""
    shapes = {mark.name: mark.values.shape for mark in found.marks}
    assert shapes == {"image": (1, 32, 32), "text": (len(found.marks[1].parts),), "audio": (25, 32)}
    assert max(mark.gap for mark in found.marks) < 0.1


def test_the_run_can_still_be_stored_and_answers_as_before(run, found, line, tmp_path):
    row = run.manifest().on_lines([line])
    stored = mmkeras.load(run.save(tmp_path / "copy"))
    np.testing.assert_allclose(
        stored.predict(row)["category"], run.predict(row)["category"], atol=1e-6
    )


def test_raw_inputs_are_explained_too_and_what_is_absent_adds_nothing(run, usual, line):
    sources = run.manifest().on_lines([line]).sources(0)
    found = mmkeras.explain(run, {"image": sources["image"], "text": "Red."}, usual=usual)
    assert list(found.contributions.inputs) == ["image", "text"]
    assert [mark.name for mark in found.marks] == ["image", "text"]
    assert found.truth is None
    words = [text.get_text() for text in found.figure().texts]
    assert {"absent", "Red"} < set(words)


def test_everything_is_saved(found, tmp_path):
    paths = found.save(tmp_path)
    names = ["explanation.png", "explanation.json", "audio-mattered.wav"]
    assert (
        sorted(p.name for p in tmp_path.iterdir())
        == sorted(names)
        == sorted(path.name for path in paths)
    )
    stored = json.loads((tmp_path / "explanation.json").read_text())
    assert stored["label"] == found.question.label
    assert np.shape(stored["marks"]["image"]["values"]) == (1, 32, 32)
    samples, rate_hz = soundfile.read(tmp_path / "audio-mattered.wav")
    assert (len(samples), rate_hz) == (found.sample.feed["audio"].shape[1], 16_000)


def test_the_picture_says_what_it_was_given_what_it_answered_and_what_mattered(found):
    figure = found.figure()
    words = [text.get_text() for text in figure.texts]
    assert f"category: {found.told}" in words
    assert {"image", "text", "audio", "what each input added"} < set(words)
    heads = [axes.get_title() for axes in figure.axes]
    assert heads.count("given") == 2
    assert heads.count("integrated gradients: what") == 2


def test_what_is_not_there_is_told(run, usual):
    with pytest.raises(ValueError, match=r"no row on line 9999; rows near it are on 479, 480, 481"):
        mmkeras.explain(run, 9999, usual=usual)
    with pytest.raises(ValueError, match="unknown output 'categry'; did you mean 'category'"):
        mmkeras.explain(run, 2, output="categry", usual=usual)
    with pytest.raises(ValueError, match="unknown label of 'language'"):
        mmkeras.explain(run, 2, output="language", label="xx", usual=usual)
    with pytest.raises(ValueError, match="unknown input 'picture'"):
        mmkeras.explain(run, {"picture": "a.png"}, usual=usual)


@pytest.mark.parametrize(
    ("spec", "right"),
    [(ClassifySpec, "a|b"), (MultiLabelSpec, "a")],
    ids=["classify", "multilabel"],
)
def test_several_labels_are_true_only_where_an_answer_may_have_several(found, spec, right):
    labels = ("a|b", "a", "b") if spec is ClassifySpec else ("a", "c")
    sample = dataclasses.replace(found.sample, truth={"it": "a|b"})
    for label in labels:
        question = Question("it", spec(labels), label, len(labels))
        asked = dataclasses.replace(found, question=question, sample=sample)
        assert asked.right is (label == right)
