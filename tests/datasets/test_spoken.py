import shutil

import numpy as np
import pytest
import soundfile

from mmkeras.datasets import spoken

needs_program = pytest.mark.skipif(
    shutil.which(spoken.PROGRAM) is None, reason="espeak-ng is not installed; `make digits`"
)


def test_there_are_124_speakers_and_no_timbre_is_in_two_splits():
    voices = {split: {s.voice for s in spoken.speakers(split)} for split in spoken.TIMBRES}
    assert {split: len(of) for split, of in voices.items()} == {
        "train": 88,
        "valid": 12,
        "test": 24,
    }
    timbres = [{voice.partition("+")[2] for voice in of} for of in voices.values()]
    assert len(set.union(*timbres)) == sum(map(len, timbres)) == 31
    assert all(130 <= s.pace_wpm <= 190 for s in spoken.speakers("test"))


def test_clips_that_are_there_stay_and_nothing_is_run(fake_clips, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    folder = fake_clips(tmp_path) / "clips"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.wav")}
    assert len(before) == 1_240
    spoken.write_clips(folder)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.wav")} == before


def test_without_the_program_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(FileNotFoundError, match=r"espeak-ng.*apt-get install espeak-ng"):
        spoken.write_clips(tmp_path)
    assert list(tmp_path.iterdir()) == []


@needs_program
def test_a_timbre_that_the_program_lacks_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(spoken.TIMBRES, "test", ("m2", "nobody"))
    with pytest.raises(ValueError, match=r"has no voice nobody; wanted version 1\.50"):
        spoken.write_clips(tmp_path)


@needs_program
def test_a_missing_clip_is_spoken(fake_clips, tmp_path):
    folder = fake_clips(tmp_path) / "clips"
    path = spoken.clip_path(folder, spoken.speakers("test")[0], 7)
    path.unlink()
    spoken.write_clips(folder)
    samples, rate_hz = soundfile.read(path)
    assert rate_hz == 8_000
    assert 0.4 < len(samples) / rate_hz < 1.5
    assert np.abs(samples).max() > 0.1
