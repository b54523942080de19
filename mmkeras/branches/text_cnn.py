"""TextCNN: phrases of three to five tokens, each found wherever it stands."""

from __future__ import annotations

from keras import KerasTensor, layers

from mmkeras.branches.masked import MaskedMax, RealOnly
from mmkeras.branches.word_vectors import words
from mmkeras.modalities import Text

WIDTHS = (3, 4, 5)  # tokens that a filter sees


def text_cnn(
    name: str, source: Text, ids: KerasTensor, real: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """relu(W_w · x_{t..t+w} + b_w) for w = 3, 4, 5, `units` filters each, and their maximum over
    time: (B, T) -> (B, 3 · units), (B, T, 3 · units).

    Kim, "Convolutional neural networks for sentence classification", EMNLP 2014, section 2. A text
    ends in zeros, so that a window over its border is the same however much padding follows.
    """
    tokens = RealOnly(name=f"{name}_only")(words(name, source, ids), real)
    phrases = [
        layers.Conv1D(
            source.units, width, padding="same", activation="relu", name=f"{name}_phrases{width}"
        )(tokens)
        for width in WIDTHS
    ]
    found = layers.Concatenate(name=f"{name}_phrases")(phrases)
    return MaskedMax(name=f"{name}_pool")(found, real), found
