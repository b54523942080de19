from dataclasses import replace

import numpy as np
import pytest

from mmkeras_edge import load
from mmkeras_edge.verify import LOAD_TOLERANCE, Report, Stage, _difference, check_answers, verify


def changed(sample, field: str, name: str, by: float):
    entries = getattr(sample, field)
    array = entries[name]
    moved = (array.astype(np.float64) + by).astype(array.dtype)
    return replace(sample, **{field: {**entries, name: moved}})


def test_the_machine_that_wrote_it_is_reproduced(tiny):
    report = verify(tiny)
    assert bool(report), report.verdict
    assert report.verdict == "this machine reproduces the training machine"
    assert [(stage.sample, stage.name) for stage in report.stages] == [
        (0, "decode image"),
        (0, "resize image"),
        (0, "tokens text"),
        (0, "decode audio"),
        (0, "resample audio"),
        (0, "answer label"),
        (1, "decode image"),
        (1, "resize image"),
        (1, "tokens text"),
        (1, "answer label"),
    ]


@pytest.mark.parametrize(
    ("field", "name", "by", "verdict"),
    [
        ("traces", "image", 1.5, "'decode image' of sample 0 differs by 1.5, allowed 1"),
        ("traces", "audio", -9, "'decode audio' of sample 0 differs by 9, allowed 1"),
        ("arrays", "image", -2, "'resize image' of sample 0 differs by 2, allowed 1"),
        ("arrays", "text", 1, "'tokens text' of sample 0 differs by 1, allowed 0"),
        ("arrays", "audio", 0.25, "'resample audio' of sample 0 differs by 0.25, allowed 0.002"),
        ("outputs", "label", 0.5, "'answer label' of sample 0 differs by 0.5, allowed 0.001"),
    ],
)
def test_the_first_stage_that_differs_is_named(repack, golden, field, name, by, verdict):
    report = verify(repack(golden=[changed(golden[0], field, name, by), golden[1]]))
    assert not report
    assert report.verdict == f"this machine does not reproduce the training machine: {verdict}"


def test_one_grey_level_is_allowed(repack, golden):
    report = verify(repack(golden=[changed(golden[0], "arrays", "image", -1)]))
    assert report.stages[1].difference == LOAD_TOLERANCE["image"] == 1.0
    assert report


def test_a_fault_of_loading_is_not_counted_against_the_graph(repack, golden):
    black = changed(golden[0], "arrays", "image", -255)
    outputs = {"label": np.exp([0, 2, 0]) / np.exp([0, 2, 0]).sum()}
    silent = replace(black, outputs=outputs, raw={"image": black.raw["image"], "text": "abc"})
    report = verify(repack(golden=[silent]))
    assert [stage.passed for stage in report.stages] == [True, False, True, True]


def test_a_file_that_cannot_be_decoded_here_is_a_stage_that_failed(repack, golden):
    unreadable = replace(golden[0], raw={**golden[0].raw, "audio": b"no codec"})
    report = verify(repack(golden=[unreadable]))
    assert "'decode audio' of sample 0 failed (audio: 8 bytes is no sound" in report.verdict
    assert [stage.passed for stage in report.stages] == [True, True, True, False, True]


def test_int8_is_allowed_two_of_its_steps(repack, golden):
    off = [changed(golden[0], "outputs", "label", 1.5 / 256)]
    assert not verify(repack(golden=off))
    assert verify(repack(golden=off, precision="int8"))


def test_not_a_number_is_never_close(golden, repack):
    assert not Report((Stage(0, "answer label", float("nan"), 1.0),))
    assert not verify(repack(golden=[changed(golden[0], "outputs", "label", np.nan)]))


def test_readings_differ_by_their_share_of_the_largest_and_nan_equals_nan():
    pascal = np.array([101_325.0, 101_325.0], np.float32)
    off = pascal + np.array([0, 0.5], np.float32)
    assert _difference(off, pascal, relative=True) == pytest.approx(0.5 / 101_325, rel=0.05)
    gap = np.array([np.nan, 1], np.float32)
    assert _difference(gap, gap) == 0
    assert np.isnan(_difference(gap, np.ones(2, np.float32)))


def test_a_runtime_that_answers_wrongly_is_refused(tiny, repack, golden):
    check_answers(load(tiny))
    check_answers(load(repack(golden=None)))
    wrong = load(repack(golden=[golden[0], changed(golden[1], "outputs", "label", 0.5)]))
    with pytest.raises(ValueError, match=r"runs it and is wrong, 'answer label' differs by 0\.5"):
        check_answers(wrong)
