from collections import Counter

import numpy as np

from mmkeras_export.calibration import calibration_samples, stratified


def test_each_class_comes_as_often_as_there_are_rows():
    labels = np.array(["cat"] * 50 + ["dog"] * 5 + ["emu"] * 2)
    assert Counter(labels[stratified(labels, 12)]) == {"cat": 5, "dog": 5, "emu": 2}


def test_fewer_rows_than_wanted_are_all_taken_once():
    assert sorted(stratified(np.array(["a", "b", "a"]), 128)) == [0, 1, 2]


def test_a_quarter_lacks_each_optional_input_and_none_lacks_all(run, stamps):
    complete = stamps.train.rows(np.flatnonzero(stamps.train.table["speech"] != ""))
    samples = calibration_samples(run, complete, count=40)
    present = np.array([[s["text_present"], s["audio_present"]] for s in samples])
    assert len(samples) == 40
    assert list((present == 0).sum(axis=0)) == [10, 10]
    assert present.max(axis=1).min() == 1
    assert all(not s["audio"].any() for s in samples if s["audio_present"] == 0)


def test_prepared_rows_give_the_same_samples_as_their_manifest(run, stamps):
    ours, theirs = (
        calibration_samples(run, data, count=8)
        for data in (stamps.valid, run.prepare(stamps.valid))
    )
    for a, b in zip(ours, theirs, strict=True):
        assert all(np.array_equal(a[name], b[name]) for name in a)
