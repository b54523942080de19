"""Modalities at one pace: the tower of the one that learns fastest takes shorter steps.

A modality that is easy to learn from lowers the loss before the others have learned anything, and
with the loss goes what they could learn from: they starve. On-the-fly gradient modulation (OGM:
Peng et al., "Balanced multimodal learning via on-the-fly gradient modulation", CVPR 2022, eq. 10)
shrinks the gradient of the leader's tower,

    k_m = 1 - tanh(α max(ρ_m - 1, 0)),  ρ_m = s_m / mean of the other s,

s_m what modality m alone, the others taken from the fusion, gives the truth. Other than there:

- k multiplies the step, not the gradient: Adam divides a gradient by its own size, so that no
  factor survives. Guo et al., "Classifier-guided gradient modulation", NeurIPS 2024, count this and
  the limits to two modalities and to classes among the limits of OGM.
- s_m is exp(-loss), the mean over rows: for classes the probability of the right one, as there, but
  it exists for every loss; and any number of modalities and any fusion will do, not a linear one.
- ρ - 1, not ρ, so that k is 1 at a tie, where eq. 10 jumps by tanh α.
- No noise is added (their "GE"): dropout and augmentation are there already.

It ends in the middle of the training, as in their code: a modality that has nothing to tell would
hold the others back to the end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import KerasTensor, ops

from mmkeras.adapting import scale_of
from mmkeras.balance import probe_of
from mmkeras.heads import HEADS
from mmkeras.joining import fusion_layer
from mmkeras.optimizer import RatedAdamW
from mmkeras.prepared import Prepared
from mmkeras.recipe import FUSED, Recipe
from mmkeras_edge.inputs import pick
from mmkeras_edge.specs import presence_name

BALANCES = ("none", "ogm")
ALPHA = 1.0
UNTIL = 0.5  # of the steps
EVERY = 10  # steps: a look at the modalities costs about half a step
ROWS = 128  # that it looks at, always the same
KEPT = 0.5  # of the old paces

Towers = dict[str, list[int]]  # input -> places in the model's trainable variables


def towers_of(model: keras.Model, recipe: Recipe) -> Towers:
    """The weights that only one input leads to, by input; {} for a model of one input alone."""
    if len(recipe.inputs) < 2:
        return {}
    reached: dict[int, frozenset[str]] = {}
    for output in model.outputs:
        _inputs_behind(output, reached)
    places = {id(variable): place for place, variable in enumerate(model.trainable_variables)}
    towers: Towers = {name: [] for name in recipe.inputs}
    owner = {presence_name(name): name for name in recipe.optional}
    for layer in model.layers:
        inputs = {owner.get(name, name) for name in reached.get(id(layer), ())}
        if len(inputs) == 1 and inputs != {FUSED}:
            towers[inputs.pop()] += [places[id(weight)] for weight in layer.trainable_variables]
    return towers


@keras.saving.register_keras_serializable("mmkeras")
class PacedAdamW(RatedAdamW):
    """AdamW whose steps on the weights of a tower are multiplied by its pace, `paces[name]`.

    The paces are variables of the optimizer, 1 at the start, and travel with its state.
    """

    def __init__(self, *args, towers=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.towers = dict(towers or {})

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.paces = {
            name: self.add_variable((), "ones", name=f"pace_{name}") for name in self.towers
        }
        self._tower_of = {place: name for name, of in self.towers.items() for place in of}

    def update_step(self, gradient, variable, learning_rate):
        tower = self._tower_of.get(self._get_variable_index(variable))
        if tower is not None:
            learning_rate = learning_rate * self.paces[tower]
        super().update_step(gradient, variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "towers": self.towers}


def paced(optimizer: RatedAdamW, towers: Towers) -> RatedAdamW:
    """The same optimizer, not built yet, with a pace for each tower; itself if there is none."""
    if not towers:
        return optimizer
    return PacedAdamW.from_config({**optimizer.get_config(), "towers": towers})


def callbacks_for(
    model: keras.Model, recipe: Recipe, data: Prepared, steps: int, modality_balance: str = "ogm"
) -> list[keras.callbacks.Callback]:
    """What sets the paces of a model with a `PacedAdamW` over `steps` steps of training on `data`.

    Raises ValueError for an unknown balance. A single modality has none to be balanced with.
    """
    pick(dict.fromkeys(BALANCES), modality_balance, "modality_balance")
    if modality_balance == "none" or len(recipe.inputs) < 2:
        return []
    return [ModalityBalance(Alone(model, recipe), data, steps)]


class ModalityBalance(keras.callbacks.Callback):
    """Sets the paces every few steps, see above; the history has them as `pace_` and the input."""

    def __init__(self, alone: Alone, data: Prepared, steps: int):
        super().__init__()
        self._alone = alone
        self._until = int(UNTIL * steps)
        self._step = 0
        self._probe = probe_of(data, ROWS)

    def on_train_begin(self, logs=None):
        if not self.model.optimizer.built:  # its paces are made then
            self.model.optimizer.build(self.model.trainable_variables)

    def on_train_batch_begin(self, batch, logs=None):
        if self._step == self._until:
            self._set(dict.fromkeys(self._paces, 1.0), kept=0.0)
        elif self._step < self._until and self._step % EVERY == 0:
            if hasattr(self.model, "jax_state_sync"):
                self.model.jax_state_sync()
            self._set(paces(self._alone.scores(*self._probe)), KEPT if self._step else 0.0)
        self._step += 1

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            found = {n: float(ops.convert_to_numpy(pace)) for n, pace in self._paces.items()}
            logs.update({f"pace_{name}": pace for name, pace in found.items()})

    def state(self) -> dict[str, Any]:
        """What `restore` needs to go on; the paces are in the optimizer's variables."""
        return {"step": self._step}

    def restore(self, state: Mapping[str, Any]) -> None:
        self._step = state["step"]

    @property
    def _paces(self) -> dict[str, keras.Variable]:
        optimizer = self.model.optimizer  # of mixed precision: it wraps the one that steps
        return getattr(optimizer, "inner_optimizer", optimizer).paces

    def _set(self, wanted: Mapping[str, float], kept: float) -> None:
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        for name, pace in wanted.items():
            self._paces[name].assign(kept * self._paces[name] + (1 - kept) * pace)


def paces(scores: Mapping[str, float], alpha: float = ALPHA) -> dict[str, float]:
    """k of each modality that has a score; NaN has none, and its pace is 1.

    >>> {name: round(pace, 3) for name, pace in paces({"fast": 0.9, "slow": 0.6}).items()}
    {'fast': 0.538, 'slow': 1.0}
    """
    found = dict.fromkeys(scores, 1.0)
    known = {name: score for name, score in scores.items() if np.isfinite(score)}
    for name, score in known.items():
        others = [other for n, other in known.items() if n != name]
        if others:
            lead = score / max(float(np.mean(others)), 1e-6) - 1
            found[name] = 1 - float(np.tanh(alpha * max(lead, 0.0)))
    return found


class Alone:
    """What the outputs say when one modality alone reaches the fusion.

    The model is cut before its fusion; behind the cut, the others are zeros, or absent, as they are
    in training where modality dropout takes them away.
    """

    def __init__(self, model: keras.Model, recipe: Recipe):
        self._recipe = recipe
        self._losses = {
            name: HEADS[task.kind].loss(task, scale_of(model, name))
            for name, task in recipe.outputs.items()
        }
        layers, self._only = _cut(recipe)
        cut = [model.get_layer(name).output for name in layers]
        self._before = keras.Model(model.input, cut)
        told = [model.input[name] for name in (FUSED,) if name in model.input]
        self._behind = keras.Model([*cut, *told], model.output)

    def scores(self, feed, answers, weights=None) -> dict[str, float]:
        """s of each modality over the rows that have it; NaN where none has."""
        cut = keras.tree.flatten(self._before.predict_on_batch(feed))
        names = list(self._recipe.inputs)
        each = [self._only(cut, place, len(names)) for place in range(len(names))]
        behind = [np.concatenate(parts) for parts in zip(*each, strict=True)]
        behind += [np.concatenate([feed[name]] * len(names)) for name in (FUSED,) if name in feed]
        told = self._behind.predict_on_batch(behind)
        total = np.zeros((len(names), len(cut[0])))
        weight = np.zeros_like(total)
        for output, task in self._recipe.outputs.items():
            truth = np.concatenate([answers[output]] * len(names))
            loss = self._losses[output].call(truth, ops.convert_to_tensor(told[output]))
            counts = task.weight * (1.0 if weights is None else weights[output])
            right = np.exp(-ops.convert_to_numpy(loss)).reshape(total.shape)
            total += counts * right
            weight += counts
        for place, name in enumerate(names):
            there = feed.get(presence_name(name), 1.0)
            total[place] *= there
            weight[place] *= there
        with np.errstate(invalid="ignore"):
            found = total.sum(axis=1) / weight.sum(axis=1)
        return dict(zip(names, found.tolist(), strict=True))


Arrays = Sequence[np.ndarray]


def _cut(recipe: Recipe) -> tuple[list[str], Callable[[Arrays, int, int], list[np.ndarray]]]:
    """The layers of `mmkeras.joining` whose outputs go to the fusion, and how one modality of M
    remains of these: (arrays, its place, M)."""
    takes = fusion_layer(recipe.fusion, recipe.inputs).takes
    if takes == "features":
        return ["modalities"], lambda cut, place, _: [_column(cut[0], place)]
    if takes == "tokens":
        parts = [f"{name}_{part}" for part in ("masked", "mask") for name in recipe.inputs]
        return parts, lambda cut, place, modalities: [
            array if i % modalities == place else np.zeros_like(array)
            for i, array in enumerate(cut)
        ]
    each = [f"{name}_decisions" for name in recipe.outputs]
    return ["presence", *each], lambda cut, place, _: [_column(cut[0], place), *cut[1:]]


def _column(array: np.ndarray, place: int) -> np.ndarray:
    """The array with zeros but in one place of its second axis."""
    kept = np.zeros_like(array)
    kept[:, place] = array[:, place]
    return kept


def _inputs_behind(tensor: KerasTensor, reached: dict[int, frozenset[str]]) -> frozenset[str]:
    """The inputs that lead to a tensor, noted for each layer on the way."""
    layer, place, _ = tensor._keras_history
    if id(layer) not in reached:
        node = layer._inbound_nodes[place]
        behind = [_inputs_behind(each, reached) for each in node.input_tensors]
        reached[id(layer)] = (
            frozenset({layer.name}) if node.is_input else frozenset().union(*behind)
        )
    return reached[id(layer)]
