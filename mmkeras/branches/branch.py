"""What every branch gives."""

from typing import NamedTuple

import keras


class Branch(NamedTuple):
    """One modality, from its named input to features.

    `pooled` is one vector a sample, `tokens` several; fusion brings them to a common width.
    """

    input: keras.KerasTensor
    pooled: keras.KerasTensor  # (B, D)
    tokens: keras.KerasTensor  # (B, T, E)
