"""Fusion by multiplication, element by element."""

import keras
from keras import layers


@keras.saving.register_keras_serializable("mmkeras")
class Product(layers.Layer):
    """z = Π_m (1 + h_m) - 1: (B, M, D) -> (B, D).

    The ones make a modality of zeros neutral, as those that tensor fusion appends (Zadeh et al.,
    EMNLP 2017): z is then the sum of the modalities and of the products of any of them.
    `plain=True` is z = Π_m h_m, as in VQA, Antol et al., ICCV 2015: whatever one
    modality does not see is lost.
    """

    takes = "features"
    keep_float = True

    def __init__(self, plain=False, **kwargs):
        super().__init__(**kwargs)
        self.plain = plain

    def call(self, features):
        one = 0.0 if self.plain else 1.0
        fused = one + features[:, 0]
        for modality in range(1, features.shape[1]):
            fused = fused * (one + features[:, modality])
        return fused - one

    def get_config(self):
        return {**super().get_config(), "plain": self.plain}
