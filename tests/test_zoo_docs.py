"""The page of the zoo names everything that there is, and nothing that there is not."""

import re
from pathlib import Path

import pytest

import mmkeras
from mmkeras.branches import audio, backbones, sensor, table, text
from mmkeras.fusion import FUSIONS
from mmkeras.tasks import TASKS

PAGE = (Path(__file__).parent.parent / "docs" / "zoo.md").read_text()
TABLES = {
    "### Image": backbones.BACKBONES,
    "### Audio alone": audio.ENCODERS,
    "### Text": text.ENCODERS,
    "### Sensor": sensor.ENCODERS,
    "### Tables": table.ENCODERS,
    "## Fusions": FUSIONS,
}


def names_under(heading: str) -> set[str]:
    """What stands in backticks in the first column of the table under a heading."""
    section = PAGE[PAGE.index(f"\n{heading}") :].partition("\n| ")[2].partition("\n\n")[0]
    return {
        name
        for row in section.splitlines()
        for name in re.findall("`([a-z0-9_]+)`", row.strip("| ").split("|")[0])
    }


@pytest.mark.parametrize("heading", TABLES)
def test_a_table_of_the_page_is_the_table_of_the_code(heading):
    extra = {"cnn"} if heading == "### Audio alone" else set()  # of the backbones
    assert names_under(heading) == {*TABLES[heading]} | extra


def test_every_task_is_there():
    for task in TASKS.values():
        assert f"`{task.__name__}(" in PAGE
        assert hasattr(mmkeras, task.__name__)
