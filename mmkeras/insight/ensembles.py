"""How far several opinions lie apart: of one Keras model whose dropout stays awake, or of several.

What they disagree about is what more data would teach: H(mean p) - mean H(p), in nats, the mutual
information of answer and model. Gal and Ghahramani, ICML 2016; Lakshminarayanan et al., NeurIPS
2017. A file gives one answer alone; a limit under which it is unsure is what it can carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers

from mmkeras.dataset import Batches
from mmkeras.insight.calibration import SMALLEST
from mmkeras.manifest import Manifest
from mmkeras.prepared import Prepared
from mmkeras.run import Run
from mmkeras_edge.outputs import PROBABILITIES

WHOLE = "modality_dropout"  # a layer that drops inputs, which is another question


@dataclass(frozen=True, eq=False)
class Opinions:
    """By output: the mean answer, (rows, values), and how far opinions lie apart, (rows,): the
    mutual information of probabilities, the standard deviation of numbers."""

    outputs: dict[str, np.ndarray]
    apart: dict[str, np.ndarray]
    count: int


def mc_dropout(run: Run, data: Manifest | Prepared, passes: int = 20, seed: int = 0) -> Opinions:
    """Opinions of one model, with other units asleep in each pass."""
    if passes < 2:
        raise ValueError(f"wanted two passes or more. Received: {passes}")
    rows, awake = run.prepare(data), _awake(run.model, seed)
    each = [awake.predict(Batches(rows, 256), verbose=0) for _ in range(passes)]
    return _opinions(run, each)


def ensemble(runs: Sequence[Run], data: Manifest | Prepared) -> Opinions:
    """Opinions of several runs, as those of other seeds. Raises ValueError for other outputs."""
    if len(runs) < 2:
        raise ValueError(f"wanted two runs or more. Received: {len(runs)}")
    wanted = {n: (task.kind, task.spec.shape) for n, task in runs[0].recipe.outputs.items()}
    for run in runs[1:]:
        found = {n: (task.kind, task.spec.shape) for n, task in run.recipe.outputs.items()}
        if found != wanted:
            raise ValueError(f"wanted runs with the outputs {wanted}. Received: {found}")
    return _opinions(runs[0], [run.predict(data) for run in runs])


@keras.saving.register_keras_serializable("mmkeras")
class AwakeDropout(layers.Dropout):
    """Dropout that drops at prediction too."""

    def call(self, inputs, training=False):
        return super().call(inputs, training=True)


def _awake(model: keras.Model, seed: int) -> keras.Model:
    count = 0

    def copied(layer: keras.Layer) -> keras.Layer:
        nonlocal count
        config: dict[str, Any] = layer.get_config()
        if type(layer) is not layers.Dropout or layer.name == WHOLE:
            return layer.__class__.from_config(config)
        count += 1
        return AwakeDropout.from_config({**config, "seed": seed * 1_000 + count})

    copy = keras.models.clone_model(model, clone_function=copied, recursive=True)
    if not count:
        raise ValueError(f"the model {model.name!r} has no dropout: take an ensemble of runs")
    copy.set_weights(model.get_weights())
    return copy


def _opinions(run: Run, each: Sequence[dict[str, np.ndarray]]) -> Opinions:
    outputs, apart = {}, {}
    for name, spec in run.specs.items():
        answers = np.stack([of[name] for of in each]).astype(np.float64)  # (opinions, rows, values)
        outputs[name] = answers.mean(axis=0).astype(np.float32)
        if spec.kind not in PROBABILITIES:
            apart[name] = answers[..., 0].std(axis=0)
        else:
            apart[name] = _information(answers, spec.kind in ("binary", "multilabel"))
    return Opinions(outputs, apart, len(each))


def _information(answers: np.ndarray, each: bool) -> np.ndarray:
    """(opinions, rows, values) -> (rows,); of several labels the sum."""
    sides = np.stack([1 - answers, answers], axis=-1) if each else answers[:, :, None, :]

    def entropy(p: np.ndarray) -> np.ndarray:
        return -(p * np.log(np.maximum(p, SMALLEST))).sum(axis=-1)

    return (entropy(sides.mean(axis=0)) - entropy(sides).mean(axis=0)).sum(axis=-1)
