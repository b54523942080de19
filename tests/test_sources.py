from pathlib import Path

import pytest

from mmkeras import load_manifest
from mmkeras.modalities import Image, Sensor, Table
from mmkeras.origin import origin_of
from mmkeras.prepare import prepare
from mmkeras.quality import check
from mmkeras.recipe import Recipe
from mmkeras.run import Run
from mmkeras.sources import arguments, distinct, named_columns, problem_with, raw_source
from mmkeras.tasks import Classify
from mmkeras_edge.inputs import load_sample

HERE = Path("/data")
ROWS = """front,side,imu,age,hand,label
a.png,b.png,r.csv,31,left,x
a.png,b.png,,,right,y
,,r.csv,,,x
"""


@pytest.fixture
def write(tmp_path):
    """Writes a manifest, two pictures and one recording."""
    from PIL import Image as Pillow

    for name, grey in (("a", 0), ("b", 255)):
        Pillow.new("L", (4, 4), grey).save(tmp_path / f"{name}.png")
    (tmp_path / "r.csv").write_text("t,x,y\n0,1,2\n0.5,3,4\n1,5,6\n")

    def write(text: str = ROWS) -> Path:
        (tmp_path / "m.csv").write_text(text)
        return tmp_path / "m.csv"

    return write


def read(path, **changes):
    columns = {
        "image": {"product": ("front", "side")},
        "sensors": "imu",
        "table": ("age", "hand"),
        "targets": {"label": "classify"},
    }
    return load_manifest(path, **{**columns, **changes})


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(
        inputs={
            "product": Image(size_px=(2, 2), views=2),
            "sensor": Sensor(2, rate_hz=2, window_ms=1_500),
            "table": Table(("age",), {"hand": ("left", "right")}),
        },
        outputs={"label": Classify(("x", "y"))},
        optional=("product", "sensor", "table"),
    )


def test_an_input_is_called_like_its_kind_or_by_a_name_of_its_own():
    inputs, kinds = named_columns(
        {"image": {"left": "l_png", "right": "r_png"}, "sensor": "imu", "table": "age"}
    )
    assert inputs == {"left": "l_png", "right": "r_png", "sensor": "imu", "table": ("age",)}
    assert kinds == {"left": "image", "right": "image", "sensor": "sensor", "table": "table"}
    again = arguments({**inputs, "table": ["age"]}, kinds)  # JSON has no tuples
    assert named_columns({"sensor": again["sensors"]}) == ({"sensor": "imu"}, {"sensor": "sensor"})
    assert again["table"] == {"table": ("age",)}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"audio": ("a", "b")}, r"'audio': wanted the name of a column. Received: \('a', 'b'\)"),
        ({"image": ("a",)}, "'image': wanted a column, or those of several views"),
        ({"table": ()}, "'table': wanted the columns of its fields"),
        ({"text": {"x": "a"}, "audio": {"x": "b"}}, "two inputs are called 'x'"),
    ],
)
def test_columns_that_cannot_be_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        named_columns(given)


def test_a_row_has_the_views_of_a_thing_and_the_fields_of_a_record(write, tmp_path):
    data = read(write())
    first, second, third = (data.sources(row) for row in range(3))
    assert first["product"] == (str(tmp_path / "a.png"), str(tmp_path / "b.png"))
    assert first["sensor"] == str(tmp_path / "r.csv")
    assert first["table"] == {"age": "31", "hand": "left"}
    assert second["sensor"] is None
    assert second["table"] == {"age": None, "hand": "right"}
    assert (third["product"], third["table"]) == (None, None)


def test_the_same_record_or_views_are_prepared_once():
    records = [{"age": "3"}, None, {"age": "3"}, {"age": "4"}]
    assert distinct(records) == ([{"age": "3"}, {"age": "4"}], [0, None, 0, 1])
    assert distinct([("a", "b"), ("a", "b")]) == ([("a", "b")], [0, 0])


def test_one_view_without_the_other_is_a_problem(write):
    cells = {"front": "a.png", "side": ""}
    assert raw_source("image", ("front", "side"), cells, HERE) is None
    wrong = problem_with("image", ("front", "side"), cells, HERE)
    assert wrong == "the view 'side' is empty; fill it, or leave all of them empty"
    with pytest.warns(UserWarning, match=r"m\.csv:2: front, side: the view 'side' is empty"):
        assert read(write(ROWS.replace("b.png", "", 1))).lines == [3, 4]


def test_a_folder_is_a_film_but_no_picture(tmp_path):
    cells = {"at": str(tmp_path)}
    assert problem_with("video", "at", cells, HERE) is None
    assert "no file" in str(problem_with("image", "at", cells, HERE))


def test_saved_elsewhere_views_and_recordings_are_found(write, tmp_path):
    (tmp_path / "other").mkdir()
    data = read(write())
    saved = read(data.save(tmp_path / "other" / "n.csv"))
    assert saved.sources(0) == data.sources(0)


def test_a_run_finds_the_same_inputs_in_its_manifest_again(write):
    data = read(write())
    about = {"data": origin_of(data, data)}
    again = Run(None, None, {}, about).manifest()
    assert (again.inputs, again.kinds) == (data.inputs, data.kinds)


def test_every_array_is_what_a_device_would_feed(write, recipe):
    import numpy as np

    data = prepare(read(write()), recipe)
    for row in range(3):
        on_device = load_sample(data.manifest.sources(row), recipe.specs, recipe.optional)
        fed = data.feed([row])
        assert fed.keys() == on_device.keys()
        for name, array in on_device.items():
            np.testing.assert_array_equal(fed[name][0], array)


def test_a_number_that_is_none_is_reported_with_its_line_and_columns(write, recipe):
    with pytest.warns(UserWarning, match=r"m\.csv:2: age, hand: table: age is 'old', no number"):
        assert len(prepare(read(write(ROWS.replace("31", "old"))), recipe)) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": ("age",)}, r"'table': the manifest gives the fields age, and .* age, hand"),
        ({"image": {"product": "front"}}, "'product': the manifest gives 1 views, .* wants 2"),
        ({"sensors": None, "audio": {"sensor": "imu"}}, "'sensor' is audio in the manifest"),
    ],
)
def test_other_columns_than_the_models_are_an_error(write, recipe, changes, message):
    with pytest.raises(ValueError, match=message):
        prepare(read(write(), **changes), recipe)


def test_a_table_finds_numbers_and_categories_in_its_rows(write):
    data = read(write())
    assert Table.of(data) == Table(("age",), {"hand": ("left", "right")})
    assert Table.of(data, categories=("age",)).categories["age"] == ("31",)
    with pytest.raises(ValueError, match=r"unknown field 'agee'; did you mean 'age'"):
        Table.of(data, categories=("agee",))
    with pytest.raises(ValueError, match="the field 'age' is empty in every row"):
        Table.of(data.rows([1]))


def test_a_sensor_finds_its_channels_and_rate_in_its_first_recording(write, tmp_path):
    data = read(write())
    assert Sensor.of(data, window_ms=500) == Sensor(2, 2, 500, names=("x", "y"))
    assert Sensor.of(data, rate_hz=10).rate_hz == 10
    (tmp_path / "r.csv").write_text("t,x\nnow,1\n")
    with pytest.raises(ValueError, match="line 2: could not convert"):
        Sensor.of(data)
    with pytest.raises(ValueError, match="no row has the input 'sensor'"):
        Sensor.of(data.rows([1]))


def test_a_word_among_numbers_is_taken_for_a_slip_and_named_with_its_line(write):
    rows = "".join(f",,,{age},left,x\n" for age in range(20, 40))
    data = read(write("front,side,imu,age,hand,label\n" + rows.replace(",25,", ",old,")))
    message = r"m\.csv:7: age: 'old' is no number, as nearly all the others are; mend it"
    with pytest.raises(ValueError, match=message):
        Table.of(data)
    (slip,) = check(data).named("slip")
    assert (slip.lines, slip.details, slip.cells) == ((7,), {7: "'old' is no number"}, {7: ""})
    assert len(Table.of(data, categories=("age",)).categories["age"]) == 20


def test_a_table_writes_each_category_in_one_way(write):
    data = read(write("front,side,imu,age,hand,label\n,,,1.0,True,x\n,,,1,true,x\n,,,2,False,x\n"))
    table = Table.of(data, categories=("age",))
    assert table.categories == {"age": ("1", "2"), "hand": ("false", "true")}


def test_a_table_takes_what_stands_for_nothing_as_empty(write):
    rows = "".join(f",,,{gap},{gap},x\n" for gap in ("nan", "NA", "n/a", "null", "None"))
    data = read(write("front,side,imu,age,hand,label\n,,,31,left,x\n" + rows))
    assert Table.of(data) == Table(("age",), {"hand": ("left",)})
