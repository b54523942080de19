import csv

import numpy as np
import pytest
import soundfile

from mmkeras import load_manifest
from mmkeras.datasets import digits, spoken
from mmkeras.quality import check


@pytest.fixture(scope="module")
def path(fake_mnist, fake_clips, tmp_path_factory):
    return digits.build(fake_clips(tmp_path_factory.mktemp("digits")), 200, root=fake_mnist)


@pytest.fixture(scope="module")
def rows(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_can_be_read_and_the_split_is_stored(path):
    data = load_manifest(path, **digits.COLUMNS)
    found = check(data)
    assert (found.usable, found.named("error")) == (200, ())
    assert [len(part) for part in data.split()] == [140, 20, 40]
    assert data.classes("digit") == tuple("0123456789")


def test_no_picture_and_no_timbre_is_in_two_splits(rows):
    for key in (lambda row: row["image"], lambda row: row["voice"].partition("+")[2]):
        seen = {(key(row), row["split"]) for row in rows}
        assert len(seen) == len({name for name, _ in seen})


def test_a_hint_is_true_and_leaves_five_digits_and_a_quarter_has_none(rows):
    true = dict(digits.HINTS)
    assert all(int(row["digit"]) in true[row["hint"]] for row in rows if row["hint"])
    assert {len(of) for of in true.values()} == {5}
    assert 30 <= sum(not row["hint"] for row in rows) <= 70  # of 200; 50 expected


def test_the_picture_is_of_the_digit(rows):
    assert all(row["image"].split("/")[1] == row["digit"] for row in rows)


def test_the_word_stands_in_a_second_of_noise(path, rows):
    samples, rate_hz = soundfile.read(path.parent / rows[0]["speech"])
    assert (len(samples), rate_hz) == (8_000, spoken.RATE_HZ)
    assert abs(np.abs(samples).max() - 0.9) < 1e-3
    assert np.std(samples[:500]) > 0.02  # there is no silence before the word


def test_the_same_seed_gives_the_same_bytes(path, fake_mnist, fake_clips, tmp_path):
    again = digits.build(fake_clips(tmp_path), 200, root=fake_mnist)
    files = [file.relative_to(path.parent) for file in path.parent.rglob("*.*")]
    assert all((tmp_path / f).read_bytes() == (path.parent / f).read_bytes() for f in files)
    first = again.read_text()
    assert digits.build(tmp_path, 200, seed=1, root=fake_mnist).read_text() != first


def test_fewer_than_ten_rows_are_refused(tmp_path):
    with pytest.raises(ValueError, match="received rows=9"):
        digits.build(tmp_path, rows=9)
