"""A sound: PCM samples, a spectrogram in the graph, then a backbone or an encoder over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import KerasTensor, layers, ops

from mmkeras.branches.backbone import IMAGENET, Backbone, load
from mmkeras.branches.backbones import BACKBONES, backbone
from mmkeras.branches.branch import Branch
from mmkeras.branches.image import features_of
from mmkeras.branches.log_mel import LogMel
from mmkeras.branches.mfcc import Mfcc
from mmkeras.branches.spec_augment import SpecAugment
from mmkeras.branches.temporal import recurrent, tcn, transformer
from mmkeras.branches.towers import let_train, tower_of
from mmkeras.branches.waveform_cnn import waveform_cnn
from mmkeras.modalities import Audio
from mmkeras_edge.inputs import pick

FRONTS = ("log_mel", "mfcc")


@keras.saving.register_keras_serializable("mmkeras")
class MeanOverTime(layers.Layer):
    """Mean over the frames, bands kept apart: (B, frames, bands, D) -> (B, bands · D)."""

    def call(self, features):
        pooled = ops.mean(features, axis=1)
        return ops.reshape(pooled, (-1, pooled.shape[1] * pooled.shape[2]))


@keras.saving.register_keras_serializable("mmkeras")
class SpectrogramPixels(layers.Layer):
    """A spectrogram as a grey picture, for backbones that know pictures alone.

    (B, frames, bands, 1) -> (B, frames, bands, 3), 0 to 255: -2 is black, the clip's mean the grey
    of 127.5, 2 is white; what lies beyond is clipped.
    """

    def call(self, spectrogram):
        grey = ops.clip(127.5 + 63.75 * spectrogram, 0.0, 255.0)
        return ops.concatenate([grey] * 3, axis=-1)


class Encoder(NamedTuple):
    """`build(name, source, x, units, layers)` gives (B, T', D) from a spectrogram (B, T, bands, 1),
    or from samples (B, n) where it is `raw`."""

    build: Callable[..., KerasTensor]
    units: int = 64
    layers: int | None = 1  # by default; None: as many as the clip takes
    raw: bool = False


def audio_branch(name: str, source: Audio) -> Branch:
    """float32 (B, samples) -> pooled (B, D) and one token a step of time.

    Raises ValueError for what the branch does not take: another front, units, layers or weights.
    """
    pick(dict.fromkeys(FRONTS), source.front, "front")
    waveform = keras.Input(source.spec.shape, dtype=source.spec.dtype, name=name)
    encoder = ENCODERS.get(source.branch) if isinstance(source.branch, str) else None
    if encoder is None:
        pooled, tokens = _seen(name, source, _spectrogram(name, source, waveform))
        return Branch(waveform, pooled, tokens)
    if encoder.raw and (source.front != "log_mel" or source.spec_augment):
        raise ValueError(
            f"{name!r}: {source.branch!r} hears raw samples; it takes neither front nor "
            "spec_augment"
        )
    heard = waveform if encoder.raw else _spectrogram(name, source, waveform)
    tokens = _encoder_tower(name, source, encoder, heard)
    return Branch(waveform, layers.GlobalAveragePooling1D(name=f"{name}_pool")(tokens), tokens)


def _spectrogram(name: str, source: Audio, waveform: KerasTensor) -> KerasTensor:
    """(B, samples) -> (B, frames, bands, 1)."""
    x = LogMel.of(source.spec, name=f"{name}_log_mel")(waveform)
    if source.spec_augment:
        x = SpecAugment(name=f"{name}_spec_augment")(x)
    return Mfcc(name=f"{name}_mfcc")(x) if source.front == "mfcc" else x


def _seen(name: str, source: Audio, spectrogram: KerasTensor) -> tuple[KerasTensor, KerasTensor]:
    """The spectrogram through a backbone for pictures.

    One that is trained from scratch sees one channel, as it is; one that brings weights, or that
    takes nothing else, sees a grey picture, normalised as its own pictures were.
    """
    entry = _backbone(name, source)
    by_name = isinstance(source.branch, str)
    if source.weights is not None or entry.pretrained or not entry.sound or not by_name:
        pixels = SpectrogramPixels(name=f"{name}_grey")(spectrogram)
        spectrogram = entry.normalise(name=f"{name}_pixels")(pixels)
    features = tower_of(name, source, spectrogram.shape[1:])(spectrogram)
    if len(features.shape) != 4:
        return features_of(name, features)
    steps, bands, depth = features.shape[1:]
    tokens = layers.Reshape((steps, bands * depth), name=f"{name}_tokens")(features)
    return MeanOverTime(name=f"{name}_pool")(features), tokens


def _backbone(name: str, source: Audio) -> Backbone:
    if isinstance(source.branch, str) and "/" not in source.branch:
        pick({**ENCODERS, **BACKBONES}, source.branch, "audio branch")
    if source.units is not None or source.layers is not None:
        raise ValueError(
            f"{name!r}: a backbone for pictures has its own size; units and layers are for "
            f"{', '.join(ENCODERS)}"
        )
    return backbone(source.branch)


def _encoder_tower(name: str, source: Audio, encoder: Encoder, x: KerasTensor) -> KerasTensor:
    """(B, T, D) from a tower of its own, which can be frozen as a backbone can."""
    start = keras.Input(x.shape[1:])
    units, depth = source.units or encoder.units, source.layers or encoder.layers
    tower = keras.Model(
        start, encoder.build("steps", source, start, units, depth), name=f"{name}_{source.branch}"
    )
    if source.weights == IMAGENET:
        raise ValueError(
            f"the branch {source.branch!r} has no weights {source.weights!r}; use weights=None or "
            "the path of a file"
        )
    if source.weights is not None:
        load(tower, source.weights)
    let_train(tower, source.trainable, pretrained=source.weights is not None)
    return tower(x)


def _convolved(spectrogram: KerasTensor) -> KerasTensor:
    """Three convolutions, a quarter of the frames: (B, T, bands, 1) -> (B, T/4, bands/8 · 64)."""
    x = spectrogram
    for filters, pool in ((16, (2, 2)), (32, (2, 2)), (64, (1, 2))):
        x = layers.Conv2D(
            filters, 3, padding="same", activation="relu", kernel_initializer="he_normal"
        )(x)
        x = layers.MaxPooling2D(pool, padding="same")(x)
    return layers.Reshape((x.shape[1], x.shape[2] * x.shape[3]))(x)


def _crnn(name, source, x, units, depth):
    """Convolutions, then a GRU: Choi et al., "Convolutional recurrent neural networks for music
    classification", ICASSP 2017; Çakır et al., IEEE/ACM TASLP 2017."""
    return recurrent(name, _convolved(x), units, depth)


def _tcn(name, source, x, units, depth):
    """Dilated convolutions over the frames; see `temporal.tcn`."""
    return tcn(name, layers.Reshape(x.shape[1:3])(x), units, depth)


def _transformer(name, source, x, units, depth):
    """Attention over the frames, as Gong et al., "AST", Interspeech 2021, over patches, which
    here are convolutions: Xiao et al., "Early convolutions help transformers see better",
    NeurIPS 2021."""
    return transformer(name, _convolved(x), units, depth)


def _waveform_cnn(name, source, x, units, depth):
    return waveform_cnn(name, x, source.rate_hz, units, depth)


ENCODERS: dict[str, Encoder] = {  # name in a recipe -> encoder, beside all of BACKBONES
    "crnn": Encoder(_crnn),
    "tcn": Encoder(_tcn, layers=None),
    "transformer": Encoder(_transformer, layers=2),
    "waveform_cnn": Encoder(_waveform_cnn, units=256, layers=4, raw=True),
}
