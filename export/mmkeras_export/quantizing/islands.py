"""What a model says of its own layers: which must have a wider number format than the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras

from mmkeras_edge.inputs import pick
from mmkeras_export.converting.signature import outputs_of
from mmkeras_export.quantizing.number_formats import FORMATS, widest

FLOAT_LAYERS = (keras.layers.LayerNormalization, keras.layers.Softmax)  # 256 levels are too few
ATTENTION = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)
# Half of the bits for the matrices of an audio front end: no int8 model could tell.
FLOAT, DYNAMIC = "float16", "dynamic_int8"


def islands_of(
    model: keras.Model, precision: str = "int8", layers: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Layer name to number format: the `layers` for `quantize` of the model's float file.

    `layers` as they are, and what must be wider than they and `precision` say:

    - "float16" for layers with `keep_float = True`, LayerNormalization, Softmax, and for means over
      what a mask leaves.
    - "dynamic_int8" for layers of the model with `keep_dynamic = True`, or with attention of Keras
      or KerasHub unless they say `keep_dynamic = False`, and for towers that hold either. Attention
      over text: in full int8 MobileBERT falls from F1 88.8 to 2.1, and MiniLM here by 2.3 points,
      with int8 weights alone neither. Over pictures: a random ViT of KerasHub is off by two thirds
      of what rows differ by. Fusions that multiply modalities: a product has another range than its
      factors.

    Of nested layers each is looked at in the format of the one around it. An answer has the name of
    an output, which counts as the layer that gives it. Raises ValueError for unknown names.
    """
    pick(FORMATS, precision, "precision")
    asked = dict(layers or {})
    outputs = {name: [*_makers(tensor)] for name, tensor in outputs_of(model).items()}
    known = dict.fromkeys([layer.name for layer in model._flatten_layers()])
    for name, wanted in asked.items():
        pick(known | dict.fromkeys(outputs), name, "layer")
        pick(FORMATS, wanted, f"format of {name!r}")
    found: dict[str, str] = {}

    def visit(layer: keras.Layer, around: str, direct: bool) -> str:
        own = asked.get(layer.name) or widest(around, _bears(layer, direct) or around)
        if own != around:
            found[layer.name] = widest(own, found.get(layer.name, own))
        return own

    def descend(layer: keras.Layer, around: str) -> None:
        for inner in layer._flatten_layers(include_self=False, recursive=False):
            descend(inner, visit(inner, around, layer is model))

    descend(model, precision)
    for name, makers in outputs.items():
        form = precision
        for maker in makers:
            form = asked.get(maker.name) or found.get(maker.name, form)
        if form != precision and (name not in known or makers[-1].name == name):
            found[name] = form
    return found | asked


def float_islands(islands: Mapping[str, str]) -> set[str]:
    """Those whose weights stay floating, too."""
    return {name for name, form in islands.items() if FORMATS[form].weight_bits > 8}


def _makers(tensor: keras.KerasTensor) -> Iterator[keras.Operation]:
    """The operations that an output comes from: a tower, and the layer in it."""
    history = tensor._keras_history
    yield history.operation
    inner = getattr(history.operation, "outputs", None)
    if isinstance(history.operation, keras.Model) and inner:
        yield from _makers(inner[history.tensor_index])


def _bears(layer: keras.Layer, direct: bool) -> str | None:
    """The narrowest format for a layer that minds; `direct` for one of the model itself."""
    if getattr(layer, "keep_float", False) or isinstance(layer, FLOAT_LAYERS):
        return FLOAT
    if averages_masked(layer):
        return FLOAT
    if isinstance(layer, keras.Model):
        inner = layer._flatten_layers()
        minds = any(getattr(each, "keep_dynamic", False) or attends(each) for each in inner)
    else:
        inner = layer._flatten_layers()
        minds = direct and getattr(layer, "keep_dynamic", any(map(attends, inner)))
    return DYNAMIC if minds else None


def averages_masked(layer: Any) -> bool:
    """A mean of Keras behind a mask: the division by how many are real collapses in int8."""
    means = (keras.layers.GlobalAveragePooling1D, keras.layers.AveragePooling1D)
    return isinstance(layer, means) and any(
        getattr(tensor, "_keras_mask", None) is not None
        for node in layer._inbound_nodes
        for tensor in node.input_tensors
    )


def attends(layer: keras.Layer) -> bool:
    """Keras' attention, or what KerasHub calls so: not all of it is derived from Keras' own."""
    kind = type(layer)
    return isinstance(layer, ATTENTION) or (
        kind.__module__.startswith("keras_hub.") and "Attention" in kind.__name__
    )
