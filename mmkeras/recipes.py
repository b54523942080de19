"""Named experiments; each number has its reason beside it."""

from __future__ import annotations

from dataclasses import replace

from mmkeras.modalities import Audio, Image, Text
from mmkeras.recipe import Recipe
from mmkeras.tasks import Classify

STAMPS = Recipe(  # Tux Paint stamps from scratch, for a phone or a Pi
    inputs={
        "image": Image("cnn", size_px=(64, 64)),  # drawings: 80 px cost 1.6 times as much
        "text": Text(
            "embedding", length=16, vocabulary=2_000
        ),  # whole words win: captions are short
        "audio": Audio("cnn", clip_ms=1_500, rate_hz=8_000, mels=40),  # telephone speech is enough
    },
    outputs={"category": Classify(9), "language": Classify(6)},
    fusion="self_attention",
    width=128,
    optional=("audio",),
)

STAMPS_PRETRAINED = replace(  # the same with frozen towers from packages
    STAMPS,
    inputs={
        "image": Image(  # padded to 160 px: 0.886 on seed 0; stretched to 128 px: 0.868
            "efficientnet_lite0", (160, 160), weights="imagenet", trainable=False, fit="pad"
        ),
        "text": Text("minilm", length=16, weights="pretrained", trainable=False),
        "audio": STAMPS.inputs["audio"],
    },
)
