"""Whatever is absent or unknown comes out of the shards as it went in."""

import string

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmkeras import Classify, Regress, Table, Text, Work, load_manifest, prepare_to
from mmkeras.dataset import Batches
from mmkeras.prepare import prepare
from mmkeras.recipe import Recipe
from mmkeras.tokenizer import train_tokenizer

TOKENIZER = train_tokenizer(["a cat and a dog"], 270)
WORDS = st.sampled_from(["", "a cat", "a dog", "and"])
AGES = st.sampled_from(["", "1", "7.5"])
ROWS = st.lists(
    st.tuples(WORDS, AGES, st.sampled_from(["", "cat", "dog"]), st.sampled_from(["", "0", "2.5"])),
    min_size=1,
    max_size=30,
)
ALWAYS = [("a cat", "1", animal, "2") for animal in ("cat", "dog")] * 3  # for each split
RECIPE = Recipe(
    {"text": Text(length=4, vocabulary=300), "table": Table(("age",))},
    {"animal": Classify(("cat", "dog")), "price": Regress()},
    optional=("text", "table"),
)


@pytest.mark.filterwarnings("ignore:.*rows? left out")
@settings(
    max_examples=10,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS)
def test_presence_and_unknown_labels_flow_through(rows, tmp_path_factory, in_pieces):
    folder = tmp_path_factory.mktemp("rows")
    splits = ["train", "train", "valid", "valid", "test", "test", *["train"] * len(rows)]
    lines = [",".join((*row, split)) for row, split in zip(ALWAYS + rows, splits, strict=True)]
    path = folder / "rows.csv"
    path.write_text("words,age,animal,price,split\n" + "\n".join(lines) + "\n")
    manifest = load_manifest(
        path, text="words", table=("age",), targets={"animal": "classify", "price": "regress"}
    )
    stored = prepare_to(manifest, folder / "out", RECIPE, TOKENIZER, work=Work(workers=1))
    memory = prepare(manifest, RECIPE, TOKENIZER)
    usable = [row for row in ALWAYS + rows if (row[0] or row[1]) and (row[2] or row[3])]
    assert stored.feed()["text_present"].tolist() == [bool(words) for words, *_ in usable]
    assert stored.feed()["table_present"].tolist() == [bool(age) for _, age, *_ in usable]
    known = {"animal": [bool(row[2]) for row in usable], "price": [bool(row[3]) for row in usable]}
    for epoch in (stored, memory):
        feed, answers, *weights = Batches(epoch, len(usable))[0]
        if not all(map(all, known.values())):
            assert {name: of.astype(bool).tolist() for name, of in weights[0].items()} == known
        for name, of in {**feed, **answers}.items():
            assert np.isfinite(of).all(), name
    for name, array in memory.feed().items():
        np.testing.assert_array_equal(stored.feed()[name], array)


NAMES = st.text(string.printable + "äß€😀", min_size=1, max_size=12).filter(lambda s: "\0" not in s)


@settings(max_examples=50, deadline=None, database=None, derandomize=True)
@given(name=NAMES)
def test_any_name_of_an_input_is_the_name_of_one_file(name):
    from mmkeras.shards.files import file_of

    file = file_of(name, "values")
    assert "/" not in file
    assert file not in (".", "..")
    assert file_of(name + "x", "values") != file
