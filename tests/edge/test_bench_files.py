import csv
import xml.etree.ElementTree as ET

import pytest

from mmkeras_edge.bench_files import append_row, board_row, picture

STAGE = {"p50": 2.0, "p95": 3.0, "p99": 4.0}
MEASURED = {
    "file": "models/stamps.tflite",
    "precision": "int8",
    "runtime": "ai-edge-litert",
    "threads": 4,
    "load_ms": 123.46,
    "peak_mb": 60.04,
    "stages_ms": {"predict": STAGE, "invoke": {"p50": 1.0, "p95": 1.5, "p99": 6.0}},
    "board": {"model": "a board <&>", "machine": "aarch64", "system": "Debian"},
    "after": {"temperature_c": 61.0, "throttled_before": ("under-voltage", "throttled")},
    "sustained": [
        {"second": 1.0, "temperature_c": 50.0, **STAGE},
        {"second": 2.0, "temperature_c": 72.5, **STAGE},
    ],
}


def test_a_board_is_a_row(tmp_path):
    path = tmp_path / "boards.csv"
    append_row(path, board_row(MEASURED))
    append_row(path, board_row({**MEASURED, "threads": 1}))
    first, second = csv.DictReader(path.read_text().splitlines())
    assert (first["board"], first["file"], first["load_ms"]) == (
        "a board <&>",
        "stamps.tflite",
        "123.5",
    )
    assert (first["predict_p99_ms"], first["warmest_c"]) == ("4.0", "72.5")
    assert first["throttled_since_boot"] == "under-voltage; throttled"
    assert (first["threads"], second["threads"]) == ("4", "1")
    assert [found.name for found in tmp_path.iterdir()] == ["boards.csv"]


def test_a_board_that_does_not_say_leaves_the_cell_empty():
    silent = {"temperature_c": None, "throttled_before": None}
    row = board_row({**MEASURED, "after": silent, "sustained": []})
    assert (row["warmest_c"], row["throttled_since_boot"]) == ("", "")


def test_a_table_of_something_else_is_kept(tmp_path):
    path = tmp_path / "shopping.csv"
    path.write_text("bread,butter\n1,2\n")
    with pytest.raises(ValueError, match=r"has other columns: bread, butter; give a new file"):
        append_row(path, board_row(MEASURED))
    assert path.read_text() == "bread,butter\n1,2\n"
    path.write_bytes(b"\x89PNG")
    with pytest.raises(ValueError, match=r"shopping.csv' is no CSV .*; give a new file"):
        append_row(path, board_row(MEASURED))


def test_the_picture_has_a_bar_a_stage_and_the_course_of_heat():
    root = ET.fromstring(picture(MEASURED))
    words = [node.text for node in root.iterfind(".//{*}text")]
    assert words[0] == "stamps.tflite on a board <&>"
    assert {"predict", "invoke", "°C: 50 to 72.5"} <= {*words}
    bars = root.iterfind(".//{*}rect[@height='16']")
    widths = [float(bar.get("width")) for bar in bars]
    assert widths[0] == pytest.approx(2 * widths[1], abs=0.1)
    assert len(root.findall(".//{*}polyline")) == 2
    short = ET.fromstring(picture({**MEASURED, "sustained": []}))
    assert short.findall(".//{*}polyline") == []
