"""What a training begins with, as options say it: rows, a recipe, a training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mmkeras.cli.options import load_rows
from mmkeras.cli.printing import Stopped

if TYPE_CHECKING:
    from mmkeras.manifest import Manifest
    from mmkeras.recipe import Recipe
    from mmkeras.training import Training


@dataclass(frozen=True)
class Asked:
    """The options that verbs share."""

    manifest: Path
    columns: Mapping[str, Sequence[str]]
    target: Sequence[str]
    group: str | None
    column: Sequence[str]
    strict: bool
    recipe: str | None
    settings: Sequence[str]
    seed: int | None
    backend: str | None


class Begun(NamedTuple):
    """What they come to."""

    rows: Manifest
    recipe: Recipe
    training: Training


class Start(NamedTuple):
    """What --recipe names; `exact` where all its inputs must be there, as in one's own file."""

    recipe: Recipe
    training: Training
    exact: bool


def begin(asked: Asked, whole: bool = False) -> Begun:
    """Imports Keras. The labels are those of the training rows, or with `whole` of all.

    Raises ValueError for a prepared folder, which not every verb takes.
    """
    from mmkeras.shards.opening import is_prepared

    if is_prepared(asked.manifest):
        raise ValueError(
            f"{asked.manifest} is a folder of prepared rows, which `mmkeras train` (without "
            "--folds) and `mmkeras preview` take; give the manifest that it was made of"
        )
    found = named(asked.recipe, asked.backend)
    kinds = {name: task.kind for name, task in found.recipe.outputs.items()} if found else {}
    target, column = asked.target, asked.column
    if any(asked.columns.values()) and not target:
        target = list(kinds)
    elif not (target or column or asked.group):  # found out but for what the recipe answers
        column = [f"{name}={kind}" for name, kind in kinds.items()]
    rows = load_rows(
        asked.manifest, asked.columns, target, asked.group, kinds, column, asked.strict
    )
    import_keras(asked.backend)
    from mmkeras.settings import changed
    from mmkeras.starting import start
    from mmkeras.training import Training

    training = seeded(found.training if found else Training(), asked.seed, asked.settings)
    learn = rows if whole else rows.split(training.seed)[0]
    recipe = start(learn, found.recipe if found else None, found is not None and found.exact)
    return Begun(rows, *changed(recipe, training, asked.settings))


def named(name: str | None, backend: str | None) -> Start | None:
    """The recipe of that name, or in that file."""
    if name is None:
        return None
    if Path(name).suffix in (".yaml", ".yml", ".json") or Path(name).is_file():
        import_keras(backend)  # its tables know the names that a file may have
        from mmkeras.recipe_file import load_recipe

        return Start(*load_recipe(name), exact=True)
    from mmkeras.recipes import RECIPES
    from mmkeras.training import Training
    from mmkeras_edge.inputs import pick

    return Start(pick(RECIPES, name, "recipe").recipe, Training(), exact=False)


def import_keras(backend: str | None) -> None:
    """Without its greeting, on that backend."""
    from mmkeras.quiet import import_keras as imported

    imported(backend)


def seeded(training: Training, seed: int | None, settings: Sequence[str]) -> Training:
    """With the seed that --seed says."""
    if any(setting.replace(" ", "").startswith("training.seed=") for setting in settings):
        raise ValueError("say --seed N in place of --set training.seed: it also draws the split")
    return training if seed is None else replace(training, seed=seed)


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C keeps what `fit` says of it."""
    try:
        yield
    except KeyboardInterrupt as stop:
        raise Stopped(str(stop) or "stopped") from stop
