import numpy as np

from mmkeras.fusion import Product


def test_one_is_added_before_and_taken_away_after():
    features = np.array([[[1, 2], [3, 4]]], np.float32)
    np.testing.assert_array_equal(Product()(features), [[2 * 4 - 1, 3 * 5 - 1]])


def test_a_modality_of_zeros_is_neutral():
    features = np.array([[[1, 2], [0, 0], [3, 4]]], np.float32)
    np.testing.assert_array_equal(Product()(features), Product()(features[:, ::2]))


def test_a_plain_product_is_only_that():
    features = np.array([[[1, 2], [3, 4]]], np.float32)
    np.testing.assert_array_equal(Product(plain=True)(features), [[3, 8]])
