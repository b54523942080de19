import keras
import numpy as np
import pytest

from mmkeras_export.shrinking.kernels import by_pattern, kernels_of
from mmkeras_export.shrinking.layouts import Layout
from mmkeras_export.shrinking.masks import masks_of, n_of_m

MATRIX = Layout((), (0,), (1,))


def mask(scores, sparsity, **how):
    (found,) = masks_of([np.asarray(scores, np.float32)], [MATRIX], sparsity, **how)
    return found.astype(int)


def test_the_smallest_go_by_absolute_value():
    scores = np.abs([[0.1, -0.5, 0.3], [-0.2, 0.4, -0.05]])
    np.testing.assert_array_equal(mask(scores, 0.5), [[0, 1, 1], [0, 1, 0]])


def test_weights_that_are_alike_make_the_share_neither_larger_nor_smaller():
    assert mask(np.ones((10, 10)), 0.3).sum() == 70


def test_one_weight_stays_whatever_the_share():
    assert mask([[1, 2], [3, 4]], 0.99).tolist() == [[0, 0], [0, 1]]


def test_two_of_four_inputs_stay_for_each_output():
    scores = [[4, 1], [3, 2], [2, 3], [1, 4], [9, 0], [8, 9]]
    kept = [[1, 0], [1, 0], [0, 1], [0, 1], [1, 1], [1, 1]]  # of a rest of two, both
    np.testing.assert_array_equal(mask(scores, "2:4"), kept)


def test_four_of_eight_may_lie_in_one_half_where_two_of_four_may_not():
    scores = np.arange(8.0)[:, None]
    assert mask(scores, "4:8").ravel().tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert mask(scores, "2:4").ravel().tolist() == [0, 0, 1, 1, 0, 0, 1, 1]


def test_a_block_goes_by_its_mean():
    scores = [[9, 1], [0, 1], [2, 3], [2, 3]]  # means of (2, 1): 4.5, 1; 2, 3
    np.testing.assert_array_equal(mask(scores, 0.5, block=(2, 1)), [[1, 0], [1, 0], [0, 1], [0, 1]])


def test_a_block_at_the_end_has_the_mean_of_what_there_is():
    scores = [[1.0], [1.0], [1.5]]  # (2, 1): means 1 and 1.5, not 0.75
    assert mask(scores, 0.5, block=(2, 1)).ravel().tolist() == [0, 0, 1]


def test_one_threshold_for_all_takes_from_the_smaller_weights_but_never_a_whole_kernel():
    small, large = np.full((20, 10), 0.1, np.float32), np.full((20, 10), 1.0, np.float32)
    found = masks_of([small, large], [MATRIX] * 2, 0.5, together=True)
    assert [int(each.sum()) for each in found] == [2, 198]  # a hundredth of 200 is sure


def test_inputs_are_the_axes_that_a_layer_sums_over():
    x = keras.Input((6, 32))
    attention = keras.layers.MultiHeadAttention(4, 8, name="attention")(x, x)
    y = keras.layers.Conv1DTranspose(16, 3, name="up")(attention)
    y = keras.layers.Reshape((8, 16, 1))(y)
    y = keras.layers.SeparableConv2D(120, 3, depth_multiplier=9, name="separable")(y)
    axes = {k.name: tuple(map(tuple, k.layout)) for k in kernels_of(keras.Model(x, y))}
    assert axes == {
        "attention/query/kernel": ((), (0,), (1, 2)),
        "attention/key/kernel": ((), (0,), (1, 2)),
        "attention/value/kernel": ((), (0,), (1, 2)),
        "attention/attention_output/kernel": ((), (0, 1), (2,)),
        "up/kernel": ((0,), (2,), (1,)),
        "separable/pointwise_kernel": ((0, 1), (2,), (3,)),
    }


def test_a_kernel_comes_back_from_its_matrices():
    kernel = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    layout = Layout((0, 1), (3,), (2,))  # of a transposed convolution
    assert layout.matrices(kernel).shape == (6, 5, 4)
    assert layout.matrices(kernel)[4, 1, 2] == kernel[1, 1, 2, 1]
    np.testing.assert_array_equal(layout.kernel(layout.matrices(kernel), kernel.shape), kernel)


def test_what_is_pruned_in_any_model():
    x = keras.Input((16, 16, 3))
    y = keras.layers.Conv2D(64, 3, name="wide")(x)
    y = keras.layers.DepthwiseConv2D(5, name="depthwise")(y)
    inner = keras.Model(x, keras.layers.BatchNormalization()(y), name="tower")
    z = keras.layers.GlobalAveragePooling2D()(inner(x))
    z = keras.layers.Dense(32, name="beside")(z)
    frozen = keras.layers.Dense(64, name="frozen", trainable=False)(z)
    model = keras.Model(x, keras.layers.Dense(2, name="small")(frozen))
    assert [kernel.name for kernel in kernels_of(model)] == ["tower/wide/kernel", "beside/kernel"]


def test_a_share_belongs_to_the_first_pattern_that_fits_a_layer_or_one_around_it():
    x = keras.Input((40,))
    tower = keras.Model(x, keras.layers.Dense(30, name="one")(x), name="image_tower")
    y = keras.layers.Dense(50, name="two")(tower(x))
    kernels = kernels_of(keras.Model(x, keras.layers.Dense(60, name="three")(y)))
    found = by_pattern(kernels, {"image_*": 0.8, "t*o": 0.5})
    assert [(share, [k.name for k in of]) for share, of in found] == [
        (0.8, ["image_tower/one/kernel"]),
        (0.5, ["two/kernel"]),
    ]
    with pytest.raises(ValueError, match=r"did you mean 'two'\? choose from image_tower, one, two"):
        by_pattern(kernels, {"twoo": 0.5})
    with pytest.raises(ValueError, match=r"'two' matches .* an entry before it takes them all"):
        by_pattern(kernels, {"*": 0.5, "two": 0.0})


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (1.0, r"at least 0 and below 1, or a pattern as '2:4'\. Received: 1\.0"),
        (-0.1, r"at least 0 and below 1"),
        ("4:2", r"keeps N of M weights, as '2:4' or '4:8'\. Received: '4:2'"),
        ("half", r"keeps N of M weights"),
    ],
)
def test_impossible_sparsities_are_refused(wish, message):
    with pytest.raises(ValueError, match=message):
        n_of_m(wish)


def test_impossible_blocks_are_refused():
    with pytest.raises(ValueError, match=r"a block is \(inputs, outputs\).*Received: \(0, 1\)"):
        mask(np.ones((4, 4)), 0.5, block=(0, 1))
    with pytest.raises(ValueError, match=r"'2:4' is a pattern of single weights"):
        mask(np.ones((4, 4)), "2:4", block=(4, 1))
