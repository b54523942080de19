import keras
import numpy as np
import pytest

from mmkeras.branches.table import ENCODERS, Category, Missing, NumberTokens, table_branch
from mmkeras.modalities import Table

FIELDS = Table(numbers=("age", "height"), categories={"hand": ("left", "right")}, units=8)
ROWS = np.array([[30, 170, 1], [np.nan, 170, 1], [30, 170, 2], [30, 170, 0]], np.float32)


def model_of(branch: str, **fields) -> keras.Model:
    keras.utils.set_random_seed(0)
    made = table_branch("patient", Table(**{**vars(FIELDS), "branch": branch, **fields}))
    outputs = {"pooled": made.pooled}
    if made.tokens is not None:
        outputs["tokens"] = made.tokens
    return keras.Model(made.input, outputs)


@pytest.mark.parametrize("branch", ENCODERS)
def test_a_gap_another_category_and_an_unknown_one_all_make_a_difference(branch):
    pooled = model_of(branch).predict(ROWS, verbose=0)["pooled"]
    assert pooled.shape == (4, 8)
    assert np.isfinite(pooled).all()
    assert len({row.tobytes() for row in pooled}) == 4


def test_only_the_transformer_has_tokens_one_a_field():
    assert "tokens" not in model_of("mlp").output
    tokens = model_of("ft_transformer").predict(ROWS, verbose=0)["tokens"]
    assert tokens.shape == (4, 3, 8)
    assert [len({row[place].tobytes() for row in tokens}) for place in range(3)] == [2, 1, 3]


@pytest.mark.parametrize("branch", ENCODERS)
@pytest.mark.parametrize("fields", [{"numbers": ()}, {"categories": {}}])
def test_numbers_or_categories_alone_will_do(branch, fields):
    model = model_of(branch, **fields)
    rows = np.zeros((2, *model.input.shape[1:]), np.float32)
    assert model.predict(rows, verbose=0)["pooled"].shape == (2, 8)


def test_what_is_missing_is_1():
    np.testing.assert_array_equal(Missing()(ROWS[:2, :2]), [[0, 0], [1, 0]])


@pytest.mark.parametrize("branch", ENCODERS)
def test_a_frozen_table_trains_nothing(branch):
    assert model_of(branch).trainable_weights
    assert not model_of(branch, trainable=False).trainable_weights


def test_what_is_no_category_is_0():
    odd = np.array([[0], [2], [3], [-1], [np.nan], [np.inf], [1e30]], np.float32)
    np.testing.assert_array_equal(Category(0, 2)(odd), [0, 2, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("branch", ENCODERS)
def test_a_place_that_is_none_reads_as_unknown(branch):
    rows = np.array([[30, 170, 0], [30, 170, 9], [30, 170, np.nan]], np.float32)
    pooled = model_of(branch).predict(rows, verbose=0)["pooled"]
    np.testing.assert_allclose(pooled[1:], pooled[[0, 0]], rtol=1e-5)


def test_a_number_is_a_multiple_of_its_vector():
    layer = NumberTokens(2)
    layer.build((None, 1), (None, 1))
    layer.set_weights([np.array([[1.0, 2.0]]), np.array([[10.0, 10.0]]), np.array([[5.0, 0.0]])])
    known = layer(np.array([[3.0]], np.float32), np.array([[0.0]], np.float32))
    np.testing.assert_array_equal(known, [[[13, 16]]])
    gap = layer(np.array([[0.0]], np.float32), np.array([[1.0]], np.float32))
    np.testing.assert_array_equal(gap, [[[15, 10]]])
