"""The states of layers that draw random numbers: dropout, a modality taken away, and the like."""

from __future__ import annotations

import keras
import numpy as np


def seed_layers(model: keras.Model, *seed: int) -> None:
    """Sets the state of each by `seed` and its place in the model alone.

    So a model trains alike however it was made, built or loaded, and whatever ran before.
    """
    states = [v for v in model.variables if v.path.endswith("seed_generator_state")]
    drawn = np.random.SeedSequence(seed).generate_state(len(states))
    for state, start in zip(states, drawn, strict=True):
        state.assign(np.array([start, 0]).astype(keras.backend.standardize_dtype(state.dtype)))
