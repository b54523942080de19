import keras
import numpy as np
import pytest
from keras import ops

from mmkeras_export.shrinking.fake_quantization import (
    FakeQuantize,
    rounded,
    rounded_table,
    rounded_weight,
    straight_through,
    tied,
    zeros_kept,
)


def floats(*values):
    return np.array(values, np.float32)


def test_a_weight_is_rounded_to_127_levels_of_its_channel():
    weight = np.array([[1.27, 0.1], [0.504, -0.0014]], np.float32)  # a channel a column
    scales = 0.01, 0.1 / 127
    wanted = [[127 * scales[0], 127 * scales[1]], [50 * scales[0], -2 * scales[1]]]
    np.testing.assert_allclose(rounded_weight(weight, axes=(0,)), wanted, atol=1e-7)


def test_one_scale_for_a_table():
    table = np.array([[-1.0, 0.0], [0.006, 1.55]], np.float32)  # a step is 0.01
    np.testing.assert_allclose(rounded_table(table), [[-1.0, 0.0], [0.01, 1.55]], atol=1e-6)
    np.testing.assert_array_equal(slope(rounded_table, table), np.ones((2, 2)))


def test_an_activation_is_rounded_to_256_levels_of_which_zero_is_one():
    x = floats(-2.0, -0.004, 0.0, 0.006, 1.2345, 9.0)
    near = rounded(x, ops.convert_to_tensor(-1.0), ops.convert_to_tensor(1.55))  # a step is 0.01
    np.testing.assert_allclose(near, [-1.0, 0.0, 0.0, 0.01, 1.23, 1.55], atol=1e-6)


def test_without_a_range_nothing_is_rounded():
    x = floats(-2.0, 0.006)
    zero = ops.convert_to_tensor(0.0)
    np.testing.assert_array_equal(rounded(x, zero, zero), x)


def test_equal_weights_are_their_mean_and_those_without_a_group_themselves():
    weight, groups = floats(1.0, 3.0, 5.0, 7.0), np.array([0, 0, 1, -1], np.int32)
    np.testing.assert_allclose(tied(weight, groups, 2), [2.0, 2.0, 5.0, 7.0])


@pytest.mark.parametrize(
    ("weight", "gradient"),
    [
        (floats(0.0, 1.0, 2.0, 3.0), floats(0, 1, 1, 1)),  # pruned
        (floats(0.0, 0.0, 0.0, 0.0), floats(1, 1, 1, 1)),  # not begun yet
        (floats(1.0, 2.0, 3.0, 4.0), floats(1, 1, 1, 1)),
    ],
)
def test_zeros_of_a_pruned_weight_have_no_gradient(weight, gradient):
    np.testing.assert_array_equal(slope(zeros_kept, weight), gradient)


def test_the_gradient_goes_straight_through_within_the_range_and_not_beyond():
    low, high = ops.convert_to_tensor(-1.0), ops.convert_to_tensor(1.0)
    x = floats(-2.0, -0.5, 0.3, 2.0)
    np.testing.assert_array_equal(slope(lambda v: rounded(v, low, high), x), [0, 1, 1, 0])
    np.testing.assert_array_equal(slope(lambda v: straight_through(v, ops.round(v)), x), np.ones(4))


def slope(function, x):
    """The gradient of the sum of function(x): what a step of gradient descent takes from x."""

    class Parameter(keras.layers.Layer):
        def build(self, shape):
            self.value = self.add_weight(x.shape, name="value")

        def call(self, ones):
            return ops.sum(function(ops.convert_to_tensor(self.value))) * ones

    parameter = Parameter()
    model = keras.Sequential([keras.Input((1,)), parameter])
    parameter.value.assign(x)
    model.compile(keras.optimizers.SGD(1.0), loss=lambda y, said: ops.mean(said))
    model.fit(np.ones((1, 1)), np.ones((1, 1)), verbose=0)
    return np.round(x - ops.convert_to_numpy(parameter.value), 5)


def test_a_range_begins_at_the_first_batch_and_follows_by_a_twentieth():
    place = FakeQuantize()
    place(floats(-1.0, 3.0), training=True)
    assert (float(place.low), float(place.high)) == (-1.0, 3.0)
    place(floats(0.0, 5.0), training=True)
    assert (float(place.low), float(place.high)) == pytest.approx((-0.95, 3.1))
    place(floats(-9.0, 9.0), training=False)
    assert (float(place.low), float(place.high)) == pytest.approx((-0.95, 3.1))


def test_a_range_widens_to_all_that_it_is_shown_and_holds_zero():
    place = FakeQuantize()
    for values in (floats(1.0, 3.0), floats(2.0, 2.5), floats(-4.0, 0.5)):
        place.widen(values)
    assert (float(place.low), float(place.high)) == (-4.0, 3.0)


def test_a_fixed_range_never_moves_and_has_no_weights():
    place = FakeQuantize(span=(0.0, 2.55))
    place(floats(-1.0, 9.0), training=True)
    place.widen(floats(-1.0, 9.0))
    np.testing.assert_allclose(place(floats(-1.0, 0.123, 9.0)), [0.0, 0.12, 2.55], atol=1e-6)
    assert place.weights == []
    assert FakeQuantize.from_config(place.get_config()).span == (0.0, 2.55)
