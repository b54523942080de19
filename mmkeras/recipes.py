"""Named recipes: the systems of the field, and our own; each number has its reason beside it.

Their outputs are placeholders: `replace(recipe, outputs=...)`, or `mmkeras train --recipe NAME`,
puts yours in their place.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from mmkeras.modalities import Audio, Image, Text
from mmkeras.recipe import Recipe
from mmkeras.tasks import Classify, MultiLabel

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

LABEL = {"label": Classify(10)}

GATED_DIGITS = Recipe(  # a digit shown, one spoken, and an instruction which of them counts
    inputs={
        "image": Image("cnn", size_px=(28, 28)),
        "text": Text("embedding", length=12, vocabulary=500),
        "audio": Audio("cnn", clip_ms=1_000, rate_hz=8_000, mels=40),
    },
    outputs={"answer": Classify(10)},
    fusion="concat",
    hidden=(256, 128),  # the instruction has to switch between the two digits
    modality_dropout=0.0,  # no answer can do without one of them: see docs/data.md
)

CIFAR_CNN = Recipe(  # blocks of 64 and 128 filters, then 1024-512-classes
    inputs={"image": Image("cifar_cnn", size_px=(32, 32))},
    outputs=LABEL,
    fusion="concat",
    width=1_024,
    hidden=(512,),
)

RESNET18_LSTM_CONCAT = Recipe(
    inputs={
        "image": Image("resnet18", size_px=(224, 224)),
        "text": Text("lstm", length=32, vocabulary=8_000, units=256, layers=2),
    },
    outputs=LABEL,
    fusion="concat",
    width=256,  # the state of the LSTM as it is
)

TEXT_IMAGE = Recipe(  # two encoders, a fusion layer, an output
    inputs={
        "text": Text("transformer", length=32, vocabulary=8_000),
        "image": Image("mobilenet_v2", size_px=(160, 160)),
    },
    outputs=LABEL,
    fusion="concat",
    hidden=(128,),  # the fusion layer
)

CNN_RNN_WEIGHTED_SUM = Recipe(
    inputs={
        "image": Image("cnn", size_px=(64, 64)),
        "text": Text("rnn", length=16, units=128),
        "audio": Audio("cnn", clip_ms=1_500),
    },
    outputs=LABEL,
    fusion="weighted_sum",
    optional=("text", "audio"),
)

VGG16_RESNET50_SELF_ATTENTION = Recipe(
    inputs={
        "image": Image("vgg16", size_px=(224, 224)),
        "text": Text("dense", length=32, vocabulary=8_000, units=128),
        "audio": Audio("resnet50", clip_ms=3_000, mels=128),
    },
    outputs={"label": MultiLabel(10)},  # sigmoids
    fusion={"name": "self_attention", "pool": "weighted"},  # attention, then a weighted fusion
)

PHONE = Recipe(  # photographs, a sentence, a second or two of sound
    inputs={
        "image": Image("mobilenet_v3_small", size_px=(160, 160)),
        "text": Text("gru", length=24, vocabulary=8_000),
        "audio": Audio("crnn", clip_ms=2_000, mels=48),
    },
    outputs=LABEL,
    fusion="gated",  # says per sample which modality to trust, and costs next to nothing
    optional=("text", "audio"),
)

PI = Recipe(  # camera and microphone on a wall; no text
    inputs={
        "image": Image("cnn", size_px=(96, 96), fit="pad"),  # 0.3 ms on a desktop core
        "audio": Audio("cnn", clip_ms=1_000, rate_hz=8_000, mels=40),
    },
    outputs=LABEL,
    fusion="self_attention",
    width=64,
    optional=("image", "audio"),  # either may fail in a year of service
)


class System(NamedTuple):
    """A recipe and what it is for, in a line."""

    recipe: Recipe
    about: str


RECIPES = {  # name in `mmkeras train --recipe` -> system
    "cifar_cnn": System(CIFAR_CNN, "a convolutional net for small pictures, from scratch"),
    "resnet18_lstm_concat": System(
        RESNET18_LSTM_CONCAT, "picture and text, concatenated: the usual baseline"
    ),
    "text_image": System(TEXT_IMAGE, "two encoders and a fusion layer"),
    "cnn_rnn_weighted_sum": System(
        CNN_RNN_WEIGHTED_SUM, "three small encoders, their features weighed by what was learned"
    ),
    "vgg16_resnet50_self_attention": System(
        VGG16_RESNET50_SELF_ATTENTION, "large towers on a server; quantize before you ship"
    ),
    "phone": System(PHONE, "photographs, sentences and sound on a phone"),
    "pi": System(PI, "camera and microphone on a Raspberry Pi; either may fail"),
    "gated_digits": System(GATED_DIGITS, "digits shown and spoken, and a question about them"),
    "stamps": System(STAMPS, "the quickstart's: drawings, captions and voices, from scratch"),
    "stamps_pretrained": System(STAMPS_PRETRAINED, "the same over frozen pre-trained towers"),
}
