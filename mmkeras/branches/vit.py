"""Vision transformer, from scratch: patches of a picture as tokens."""

from __future__ import annotations

import keras
from keras import layers

from mmkeras.branches.minilm import TokenAttention

PATCH_PX = 16
# ViT-Tiny: Touvron et al., "Training data-efficient image transformers", ICML 2021, table 1.
WIDTH, DEPTH, HEADS = 192, 12, 3


def vit(shape: tuple[int, ...]) -> keras.Model:
    """ViT-Tiny/16: (B, H, W, C) -> (B, H/16, W/16, 192), rounded up; the tokens are the patches.

    z = P x + places, then 12 times z ← z + attention(norm(z)), z ← z + dense(gelu(dense(norm(z)))),
    and a last norm. Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021, eq. 1 to 4, but
    for the token that stands for the whole: the patches are averaged, as in its appendix D.3.
    5.5 million parameters.
    """
    start = keras.Input(shape)
    x = layers.Conv2D(WIDTH, PATCH_PX, PATCH_PX, padding="same", name="patches")(start)
    rows, columns = x.shape[1:3]
    x = layers.Reshape((rows * columns, WIDTH), name="tokens")(x)
    x = PatchPlaces(name="places")(x)
    for i in range(DEPTH):
        x = _block(x, f"block{i}")
    x = _norm("last")(x)
    return keras.Model(start, layers.Reshape((rows, columns, WIDTH), name="map")(x), name="vit")


def _block(x, name: str):
    y = TokenAttention(HEADS, name=f"{name}_attention")(_norm(f"{name}_attention")(x))
    x = layers.Add(name=f"{name}_attention_add")([x, y])
    y = layers.Dense(4 * WIDTH, activation="gelu", name=f"{name}_up")(_norm(f"{name}_dense")(x))
    return layers.Add(name=f"{name}_add")([x, layers.Dense(WIDTH, name=f"{name}_down")(y)])


def _norm(name: str) -> layers.Layer:
    return layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")


@keras.saving.register_keras_serializable("mmkeras")
class PatchPlaces(layers.Layer):
    """Patches plus a learned vector for each place: (B, T, D) -> (B, T, D)."""

    def build(self, shape):
        normal = keras.initializers.TruncatedNormal(stddev=0.02)
        self.places = self.add_weight(shape[1:], normal, name="places")

    def call(self, patches):
        return patches + self.places
