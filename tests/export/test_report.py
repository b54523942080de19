import dataclasses
import json

from mmkeras_export.comparison import Comparison, Seen
from mmkeras_export.report import Report, change, table
from mmkeras_export.variants import Variant


def seen(file: float, higher: bool = True) -> Seen:
    return Seen("accuracy" if higher else "mae", higher, 0.8, file, 0.3, 0.96, 0.02, 200)


def variant(name: str, accuracy: float, size: int, ms: float, wrong: tuple[str, ...] = ()):
    comparison = Comparison(200, {"label": seen(accuracy)})
    return Variant(
        name, {"image": name}, {"all inputs": comparison}, size, size // 2, ms, 10.0, wrong
    )


WHOLE = variant("float32", 0.8, 4_000_000, 3.0)
SMALL = variant("int8", 0.79, 1_000_000, 2.0)
WORSE = variant("weights_int4", 0.6, 500_000, 2.5, ("label, all inputs: accuracy drops by 0.2",))
REPORT = Report("cats.tflite", 200, (WHOLE, WORSE, SMALL), SMALL, "raspberry-pi-4")


def test_a_row_a_variant_marks_the_chosen_and_the_refused_one_and_says_why():
    head, *rows, why = table(REPORT.tried, SMALL).splitlines()
    assert head.split() == ["variant", "kB", "compressed", "label", "agree", "ms", "RAM", "MB"]
    assert [row.split()[0] for row in rows] == ["float32", "x", ">"]
    assert rows[2].split()[1:] == [
        *("int8", "1,000", "500", "0.790", "(-1.0)", "0.960", "2.00", "10.0"),
    ]
    assert why == "x weights_int4: label, all inputs: accuracy drops by 0.2"


def test_the_gain_is_said_in_a_sentence():
    assert REPORT.says == (
        "int8: label -1.0 points, 4.0 times smaller, 1.5 times faster than float32 on this machine"
    )


def test_an_error_that_grows_is_said_in_percent():
    assert change(seen(0.88, higher=False)) == "+10.0%"


def test_figures_of_many_digits_and_long_names_stay_apart():
    error = dataclasses.replace(seen(0.087654, higher=False), keras=0.087651)
    comparison = Comparison(200, {"brightness_of_the_picture": error})
    chosen = dataclasses.replace(SMALL, comparisons={"without image": comparison})
    _, row = dataclasses.replace(REPORT, chosen=chosen).by_condition().splitlines()
    assert row.split("  ") == [
        *("brightness_of_the_picture", "without image", "0.08765", "0.08765"),
        *("0.960", "2.0e-02", "mae"),
    ]


def test_it_is_stored_beside_the_file_as_data_and_as_a_picture(tmp_path):
    stored = dataclasses.replace(REPORT, path=str(tmp_path / "cats.tflite"))
    data, picture = stored.save()
    assert (data.name, picture.name) == ("cats.export.json", "cats.export.png")
    assert json.loads(data.read_text())["chosen"] == "int8"
    assert [each["name"] for each in json.loads(data.read_text())["tried"]] == [
        *("float32", "weights_int4", "int8"),
    ]
    assert picture.read_bytes()[:4] == b"\x89PNG"
    assert len(list(tmp_path.iterdir())) == 2
