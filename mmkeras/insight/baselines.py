"""Models that were trained with an input alone and without it: what taking it away cannot show.

A model that has learned to lean on a sound is lost without it; one that never had it may do well.
"""

from __future__ import annotations

import os
from pathlib import Path

from mmkeras.manifest import Manifest
from mmkeras.recipe import Recipe
from mmkeras.series import Rows, Variant, announce, folder_name, outcome
from mmkeras.training import Training


def train(
    recipe: Recipe,
    rows: tuple[Manifest, Manifest, Manifest],
    epochs: int,
    out: str | os.PathLike[str],
    training: Training = Training(),  # noqa: B008  frozen
) -> dict[str, dict[str, float]]:
    """The deciding figure by output of models that were trained "only image", "without image", and
    so on, judged on the last of the rows (train, valid, test).

    Each is a run in `out/NAME`; what is finished there is not trained again.
    """
    names = list(recipe.inputs)
    if len(names) < 2:
        raise ValueError(f"wanted a recipe of two inputs or more. Received: {', '.join(names)}")
    choices: dict[str, tuple[str, ...]] = {f"only {name}": (name,) for name in names}
    for name in names:  # of two, without one is the other alone
        choices[f"without {name}"] = tuple(other for other in names if other != name)
    parts, found = Rows(*rows), {}
    trained: dict[tuple[str, ...], dict[str, float]] = {}
    for i, (called, inputs) in enumerate(choices.items()):
        if inputs not in trained:
            announce(called, i + 1, len(choices))
            variant = Variant(recipe.only(*inputs), training, recipe)
            of = outcome(variant, parts, epochs, Path(out) / folder_name(called))
            trained[inputs] = {output: of.first(output) for output in recipe.outputs}
        found[called] = trained[inputs]
    return found
