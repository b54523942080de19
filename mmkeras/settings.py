"""Changes to a recipe and a training as text: "fusion=gated", "image.size_px=96x96", "width=64"."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from mmkeras.choices import check_choice, check_fusion, options_of
from mmkeras.fields import from_text, kinds
from mmkeras.recipe import Recipe
from mmkeras_edge.inputs import pick

if TYPE_CHECKING:
    from mmkeras.training import Training

# Fields of a recipe that are set by their name.
OWN = ("fusion", "width", "hidden", "optional", "modality_dropout")


class Setting(NamedTuple):
    """One change: of what ("" is the recipe, "training", or an input's or output's name), which
    field, and what it shall be."""

    owner: str
    field: str
    text: str
    said: str  # as it was written, for errors


def changed(recipe: Recipe, training: Training, settings: Sequence[str]) -> tuple[Recipe, Training]:
    """The same with some fields changed; values are read by the type of their field.

        width=64  hidden=128,64  optional=text,audio  a field of the recipe
        fusion=gated  fusion.heads=2                  a fusion, one option of it
        fusion={"name": "perceiver", "latents": 8}    a fusion with its options
        image=resnet50                                an input's branch
        image.size_px=96x96  text.weights=none        a field of an input
        label.threshold=0.4                           a field of an output's task
        training.learning_rate=1e-3                   a field of `Training`

    Of several settings of one field the last holds. Raises ValueError that begins with the setting
    that is wrong.
    """
    owners: dict[str, list[Setting]] = {}
    for said in settings:
        setting = _parsed(said, recipe)
        owners.setdefault(setting.owner, []).append(setting)
    for owner, group in owners.items():
        if owner == "training":
            training = _replaced(training, group, "training")
        elif owner in recipe.inputs:
            source = _replaced(recipe.inputs[owner], group, recipe.inputs[owner].kind)
            recipe = dataclasses.replace(recipe, inputs={**recipe.inputs, owner: source})
        elif owner in recipe.outputs:
            task = _replaced(recipe.outputs[owner], group, recipe.outputs[owner].kind)
            recipe = dataclasses.replace(recipe, outputs={**recipe.outputs, owner: task})
        else:
            recipe = _of_recipe(recipe, group)
    return recipe, training


def _parsed(said: str, recipe: Recipe) -> Setting:
    name, equals, text = said.partition("=")
    owner, dot, field = name.strip().partition(".")
    if not equals:
        raise _wrong(said, "wanted FIELD=VALUE, as width=64, image=resnet50 or text.length=32")
    with_fields = dict.fromkeys((*recipe.inputs, *recipe.outputs, "training"))
    if owner == "fusion" and dot:
        return Setting("", f"fusion.{field}", text, said)
    if owner in OWN and not dot:
        return Setting("", owner, text, said)
    if owner in recipe.inputs and not dot:
        return Setting(owner, "branch", text, said)
    if owner in with_fields:
        if dot:
            return Setting(owner, field, text, said)
        raise _wrong(said, f"say which field of it: {owner}.FIELD=VALUE")
    if owner in OWN:
        raise _wrong(said, f"{owner} has no fields of its own; say {owner}=VALUE")
    try:
        pick({**dict.fromkeys(OWN), **with_fields}, owner, "field, input or output")
    except ValueError as error:
        raise _wrong(said, error) from None
    raise AssertionError(owner)  # pick refuses it


def _replaced(value: Any, group: Sequence[Setting], kind: str) -> Any:
    """A dataclass with fields changed."""
    of = kinds(type(value))
    changes = {}
    for setting in group:
        try:
            wanted = pick(of, setting.field, f"field of {type(value).__name__}")
            changes[setting.field] = from_text(setting.text, wanted)
            check_choice(kind, setting.field, changes[setting.field])
        except ValueError as error:
            raise _wrong(setting.said, error) from None
    try:
        value = dataclasses.replace(value, **changes)
        _ = getattr(value, "spec", None)  # checks sizes
    except ValueError as error:
        raise _wrong(", ".join(setting.said for setting in group), error) from None
    return value


def _of_recipe(recipe: Recipe, group: Sequence[Setting]) -> Recipe:
    of = kinds(Recipe)
    for setting in group:
        _, dot, option = setting.field.partition(".")
        try:
            if dot:
                change: dict[str, Any] = {"fusion": _with_option(recipe.fusion, option, setting)}
            else:
                change = {setting.field: _own(setting, of[setting.field])}
            recipe = dataclasses.replace(recipe, **change)
        except ValueError as error:
            raise _wrong(setting.said, error) from None
    return recipe


def _own(setting: Setting, kind: Any) -> Any:
    if setting.field == "width":
        width = from_text(setting.text, int)
        if width < 1:
            raise ValueError(f"wanted a width of 1 or more. Received: {width}")
        return width
    value = from_text(setting.text, kind)
    if setting.field == "fusion":
        if setting.text.strip().startswith("{") and isinstance(value, str):
            raise ValueError(f"this is no JSON object: {setting.text}")
        check_fusion(value)
    return value


def _with_option(fusion: str | Mapping[str, Any], option: str, setting: Setting) -> dict[str, Any]:
    plain = {"name": fusion} if isinstance(fusion, str) else dict(fusion)
    known = options_of(plain["name"])
    if not known:
        raise ValueError(f"the fusion {plain['name']!r} has no options")
    pick(known, option, f"option of the fusion {plain['name']!r}:")
    return {**plain, option: _value(setting.text)}


def _value(text: str) -> Any:
    """What JSON reads, else the word itself: 2, true, null, [0.5, 0.5], text."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def _wrong(said: str, error: Exception | str) -> ValueError:
    return ValueError(f"--set {said}: {error}")
