"""What inputs bring and what noise takes, on a trained run and its files."""

import numpy as np
import pytest

import mmkeras
from mmkeras.insight import Options, ensemble, mc_dropout
from mmkeras.insight.noise import NOISES
from mmkeras.insight.removal import shuffled, without
from mmkeras.insight.robustness import disturbed
from mmkeras.insight.subject import Saved


@pytest.fixture(scope="module")
def rows(run, stamps):
    return run.prepare(stamps.test)


@pytest.fixture(scope="module")
def file(files):
    """Looked into like a run, and much faster on so few rows."""
    return mmkeras.load(files.paths["float32"])


@pytest.fixture(scope="module")
def brought(file, rows):
    prices = {"image": Saved(1.0, 10.0), "text": Saved(0.25, 20.0), "audio": Saved(6.0, 180.4)}
    options = Options(rows=60, prices=lambda _: prices)
    return mmkeras.evaluate(file, rows, ["modalities"], options).parts["modalities"]


def test_shares_of_a_figure_sum_up_to_what_all_inputs_bring(brought):
    for found in brought.values():
        total = sum(each.contribution for each in found.inputs)
        assert total == pytest.approx(found.whole - found.nothing)
        assert [each.name for each in found.inputs] == ["image", "text", "audio"]
        assert len(found.synergy) == 3


def test_a_language_is_heard(brought):
    found = {each.name: each for each in brought["language"].inputs}
    assert found["audio"].contribution > max(found[n].contribution for n in ("image", "text"))
    assert found["audio"].adds > 0.2
    assert found["audio"].interval.low <= found["audio"].adds <= found["audio"].interval.high
    assert found["audio"].permuted < brought["language"].whole
    assert brought["language"].sentence("audio").endswith("without it you save 6.00 ms and 180 kB")


def test_a_row_that_has_no_sound_owes_it_nothing(brought, rows):
    silent = {
        line
        for line, there in zip(
            rows.manifest.lines, rows.inputs["audio"].present(np.arange(len(rows))), strict=True
        )
        if not there
    }
    seen = 0
    for row in brought["category"].rows:
        total = row.nothing + sum(row.inputs.values())
        assert total == pytest.approx(row.whole, abs=1e-6)
        if row.line in silent:
            seen += 1
            assert row.inputs["audio"] == pytest.approx(0.0, abs=1e-6)
    assert seen > 0


def test_what_cannot_be_absent_becomes_the_mean_picture(rows):
    gone = without(rows, ["image", "audio"])
    pictures = gone.feed(np.arange(5))["image"]
    assert (pictures == pictures[0]).all()
    mean = rows.feed()["image"][:500].mean(axis=0)
    np.testing.assert_allclose(pictures[0], mean, atol=0.51)
    assert not gone.feed()["audio_present"].any()


def test_dealt_anew_there_are_the_same_arrays_in_other_rows(rows):
    random = np.random.default_rng(0)
    before, after = (
        rows.inputs["audio"].index,
        shuffled(rows, "audio", random).inputs["audio"].index,
    )
    assert sorted(before) == sorted(after)
    assert (before != after).any()


@pytest.mark.parametrize(
    ("name", "noise"), [("image", "jpeg"), ("text", "typos"), ("audio", "clipping")]
)
def test_noise_is_the_same_each_time_and_stays_away_from_what_is_absent(rows, name, noise):
    level = NOISES[rows.recipe.specs[name].kind][noise].levels[-1]
    once, again = (disturbed(rows, name, noise, level).feed() for _ in range(2))
    clean = rows.feed()
    for key, array in once.items():
        np.testing.assert_array_equal(array, again[key])
        if key != name:
            np.testing.assert_array_equal(array, clean[key])
    assert (once[name] != clean[name]).any()
    gone = rows.inputs[name].present(np.arange(len(rows))) == 0
    assert not once[name][gone].any()


def test_curves_of_two_models_stand_side_by_side(file, rows):
    options = Options(rows=24, beside=file)
    found = mmkeras.evaluate(file, rows, ["robustness"], options).parts["robustness"]["language"]
    assert len(found.curves) == 5 + 2 + 3 + 2  # image, text, audio, absences
    assert all(len(curve.figures) == 5 for curve in found.curves)
    assert all(curve.figures == curve.beside for curve in found.curves)  # the same rows, each time
    assert found.clean == found.clean_beside
    assert max(found.curves, key=found.lost).input == "audio"


def test_a_file_bears_noise_as_keras_does(run, file, rows):
    noisy = disturbed(rows, "image", "noise", 64)
    for name, answers in run.predict(noisy).items():
        np.testing.assert_allclose(file.predict(noisy)[name], answers, atol=1e-4)


def test_all_absent_is_without(rows):
    gone = disturbed(rows, "audio", "absent", 100)
    np.testing.assert_array_equal(gone.feed()["audio_present"], np.zeros(len(rows)))
    some = disturbed(rows, "audio", "absent", 20).feed()["audio_present"].mean()
    assert some == pytest.approx(0.8 * rows.feed()["audio_present"].mean(), abs=0.12)


def test_opinions_of_one_model_twice_are_no_way_apart(run, stamps):
    few = stamps.test.rows(range(6))
    same = ensemble([run, run], few)
    assert np.abs(same.apart["category"]).max() < 1e-6
    awake = mc_dropout(run, few, passes=4)
    assert awake.apart["category"].min() >= 0
    assert awake.apart["category"].max() > 1e-4
    np.testing.assert_allclose(awake.outputs["category"].sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(run.predict(few)["category"], run.predict(few)["category"])


def test_an_unknown_part_is_told_the_known_ones(file, rows):
    with pytest.raises(ValueError, match="unknown part 'robust'; did you mean 'robustness'"):
        mmkeras.evaluate(file, rows, ["robust"])
    with pytest.raises(ValueError, match="wanted costs above 0"):
        Options(missed=0.0)
