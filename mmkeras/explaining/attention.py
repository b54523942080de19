"""Whom the fusion listened to: its attention, gates or weights for one sample."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from keras import ops

from mmkeras import fusion
from mmkeras.explaining.sample import Sample
from mmkeras.explaining.walking import Walk, layer_at
from mmkeras.run import Run

PLACES = ("fusion", "early")  # what the layer is called; the early one within a hybrid


@dataclass(frozen=True, eq=False)
class Attention:
    """Who asks by who is heard, (asking, heard), the mean over the heads. Rows sum up to 1, but for
    gates, which open each for itself. `tokens` is, of a fusion over tokens, how much of an input's
    attention went to each of its own: (T,), sums up to 1, by input. `raw` is what the layer gives,
    without the batch axis."""

    fusion: str
    asking: tuple[str, ...]
    heard: tuple[str, ...]
    shares: np.ndarray
    raw: tuple[np.ndarray, ...]
    tokens: Mapping[str, np.ndarray] = field(default_factory=dict)


def attention(run: Run, sample: Sample) -> Attention | None:
    """None for a fusion that weighs nothing, and where there is nothing to fuse."""
    if len(run.recipe.inputs) < 2:
        return None
    layer = next((found for p in PLACES if (found := layer_at(run.model, p)) is not None), None)
    if layer is None or "return_weights" not in inspect.signature(layer.call).parameters:
        return None
    names = tuple(run.recipe.inputs)
    masks = [f"{name}_mask" for name in names]
    walk = Walk(wanted={layer.name, *masks})
    walk.through(run.model, sample.feed)
    _, weights = layer(*walk.taken[layer.name], return_weights=True)
    raw = [ops.convert_to_numpy(of) for of in keras.tree.flatten(weights)]
    of = Heard(names, [ops.convert_to_numpy(walk.given[m])[0] for m in masks if m in walk.given])
    if isinstance(layer, fusion.WeightedSum):
        raw = [raw[0][None]]  # the same for each sample
    each = tuple(one[0] for one in raw)
    return READERS[type(layer)](layer, of, each)


@dataclass(frozen=True, eq=False)
class Heard:
    """The inputs, and of a fusion over tokens which of their tokens count: (T_m,) each."""

    names: tuple[str, ...]
    masks: Sequence[np.ndarray]

    @property
    def ends(self) -> np.ndarray:
        """Where the next input's tokens begin."""
        return np.cumsum([len(mask) for mask in self.masks])[:-1]

    def by_input(
        self, weights: np.ndarray, asking: np.ndarray
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """(asking, T) -> (asking, M), and each input's tokens as shares of what it gets from those
        whose `asking`, (asking,), is 1; 0 is padding."""
        parts = np.split(weights, self.ends, axis=-1)
        shares = np.stack([part.sum(axis=-1) for part in parts], axis=-1)
        pairs = zip(self.names, parts, strict=True)
        return shares, {name: normal(asking @ part) for name, part in pairs}


def normal(weights: np.ndarray) -> np.ndarray:
    return weights / max(float(weights.sum()), 1e-9)


def _among(layer: Any, of: Heard, raw: tuple[np.ndarray, ...]) -> Attention:
    """(heads, M, M): of inputs; (heads, T, T): of tokens."""
    weights, name = raw[0].mean(axis=0), type(layer).__name__
    if not of.masks:
        return Attention(name, of.names, of.names, weights, raw)
    shares, tokens = of.by_input(weights, np.concatenate(of.masks))
    rows = zip(np.split(shares, of.ends), of.masks, strict=True)
    asking = [(row * m[:, None]).sum(axis=0) / max(float(m.sum()), 1.0) for row, m in rows]
    return Attention(name, of.names, of.names, np.stack(asking), raw, tokens)


def _latents(layer: Any, of: Heard, raw: tuple[np.ndarray, ...]) -> Attention:
    """(heads, latents, T)."""
    weights = raw[0].mean(axis=0)
    shares, tokens = of.by_input(weights, np.ones(len(weights)))
    asking = tuple(f"latent {i + 1}" for i in range(len(shares)))
    return Attention("Perceiver", asking, of.names, shares, raw, tokens)


def _crossed(layer: Any, of: Heard, raw: tuple[np.ndarray, ...]) -> Attention:
    """For each of the others (heads, 1 + T_q, T_m): each is heard by itself, so only its tokens
    share."""
    others = [name for i, name in enumerate(of.names) if i != layer.place]
    asking = np.append(1.0, of.masks[layer.place])  # the learned one, and no padding
    tokens = {n: normal(asking @ w.mean(axis=0)) for n, w in zip(others, raw, strict=True)}
    shares = np.array([[float(w.sum(axis=-1).mean()) for w in raw]])
    return Attention("CrossAttention", (of.names[layer.place],), tuple(others), shares, raw, tokens)


def _through_bottleneck(layer: Any, of: Heard, raw: tuple[np.ndarray, ...]) -> Attention:
    """For each input (heads, T_m + n, T_m + n): itself, or what stands between."""
    rows, tokens = [], {}
    for name, mask, weights in zip(of.names, of.masks, raw, strict=True):
        count, each = len(mask), weights.mean(axis=0)
        asking = (each[:count] * mask[:, None]).sum(axis=0) / max(float(mask.sum()), 1.0)
        rows.append([float(asking[:count].sum()), float(asking[count:].sum())])
        tokens[name] = normal(asking[:count])
    return Attention("Bottleneck", of.names, ("itself", "the others"), np.array(rows), raw, tokens)


def _gates(layer: Any, of: Heard, raw: tuple[np.ndarray, ...]) -> Attention:
    """(M, D): how far the gates are open, in the mean."""
    return Attention("Gated", ("gates",), of.names, raw[0].mean(axis=-1)[None], raw)


def _experts(layer: Any, of: Heard, raw: tuple[np.ndarray, ...]) -> Attention:
    """(experts,)."""
    heard = tuple(f"expert {i + 1}" for i in range(len(raw[0])))
    return Attention("MixtureOfExperts", ("gate",), heard, raw[0][None], raw)


def _fixed(layer: Any, of: Heard, raw: tuple[np.ndarray, ...]) -> Attention:
    """(M,), the same for each sample."""
    return Attention("WeightedSum", ("weights",), of.names, raw[0][None], raw)


READERS: dict[type, Callable[[Any, Heard, tuple[np.ndarray, ...]], Attention]] = {
    fusion.SelfAttention: _among,
    fusion.GraphAttention: _among,
    fusion.Perceiver: _latents,
    fusion.CrossAttention: _crossed,
    fusion.Bottleneck: _through_bottleneck,
    fusion.Gated: _gates,
    fusion.MixtureOfExperts: _experts,
    fusion.WeightedSum: _fixed,
}
