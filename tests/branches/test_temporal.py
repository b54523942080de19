import keras
import numpy as np
import pytest

from mmkeras.branches.temporal import StepAttention, StepVectors, recurrent, tcn, transformer

STEPS, CHANNELS = 13, 3

ENCODERS = {
    "tcn": tcn,
    "gru": recurrent,
    "bilstm": lambda *a: recurrent(*a, cell="lstm", both_ways=True),
    "transformer": transformer,
}


def encoder(encode, *options) -> keras.Model:
    keras.utils.set_random_seed(0)
    start = keras.Input((STEPS, CHANNELS))
    return keras.Model(start, encode("x", start, *options))


def scatter(model: keras.Model) -> None:
    """Weights without zeros, as after training."""
    random = np.random.default_rng(0)
    for weight in model.trainable_variables:
        weight.assign(weight + 0.1 * random.normal(size=weight.shape))


def sees(model: keras.Model, step: int) -> set[int]:
    """The steps that one step of the answer depends on."""
    rest = np.random.default_rng(1).normal(size=(1, STEPS, CHANNELS)).astype(np.float32)
    nudged = np.repeat(rest, STEPS, axis=0) + 0.5 * np.eye(STEPS, dtype=np.float32)[..., None]
    change = np.abs(model(nudged) - model(rest))[:, step].max(axis=-1)
    return set(np.flatnonzero(change > 1e-5).tolist())


@pytest.mark.parametrize(("name", "width"), list(zip(ENCODERS, (8, 8, 16, 8), strict=True)))
def test_steps_go_in_and_as_many_steps_come_out(name, width):
    assert encoder(ENCODERS[name], 8).output_shape == (None, STEPS, width)


def test_a_tcn_of_two_blocks_sees_six_steps_to_either_side():
    """Two convolutions reach 1 step each, two more 2 steps each."""
    model = encoder(tcn, 8, 2)
    scatter(model)
    assert sees(model, 6) == set(range(13))
    assert sees(model, 0) == set(range(7))


def test_a_tcn_is_by_default_as_deep_as_its_middle_step_needs():
    assert {w.path for w in encoder(tcn, 8).weights} == {w.path for w in encoder(tcn, 8, 2).weights}


def test_one_way_looks_back_and_both_ways_look_everywhere():
    assert sees(encoder(recurrent, 4), 5) == {0, 1, 2, 3, 4, 5}
    assert sees(encoder(ENCODERS["bilstm"], 4), 5) == set(range(13))


def test_attention_starts_as_the_steps_themselves():
    steps = np.random.default_rng(0).normal(size=(2, STEPS, 8)).astype(np.float32)
    np.testing.assert_array_equal(StepAttention(4)(steps), steps)


def test_attention_without_preferences_adds_the_mean_over_time():
    layer = StepAttention(1)
    steps = np.array([[[1.0, 0.0], [3.0, 8.0]]], np.float32)
    layer.build(steps.shape)
    values = np.concatenate([np.zeros((2, 4)), np.eye(2)], axis=1)  # no queries, no keys
    layer.set_weights([values, np.zeros(6), np.eye(2), np.zeros(2)])
    np.testing.assert_allclose(layer(steps), [[[3.0, 4.0], [5.0, 12.0]]])


def test_a_transformer_tells_the_order_of_the_steps():
    model = encoder(transformer, 8, 1)
    scatter(model)
    steps = np.random.default_rng(1).normal(size=(1, STEPS, CHANNELS)).astype(np.float32)
    forward, backward = (np.mean(model(x), axis=1) for x in (steps, steps[:, ::-1]))
    assert np.abs(forward - backward).max() > 1e-3
    assert StepVectors()(steps).shape == steps.shape


def test_heads_that_do_not_divide_the_units_are_an_error():
    with pytest.raises(ValueError, match=r"'x': units must be .* 4 heads\. Received: 6"):
        encoder(transformer, 6)


def test_an_unknown_cell_is_an_error():
    with pytest.raises(ValueError, match="unknown recurrent cell 'rnn'; choose from lstm, gru"):
        encoder(recurrent, 4, 1, "rnn")
