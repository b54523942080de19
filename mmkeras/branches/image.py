"""A picture: raw pixels, normalised in the graph, through a backbone."""

import keras
from keras import layers

from mmkeras.branches.backbones import backbone
from mmkeras.branches.branch import Branch
from mmkeras.modalities import Image


def image_branch(name: str, source: Image) -> Branch:
    """uint8 (B, H, W, 3) -> pooled (B, D) and one token a place of the backbone's map."""
    entry = backbone(source.branch)
    shape = source.spec.shape
    pixels = keras.Input(shape, dtype=source.spec.dtype, name=name)
    tower = entry.build(shape, source.weights, f"{name}_{source.branch}")
    tower.trainable = source.trainable
    features = tower(entry.normalise(name=f"{name}_pixels")(pixels))  # (B, h, w, D)
    pool = layers.Flatten if entry.flatten else layers.GlobalAveragePooling2D
    tokens = layers.Reshape((-1, features.shape[-1]), name=f"{name}_tokens")(features)
    return Branch(pixels, pool(name=f"{name}_pool")(features), tokens)
