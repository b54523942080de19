"""All fusions of the table in one model: what costs much is then paid once."""

from __future__ import annotations

from typing import NamedTuple

import keras
import numpy as np
import pytest
from keras import layers

from mmkeras.branches.absent import AlwaysPresent, OrMissing, Presence
from mmkeras.fusion import FUSIONS, SelfAttention
from mmkeras.fusion.tokens import Masked, Placed, TokenMask
from mmkeras.heads.classify import Probabilities
from mmkeras.joining import Stack

ROWS, INPUTS, WIDTH, TOKENS, CLASSES = 64, ("a", "b", "c"), 32, 4, 5
EARLY = "self_attention_over_tokens"


class Together(NamedTuple):
    """A model with an output a fusion, and rows for it."""

    model: keras.Model
    feed: dict[str, np.ndarray]


@pytest.fixture(scope="session")
def together() -> Together:
    """No weight of the model is zero, as after training: several fusions begin there."""
    keras.utils.set_random_seed(0)
    model = _model()
    random = np.random.default_rng(0)
    moved = [w + random.normal(scale=0.1, size=w.shape) for w in model.get_weights()]
    model.set_weights([m.astype(w.dtype) for m, w in zip(moved, model.get_weights(), strict=True)])
    feed = {name: random.normal(size=(ROWS, 8)).astype(np.float32) for name in INPUTS}
    feed["b_present"] = (np.arange(ROWS) % 4 != 0).astype(np.float32)
    return Together(model, feed)


def _model() -> keras.Model:
    """Three vectors, of which b may be absent, through each fusion to its answer (B, CLASSES)."""
    inputs = {name: keras.Input((8,), name=name) for name in INPUTS}
    present = keras.Input((), name="b_present")
    wide = {n: layers.Dense(TOKENS * WIDTH, name=f"{n}_wide")(x) for n, x in inputs.items()}
    features = {
        n: layers.Dense(WIDTH, activation="relu", name=f"{n}_x")(x) for n, x in wide.items()
    }
    each = [present if n == "b" else AlwaysPresent()(x) for n, x in features.items()]
    there = Presence("", drop=0.0)(each)
    tokens, masks = [], []
    for place, (name, x) in enumerate(wide.items()):
        token = Placed(name=f"{name}_placed")(layers.Reshape((TOKENS, WIDTH))(x))
        masks.append(TokenMask(place, name=f"{name}_mask")(token, there))
        tokens.append(Masked(name=f"{name}_masked")(token, masks[-1]))
    rows = [OrMissing()(x, present) if n == "b" else x for n, x in features.items()]
    stacked = Stack(name="modalities")(rows)
    outputs = {}
    fusions = [kind(name=name) for name, kind in FUSIONS.items()]
    for fusion in [*fusions, SelfAttention(over="tokens", name=EARLY)]:
        name = f"{fusion.name}_answer"
        if fusion.takes in ("features", "tokens"):
            fused = fusion(stacked) if fusion.takes == "features" else fusion(tokens, masks)
            logits = layers.Dense(CLASSES, name=f"{fusion.name}_logits")(fused)
            outputs[name] = Probabilities(name=name)(logits)
            continue
        votes = [layers.Dense(CLASSES, name=f"{fusion.name}_{n}")(x) for n, x in features.items()]
        decisions = Stack(name=f"{fusion.name}_decisions")(votes)
        if fusion.reads:
            read = Probabilities(name=f"{fusion.name}_each")(decisions)
            outputs[fusion.name] = fusion(read, there)
        else:
            outputs[name] = Probabilities(name=name)(fusion(decisions, there))
    return keras.Model({**inputs, "b_present": present}, outputs)
