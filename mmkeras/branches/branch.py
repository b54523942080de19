"""What every branch gives."""

from typing import NamedTuple

import keras


class Branch(NamedTuple):
    """One modality, from its named input to features.

    `pooled` is one vector a sample, `tokens` several, None for a branch that has none; fusion
    brings them to a common width. `mask` is 1 for a token and 0 for padding, None where all count.
    """

    input: keras.KerasTensor
    pooled: keras.KerasTensor  # (B, D)
    tokens: keras.KerasTensor | None = None  # (B, T, E)
    mask: keras.KerasTensor | None = None  # (B, T), float32
