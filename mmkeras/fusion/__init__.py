"""Fusions: the features of all modalities to one vector. Each is a layer and its equation."""

from keras import layers

from mmkeras.fusion.concat import Concat
from mmkeras.fusion.self_attention import SelfAttention
from mmkeras.fusion.sum import Sum

FUSIONS: dict[
    str, type[layers.Layer]
] = {  # name in a recipe -> layer (B, modalities, width) -> (B, D); simplest first
    "sum": Sum,
    "concat": Concat,
    "self_attention": SelfAttention,
}

__all__ = ["FUSIONS", "Concat", "SelfAttention", "Sum"]
