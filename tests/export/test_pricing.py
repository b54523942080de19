import zlib

import numpy as np

from mmkeras_export.pricing import compressed_bytes


def test_weights_of_which_half_are_zero_are_packed_better_than_by_repeated_strings():
    weights = 40 * np.random.default_rng(0).normal(size=100_000)
    pruned = np.where(np.abs(weights) < 27, 0, weights).clip(-127, 127).astype(np.int8).tobytes()
    assert compressed_bytes(pruned) < 0.95 * len(zlib.compress(pruned, 9))


def test_what_repeats_is_packed_as_ever():
    text = b"0123456789" * 1_000
    assert compressed_bytes(text) == len(zlib.compress(text, 9))
