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


GAPS = [
    {"age": gap, "hand": gap} for gap in ("nan", "NA", "n/a", "null", " None", np.float32("nan"))
]


@pytest.mark.parametrize(
    "missing", [{}, {"age": None, "hand": None}, {"age": " ", "hand": ""}, *GAPS]
)
def test_what_is_missing_is_nan_or_0(missing):
    fields = load_table(missing, SPEC)
    assert np.isnan(fields).tolist() == [True, True, False]
    assert fields[2] == 0


def test_a_value_that_training_never_saw_is_0():
    assert load_table({"hand": "both"}, SPEC)[2] == 0


def test_none_is_a_value_where_a_model_has_it():
    spec = TableSpec(categories={"allergy": ("none", "nuts")})
    assert [load_table({"allergy": a}, spec)[0] for a in ("none", None)] == [1, 0]


def test_a_number_is_the_category_of_its_digits():
    grades = TableSpec(categories={"grade": ("1", "2", "3")})
    assert [load_table({"grade": g}, grades)[0] for g in (3, 3.0, "3", " 3")] == [3, 3, 3, 3]


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.int64(1), "1", "1.0", " 1."])
@pytest.mark.parametrize("known", ["1", "1.0"])
def test_a_whole_number_is_one_category_however_it_is_written(value, known):
    assert load_table({"grade": value}, TableSpec(categories={"grade": ("2.5", known)}))[0] == 2


@pytest.mark.parametrize("value", [True, np.bool_(True), "True", "true"])
@pytest.mark.parametrize("known", ["True", "true"])
def test_yes_is_one_category_however_it_is_written(value, known):
    assert load_table({"smoker": value}, TableSpec(categories={"smoker": ("1", known)}))[0] == 2


def test_a_code_keeps_its_leading_zeros():
    assert load_table({"code": "01"}, TableSpec(categories={"code": ("1", "01")}))[0] == 2


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
        ({"age": 10**400}, "table: age is 1000000000000000000000000000000000000000, beyond what"),
        ("{age: 3}", "table: the fields are no JSON"),
        ("[3]", r"table: wanted \{field: value\}, received list"),
        (3, r"wanted \{field: value\}, received int"),
    ],
)
def test_what_is_no_record_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        load_table(source, SPEC)
