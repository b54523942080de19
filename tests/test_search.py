"""The search for a good recipe, broken off and gone on with."""

import json
from dataclasses import replace
from pathlib import Path

import keras
import pytest
from typer.testing import CliRunner

import mmkeras
from mmkeras.cli import app
from mmkeras.oracle import Oracle
from mmkeras.recipe_file import load_recipe
from mmkeras.searching import Trial, score_of
from mmkeras.series import Outcome
from mmkeras.space import Range, as_choices, read_space

QUICK = mmkeras.Training(batch_size=4)
SPACE = {"text.units": [4, 6, 8], "training.learning_rate": {"min": 1e-4, "max": 1e-1, "log": True}}


@pytest.fixture
def data(toy):
    return mmkeras.load_manifest(toy, text="words", targets={"animal": "classify"})


@pytest.fixture(scope="module")
def words():
    text = mmkeras.Text("dense", length=4, vocabulary=300)
    return mmkeras.Recipe({"text": text}, {"animal": mmkeras.Classify(("cat", "dog"))}, width=4)


def told(oracle, scores):
    """What an oracle proposes that is told these scores of its values."""
    said = []
    for number in range(len(scores) if isinstance(scores, list) else 6):
        said.append(oracle.ask())
        score = scores[number] if isinstance(scores, list) else scores(said[-1].values)
        oracle.tell(Trial(number, said[-1].values, said[-1].epochs, score))
    return said


@pytest.mark.parametrize("name", ["random", "hyperband"])
def test_an_oracle_that_hears_the_same_says_the_same(name, tmp_path):
    space = {"a": [1, 2, 3, 4], "b": Range(1e-4, 1e-1, log=True), "c": ["x", None, 5]}
    scores = [i * 0.37 % 1 for i in range(6)]
    one, other = (told(Oracle(name, space, 4, 0, tmp_path), scores) for _ in range(2))
    assert one == other
    assert len({str(proposal.values) for proposal in one}) > 3
    for values, epochs in one:
        assert values["a"] in (1, 2, 3, 4)
        assert 1e-4 <= values["b"] <= 1e-1
        assert values["c"] in ("x", None, 5)
        assert epochs == 4 or name == "hyperband"


def test_bayes_goes_where_it_is_good_and_says_the_same_again(tmp_path):
    def peak(values):
        return -((values["x"] - 0.3) ** 2)

    one, other = (
        told(Oracle("bayesian", {"x": Range(0.0, 1.0)}, 1, 0, tmp_path), peak) for _ in range(2)
    )
    assert one == other
    # After three at random: curious at first, then in the middle between what was good.
    assert abs(one[5].values["x"] - 0.3) < 0.1
    assert {type(proposal.values["x"]) for proposal in one} == {float}


def test_hyperband_trains_the_better_ones_anew_for_longer(tmp_path):
    oracle = Oracle("hyperband", {"x": Range(0.0, 1.0)}, 3, 0, tmp_path)
    said = told(oracle, [0.1, 0.2, 0.9, 0.3, 0.4])
    short = [proposal for proposal in said if proposal.epochs == 1]
    long = [proposal for proposal in said if proposal.epochs == 3]
    assert long[0].values == short[2].values  # that of 0.9


@pytest.fixture(scope="module")
def found(words, write_toys, tmp_path_factory):
    """A search of three trials that was stopped in the second, the rows, and what was begun."""
    folder, begun, whole_fit = tmp_path_factory.mktemp("search"), [], keras.Model.fit

    def counted(model, *args, **options):
        begun.append(model)
        if len(begun) == 2:
            raise KeyboardInterrupt
        return whole_fit(model, *args, **options)

    data = mmkeras.load_manifest(write_toys(folder), text="words", targets={"animal": "classify"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "fit", counted)
        with pytest.raises(KeyboardInterrupt):
            search(words, data, folder / "out", 2)
        assert len(begun) == 2
        search(words, data, folder / "out", 2)
        assert len(begun) == 3  # the second, again
        found = search(words, data, folder / "out", 3)
        assert len(begun) == 4
        assert search(words, data, folder / "out", 3) == found
        assert len(begun) == 4
    return found, data


def search(words, data, out, trials, space=SPACE):
    return mmkeras.search(words, data, space, trials, 1, out, QUICK, "random")


def test_a_search_that_is_stopped_goes_on_as_if_nothing_had_been(found, tmp_path):
    search = Oracle("random", {n: as_choices(of) for n, of in SPACE.items()}, 1, 0, tmp_path)
    proposed = told(search, [0.0] * 3)  # what an unbroken one would have tried
    assert [trial.values for trial in found[0].trials] == [each.values for each in proposed]


def test_a_search_goes_on_with_the_same_space_alone(found, words):
    with pytest.raises(
        ValueError, match=r"begun otherwise: space\.text\.units was \[4, 6, 8\], is"
    ):
        search(words, found[1], found[0].path, 4, {**SPACE, "text.units": [4]})


def test_the_best_trial_is_a_recipe_file_that_can_be_trained(found):
    found, _ = found
    assert found.best.score == max(trial.score for trial in found.trials)
    recipe, training = load_recipe(found.path / "best.yaml")
    assert recipe == found.recipe == mmkeras.load(found.path / f"trial-{found.best.number}").recipe
    assert training == found.training
    assert training.batch_size == 4
    assert training.learning_rate == found.best.values["training.learning_rate"]
    assert f"{found.best.score:.4f}" in str(found)
    stored = json.loads((found.path / "search.json").read_text())
    assert [trial["values"] for trial in stored["trials"]] == [t.values for t in found.trials]


def test_what_cannot_be_trained_is_a_line_and_three_in_a_row_are_the_end(data, words, tmp_path):
    space = {"width": [4, 8, 12, 16]}
    lost = replace(words, inputs={"sight": mmkeras.Image("cnn", (16, 16))})
    with pytest.raises(ValueError, match="the search has ended: Number of consecutive failures"):
        search(lost, data, tmp_path, 4, space)
    stored = json.loads((tmp_path / "search.json").read_text())["trials"]
    assert [trial["score"] for trial in stored] == [None] * 3
    assert "has no column for 'sight'" in stored[0]["error"]


@pytest.mark.parametrize(
    ("space", "why"),
    [
        ({}, "an empty space"),
        ({"text.unit": [4]}, "--set text.unit=4: unknown field of Text"),
        ({"fusion": ["concat", "gatet"]}, "--set fusion=gatet: unknown fusion 'gatet'; did you"),
        ({"training.seed": [1, 2]}, "luck is not learned"),
        ({"width": {"min": 4, "max": 8, "step": 2}}, "unknown part of a range: 'step'"),
        ({"width": "4"}, "wanted a list of choices, or a range"),
    ],
)
def test_a_space_that_cannot_be_is_an_error_before_anything_is_trained(data, words, space, why):
    with pytest.raises(ValueError, match=why):
        mmkeras.search(words, data, space, out="none")
    assert not Path("none").exists()


def test_a_space_in_a_file(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text("width: [8, 16]\ntraining.learning_rate: {min: 1e-4, max: 1e-2, log: true}\n")
    assert read_space(path) == {
        "width": [8, 16],
        "training.learning_rate": Range(1e-4, 1e-2, log=True),
    }
    path.write_text("width: [8, 16]\nfusion: gated\n")
    with pytest.raises(ValueError, match=r"space.yaml:2: fusion: wanted a list of choices"):
        read_space(path)


def test_a_score_is_a_mean_where_an_error_counts_against_that_of_a_constant(words):
    both = replace(words, outputs={**words.outputs, "pair": mmkeras.Regress()})
    found = Outcome(
        {"animal": {"accuracy": 0.9}, "pair": {"mae": 2.0}},
        {"animal": {"accuracy": 0.5}, "pair": {"mae": 8.0}},
        rows=4,
        parameters=1,
        seconds=1.0,
    )
    assert score_of(found, both) == pytest.approx((0.9 + 0.75) / 2)


def test_an_output_without_labels_among_the_rows_is_not_in_a_score(words):
    both = replace(words, outputs={**words.outputs, "pair": mmkeras.Regress()})
    known = {"animal": {"accuracy": 0.9}, "pair": {}}
    assert score_of(Outcome(known, known, 4, 1, 1.0), both) == 0.9
    unknown: dict = {"animal": {}, "pair": {}}
    with pytest.raises(ValueError, match="none of the 4 rows has a label to judge by"):
        score_of(Outcome(unknown, unknown, 4, 1, 1.0), both)


def test_the_command_says_the_best_run_and_how_to_train_it_again(toy, tmp_path):
    out = tmp_path / "out"
    command = ["search", toy, "--text", "words", "--target", "animal", "--set", "text=dense"]
    command += ["--vary", "width=4,8", "--trials", 1, "--epochs", 1, "--oracle", "random"]
    done = CliRunner().invoke(
        app,
        list(map(str, [*command, "--set", "text.vocabulary=300", "--out", out])),
        catch_exceptions=False,
    )
    assert "1 trials, best first" in done.stdout
    assert f"mmkeras evaluate {out}/trial-0; train it again: mmkeras train" in done.stdout
    assert load_recipe(out / "best.yaml").recipe.width in (4, 8)
