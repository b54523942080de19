import pytest

from mmkeras import load_manifest
from mmkeras.inspection import inspect


def read(path):
    return load_manifest(path, "picture", "words", "sound", {"animal": "classify"})


def test_a_sound_manifest_is_counted(toy):
    found = inspect(read(toy))
    assert (found.rows, found.problems) == (20, ())
    assert found.classes == {"animal": {"cat": 10, "dog": 10}}
    assert found.absent == {"image": 0, "text": 0, "audio": 10}
    assert str(found).splitlines() == [
        "20 usable rows",
        "animal: 2 classes: cat 10, dog 10",
        "image: absent in 0 rows",
        "text: absent in 0 rows",
        "audio: absent in 10 rows",
        "no problems",
    ]


def test_what_cannot_be_read_is_listed_with_its_line(toy):
    (toy.parent / "0.png").write_text("no")
    (toy.parent / "2.wav").write_text("no")
    (toy.parent / "4.png").unlink()
    with pytest.warns(UserWarning, match=r"toy\.csv:6: picture: no file"):
        found = inspect(read(toy))
    assert [(p.line, p.column) for p in found.problems] == [
        (6, "picture"),
        (2, "picture"),
        (4, "sound"),
    ]
    assert found.rows == 17
    assert found.classes == {"animal": {"dog": 10, "cat": 7}}
    assert str(found).endswith(
        "is no sound; wanted WAV, FLAC, OGG or MP3 (Error opening "
        f"'{toy.parent / '2.wav'}': Format not recognised.)\n3 problems"
    )


def test_more_than_twenty_problems_are_counted_and_kept(toy):
    toy.write_text(toy.read_text() + "0.png,hello,,cat\n" * 21)  # a cell too few
    with pytest.warns(UserWarning, match="21 rows left out"):
        found = inspect(read(toy))
    assert str(found).endswith("and 1 more problems (--json has them all)\n21 problems")
    assert len(found.to_dict()["problems"]) == 21
    assert found.to_dict()["problems"][0] == {
        "file": str(toy),
        "line": 22,
        "column": "row",
        "message": "4 cells, wanted 5; quote cells with commas",
    }
