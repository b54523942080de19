"""Several recipes, several seeds, one table."""

import csv
import json
from dataclasses import replace

import keras
import pytest
from PIL import Image
from typer.testing import CliRunner

import mmkeras
from mmkeras import Variant
from mmkeras.cli import app
from mmkeras.cli.compare import _device_figures
from mmkeras.comparing import ranked
from mmkeras.comparison import Comparison, Contender
from mmkeras.series import Outcome, measures_of
from mmkeras.space import grid, parse_vary

QUICK = mmkeras.Training(batch_size=4, learning_rate=1e-2)


@pytest.fixture(scope="module")
def data(write_toys, tmp_path_factory):
    path = write_toys(tmp_path_factory.mktemp("toys"))
    return mmkeras.load_manifest(path, None, "words", "sound", {"animal": "classify"})


@pytest.fixture(scope="module")
def words():
    inputs = {
        "text": mmkeras.Text("dense", length=4, vocabulary=300),
        "audio": mmkeras.Audio("cnn", clip_ms=96, rate_hz=8_000, mels=8),
    }
    animal = {"animal": mmkeras.Classify(("cat", "dog"))}
    return mmkeras.Recipe(inputs, animal, "sum", width=4, optional=("audio",))


@pytest.fixture(scope="module")
def trained(words, data, tmp_path_factory):
    """Two inputs together and each alone, from one seed, and the folder."""
    out = tmp_path_factory.mktemp("compared") / "out"
    return mmkeras.compare({"both": words}, data, 1, 1, out, QUICK), out


def test_each_input_is_trained_alone_on_the_same_rows(trained):
    found, out = trained
    assert {each.name: each.alone for each in found.contenders} == {
        "both": False,
        "text alone": True,
        "audio alone": True,
    }
    runs = [mmkeras.load(out / name / "seed-0") for name in ("both", "text-alone", "audio-alone")]
    assert [list(run.recipe.inputs) for run in runs] == [["text", "audio"], ["text"], ["audio"]]
    assert runs[0].about["data"]["lines"] == runs[2].about["data"]["lines"]
    assert [each.outcomes[0].rows for each in found.contenders] == [4] * 3
    means = [each.mean("animal") for each in found.contenders]
    assert means == sorted(means, reverse=True)
    with Image.open(out / "compare.png") as picture:
        assert picture.size == (792, 484)


def test_what_is_finished_is_not_trained_again(trained, words, data, monkeypatch):
    found, out = trained
    begun, whole_fit = [], keras.Model.fit

    def counted(model, *args, **options):
        begun.append(model)
        return whole_fit(model, *args, **options)

    monkeypatch.setattr(keras.Model, "fit", counted)
    assert mmkeras.compare({"both": words}, data, 1, 1, out, QUICK) == found
    assert begun == []
    more = mmkeras.compare({"both": words}, data, 2, 1, out, QUICK, baselines=False).contenders[0]
    assert len(begun) == 1  # the second seed
    assert more.outcomes[:1] == next(c.outcomes for c in found.contenders if c.name == "both")
    assert mmkeras.load(out / "both" / "seed-1").about["training"]["seed"] == 1


def test_a_run_that_was_trained_otherwise_is_never_taken_for_it(trained, data, words, toy):
    other = replace(QUICK, learning_rate=0.1)
    with pytest.raises(ValueError, match=r"otherwise: training\.learning_rate was 0\.01, is 0\.1"):
        mmkeras.compare({"both": words}, data, 1, 1, trained[1], other)
    toy.write_text(toy.read_text() + "\n")
    changed = mmkeras.load_manifest(toy, None, "words", "sound", {"animal": "classify"})
    with pytest.raises(ValueError, match=r"otherwise: data\.path was .*; data\.sha256 was"):
        mmkeras.compare({"both": words}, changed, 1, 1, trained[1], QUICK)


def outcome(*accuracies):
    return tuple(
        Outcome({"animal": {"accuracy": a}}, {"animal": {"accuracy": 0.5}}, 10, 1_000, 2.0)
        for a in accuracies
    )


def test_the_table_has_mean_and_spread_and_price(words, tmp_path):
    contenders = (
        Contender("good", outcome(0.8, 0.9, 1.0), {"file_kb": 123.4, "ms": 1.5}),
        Contender("bad", outcome(0.4, 0.4, 0.4), {"error": "no such operation"}, alone=True),
    )
    found = Comparison(contenders, measures_of(words))
    lines = str(found).splitlines()
    good, bad, constant = (next(x for x in lines if name in x) for name in ("good", "bad", "const"))
    assert [cell.strip() for cell in good.split("│")[1:-1]] == [
        "good", "0.900 ± 0.100", "1,000", "123", "1.50", "2",
    ]  # fmt: skip
    assert "0.400 ± 0.000" in bad
    assert "0.500" in constant
    assert lines[-1] == "bad: no such operation"
    found.save(tmp_path)
    with open(tmp_path / "compare.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[0]["name"], rows[0]["ms"], rows[1]["ms"]) == ("good", "1.5", "")
    assert float(rows[0]["animal spread"]) == pytest.approx(0.1)
    plain = json.loads((tmp_path / "compare.json").read_text())
    assert plain["contenders"][0]["outputs"]["animal"]["by_seed"] == [0.8, 0.9, 1.0]
    assert plain["constant"] == {"animal": 0.5}


def test_balanced_accuracy_tells_who_forgot_the_rare_class(words, tmp_path):
    figures = [
        {"accuracy": 0.9, "balanced_accuracy": 0.5},
        {"accuracy": 0.8, "balanced_accuracy": 0.8},
    ]
    lazy, fair = (Outcome({"animal": of}, {"animal": figures[0]}, 10, 1_000, 2.0) for of in figures)
    contenders = (Contender("none", (lazy,), {}), Contender("balanced", (fair,), {}))
    found = Comparison(contenders, measures_of(words))
    rows = [[cell.strip() for cell in line.split("│")[2:4]] for line in str(found).splitlines()]
    assert rows[5:8] == [["0.900", "0.500"], ["0.800", "0.800"], ["0.900", "0.500"]]
    found.save(tmp_path)
    with open(tmp_path / "compare.csv", newline="") as file:
        assert [row["animal balanced_accuracy"] for row in csv.DictReader(file)] == ["0.5", "0.8"]
    plain = json.loads((tmp_path / "compare.json").read_text())
    assert plain["contenders"][1]["outputs"]["animal"]["figures"] == figures[1]


def test_without_a_label_there_is_no_figure_and_the_last_place(words, tmp_path):
    measures = measures_of(words)
    blind = Outcome({"animal": {}}, {"animal": {}}, 10, 1_000, 2.0)
    contenders = [Contender("blind", (blind,), {}), Contender("good", outcome(0.8), {})]
    contenders = ranked(contenders, "animal", measures["animal"])
    assert [each.name for each in contenders] == ["good", "blind"]
    found = Comparison(tuple(contenders), measures)
    assert "nan" not in str(found)
    found.save(tmp_path)
    plain = json.loads((tmp_path / "compare.json").read_text(), parse_constant=pytest.fail)
    assert plain["contenders"][1]["outputs"]["animal"]["mean"] is None


def test_several_fields_make_a_grid(words):
    space = dict(map(parse_vary, ["fusion=sum,gated", "training.batch_size=2,4", "hidden=8;8,4"]))
    found = grid(words, QUICK, space)
    assert len(found) == 2 * 2 * 2
    chosen = found["fusion=gated training.batch_size=4 hidden=8,4"]
    assert chosen == Variant(replace(words, fusion="gated", hidden=(8, 4)), QUICK)
    assert list(grid(words, QUICK, {"fusion": ["sum", "gated"]})) == ["sum", "gated"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("fusion", "wanted FIELD=A,B,C"),
        ("width=9..1", "wanted a range with min < max"),
        ("width=0..9:log", "wanted a range with 0 < min < max"),
        ("width=a..9", "could not convert"),
    ],
)
def test_what_is_no_choice_is_an_error(said, why):
    with pytest.raises(ValueError, match=f"--vary {said}: {why}"):
        parse_vary(said)


def test_recipes_that_cannot_be_compared(data, words, tmp_path):
    other = replace(words, outputs={"pair": mmkeras.Regress()})
    with pytest.raises(ValueError, match="'a' and 'b' have other outputs"):
        mmkeras.compare({"a": words, "b": other}, data, out=tmp_path)
    with pytest.raises(ValueError, match=r"names that differ in letters and digits.*: a b, a/b"):
        mmkeras.compare({"a b": words, "a/b": words}, data, out=tmp_path, baselines=False)


def test_the_command_times_each_on_the_device_once(toy, tmp_path):
    command = ["compare", toy, "--text", "words", "--target", "animal", "--seeds", 1]
    command += ["--vary", "text.units=4", "--set", "text=dense", "--set", "text.vocabulary=300"]
    command += ["--set", "width=4", "--epochs", 1, "--out", tmp_path / "out", "--json"]
    outs = []
    for _ in range(2):
        done = CliRunner().invoke(app, list(map(str, command)), catch_exceptions=False)
        outs.append(json.loads(done.stdout))
    (found,) = outs[0]["contenders"]
    assert found["name"] == "4"
    assert found["parameters"] == 300 * 128 + 129 * 4 + 5 * 4 + 5 * 2  # 300 words; 4, 4, 2 units
    assert found["device"]["file_kb"] == pytest.approx(4 * found["parameters"] / 1e3, rel=0.05)
    assert outs[0] == outs[1]  # to the millisecond: nothing was measured again
    assert 0 < found["device"]["ms"] < 1_000


def test_nothing_is_timed_where_tensorflow_does_not_run(monkeypatch, capsys):
    assert _device_figures(as_json=False) is not None
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert _device_figures(as_json=False) is None
    assert "--backend tensorflow adds them after" in capsys.readouterr().out
