"""A temperature and a limit, found once a file is there and stored in it."""

import dataclasses
import shutil

import numpy as np
import pytest

import mmkeras
import mmkeras_edge
from mmkeras.insight.calibration import nll
from mmkeras_edge.file import open_file
from mmkeras_edge.verify import verify
from mmkeras_export import settle
from mmkeras_export.settling import _rewrite


@pytest.fixture(scope="module")
def doubtful(files, tmp_path_factory):
    """The file with a temperature of 6, so that a better one is there to be found."""
    path = tmp_path_factory.mktemp("doubtful") / "doubtful.tflite"
    card = open_file(files.paths["float32"]).card
    outputs = {n: dataclasses.replace(s, temperature=6.0) for n, s in card.outputs.items()}
    _rewrite(files.paths["float32"], path, card, outputs, "made doubtful")
    return path


@pytest.fixture(scope="module")
def settled(doubtful, stamps, tmp_path_factory):
    path = tmp_path_factory.mktemp("settled") / "settled.tflite"
    return path, settle(doubtful, stamps.valid, path, turn_away=0.3)


def test_the_model_stays_and_answers_as_before(settled, files):
    path, _ = settled
    before, after = open_file(files.paths["float32"]), open_file(path)
    assert before.card.sha256 == after.card.sha256
    assert (
        path.read_bytes()[: after.card.model_bytes]
        == (files.paths["float32"].read_bytes()[: before.card.model_bytes])
    )
    assert verify(path)
    assert after.card.notes[-1].startswith("temperature and limits were found on ")


def test_what_was_found_is_in_the_card_and_in_what_is_read(settled, doubtful, stamps):
    path, found = settled
    plain, file = mmkeras.load(doubtful), mmkeras.load(path)
    rows = plain.prepare(stamps.valid)
    raw, tempered = plain.predict(rows), file.predict(rows)
    for name, each in found.items():
        spec = file.specs[name]
        assert (spec.temperature, spec.unsure_below) == (each.temperature, each.unsure_below)
        np.testing.assert_array_equal(raw[name].argmax(axis=1), tempered[name].argmax(axis=1))
        truth = rows.answers()[name]
        assert nll(spec, truth, tempered[name]) <= nll(spec, truth, raw[name])
        unsure = (tempered[name].max(axis=1) < spec.unsure_below).mean()
        assert unsure == pytest.approx(0.3, abs=0.02)
    # of 17 groups, chance may explain what another temperature brings to the categories
    assert found["language"].temperature < 3


def test_the_device_says_that_it_is_unsure(settled, stamps):
    path, _ = settled
    file, device = mmkeras.load(path), mmkeras_edge.load(path)
    answers = file.predict(stamps.valid)["category"]
    limit = file.specs["category"].unsure_below
    for row in (int(answers.max(axis=1).argmin()), int(answers.max(axis=1).argmax())):
        reading = device.predict(**stamps.valid.sources(row))["category"]
        np.testing.assert_array_equal(reading.probabilities, answers[row])
        assert reading.sure is bool(answers[row].max() >= limit)


def test_found_again_there_is_nothing_more_to_find(settled, stamps, tmp_path):
    path = tmp_path / "again.tflite"
    shutil.copy(settled[0], path)
    again = settle(path, stamps.valid)
    for name, each in again.items():
        assert each.temperature == settled[1][name].temperature
        assert each.unsure_below == settled[1][name].unsure_below  # nothing was asked: it stays
    assert len(open_file(path).card.notes) == len(open_file(settled[0]).card.notes)


def test_a_share_that_cannot_be_is_refused_and_the_file_stays(files, stamps):
    before = files.paths["float32"].read_bytes()
    with pytest.raises(ValueError, match="turn_away is a share"):
        settle(files.paths["float32"], stamps.valid, turn_away=1.0)
    assert files.paths["float32"].read_bytes() == before
