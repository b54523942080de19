"""What a page says, at a size for a test, and with files where it names devices."""

from __future__ import annotations

import base64
import io
import itertools
import re
from typing import Any

import keras
import numpy as np
from keras import layers
from PIL import Image


def _png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    return file.getvalue()


SMALLER = {  # a pattern -> what is run instead
    r"\bepochs=\d+": "epochs=1",
    r"--epochs \d+": "--epochs 1",
    r"--seeds \d+": "--seeds 1",
    r"--trials \d+": "--trials 1",
    r"--folds \d+": "--folds 2",
    r"--minutes \d+": "--minutes 0.01",
    r"--fusion concat,gated,self_attention": "--fusion concat,gated",
    # After an epoch on 80 rows a file may agree with Keras less than one that has learned.
    r"\bbudget=0\.01": "budget=1.0",
    r"--budget 0\.01": "--budget 1",
    # Families for a phone take minutes to convert.
    r"\bfits phone": "fits stamps",
    r"keras\.applications\.MobileNetV2\([^=]+=\(96, 96, 3\), weights=None\)": "small_cnn()",
    r"--precision auto": "--precision dynamic_int8",  # Python blocks have it
    r"for moment in live:": "for moment in itertools.islice(live, 1):",
    r"for name in FORMATS": 'for name in ("int8", "weights_int4")',
    r"iVBORw0KGgo\.\.\.": base64.b64encode(_png()).decode(),
    # A recording of a second has too few rows to learn from.
    r"seen/manifest\.csv --image image --audio audio --target category_said": (
        "stamps.csv --image image --audio speech --target category"
    ),
    # The labels of the set that is made.
    r"\banimals\b": "star",
    # What is not here: a camera, a microphone, a board.
    r"--image camera\b": "--image cat.png",
    r"--audio mic\b": "--audio meow.wav",
    r"\bcamera\(0\)": 'picture("cat.png")',
    r"\bmicrophone\(\)": 'sound("meow.wav")',
    r"import Alarm, camera, microphone": "import Alarm, picture, sound",
    r"/opt/mmkeras/model\.tflite": "stamps.tflite",
}
MORE = {  # command and verb -> what it is told besides, unless it is said already
    "mmkeras train": ("--epochs", "1"),
    "mmkeras prune": ("--epochs", "1"),
    "mmkeras-edge watch": ("--seconds", "1"),
    "mmkeras-edge record": ("--seconds", "1"),
}
SLOW = (  # a command or a block of Python with one of these waits for `make test-slow`
    r"--robustness|--full",
    r"mmkeras (compare|search)|--folds",
    r"mmkeras report|mmkeras\.report|mmkeras explain .*--check",
    r'precision="auto"',
    r'out="runs/int8"',  # four trainings
)
ENDLESS = {"--resume", "--dry-run"}  # a training with one of these takes no number of epochs


def smaller(code: str) -> str:
    for pattern, instead in SMALLER.items():
        code = re.sub(pattern, instead, code)
    return code


def is_slow(code: str) -> bool:
    return any(re.search(pattern, code) for pattern in SLOW)


def with_more(words: list[str]) -> list[str]:
    flag, value = MORE.get(" ".join(words[:2]), ("", ""))
    if not flag or flag in words or ENDLESS & {*words}:
        return words
    return [*words, flag, value]


def small_cnn() -> keras.Model:
    """Ten classes, enough channels to be slimmed."""
    image = keras.Input((32, 32, 3), name="image")
    x = layers.Conv2D(32, 3, strides=2, activation="relu")(image)
    x = layers.Conv2D(32, 3, strides=2, activation="relu")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(10, activation="softmax")(x))


def stand_ins() -> dict[str, Any]:
    """What the replacements above name, and a reader's own `x` and `y` for `small_cnn`."""
    random = np.random.default_rng(0)
    return {
        "itertools": itertools,
        "small_cnn": small_cnn,
        "x": random.random((32, 32, 32, 3), np.float32),
        "y": random.integers(0, 10, 32),
    }
