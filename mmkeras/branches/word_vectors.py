"""A learned vector for each token, which a file of word vectors may start."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import keras
import numpy as np
from keras import KerasTensor, layers, ops

from mmkeras.modalities import Text
from mmkeras.tokenizer import whole_words
from mmkeras.vector_file import read_vectors, vector_width
from mmkeras_edge.specs import PAD_ID

if TYPE_CHECKING:
    from mmkeras.prepared import Prepared

EMBEDDED = 128  # numbers of a learned vector
LITTLE = 0.1  # share of the training tokens with a vector below which something must be wrong


def words(name: str, source: Text, ids: KerasTensor, width: int = EMBEDDED) -> KerasTensor:
    """Token ids to vectors, (B, T) -> (B, T, width); the width of a file of vectors is its own."""
    title = f"{name}_embedding"
    if source.weights is None:
        return layers.Embedding(source.tokens, width, name=title)(ids)
    width = vector_width(source.weights)
    return WordVectors(source.tokens, width, source.weights, name, name=title)(ids)


@keras.saving.register_keras_serializable("mmkeras")
class WordVectors(layers.Layer):
    """An embedding that begins with the vectors of a file: ids (B, T) -> (B, T, width).

    Mikolov et al., NeurIPS 2013; Pennington et al., "GloVe", EMNLP 2014. The rows of tokens that
    are whole words take the file's vectors when training begins; the others stay random, with the
    same standard deviation. All go on learning ("non-static", Kim, EMNLP 2014). The file is not
    wanted again: the table is saved with the model.
    """

    def __init__(self, vocabulary, width, vectors, adapts_to, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary = vocabulary
        self.width = width
        self.vectors = vectors  # path
        self.adapts_to = adapts_to  # name of the input

    def build(self, shape):
        usual = keras.initializers.RandomUniform(-0.05, 0.05)
        self.table = self.add_weight((self.vocabulary, self.width), usual, name="table")
        self.share = self.add_weight(
            (), keras.initializers.Constant(-1.0), trainable=False, name="coverage"
        )

    def call(self, ids):
        return ops.take(self.table, ids, axis=0)

    @property
    def coverage(self) -> float | None:
        """Share of the training tokens that have a vector, 0 to 1; None before training."""
        share = float(ops.convert_to_numpy(self.share.value))
        return share if share >= 0 else None

    @property
    def adapted(self) -> bool:
        return self.coverage is not None

    def adapt(self, data: Prepared, name: str) -> None:
        """Takes the vectors of the tokenizer's whole words; warns if the texts have few of them."""
        if data.tokenizer_json is None:
            raise ValueError(f"the word vectors of {name!r} want rows with a tokenizer")
        table = np.array(ops.convert_to_numpy(self.table.value))  # a copy
        known = whole_words(data.tokenizer_json)
        vectors = read_vectors(self.vectors, known.values())
        found = {token: vectors[word] for token, word in known.items() if word in vectors}
        covered = np.isin(np.arange(len(table)), list(found))
        if found:
            table *= np.std(list(found.values())) / table.std()
            table[list(found)] = list(found.values())
        column = data.inputs[name]
        ids = column.take(np.arange(len(column.index)))
        share = covered[ids[ids != PAD_ID]].mean() if (ids != PAD_ID).any() else 0.0
        self.table.assign(table)
        self.share.assign(share)
        if share < LITTLE:
            warnings.warn(
                f"{self.vectors}: only {share:.1%} of the training tokens of {name!r} have a "
                "vector; take vectors of the language of the texts, or a larger vocabulary= so "
                "that more words are one token",
                stacklevel=2,
            )

    def get_config(self):
        return {
            **super().get_config(),
            "vocabulary": self.vocabulary,
            "width": self.width,
            "vectors": self.vectors,
            "adapts_to": self.adapts_to,
        }
