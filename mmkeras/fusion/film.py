"""Fusion by modulation: one modality scales and shifts the others."""

import keras
from keras import layers, ops

from mmkeras.fusion.chosen import chosen


@keras.saving.register_keras_serializable("mmkeras")
class Film(layers.Layer):
    """z = Σ_{m≠c} (1 + γ_m) ∘ h_m + β_m with [γ; β] = W h_c: (B, M, D) -> (B, D).

    `condition` is c, the place of a modality among the inputs or, in a recipe, its name; the last
    by default. FiLM: Perez et al., "Visual Reasoning with a General Conditioning Layer", AAAI
    2018, eq. 2, whose γ is 1 + γ here: a condition of zeros changes nothing.
    """

    takes = "features"
    keep_dynamic = True
    by_name = ("condition",)

    def __init__(self, condition=-1, **kwargs):
        super().__init__(**kwargs)
        self.condition = condition

    def build(self, shape):
        _, modalities, width = shape
        self.place = chosen(self.condition, modalities, "condition")
        self.scales_shifts = layers.Dense(2 * (modalities - 1) * width, name="scales_shifts")
        self.scales_shifts.build((None, width))

    def call(self, features):
        modalities, width = features.shape[1:]
        numbers = self.scales_shifts(features[:, self.place])
        numbers = ops.reshape(numbers, (-1, 2, modalities - 1, width))
        others = ops.stack([features[:, m] for m in range(modalities) if m != self.place], axis=1)
        return ops.sum((1.0 + numbers[:, 0]) * others + numbers[:, 1], axis=1)

    def get_config(self):
        return {**super().get_config(), "condition": self.condition}
