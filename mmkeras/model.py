"""The face: modalities by name in, a plain functional `keras.Model` out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import keras
from keras import layers

from mmkeras.branches import BRANCHES
from mmkeras.branches.towers import copy_weights
from mmkeras.fusion import FUSIONS
from mmkeras.joining import carried, join
from mmkeras.modalities import MODALITIES, Audio, Image, Modality, Sensor, Table, Text, Video
from mmkeras.recipe import Recipe
from mmkeras.tasks import Classify, Task


def build_model(
    image: str | Image | Mapping[str, str | Image] | None = None,
    text: str | Text | Mapping[str, str | Text] | None = None,
    audio: str | Audio | Mapping[str, str | Audio] | None = None,
    video: str | Video | Mapping[str, str | Video] | None = None,
    sensors: Sensor | Mapping[str, Sensor] | None = None,
    table: Table | Mapping[str, Table] | None = None,
    fusion: str | Mapping[str, Any] | layers.Layer = "self_attention",
    outputs: Mapping[str, Task] | None = None,
    num_classes: int | None = None,
    optional: str | Iterable[str] = (),
    width: int = 128,
    hidden: Iterable[int] = (),
    modality_dropout: float = 0.3,
) -> keras.Model:
    """A Keras model over the modalities given; raw pixels, token ids and PCM samples go in.

    A modality is the name of a branch or its spec, and its input is then called like it ("image");
    several inputs of one modality are a dict by their names: `image={"left": "cnn", ...}`.
    `fusion` is a name or a layer of `mmkeras.fusion`; `width` the length of the vector that each
    modality brings to it; `hidden` are the units of dense layers behind it; `modality_dropout` the
    share of the samples that learn without one of them. `outputs` are tasks by
    name; `num_classes=n` is short for `outputs={"label": Classify(n)}`. Inputs and outputs are
    dicts. An optional input `x` has a presence input `x_present` beside it: float32 (B,), 1 or 0.
    Raises ValueError for an unknown name, with the names there are, and for what cannot be joined.

    >>> model = build_model(image="cnn", text="embedding", num_classes=3)
    >>> model.output["label"].shape
    (None, 3)
    """
    if outputs is None and num_classes is not None:
        outputs = {"label": Classify(num_classes)}
    elif outputs is None or num_classes is not None:
        raise ValueError("give outputs={name: Classify(labels)} or num_classes=n, one of the two")
    given: dict[str, Any] = {"image": image, "text": text, "audio": audio, "video": video}
    given |= {"sensor": sensors, "table": table}
    inputs: dict[str, Modality] = {}
    for kind, sources in given.items():
        for name, source in _named(kind, sources).items():
            if name in inputs:
                raise ValueError(f"two inputs are called {name!r}; rename one of them")
            inputs[name] = _modality(kind, name, source)
    towers = {n: spec.branch for n, spec in inputs.items() if isinstance(spec.branch, keras.Model)}
    for name, tower in towers.items():
        plain = keras.saving.serialize_keras_object(tower)
        inputs[name] = replace(inputs[name], branch=plain)
    recipe = Recipe(
        inputs=inputs,
        outputs=outputs,
        fusion=plain_fusion(fusion),
        width=width,
        hidden=tuple(hidden),
        optional=(optional,) if isinstance(optional, str) else tuple(optional),
        modality_dropout=modality_dropout,
    )
    model = assemble(recipe)
    for name, tower in towers.items():
        copy_weights(tower, model.get_layer(f"{name}_backbone"))
    return model


def assemble(recipe: Recipe) -> keras.Model:
    """The whole model of a recipe: a branch for each input, then `join`."""
    return join(
        recipe, {n: BRANCHES[source.kind](n, source) for n, source in recipe.inputs.items()}
    )


def recipe_of(model: keras.Model) -> Recipe:
    """The recipe that a model was built from, also after saving and loading.

    Raises ValueError for a model that `build_model` did not make.
    """
    return carried(model)


def plain_fusion(fusion: str | Mapping[str, Any] | layers.Layer) -> str | dict[str, Any]:
    """A fusion as a recipe keeps it: its name, with options as a dict.

    >>> from mmkeras.fusion import Perceiver
    >>> plain_fusion("gated"), plain_fusion(Perceiver(heads=2))["heads"]
    ('gated', 2)
    """
    if isinstance(fusion, str):
        return fusion
    if isinstance(fusion, Mapping):
        return dict(fusion)
    names = {kind: name for name, kind in FUSIONS.items()}
    if type(fusion) not in names:
        raise ValueError(f"no fusion of the table: {fusion!r}; choose from {', '.join(FUSIONS)}")
    usual = layers.Layer().get_config()
    options = {key: value for key, value in fusion.get_config().items() if key not in usual}
    return {"name": names[type(fusion)], **options}


def _named(kind: str, sources: Any) -> Mapping[str, Any]:
    if sources is None:
        return {}
    return sources if isinstance(sources, Mapping) else {kind: sources}


def _modality(kind: str, name: str, source: Any) -> Modality:
    wanted: Any = MODALITIES[kind]
    if isinstance(source, wanted):
        return source
    if isinstance(source, str | keras.Model) and kind not in ("sensor", "table"):
        return wanted(branch=source)
    raise ValueError(f"input {name!r}: wanted mmkeras.{wanted.__name__}(...). Received: {source!r}")
