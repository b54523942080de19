"""The promise of slimming, as a check: a model that lost channels is the large one without them."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import ops

from mmkeras_export.shrinking.slimming.coupling import MAKES, RIDES, TAKES
from mmkeras_export.shrinking.slimming.graph import Channels, channels_of
from mmkeras_export.shrinking.slimming.rebuilding import rebuilt


def settle(model: keras.Model, seed: int = 0) -> keras.Model:
    """Random numbers for all that starts at zeros or ones, else a channel could not be told from
    another."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if weight.name in ("moving_variance", "variance"):
            weight.assign(random.uniform(0.5, 2.0, weight.shape))
        elif weight.ndim == 1 or weight.name == "bias":
            low, high = (0.5, 1.5) if weight.name == "gamma" else (-0.3, 0.3)
            weight.assign(random.uniform(low, high, weight.shape))
    return model


def some_of(channels: Channels, seed: int = 0, exact: bool = True) -> np.ndarray:
    """A random part of every group that can be cut: one channel at least, never all."""
    random = np.random.default_rng(seed)
    gone = [np.zeros(0, np.int64)]
    for group in channels.groups:
        if len(group) > 1 and not (exact and group.normed):
            gone.append(random.permutation(group.atoms)[: random.integers(1, len(group))])
    return np.concatenate(gone)


def answers(model: keras.Model, feed) -> list[np.ndarray]:
    return [ops.convert_to_numpy(y) for y in keras.tree.flatten(model(feed, training=False))]


def overwritten(channels: Channels, gone: np.ndarray, roles: tuple[str, ...], value) -> None:
    """Sets what belongs to the channels, in the weights that have these roles."""
    for each in channels.weights:
        if each.role in roles and each.variable.name != "moving_variance":
            values = ops.convert_to_numpy(each.variable).copy()
            place = [slice(None)] * values.ndim
            place[each.axis] = np.isin(each.ids, gone)
            values[tuple(place)] = value(values[tuple(place)].shape)
            each.variable.assign(values)


@pytest.fixture(autouse=True)
def _the_same_weights_in_every_order_of_tests():
    keras.utils.set_random_seed(0)


@pytest.fixture
def check_slim() -> Callable[..., keras.Model]:
    """check_slim(model, feed, seed=0, silent=True, read=True): cuts a random part of every group,
    and holds the small model against the large one with those channels

    - zero in all weights that have them,
    - zero where they are made (where nothing turns a zero into something: `silent`),
    - not read by anyone, and filled with noise where they are made: what nobody reads may be cut
      (where all that reads has weights: `read`).
    """

    def check(model, feed, seed=0, silent=True, read=True):
        channels = channels_of(model)
        gone = some_of(channels, seed)
        assert len(gone)
        small = rebuilt(channels, gone)
        assert small.count_params() < model.count_params()
        found, whole = answers(small, feed), model.get_weights()
        random = np.random.default_rng(seed)
        noise, zero = (lambda shape: random.normal(size=shape)), np.zeros
        cases = [[((MAKES, TAKES, RIDES), zero)]]
        cases += [[((MAKES, RIDES), noise), ((TAKES,), zero)]] if read else []
        cases += [[((MAKES, RIDES), zero)]] if silent else []
        before = answers(model, feed)
        assert max(np.abs(a - b).max() for a, b in zip(before, found, strict=True)) > 1e-5
        for case in cases:
            for roles, value in case:
                overwritten(channels, gone, roles, value)
            for a, b in zip(answers(model, feed), found, strict=True):
                np.testing.assert_allclose(b, a, rtol=0, atol=1e-5 * max(1.0, np.abs(a).max()))
            model.set_weights(whole)
        return small

    return check


@pytest.fixture(name="settle")
def settle_fixture() -> Callable[..., keras.Model]:
    return settle
