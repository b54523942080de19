from types import SimpleNamespace

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras import Count, Gaussian, Quantiles, Regress
from mmkeras.adapting import adapt, scale_of, specs_of
from mmkeras.heads import HEADS
from mmkeras.heads.own_unit import NARROWEST, softplus
from mmkeras_edge.outputs import RegressSpec

LABELS = SimpleNamespace(targets={"y": np.array([[100.0], [np.nan], [140.0]])})  # 120 ± 20
TASKS = [Regress("cm"), Gaussian(), Count(), Quantiles((0.1, 0.5, 0.9))]


def read(task, adapted=True):
    layer = HEADS[task.kind].read(task, "y")
    layer.build((None, HEADS[task.kind].units(task)))
    if adapted:
        layer.adapt(LABELS, "y")
    return layer


def answers(task, *numbers):
    return np.asarray(read(task)(np.array([numbers], np.float32)))[0]


def loss(task, truth, *outputs, scale=1.0):
    found = HEADS[task.kind].loss(task, scale)(np.array([[truth]]), np.array([outputs], np.float32))
    return float(found)


def test_softplus_is_the_logarithm_of_1_plus_e_to_the_x():
    x = np.array([-50.0, -1.0, 0.0, 1.0, 50.0], np.float32)
    np.testing.assert_allclose(softplus(x), np.log1p(np.exp(x.astype(float))), atol=1e-6)


def test_a_number_comes_in_the_labels_own_unit():
    assert answers(Regress(), -1.5) == pytest.approx([120 - 1.5 * 20])


def test_a_mean_comes_with_its_standard_deviation():
    found = answers(Gaussian(), 0.5, 0.0)
    assert found == pytest.approx([130, 20 * (np.log(2) + NARROWEST)])


def test_a_rate_is_a_multiple_of_the_mean():
    assert answers(Count(), np.log(2)) == pytest.approx([240])
    assert np.asarray(read(Count(), adapted=False)(np.zeros((1, 1))))[0] == pytest.approx([1])


def test_quantiles_cannot_cross():
    step = 20 * np.log(2)
    assert answers(Quantiles(), 0.0, 0.0, 0.0) == pytest.approx([120, 120 + step, 120 + 2 * step])
    numbers = np.random.default_rng(0).normal(scale=20, size=(50, 3)).astype(np.float32)
    assert (np.diff(np.asarray(read(Quantiles())(numbers)), axis=1) >= 0).all()


def test_before_it_has_seen_labels_the_unit_is_1():
    found = read(Regress(), adapted=False)(np.array([[0.5]], np.float32))
    assert np.asarray(found)[0] == pytest.approx([0.5])


def test_labels_that_are_all_the_same_have_a_scale_of_1():
    layer = read(Regress(), adapted=False)
    layer.adapt(SimpleNamespace(targets={"y": np.array([[7.0], [7.0]])}), "y")
    assert (layer.scale, layer.adapted) == (1.0, True)


def test_no_label_at_all_is_an_error():
    nothing = SimpleNamespace(targets={"y": np.array([[np.nan]])})
    with pytest.raises(ValueError, match="no training row has a label for 'y'"):
        read(Regress(), adapted=False).adapt(nothing, "y")


def test_squared_error_is_in_deviations():
    assert loss(Regress(), 10.0, 16.0, scale=3.0) == pytest.approx(4.0)


def test_the_gaussian_loss_is_minus_the_logarithm_of_the_density_but_for_a_constant():
    def minus_log_density(y, mean, deviation):
        return 0.5 * ((y - mean) / deviation) ** 2 + np.log(deviation)

    one = loss(Gaussian(), 3.0, 1.0, 2.0), minus_log_density(3.0, 1.0, 2.0)
    other = loss(Gaussian(), 3.0, 2.5, 0.5), minus_log_density(3.0, 2.5, 0.5)
    assert one[0] - other[0] == pytest.approx(one[1] - other[1], rel=1e-5)
    assert loss(Gaussian(), 3.0, 3.0, NARROWEST) == pytest.approx(0, abs=1e-6)


def test_the_count_loss_is_half_the_deviance():
    assert loss(Count(), 4.0, 2.0) == pytest.approx(4 * np.log(2) - 4 + 2)
    assert loss(Count(), 0.0, 2.0) == pytest.approx(2.0)
    assert loss(Count(), 4.0, 4.0, scale=2.0) == pytest.approx(0, abs=1e-6)


def test_too_low_a_high_quantile_costs_nine_times_too_high_a_one():
    task = Quantiles((0.9,))
    assert loss(task, 10.0, 9.0) == pytest.approx(0.9)
    assert loss(task, 10.0, 11.0) == pytest.approx(0.1, rel=1e-5)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_what_the_labels_were_survives_saving(task, tmp_path):
    head = HEADS[task.kind]
    start = keras.Input((head.units(task),))
    model = keras.Model(start, read(task)(start))
    model.compile(loss=head.loss(task, 20.0), weighted_metrics=head.metrics(task))
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    layer = loaded.layers[-1]
    assert (layer.adapted, layer.scale, layer.adapts_to) == (True, 20.0, "y")
    numbers = np.random.default_rng(0).normal(size=(4, head.units(task))).astype(np.float32)
    np.testing.assert_array_equal(loaded(numbers), model(numbers))
    assert loaded.loss.get_config() == model.loss.get_config()


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.kind)
def test_several_experts_are_read_at_once(task):
    layer = read(task)
    numbers = np.random.default_rng(0).normal(size=(2, 3, HEADS[task.kind].units(task)))
    together = np.asarray(layer(numbers.astype(np.float32)))
    assert together.shape == (2, 3, *task.spec.shape)
    alone = np.asarray(layer(numbers[:, 1].astype(np.float32)))
    np.testing.assert_allclose(together[:, 1], alone, rtol=1e-6)


def test_every_modalitys_own_head_learns_the_unit_of_its_output():
    texts = {"title": mmkeras.Text("embedding", length=4), "body": mmkeras.Text(length=4)}
    model = mmkeras.build_model(text=texts, fusion="average", outputs={"y": Regress()}, width=8)
    adapt(model, LABELS)
    assert model.get_layer("y_each").adapts_to == "y"
    assert scale_of(model, "y") == 20.0
    assert specs_of(model, mmkeras.recipe_of(model)) == {"y": RegressSpec(scale=20.0)}
    feed = {name: np.ones((1, 4), np.int32) for name in texts}
    assert 60 < float(np.asarray(model(feed)["y"])[0, 0]) < 180
