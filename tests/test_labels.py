"""Labels of any kind in a manifest, and labels that are not known."""

import json

import keras
import numpy as np
import pytest
from typer.testing import CliRunner

import mmkeras
from mmkeras import Classify, Recipe, Regress, Text, Training, load_manifest
from mmkeras.adapting import adapt
from mmkeras.balance import losses_for
from mmkeras.cli import app
from mmkeras.dataset import Batches
from mmkeras.prepare import prepare
from mmkeras.quality import check
from mmkeras.session import compile_for
from mmkeras.tokenizer import train_tokenizer

TASKS = {"animal": "classify", "age": "regress"}
RECIPE = Recipe(
    inputs={"text": Text("embedding", length=4, vocabulary=300)},
    outputs={"animal": Classify(("cat", "dog")), "age": Regress("years")},
    width=8,
)


@pytest.fixture
def write(tmp_path):
    def write(*rows, header="words,animal,age"):
        path = tmp_path / "pets.csv"
        path.write_text("\n".join([header, *rows]) + "\n")
        return path

    return write


PETS = [
    "a black cat,cat,3",
    "a white dog,dog,8",
    "one old cat,cat,12",
    "a young dog,dog,1",
    "that dog,,9",  # its kind is not known
    "this cat,,5",
]


def prepared(path, recipe=RECIPE):
    data = load_manifest(path, text="words", targets=TASKS)
    return prepare(data, recipe, train_tokenizer(["a black cat"], 300))


def test_a_row_stays_as_long_as_one_label_is_known(write):
    path = write(*PETS, "nothing is known,,")
    message = r"pets\.csv:8: animal, age: no label; every row wants at least one"
    with pytest.warns(UserWarning, match=message):
        data = load_manifest(path, text="words", targets=TASKS)
    assert len(data) == 6
    assert data.classes("animal") == ("cat", "dog")
    assert data.task("age") == Regress()


def test_a_row_without_a_label_of_the_models_own_outputs_is_left_out(write):
    recipe = Recipe(RECIPE.inputs, {"animal": RECIPE.outputs["animal"]}, width=8)
    with pytest.warns(UserWarning, match=r"2 rows left out:\n.*pets\.csv:6: animal: no label"):
        assert len(prepared(write(*PETS), recipe)) == 4


def test_a_cell_that_is_no_number_is_reported_with_its_line(write):
    with pytest.warns(UserWarning, match=r"pets\.csv:3: age: 'old' is no number"):
        data = load_manifest(write(PETS[0], "a dog,dog,old"), text="words", targets=TASKS)
    assert data.lines == [2]


def test_numbers_have_no_classes(write):
    data = load_manifest(write(*PETS), text="words", targets=TASKS)
    with pytest.raises(ValueError, match="target 'age' is regress: it has numbers, no classes"):
        data.classes("age")


def test_an_unknown_kind_gets_the_list(write):
    with pytest.raises(ValueError, match="task of target 'age': 'regres'; did you mean 'regress'"):
        load_manifest(write(*PETS), text="words", targets={"age": "regres"})


def test_a_batch_has_a_weight_of_0_for_what_is_not_known(write):
    _, answers, weights = Batches(prepared(write(*PETS)), batch_size=6)[0]
    assert weights["animal"].tolist() == [1, 1, 1, 1, 0, 0]
    assert weights["age"].tolist() == [1] * 6
    assert answers["animal"].tolist() == [0, 1, 0, 1, 0, 0]
    assert len(Batches(prepared(write(*PETS[:4])))[0]) == 2  # all known: no weights


def after_a_step(data):
    """The weights by name after one step of plain descent on all rows, without dropout."""
    keras.utils.set_random_seed(0)
    model = mmkeras.assemble(RECIPE)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    adapt(model, data)
    model.compile(keras.optimizers.SGD(0.1), loss=losses_for(model, RECIPE))
    model.fit(Batches(data, 6), verbose=0)
    return {w.path: np.asarray(w.value) for w in model.trainable_variables}


def test_rows_without_a_label_do_not_move_what_leads_to_it(write):
    with_them = after_a_step(prepared(write(*PETS)))
    without = after_a_step(prepared(write(*PETS[:4])))
    for name in ("animal_logits/kernel", "animal_logits/bias"):
        np.testing.assert_allclose(with_them[name], without[name], rtol=1e-5, atol=1e-7)
    moved = "age_logits/kernel"  # these rows do have an age
    assert np.abs(with_them[moved] - without[moved]).max() > 1e-4


def test_what_stands_in_a_hidden_label_does_not_matter(write):
    """Every row has a label; without the hidden ones, the losses are those of the rest."""
    data = prepared(write(*PETS))
    model = mmkeras.assemble(RECIPE)
    adapt(model, data)
    compile_for(model, RECIPE, Training(), losses_for(model, RECIPE), steps=10)
    found = model.evaluate(Batches(data, 6), verbose=0, return_dict=True)
    told = model.predict(Batches(data, 6), verbose=0)
    wanted = -np.log(told["animal"][np.arange(4), [0, 1, 0, 1]]).mean()
    assert found["animal_loss"] == pytest.approx(wanted, rel=1e-4)
    right = (told["animal"][:4].argmax(1) == [0, 1, 0, 1]).mean()
    assert found["animal_accuracy"] == pytest.approx(right)
    ages = np.array([3, 8, 12, 1, 9, 5])
    assert found["age_loss"] == pytest.approx(
        (((told["age"][:, 0] - ages) / ages.std()) ** 2).mean(), rel=1e-4
    )
    assert found["age_mae"] == pytest.approx(np.abs(told["age"][:, 0] - ages).mean(), rel=1e-4)


@pytest.mark.parametrize("kind", ["regress", "multilabel", "count"])
def test_a_split_shares_out_what_is_no_class(write, kind):
    cells = {"regress": "{0}.5", "count": "{0}", "multilabel": "tag{1}|all"}[kind]
    rows = [f"words {i},{cells.format(i, i % 4)}" for i in range(200)]
    data = load_manifest(write(*rows, header="words,y"), text="words", targets={"y": kind})
    parts = data.split(seed=1)
    assert [len(part) for part in parts] == [140, 20, 40]
    for part in parts:
        shares = np.unique(data.strata()[np.isin(data.lines, part.lines)], return_counts=True)[1]
        assert shares.max() == shares.min()


def test_the_check_counts_labels_and_numbers(write):
    header = "words,animal,age,tags"
    rows = [
        f"{row},{tags}" for row, tags in zip(PETS, ["a|b", "a", "|", "", "b", "a"], strict=True)
    ]
    kinds = {**TASKS, "tags": "multilabel"}
    found = check(load_manifest(write(*rows, header=header), text="words", targets=kinds))
    charts = {
        chart.title: dict(zip(chart.labels, chart.counts, strict=True)) for chart in found.charts
    }
    assert (charts["animal"], charts["tags"]) == ({"cat": 2, "dog": 2}, {"a": 3, "b": 2})
    assert charts["age"] == dict.fromkeys(("1", "3", "5", "8", "9", "12"), 1)
    assert found.unlabelled == {"animal": 2, "age": 0, "tags": 1}
    assert "target animal: classify, 2 rows without a label\n" in str(found)


def test_the_command_trains_on_kinds_that_are_named(write, tmp_path):
    rows = [
        f"{'old' if i % 2 else 'young'},{'cat' if i % 3 else 'dog'},{i % 2 * 9 + 1}"
        for i in range(60)
    ]
    out = tmp_path / "run"
    options = ["--text", "words", "--target", "age:regress", "--target", "animal", "--set"]
    given = [*options, "training.balance=uncertainty", "--epochs", "2", "--out", out, "--json"]
    done = CliRunner().invoke(app, ["train", str(write(*rows)), *map(str, given)])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert list(found["figures"]["age"]) == ["mae", "rmse", "r2"]
    assert list(found["accuracy"]) == ["animal"]
    run = mmkeras.load(out)
    assert run.recipe.outputs == {"age": Regress(), "animal": Classify(("cat", "dog"))}
    assert run.about["data"]["targets"] == {"age": "regress", "animal": "classify"}
    assert len(run.rows("test")) == found["rows"]
