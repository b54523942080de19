"""Hybrid fusion: an early one is one more expert beside those of the modalities."""

import keras
from keras import layers

from mmkeras.fusion.average import Average
from mmkeras.fusion.product_of_experts import ProductOfExperts
from mmkeras.fusion.stacking import Stacking
from mmkeras.fusion.vote import Vote
from mmkeras_edge.inputs import pick

LATE: dict[str, type[layers.Layer]] = {
    "average": Average,
    "product_of_experts": ProductOfExperts,
    "vote": Vote,
    "stacking": Stacking,
}


@keras.saving.register_keras_serializable("mmkeras")
class Hybrid(layers.Layer):
    """y = late(y_1, ..., y_M, y_early): (B, M + 1, K), (B, M + 1) -> (B, K).

    `early` is a fusion over features or tokens, its name or {"name": ..., option: value}; its
    vector has a head of its own, which `late`, the name of a fusion of decisions, hears as one
    more. Snoek et al., "Early versus Late Fusion in Semantic Video Analysis", ACM Multimedia 2005,
    compares the two that are joined here.
    """

    takes = "both"

    def __init__(self, early="concat", late="average", **kwargs):
        super().__init__(**kwargs)
        self.early = early
        self.late = late
        self.last = pick(LATE, late, "late fusion")(name="late")
        self.reads = self.last.reads
        self.keep_float = self.last.keep_float

    def build(self, decisions_shape, there_shape):
        if isinstance(self.last, Stacking):  # the only one with weights
            self.last.build(decisions_shape, there_shape)

    def call(self, decisions, there):
        return self.last(decisions, there)

    def check(self, name, task, head):
        """Raises ValueError for what the late fusion cannot combine."""
        self.last.check(name, task, head)

    def get_config(self):
        return {**super().get_config(), "early": self.early, "late": self.late}
