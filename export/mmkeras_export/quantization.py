"""A float32 TFLite file to int8, with islands that stay float."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import keras
import numpy as np
from litert_quantizer import quantizer
from litert_quantizer.algorithm_manager import AlgorithmName
from litert_quantizer.recipe_manager import RecipeManager

from mmkeras_export.nodes import Node, Op, read_nodes
from mmkeras_export.ranges import DEBUGGING, Ranges, Sample, activation_ranges
from mmkeras_export.signature import outputs_of

FLOAT_LAYERS = (keras.layers.LayerNormalization, keras.layers.Softmax)  # 256 levels are too few
ATTENTION = (keras.layers.MultiHeadAttention, keras.layers.GroupQueryAttention)
# Their inputs share the scale of the output, which litert_quantizer 0.11 cannot give to a constant
# of another rank: "Ranks of scales and zps must be the same".
ONE_SCALE = (Op.SELECT, Op.SELECT_V2, Op.MAXIMUM)


class Islands(NamedTuple):
    """The names of the layers that int8 must spare, wholly or in their activations."""

    keep_float: tuple[str, ...]
    keep_dynamic: tuple[str, ...]


def islands_of(model: keras.Model) -> Islands:
    """What a model says of its own layers."""
    return Islands(float_islands(model), dynamic_islands(model))


def float_islands(model: keras.Model) -> tuple[str, ...]:
    """The names of the layers that stay float: for `keep_float` of the functions below.

    Those with `keep_float = True`, LayerNormalization and Softmax, nested ones too, and the
    outputs that come straight out of one.
    """
    layers = model._flatten_layers(include_self=False)
    kept = {layer.name for layer in layers if _is_island(layer)}
    outputs = outputs_of(model).items()
    return tuple(sorted(kept | {n for n, t in outputs if t._keras_history.operation.name in kept}))


def dynamic_islands(model: keras.Model) -> tuple[str, ...]:
    """The names of the layers whose activations stay float under int8: for `keep_dynamic` below.

    Those of the model with `keep_dynamic = True`, and the towers that hold one, or attention of
    Keras or KerasHub. Attention over text: in full int8 MobileBERT falls from F1 88.8 to 2.1, and
    MiniLM here by 2.3 points, with int8 weights alone neither. Over pictures: a random ViT of
    KerasHub is off by two thirds of what rows differ by. Fusions that multiply modalities: a
    product has another range than its factors.
    """
    layers = model._flatten_layers(include_self=False)
    towers = [layer for layer in layers if isinstance(layer, keras.Model)]
    kept = [tower.name for tower in towers if _is_dynamic(tower)]
    kept += [layer.name for layer in model.layers if getattr(layer, "keep_dynamic", False)]
    return tuple(kept)


def _is_dynamic(tower: keras.Model) -> bool:
    layers = tower._flatten_layers()
    return any(getattr(layer, "keep_dynamic", False) or _attends(layer) for layer in layers)


def _attends(layer: keras.Layer) -> bool:
    """Keras' attention, or what KerasHub calls so: not all of it is derived from Keras' own."""
    kind = type(layer)
    return isinstance(layer, ATTENTION) or (
        kind.__module__.startswith("keras_hub.") and "Attention" in kind.__name__
    )


def _is_island(layer: keras.Layer) -> bool:
    return getattr(layer, "keep_float", False) or isinstance(layer, FLOAT_LAYERS)


def quantize_dynamic(lite: bytes, keep_float: Iterable[str] = ()) -> bytes:
    """Weights and embedding tables to int8; activations stay float, so it needs no samples.

    A table has one scale, everything else one a channel. `keep_float` names layers.
    """
    nodes = read_nodes(lite)
    recipe = RecipeManager()
    recipe.add_dynamic_config(".*", Op.ALL_SUPPORTED, num_bits=8)
    tables = _any_of(node.scope for node in nodes if node.is_table)
    recipe.add_static_config(tables, Op.GATHER, activation_num_bits=8, weight_num_bits=8)
    _exclude(recipe, nodes, keep_float)
    # A table brings its own range, but the tool wants some range where anything is static.
    return _quantized(lite, recipe, {"none": {"min": np.zeros(1), "max": np.zeros(1)}})


def quantize_int8(
    lite: bytes,
    samples: Iterable[Sample],
    keep_float: Iterable[str] = (),
    keep_dynamic: Iterable[str] = (),
    learned: Ranges | None = None,
) -> bytes:
    """Weights and activations to int8, but for the layers in `keep_float`; of those in
    `keep_dynamic`, and of loops, the weights alone.

    Inputs and outputs keep their types. `samples` are what the model will see, with every class
    and every absence: an activation beyond their range is clipped. `learned` are ranges that
    training found, see `learned_ranges`, and come first.
    """
    nodes = read_nodes(lite)
    recipe = RecipeManager()
    names = _named(keep_dynamic)
    dynamic = {  # ranges inside a loop are not seen; a table has no dynamic form
        n.scope for n in nodes if n.in_loop or (n.kind != Op.GATHER and n.within(names))
    }
    static = {n.scope for n in nodes} - dynamic
    recipe.add_static_config(
        _any_of(static), Op.ALL_SUPPORTED, activation_num_bits=8, weight_num_bits=8
    )
    recipe.add_dynamic_config(_any_of(dynamic), Op.ALL_SUPPORTED, num_bits=8)
    for border in (Op.INPUT, Op.OUTPUT):
        recipe.add_quantization_config(".*", border, algorithm_key=AlgorithmName.NO_QUANTIZE)
    _exclude(recipe, nodes, keep_float)
    return _quantized(lite, recipe, activation_ranges(lite, samples) | (learned or {}))


def _exclude(recipe: RecipeManager, nodes: Iterable[Node], keep_float: Iterable[str]) -> None:
    """Leaves alone the islands, what computes with token ids, and what the tool cannot do.

    The matrices of an island are stored as float16, which loses nothing that an int8 model could
    tell, and computed with as float32: those of the audio front end weigh half.
    """
    names = _named(keep_float)
    scopes = _any_of(
        node.scope
        for node in nodes
        if not node.is_float
        or not node.all_used  # the runtime refuses a split that leaves a part over
        or (node.kind in ONE_SCALE and node.has_constant)
        or (node.kind == Op.BATCH_MATMUL and node.constant_first)  # learned queries
        or node.within(names)
    )
    recipe.add_quantization_config(
        scopes, Op.ALL_SUPPORTED, algorithm_key=AlgorithmName.NO_QUANTIZE
    )
    halved = _any_of(node.scope for node in nodes if node.is_product and node.within(names))
    recipe.add_weight_only_config(
        halved, Op.FULLY_CONNECTED, num_bits=16, algorithm_key=AlgorithmName.FLOAT_CASTING
    )


def _named(layers: Iterable[str]) -> re.Pattern[str]:
    """These layers in a path. TensorFlow numbers a name that it meets again: "pool_1"."""
    return re.compile(rf"(?:{'|'.join(map(re.escape, layers)) or '(?!)'})(?:_\d+)?")


def _any_of(scopes: Iterable[str]) -> str:
    """A regular expression for exactly these."""
    return rf"^(?:{'|'.join(map(re.escape, sorted(scopes))) or '(?!)'})$"


def _quantized(lite: bytes, recipe: RecipeManager, ranges: Ranges) -> bytes:
    with _quiet():
        tool = quantizer.Quantizer(lite, recipe.get_quantization_recipe())
        return bytes(tool.quantize(ranges, enable_progress_report=False).quantized_model)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bars and the hints for debugging that cannot be switched off.

    A bias beyond int32, of an activation that calibration never saw at work, overflows: what that
    costs is measured afterwards, as all else.
    """
    overflowing = np.errstate(invalid="ignore")
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()), overflowing:
        warnings.filterwarnings("ignore", message=DEBUGGING)
        yield
