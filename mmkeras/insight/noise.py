"""Disturbances of each kind of input, at five levels, the mildest first.

Each acts on what the model sees: pictures after resizing, sounds after resampling, texts before
they become tokens. Kinds and levels follow Hendrycks and Dietterich, "Benchmarking neural network
robustness", ICLR 2019, and Liang et al., "MultiBench", NeurIPS 2021.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from mmkeras.insight import noise_audio, noise_image, noise_readings, noise_text


class Noise(NamedTuple):
    """`of(values, level, random, spec)` gives as many arrays, or texts, back."""

    unit: str
    levels: tuple[float, ...]
    of: Callable[[Any, float, np.random.Generator, Any], Any]


PICTURES = {
    "blur": Noise("% of a side", (1, 2, 3, 5, 8), noise_image.blur),
    "noise": Noise("grey levels", (8, 16, 32, 64, 96), noise_image.noise),
    "jpeg": Noise("quality", (40, 20, 10, 5, 2), noise_image.jpeg),
    "darkness": Noise("% of the light", (70, 50, 35, 20, 10), noise_image.darken),
    "occlusion": Noise("% of the area", (5, 10, 20, 35, 60), noise_image.occlude),
}

NOISES: dict[str, dict[str, Noise]] = {  # by kind of input
    "image": PICTURES,
    "video": PICTURES,
    "audio": {
        "noise": Noise("dB over the noise", (20, 10, 5, 0, -5), noise_audio.noise),
        "reverberation": Noise("s of decay", (0.1, 0.2, 0.4, 0.8, 1.6), noise_audio.reverberate),
        "clipping": Noise("% of the peak", (50, 20, 10, 5, 2), noise_audio.clip),
    },
    "text": {
        "typos": Noise("% of letters", (2, 5, 10, 20, 40), noise_text.mistype),
        "dropped words": Noise("% of words", (10, 20, 40, 60, 80), noise_text.drop_words),
    },
    "sensor": {
        "jitter": Noise("deviations", (0.1, 0.25, 0.5, 1, 2), noise_readings.jitter),
        "drift": Noise("deviations", (0.25, 0.5, 1, 2, 4), noise_readings.drift),
        "dropout": Noise("% of steps", (10, 20, 40, 60, 80), noise_readings.hold),
    },
    "table": {"missing": Noise("% of fields", (10, 20, 40, 60, 80), noise_readings.lose)},
}
ABSENCE = Noise("% of rows", (20, 40, 60, 80, 100), lambda values, *_: values)  # of the optional
