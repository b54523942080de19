"""A sound: PCM samples, log-mel in the graph, then a backbone over the spectrogram."""

import keras
from keras import layers, ops

from mmkeras.branches.backbones import BACKBONES, backbone
from mmkeras.branches.branch import Branch
from mmkeras.branches.log_mel import LogMel
from mmkeras.modalities import Audio


@keras.saving.register_keras_serializable("mmkeras")
class MeanOverTime(layers.Layer):
    """Mean over the frames, bands kept apart: (B, frames, bands, D) -> (B, bands · D)."""

    def call(self, features):
        pooled = ops.mean(features, axis=1)
        return ops.reshape(pooled, (-1, pooled.shape[1] * pooled.shape[2]))


def audio_branch(name: str, source: Audio) -> Branch:
    """float32 (B, samples) -> pooled (B, D) and one token a step of time."""
    entry = backbone(source.branch)
    if not entry.sound:
        able = ", ".join(other for other, there in BACKBONES.items() if there.sound)
        raise ValueError(
            f"the backbone {source.branch!r} takes RGB pictures only; for {name!r}: {able}"
        )
    waveform = keras.Input(source.spec.shape, dtype=source.spec.dtype, name=name)
    spectrogram = LogMel.of(source.spec, name=f"{name}_log_mel")(waveform)
    if source.weights is not None:  # pre-trained on RGB
        spectrogram = layers.Concatenate(name=f"{name}_rgb")([spectrogram] * 3)
    tower = entry.build(spectrogram.shape[1:], source.weights, f"{name}_{source.branch}")
    tower.trainable = source.trainable
    features = tower(spectrogram)  # (B, t, f, D)
    steps, bands, depth = features.shape[1:]
    tokens = layers.Reshape((steps, bands * depth), name=f"{name}_tokens")(features)
    return Branch(waveform, MeanOverTime(name=f"{name}_pool")(features), tokens)
