import json

import numpy as np
import pytest

from mmkeras_edge.specs import TableSpec
from mmkeras_edge.table import load_table

SPEC = TableSpec(numbers=("age", "height_cm"), categories={"hand": ("left", "right")})


def test_numbers_come_first_then_places_among_the_values():
    fields = load_table({"hand": "right", "age": 31, "height_cm": "172.5"}, SPEC)
    assert fields.dtype == np.float32
    assert fields.tolist() == [31, 172.5, 2]


@pytest.mark.parametrize("missing", [{}, {"age": None, "hand": None}, {"age": " ", "hand": ""}])
def test_what_is_missing_is_nan_or_0(missing):
    fields = load_table(missing, SPEC)
    assert np.isnan(fields).tolist() == [True, True, False]
    assert fields[2] == 0


def test_a_value_that_training_never_saw_is_0():
    assert load_table({"hand": "both"}, SPEC)[2] == 0


def test_a_number_is_the_category_of_its_digits():
    grades = TableSpec(categories={"grade": ("1", "2", "3")})
    assert [load_table({"grade": g}, grades)[0] for g in (3, 3.0, "3", " 3")] == [3, 3, 3, 3]


def test_json_text_is_a_record():
    record = {"age": 31, "hand": "left"}
    for text in (json.dumps(record), json.dumps(record).encode()):
        np.testing.assert_array_equal(load_table(text, SPEC), load_table(record, SPEC))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"agee": 3}, r"unknown field 'agee'; did you mean 'age'\? choose from age, height_cm"),
        ({"age": "old"}, "table: age is 'old', no number"),
        ({"age": [3]}, r"table: age is \[3\], no number"),
        ({"age": "inf"}, "table: age is 'inf', beyond what a float32 holds"),
        ({"age": 1e39}, "beyond what a float32 holds"),
        ("{age: 3}", "table: the fields are no JSON"),
        ("[3]", r"table: wanted \{field: value\}, received list"),
        (3, r"wanted \{field: value\}, received int"),
    ],
)
def test_what_is_no_record_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        load_table(source, SPEC)
