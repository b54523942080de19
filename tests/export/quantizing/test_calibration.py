from collections import Counter

import numpy as np

from mmkeras_export.quantizing.calibration import (
    absences,
    calibration_samples,
    strata_of,
    stratified,
)


def test_each_class_comes_as_often_as_there_are_rows():
    labels = np.array(["cat"] * 50 + ["dog"] * 5 + ["emu"] * 2)
    assert Counter(labels[stratified(labels, 12)]) == {"cat": 5, "dog": 5, "emu": 2}


def test_fewer_rows_than_wanted_are_all_taken_once():
    assert sorted(stratified(np.array(["a", "b", "a"]), 128)) == [0, 1, 2]


def test_rows_that_lack_an_input_come_as_often_as_those_that_have_it(stamps):
    table = stamps.train.table
    silent = table["speech"] == ""
    kind = table["category"][silent].mode()[0]
    here = table["category"] == kind
    assert (here & silent).sum() >= 2
    few = [np.flatnonzero(which)[:count] for which, count in [(here & silent, 2), (~silent, 20)]]
    data = stamps.train.rows(np.concatenate(few))
    strata = strata_of(data, ("text", "audio"))
    chosen = Counter(strata[stratified(strata, 2 * len(set(strata)))])
    assert chosen[f"+- {kind}"] == 2  # of 22 rows
    assert set(chosen) == set(strata)


def test_nothing_is_taken_away_from_a_row_that_would_have_nothing_left():
    present = np.array([[1, 1], [1, 1], [1, 0], [0, 1], [1, 0], [0, 1]], bool)
    gone = absences(present, always=False)
    assert gone.tolist() == [[1, 0], [0, 1], [0, 0], [0, 0], [0, 0], [0, 0]]
    assert absences(present, always=True)[:, 0].tolist() == [1, 0, 0, 0, 1, 0]


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
