"""Spoken digits: the words zero to nine, each from 124 synthetic speakers.

Source: made on this machine by the program `espeak-ng` (GPL-3; Debian and Ubuntu have it), so this
is no human speech. A speaker is an accent of English and a timbre, with a pitch and a pace of its
own. The timbres of the validation and test speakers are never heard in training.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from mmkeras.datasets.stamps import replace_file

PROGRAM = "espeak-ng"
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
ACCENTS = ("en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp")
# Variants of espeak-ng 1.50 and newer; those that whisper or croak are out. Andrea, whom a model
# that heard the others mishears in 6 words of 40, is for training.
TIMBRES = {
    "train": (
        "m1", "m3", "m4", "m5", "m7", "m8", "f1", "f3", "Alex", "Alicia", "Andrea", "Andy", "Annie",
        "adam", "belinda", "benjamin", "ed", "grandpa", "iven", "john", "linda", "michel",
    ),
    "valid": ("m6", "f5", "quincy"),
    "test": ("m2", "f2", "f4", "david", "steph", "max"),
}  # fmt: skip
RATE_HZ = 8_000  # telephone speech is enough
PACES_WPM = (130, 190)
PITCHES = (35, 65)  # of 0 to 99, on the program's own scale


@dataclass(frozen=True)
class Speaker:
    """Who says a word: a voice of the program, how fast and how high."""

    voice: str
    pace_wpm: int
    pitch: int


@cache
def speakers(split: str) -> tuple[Speaker, ...]:
    """The speakers of a split, the same in every call."""
    random = np.random.default_rng(list(TIMBRES).index(split))
    voices = [f"{accent}+{timbre}" for timbre in TIMBRES[split] for accent in ACCENTS]
    paces = random.integers(*PACES_WPM, len(voices), endpoint=True)
    pitches = random.integers(*PITCHES, len(voices), endpoint=True)
    drawn = zip(voices, paces, pitches, strict=True)
    return tuple(Speaker(voice, int(pace), int(pitch)) for voice, pace, pitch in drawn)


def clip_path(folder: Path, speaker: Speaker, digit: int) -> Path:
    return folder / speaker.voice / f"{digit}.wav"


def write_clips(folder: Path) -> None:
    """Every digit of every speaker at `clip_path`, mono WAV at 8 kHz; those that are there stay.

    Raises FileNotFoundError without the program and ValueError where it lacks a voice.
    """
    said = [(s, digit) for split in TIMBRES for s in speakers(split) for digit in range(10)]
    missing = [(s, digit) for s, digit in said if not clip_path(folder, s, digit).is_file()]
    if not missing:
        return
    _check_program()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for (speaker, digit), content in zip(missing, pool.map(_spoken, missing), strict=True):
            replace_file(clip_path(folder, speaker, digit), content)


def wav(samples: np.ndarray) -> bytes:
    """The content of a WAV file, 16 bit at 8 kHz, of samples in -1 to 1."""
    import soundfile

    content = io.BytesIO()
    soundfile.write(content, samples, RATE_HZ, "PCM_16", format="WAV")
    return content.getvalue()


def _spoken(said: tuple[Speaker, int]) -> bytes:
    import soundfile
    import soxr

    speaker, digit = said
    how = ["-v", speaker.voice, "-s", str(speaker.pace_wpm), "-p", str(speaker.pitch)]
    samples, rate_hz = soundfile.read(io.BytesIO(_run([*how, "--stdout", WORDS[digit]])))
    return wav(soxr.resample(samples, rate_hz, RATE_HZ).clip(-1, 1))


def _check_program() -> None:
    """An unknown timbre would be answered, without a word, by the voice that all have."""
    if shutil.which(PROGRAM) is None:
        raise FileNotFoundError(
            f"the program {PROGRAM}, which speaks the digits, is not installed; run `make digits` "
            "as root, or `apt-get install espeak-ng`"
        )
    known = _run(["--voices=variant"]).decode("utf-8", "replace")
    files = {word.removeprefix("!v/") for word in known.split() if word.startswith("!v/")}
    lacking = [timbre for timbres in TIMBRES.values() for timbre in timbres if timbre not in files]
    if lacking:
        raise ValueError(
            f"this {PROGRAM} has no voice {', '.join(lacking)}; wanted version 1.50 or newer"
        )


def _run(arguments: Sequence[str]) -> bytes:
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, check=False)
    if done.returncode or not done.stdout:
        raise ValueError(f"{PROGRAM} {' '.join(arguments)} failed: {done.stderr.decode()}")
    return done.stdout
