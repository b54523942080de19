"""A film: every frame through one backbone, then over time; or space and time by turns."""

from collections.abc import Callable

import keras
from keras import KerasTensor, layers, ops

from mmkeras.branches.backbones import backbone
from mmkeras.branches.branch import Branch
from mmkeras.branches.image import features_of
from mmkeras.branches.pixels import Ink
from mmkeras.branches.sensor import LastStep
from mmkeras.branches.temporal import recurrent, transformer
from mmkeras.branches.towers import let_train, tower_of
from mmkeras.branches.views import FoldViews, UnfoldViews
from mmkeras.modalities import Video
from mmkeras_edge.inputs import pick

UNITS = 128  # of what reads the frames in their order
FILTERS = (16, 32, 64)  # of `cnn3d`


@keras.saving.register_keras_serializable("mmkeras")
class MeanOverPlaces(layers.Layer):
    """(B, T, places, D) -> (B, T, D)."""

    def call(self, features):
        return ops.mean(features, axis=2)


def video_branch(name: str, source: Video) -> Branch:
    """uint8 (B, F, H, W, 3) -> pooled (B, D) and one token a frame."""
    frames = keras.Input(source.spec.shape, dtype=source.spec.dtype, name=name)
    if source.branch == "cnn3d":
        tokens = _space_and_time(name, source, frames)
        return Branch(frames, layers.GlobalAveragePooling1D(name=f"{name}_pool")(tokens), tokens)
    over_time = pick(TIMES, source.time, "way over time")
    entry = backbone(source.branch)
    pictures = FoldViews(name=f"{name}_fold")(frames)  # (B · F, H, W, 3)
    tower = tower_of(name, source, source.spec.frame.shape)
    features = tower(entry.normalise(name=f"{name}_pixels")(pictures))
    each, _ = features_of(f"{name}_frame", features, entry.flatten)
    steps = UnfoldViews(source.frames, name=f"{name}_steps")(each)  # (B, F, D)
    pooled, tokens = over_time(name, source, steps)
    return Branch(frames, pooled, tokens)


def _mean(name: str, source: Video, steps: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
    return layers.GlobalAveragePooling1D(name=f"{name}_pool")(steps), steps


def _recurrent(name: str, source: Video, steps: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
    tokens = recurrent(name, steps, source.units or UNITS, cell=source.time)
    return LastStep(name=f"{name}_pool")(tokens), tokens


def _attention(name: str, source: Video, steps: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
    tokens = transformer(name, steps, source.units or UNITS, depth=1)
    return layers.GlobalAveragePooling1D(name=f"{name}_pool")(tokens), tokens


TIMES: dict[str, Callable[..., tuple[KerasTensor, KerasTensor]]] = {  # name -> over the frames
    "mean": _mean,
    "lstm": _recurrent,
    "gru": _recurrent,
    "attention": _attention,
}


def _space_and_time(name: str, source: Video, frames: KerasTensor) -> KerasTensor:
    """R(2+1)D: (B, F, H, W, 3) -> one token a frame, (B, F, D).

    Tran et al., "A closer look at spatiotemporal convolutions for action recognition", CVPR 2018:
    each convolution over a volume is one over the places of a frame, then one over the frames at a
    place. Both are two-dimensional, so that int8 reaches their weights: the runtime has CONV_3D,
    but the quantizer leaves it in float.
    """
    if source.weights is not None:
        raise ValueError(f"{name!r}: 'cnn3d' has no weights {source.weights!r}; use weights=None")
    if source.time != "mean":
        raise ValueError(f"{name!r}: 'cnn3d' is over time already; leave out time={source.time!r}")
    start = keras.Input(frames.shape[1:], dtype=frames.dtype)
    x = Ink(name="pixels")(start)
    for i, filters in enumerate(FILTERS):
        x = FoldViews(name=f"fold{i}")(x)
        x = _convolution(filters, 3, 2, f"places{i}")(x)  # (B · F, h, w, D)
        height, width = x.shape[1:3]
        x = UnfoldViews(source.frames, name=f"unfold{i}")(x)
        x = layers.Reshape((source.frames, height * width, filters), name=f"columns{i}")(x)
        x = _convolution(filters, (3, 1), 1, f"times{i}")(x)
        if i + 1 < len(FILTERS):
            x = layers.Reshape((source.frames, height, width, filters), name=f"volume{i}")(x)
    tower = keras.Model(start, MeanOverPlaces(name="mean")(x), name=f"{name}_cnn3d")
    let_train(tower, source.trainable, pretrained=False)
    return tower(frames)


def _convolution(filters: int, size: int | tuple[int, int], stride: int, name: str):
    return layers.Conv2D(
        filters,
        size,
        strides=stride,
        padding="same",
        activation="relu",
        kernel_initializer="he_normal",
        name=name,
    )
