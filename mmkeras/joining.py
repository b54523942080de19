"""From branches to outputs: early over tokens, over one vector a modality, or late."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping
from typing import Any

import keras
from keras import KerasTensor, layers, ops

from mmkeras.branches.absent import AlwaysPresent, OrMissing, Presence
from mmkeras.branches.branch import Branch
from mmkeras.fusion import FUSIONS
from mmkeras.fusion.tokens import Masked, Placed, TokenMask
from mmkeras.heads import HEADS
from mmkeras.recipe import Recipe
from mmkeras.tasks import Task
from mmkeras_edge.inputs import pick
from mmkeras_edge.specs import presence_name

DROPOUT = 0.3  # on each branch's features and on the fused ones


@keras.saving.register_keras_serializable("mmkeras")
class Stack(layers.Layer):
    """The modalities side by side: M tensors (B, D) -> (B, M, D).

    Keeps the model's recipe, as JSON, so that a saved model says what it is.
    """

    def __init__(self, recipe="", **kwargs):
        super().__init__(**kwargs)
        self.recipe = recipe

    def call(self, features):
        return ops.stack(features, axis=1)

    def get_config(self):
        return {**super().get_config(), "recipe": self.recipe}


def join(recipe: Recipe, branches: Mapping[str, Branch]) -> keras.Model:
    """The model over these branches: what stands in for the absent, fusion, heads.

    A fusion's `takes` says what of: "features", one vector a modality, (B, M, D); "tokens", a list
    of (B, T, D) and of masks (B, T); "decisions", what each modality's own head says, (B, M, K).
    "both" is an early fusion whose head is one more beside those of the modalities.
    """
    inputs = {name: branch.input for name, branch in branches.items()}
    present = {n: keras.Input((), dtype="float32", name=presence_name(n)) for n in recipe.optional}
    fusion = fusion_layer(recipe.fusion, branches)
    if fusion.takes == "decisions":
        if recipe.hidden:
            raise ValueError(
                f"hidden={recipe.hidden} stand behind a fusion of features; {recipe.fusion!r} "
                "is late and has nothing behind it: leave them out, or take 'hybrid'"
            )
        outputs = _decisions(recipe, _features(recipe, branches), present, fusion)
    elif fusion.takes == "both":
        features = _features(recipe, branches)
        first = fusion_layer(fusion.early, branches, "early")
        if first.takes not in ("features", "tokens"):
            raise ValueError(f"early={fusion.early!r} is no fusion of features or of tokens")
        early = _fused(recipe, branches, features, present, first)
        outputs = _decisions(recipe, {**features, "early": early}, present, fusion)
    else:
        features = {} if fusion.takes == "tokens" else _features(recipe, branches)
        fused = _fused(recipe, branches, features, present, fusion)
        outputs = {name: _answer(name, task, fused) for name, task in recipe.outputs.items()}
    presence = {tensor.name: tensor for tensor in present.values()}
    return keras.Model({**inputs, **presence}, outputs, name="mmkeras")


def fusion_layer(
    fusion: str | Mapping[str, Any], inputs: Iterable[str], name: str = "fusion"
) -> layers.Layer:
    """The layer of a recipe's `fusion`: a name, or {"name": ..., option: value}.

    An option in the layer's `by_name` may be the name of one of the `inputs`: the layer gets its
    place. Raises ValueError for an unknown option, with those that there are.
    """
    places = {n: place for place, n in enumerate(inputs)}
    given: dict[str, Any] = {"name": fusion} if isinstance(fusion, str) else dict(fusion)
    called = given.pop("name")
    kind = pick(FUSIONS, called, "fusion")
    known = _options(kind)
    if given and not known:
        raise ValueError(f"the fusion {called!r} has no options. Received: {', '.join(given)}")
    for option, value in given.items():
        pick(known, option, f"option of the fusion {called!r}:")
        if option not in getattr(kind, "by_name", ()):
            continue
        if len(places) == 1:  # a baseline of one input: it is the one meant
            given[option] = 0
        elif isinstance(value, str):
            given[option] = pick(places, value, f"{option} of {called!r}: input")
    layer = kind(**given, name=name)
    if layer.takes == "features" and len(places) == 1:
        return FUSIONS["concat"](name=name)  # nothing to fuse
    return layer


def _options(kind: type) -> dict[str, None]:
    """The names of what a layer's constructor takes beyond any layer's."""
    own = inspect.signature(kind).parameters
    usual = {*inspect.signature(layers.Layer).parameters, "kwargs"}
    return dict.fromkeys(n for n in own if n not in usual)


def _features(recipe: Recipe, branches: Mapping[str, Branch]) -> dict[str, KerasTensor]:
    """One vector a modality, all of the recipe's width: (B, D)."""
    features = {}
    for name, branch in branches.items():
        feature = layers.Dropout(DROPOUT, name=f"{name}_dropout")(branch.pooled)
        features[name] = layers.Dense(recipe.width, activation="relu", name=f"{name}_feature")(
            feature
        )
    return features


def _presence(
    recipe: Recipe,
    tensors: Mapping[str, KerasTensor],
    present: Mapping[str, KerasTensor],
    name: str = "presence",
) -> KerasTensor:
    """Which of these counts, (B, M): all but the optional inputs that are absent."""
    each = [
        present[n] if n in present else AlwaysPresent(name=f"{n}_always_{name}")(tensor)
        for n, tensor in tensors.items()
    ]
    return Presence(_plain(recipe), recipe.modality_dropout, name=name)(each)


def _fused(
    recipe: Recipe,
    branches: Mapping[str, Branch],
    features: Mapping[str, KerasTensor],
    present: Mapping[str, KerasTensor],
    fusion: layers.Layer,
) -> KerasTensor:
    """(B, E) from tokens or from features."""
    if fusion.takes == "tokens":
        tokens, masks = _tokens(recipe, branches, present)
        fused = fusion(tokens, masks)
    else:
        fused = fusion(_stacked(recipe, features, present))
    fused = layers.Dropout(DROPOUT, name="fusion_dropout")(fused)
    for i, units in enumerate(recipe.hidden):
        fused = layers.Dense(units, activation="relu", name=f"hidden{i}")(fused)
        fused = layers.Dropout(DROPOUT, name=f"hidden{i}_dropout")(fused)
    return fused


def _stacked(
    recipe: Recipe, features: Mapping[str, KerasTensor], present: Mapping[str, KerasTensor]
) -> KerasTensor:
    """(B, M, D), a learned vector in the place of what is absent."""
    rows = []
    for name, feature in features.items():
        if name in present:
            seed = recipe.optional.index(name)  # of its own: else all are dropped together
            missing = OrMissing(seed=seed, name=f"{name}_or_missing")
            feature = missing(feature, present[name])
        rows.append(feature)
    stacked = Stack(_plain(recipe), name="modalities")(rows)
    drop = recipe.modality_dropout if len(rows) > 1 else 0.0
    return layers.Dropout(drop, (None, len(rows), 1), name="modality_dropout")(stacked)


def _tokens(
    recipe: Recipe, branches: Mapping[str, Branch], present: Mapping[str, KerasTensor]
) -> tuple[list[KerasTensor], list[KerasTensor]]:
    """Tokens (B, T, D) of each modality and their masks (B, T)."""
    pooled = {name: branch.pooled for name, branch in branches.items()}
    there = _presence(recipe, pooled, present, "token_presence")
    tokens, masks = [], []
    for place, (name, branch) in enumerate(branches.items()):
        if branch.tokens is None:
            source = recipe.inputs[name]
            raise ValueError(
                f"the fusion {recipe.fusion!r} is over tokens, and the branch {source.branch!r} of "
                f"{name!r} gives none; take another branch, or a fusion over features"
            )
        token = layers.Dropout(DROPOUT, name=f"{name}_token_dropout")(branch.tokens)
        token = layers.Dense(recipe.width, name=f"{name}_tokens_feature")(token)
        token = Placed(name=f"{name}_placed")(token)
        mask = TokenMask(place, name=f"{name}_mask")(token, there, branch.mask)
        tokens.append(Masked(name=f"{name}_masked")(token, mask))
        masks.append(mask)
    return tokens, masks


def _decisions(
    recipe: Recipe,
    features: Mapping[str, KerasTensor],
    present: Mapping[str, KerasTensor],
    fusion: layers.Layer,
) -> dict[str, KerasTensor]:
    """Every output from a head a modality."""
    there = _presence(recipe, features, present)
    outputs = {}
    for name, task in recipe.outputs.items():
        head = HEADS[task.kind]
        votes = [
            layers.Dense(head.units(task), name=f"{name}_{modality}_logits")(feature)
            for modality, feature in features.items()
        ]
        stacked = Stack(name=f"{name}_decisions")(votes)  # (B, M, units)
        called = name if fusion.reads else f"{name}_fusion"
        late = fusion.__class__.from_config({**fusion.get_config(), "name": called})
        late.check(name, task, head)
        if late.reads:
            read = head.read(task, f"{name}_each", name)(stacked)
            outputs[name] = late(read, there)
        else:
            outputs[name] = head.read(task, name)(late(stacked, there))
    return outputs


def _answer(name: str, task: Task, fused: KerasTensor) -> KerasTensor:
    head = HEADS[task.kind]
    return head.read(task, name)(layers.Dense(head.units(task), name=f"{name}_logits")(fused))


def _plain(recipe: Recipe) -> str:
    return json.dumps(recipe.to_dict(), ensure_ascii=False)


def carried(model: keras.Model) -> Recipe:
    """The recipe that a model carries. Raises ValueError for one that carries none."""
    for layer in model.layers:
        if getattr(layer, "recipe", ""):
            return Recipe.from_dict(json.loads(layer.recipe))
    raise ValueError(f"the model {model.name!r} was not made by mmkeras.build_model")
