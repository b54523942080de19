"""Modalities that are not there, or that training takes away."""

import keras
from keras import layers, ops

PRESENT = 0.5  # a presence above it counts as there


@keras.saving.register_keras_serializable("mmkeras")
class OrMissing(layers.Layer):
    """The feature where the modality is present, else a learned vector: (B, D), (B,) -> (B, D).

    In training a present modality is taken away with probability `drop`, sample by sample
    (modality dropout, Neverova et al., "ModDrop", TPAMI 2016), so that the vector is learned.
    What an absent input holds never reaches the answer: `where` selects, it does not multiply.
    """

    def __init__(self, drop=0.2, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.drop = drop
        self.seed = seed
        self._random = keras.random.SeedGenerator(seed)

    def build(self, feature_shape, present_shape):
        self.vector = self.add_weight(
            shape=(feature_shape[-1],), initializer="zeros", name="missing"
        )

    def call(self, feature, present, training=False):
        there = present > PRESENT  # (B,)
        if training and self.drop:
            kept = keras.random.uniform(ops.shape(present), seed=self._random) >= self.drop
            there = ops.logical_and(there, kept)
        return ops.where(there[:, None], feature, ops.convert_to_tensor(self.vector))

    def get_config(self):
        return {**super().get_config(), "drop": self.drop, "seed": self.seed}


@keras.saving.register_keras_serializable("mmkeras")
class AlwaysPresent(layers.Layer):
    """1 for every sample: (B, ...) -> (B,). The presence of an input that is not optional."""

    keep_float = True

    def call(self, features):
        first = ops.reshape(features, (ops.shape(features)[0], -1))[:, 0]
        return ops.ones_like(first, dtype="float32")


@keras.saving.register_keras_serializable("mmkeras")
class Presence(layers.Layer):
    """Which modalities count: M tensors (B,) -> (B, M), 1 or 0.

    In training each is taken away with probability `drop`, sample by sample, but never all of
    them (ModDrop, as above). Keeps the model's recipe, as JSON.
    """

    keep_float = True

    def __init__(self, recipe, drop=0.3, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.recipe = recipe
        self.drop = drop
        self.seed = seed
        self._random = keras.random.SeedGenerator(seed)

    def call(self, present, training=False):
        there = ops.cast(ops.stack(present, axis=1) > PRESENT, "float32")  # (B, M)
        if not training or not self.drop or len(present) == 1:
            return there
        kept = keras.random.uniform(ops.shape(there), seed=self._random) >= self.drop
        kept = there * ops.cast(kept, "float32")
        return ops.where(ops.max(kept, axis=1, keepdims=True) > 0, kept, there)

    def get_config(self):
        return {
            **super().get_config(),
            "recipe": self.recipe,
            "drop": self.drop,
            "seed": self.seed,
        }
