"""Fusion by gates: for each entry of the answer, how much of each modality."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("mmkeras")
class Gated(layers.Layer):
    """z = Σ_m g_m ∘ tanh(W_m h_m), g_m = σ(V_m [h_1; ...; h_M]): (B, M, D) -> (B, D).

    The gated multimodal unit for M modalities: Arevalo et al., "Gated Multimodal Units for
    Information Fusion", ICLR 2017 workshop. V starts at zero: gates half open.
    `return_weights` gives (z, g) with g (B, M, D).
    """

    takes = "features"
    keep_dynamic = True

    def build(self, shape):
        _, modalities, width = shape
        self.gates = layers.Dense(
            modalities * width, activation="sigmoid", kernel_initializer="zeros", name="gates"
        )
        self.gates.build((None, modalities * width))
        self.towers = [
            layers.Dense(width, activation="tanh", name=f"tower_{m}") for m in range(modalities)
        ]
        for tower in self.towers:
            tower.build((None, width))

    def call(self, features, return_weights=False):
        modalities, width = features.shape[1:]
        gates = self.gates(ops.reshape(features, (-1, modalities * width)))
        gates = ops.reshape(gates, (-1, modalities, width))
        seen = ops.stack([tower(features[:, m]) for m, tower in enumerate(self.towers)], axis=1)
        fused = ops.sum(gates * seen, axis=1)
        return (fused, gates) if return_weights else fused
