"""The page about data: its code runs as it stands, and it names every finding that there is."""

import re
from pathlib import Path

from mmkeras.datasets import synthetic
from mmkeras.quality import FINDINGS

PAGE = (Path(__file__).parent.parent / "docs" / "data.md").read_text("utf-8")
UPPER = PAGE.partition("\n# Sample sets\n")[0]
BLOCKS = [block.partition("```")[0] for block in UPPER.split("```python\n")[1:]]


def test_the_code_of_the_page_runs(tmp_path, monkeypatch, capsys):
    synthetic.build(tmp_path, rows=90).rename(tmp_path / "pets.csv")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in BLOCKS:
        exec(block, names)
    out = capsys.readouterr().out
    assert "what the columns were taken for" in out
    assert "90 usable rows of 90" in out
    assert [len(names[part]) for part in ("train", "valid", "test")] == [70, 10, 10]
    assert (tmp_path / "split.csv").is_file()
    assert not (tmp_path / "skipped.csv").exists()


def test_the_page_names_every_finding_under_its_severity():
    for severity in ("error", "warning", "note"):
        row = re.search(rf"^\| {severity}.*$", UPPER, re.M)[0]
        wanted = {name for name, kind in FINDINGS.items() if kind.severity == severity}
        assert set(re.findall("`([a-z_]+)`", row)) == wanted
