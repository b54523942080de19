import numpy as np
import pytest

from mmkeras.branches.masked import MaskedMax, MaskedMean, MaskedSum, RealOnly, RealTokens

TOKENS = np.array([[[1, 2], [3, 4], [100, 100]]], np.float32)  # (1, 3, 2)
LAST_IS_PADDING = np.array([[1, 1, 0]], np.float32)


def test_real_tokens_are_those_that_fill_nothing_up():
    np.testing.assert_array_equal(RealTokens()(np.array([[5, 6, 0]], np.int32)), LAST_IS_PADDING)


@pytest.mark.parametrize(
    ("pool", "expected"), [(MaskedMean, [[2, 3]]), (MaskedSum, [[4, 6]]), (MaskedMax, [[3, 4]])]
)
def test_padding_is_left_out(pool, expected):
    np.testing.assert_array_equal(pool()(TOKENS, LAST_IS_PADDING), expected)


@pytest.mark.parametrize("pool", [MaskedMean, MaskedSum, MaskedMax])
def test_a_text_without_tokens_is_zero(pool):
    np.testing.assert_array_equal(pool()(TOKENS, np.zeros((1, 3), np.float32)), [[0, 0]])


def test_zeros_stand_in_for_padding_even_where_it_is_no_number():
    tokens = np.where(LAST_IS_PADDING[..., None] > 0, TOKENS, np.nan)
    np.testing.assert_array_equal(RealOnly()(tokens, LAST_IS_PADDING), [[[1, 2], [3, 4], [0, 0]]])
