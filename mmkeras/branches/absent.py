"""What stands in for a modality that is not there."""

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
        return ops.where(there[:, None], feature, self.vector)

    def get_config(self):
        return {**super().get_config(), "drop": self.drop, "seed": self.seed}
