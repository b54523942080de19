"""What in each input mattered: a signed number for each pixel, word, moment, reading or field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops

from mmkeras.branches.log_mel import LogMel
from mmkeras.explaining.gradcam import enlarged, grad_cam
from mmkeras.explaining.integrated import integrated_gradients
from mmkeras.explaining.scene import Scene
from mmkeras.explaining.seams import map_of, seams
from mmkeras.explaining.words import Word, left_out, words_of
from mmkeras_edge.specs import AudioSpec
from mmkeras_edge.text import read_tokenizer

INTEGRATED, LEFT_OUT = "integrated gradients", "each left out"


@dataclass(frozen=True, eq=False)
class Mark:
    """Above 0 speaks for the answer, below 0 against it; the unit is the score's: log-odds of a
    label, the unit of a number.

    `values` are by kind: image and video (pictures, H, W), views or frames; audio (frames, bands),
    one band where the model hears raw samples; text (words,); sensor (steps, channels); table
    (fields,). `given` is what the model saw: pixels, log-mel (frames, bands), readings, fields;
    `parts` are the names of words, channels or fields. `places` is Grad-CAM, 0 or above, in the
    size of `values`; None for what has no map. `gap` is what integrated gradients missed, a share.
    """

    name: str
    kind: str
    method: str
    values: np.ndarray
    given: np.ndarray
    parts: tuple[str, ...] = ()
    words: tuple[Word, ...] = ()
    places: np.ndarray | None = None
    gap: float = 0.0

    @property
    def best(self) -> list[tuple[str, float]]:
        """The parts that speak for the answer most, best first; of films, their frames."""
        each, names = self.values, self.parts
        if self.kind == "sensor":
            each = each.sum(axis=0)
        elif self.kind == "video":
            each = each.sum(axis=(1, 2))
            names = tuple(f"frame {i + 1}" for i in range(len(each)))
        if not names:
            return []
        order = np.argsort(-each, kind="stable")
        return [(names[i], float(each[i])) for i in order if each[i] > 0]


def mark(scene: Scene) -> Mark:
    """Of the scene's input."""
    kind = scene.usual.run.recipe.inputs[scene.name].kind
    return MARKERS[kind](scene)


def _pictures(scene: Scene) -> Mark:
    """Of an image, its views, or a film."""
    name, model, recipe = scene.name, scene.model, scene.usual.run.recipe
    found = integrated_gradients(scene, seams(model, recipe, name))
    (values,) = found.by_path.values()
    given = scene.sample.feed[name].reshape(-1, *scene.sample.feed[name].shape[-3:])
    values = values.sum(axis=-1).reshape(given.shape[:3])  # (pictures, H, W)
    path, places = map_of(model, recipe, name), None
    if path is not None:
        places = enlarged(grad_cam(scene, path), *values.shape[1:])
    kind = recipe.inputs[name].kind
    return Mark(name, kind, INTEGRATED, values, given, places=places, gap=found.gap)


def _sound(scene: Scene) -> Mark:
    name, model, recipe = scene.name, scene.model, scene.usual.run.recipe
    spec = recipe.specs[name]
    assert isinstance(spec, AudioSpec)
    waveform = ops.convert_to_tensor(scene.sample.feed[name])
    given = ops.convert_to_numpy(LogMel.of(spec)(waveform))[0, :, :, 0]  # (frames, bands)
    found = integrated_gradients(scene, seams(model, recipe, name))
    (values,) = found.by_path.values()
    if values.ndim == 3:  # samples
        values = values.reshape(spec.frames, spec.hop_samples).sum(axis=1, keepdims=True)
    else:
        values = values[0, :, :, 0]
    path, places = map_of(model, recipe, name), None
    if path is not None:
        places = enlarged(grad_cam(scene, path), *given.shape)[0]
    return Mark(name, "audio", INTEGRATED, values, given, places=places, gap=found.gap)


def _text(scene: Scene) -> Mark:
    name, recipe = scene.name, scene.usual.run.recipe
    spec: Any = recipe.specs[name]
    tokenizer = read_tokenizer(scene.usual.run.tokenizer_json or "")
    words = words_of(scene.sample.sources[name], spec, tokenizer)
    ids, names = scene.sample.feed[name], tuple(word.text for word in words)
    paths = seams(scene.model, recipe, name)
    if not paths:
        return Mark(name, "text", LEFT_OUT, _lost(scene, words), ids[0], names, words)
    found = integrated_gradients(scene, paths)
    (values,) = found.by_path.values()
    each = values[0].sum(axis=-1)  # (T,)
    of_words = np.array([each[list(word.tokens)].sum() for word in words])
    return Mark(name, "text", INTEGRATED, of_words, ids[0], names, words, gap=found.gap)


def _lost(scene: Scene, words: tuple[Word, ...]) -> np.ndarray:
    """What the score loses without each word, (words,)."""
    ids = scene.sample.feed[scene.name][0]
    texts = [ids, *(left_out(ids, word.tokens) for word in words)]
    scores = np.array([scene.scores({scene.name: of[None]}, 1)[0] for of in texts])
    return scores[0] - scores[1:]


def _readings(scene: Scene) -> Mark:
    name, spec = scene.name, scene.usual.run.recipe.specs[scene.name]
    found = integrated_gradients(scene, (name,))
    given = scene.sample.feed[name][0]
    numbered = tuple(f"channel {i}" for i in range(given.shape[1]))
    parts = getattr(spec, "names", ()) or numbered
    return Mark(name, "sensor", INTEGRATED, found.by_path[name][0], given, parts, gap=found.gap)


def _record(scene: Scene) -> Mark:
    name, recipe = scene.name, scene.usual.run.recipe
    spec: Any = recipe.specs[name]
    found = integrated_gradients(scene, seams(scene.model, recipe, name))
    each = []
    for path, values in found.by_path.items():
        numbers = path == f"{name}_standardised"
        each += list(values[0]) if numbers else [values[0].sum()]
    given = scene.sample.feed[name][0]
    parts = spec.fields
    return Mark(name, "table", INTEGRATED, np.array(each), given, parts, gap=found.gap)


MARKERS: dict[str, Callable[[Scene], Mark]] = {  # by kind
    "image": _pictures,
    "video": _pictures,
    "audio": _sound,
    "text": _text,
    "sensor": _readings,
    "table": _record,
}
