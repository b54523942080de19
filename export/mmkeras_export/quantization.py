"""A float32 model in other number formats, layer by layer."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping

import keras
import numpy as np
from litert_quantizer import qtyping, quantizer
from litert_quantizer.algorithm_manager import AlgorithmName
from litert_quantizer.recipe_manager import RecipeManager

from mmkeras_edge.inputs import pick
from mmkeras_export.conversion import convert
from mmkeras_export.halving import halve_tables
from mmkeras_export.islands import islands_of
from mmkeras_export.nodes import Node, Op, read_ends, read_nodes
from mmkeras_export.number_formats import FLOAT_BITS, FORMATS, Format
from mmkeras_export.ranges import DEBUGGING, Ranges, Sample, activation_ranges
from mmkeras_export.refusals import check_runs

# Their inputs share the scale of the output, which litert_quantizer 0.11 cannot give to a constant
# of another rank: "Ranks of scales and zps must be the same".
ONE_SCALE = (Op.SELECT, Op.SELECT_V2, Op.MAXIMUM)
HALF_BITS = 16


def _border(kind: qtyping.TensorDataType) -> qtyping.OpQuantizationConfig:
    """Of what goes in and out; the tool asks for weights there, too."""
    return qtyping.OpQuantizationConfig(
        qtyping.TensorQuantizationConfig(8, symmetric=False, dtype=kind),
        qtyping.TensorQuantizationConfig(
            8, symmetric=True, granularity=qtyping.QuantGranularity.CHANNELWISE
        ),
        compute_precision=qtyping.ComputePrecision.INTEGER,
    )


BORDERS = {
    "float": None,  # as in the model
    "int8": _border(qtyping.TensorDataType.INT),
    "uint8": _border(qtyping.TensorDataType.UINT),
}
FOUR_BITS = (Op.FULLY_CONNECTED, Op.CONV_2D, Op.BATCH_MATMUL)  # whose weights can have so few


def quantize(
    model_or_lite: keras.Model | bytes,
    precision: str = "int8",
    samples: Iterable[Sample] = (),
    layers: Mapping[str, str] | None = None,
    learned: Ranges | None = None,
    borders: str = "float",
) -> bytes:
    """A functional model, or its float32 TFLite file, in one of `FORMATS`.

    `layers` gives single layers and nested models another one, by name; what is innermost holds. A
    model is asked for its `islands_of` beside these, while a file has none: pass them. `samples`
    are what a calibrated format will see, with every class and every absence: an activation beyond
    their range is clipped. `learned` are ranges that are known, of `learned_ranges`, or of
    `activation_ranges` with another calibration; they come first, and make samples optional.

    Inputs and outputs keep their types, unless `borders` makes the floating ones "int8" or "uint8",
    for an integer-only accelerator. Their scales are in the file, and `mmkeras_edge` reads them
    there: it is fed as before.

    A table has one scale, every other weight one a channel. Loops, as recurrent layers have them,
    get int8 weights alone: ranges inside are not seen. Raises ValueError for unknown names, for
    missing samples, and with the layer for what the runtime refuses.
    """
    pick(FORMATS, precision, "precision")
    for name, wish in (layers or {}).items():
        pick(FORMATS, wish, f"format of {name!r}")
    if isinstance(model_or_lite, keras.Model):
        layers, lite = islands_of(model_or_lite, precision, layers), convert(model_or_lite)
    else:
        layers, lite = dict(layers or {}), model_or_lite
    border = pick(BORDERS, borders, "type of borders")
    nodes = read_nodes(lite)
    wanted = [FORMATS[node.format(layers, precision)] for node in nodes]
    if border is None and all(form.weight_bits == FLOAT_BITS for form in wanted):
        return lite
    calibrated = border is not None or any(form.calibrated for form in wanted)
    ranges = _ranges(lite, samples, learned or {}, calibrated)
    recipe, own = RecipeManager(), [*map(_own, nodes, wanted)]
    for form in FORMATS.values():
        _add(recipe, form, [n.scope for n, of in zip(nodes, own, strict=True) if of is form])
    for end, scope in zip((Op.INPUT, Op.OUTPUT), read_ends(lite), strict=True):
        recipe.add_quantization_config(".*", end, algorithm_key=AlgorithmName.NO_QUANTIZE)
        if border is not None:  # of the main graph, for loops have ends, too
            recipe.add_quantization_config(_any_of([scope]), end, border)
    made = _quantized(lite, recipe, ranges)
    halved = {n.scope for n, of in zip(nodes, own, strict=True) if n.is_table and _is_half(of)}
    made = halve_tables(made, halved)
    check_runs(made)
    return made


def _ranges(lite: bytes, samples: Iterable[Sample], learned: Ranges, calibrated: bool) -> Ranges:
    samples = list(samples) if calibrated else []
    if calibrated and (samples or not learned):
        return activation_ranges(lite, samples) | learned
    # A table brings its own range, but the tool wants some range where anything is static.
    return learned or {"none": {"min": np.zeros(1), "max": np.zeros(1)}}


def _own(node: Node, wanted: Format) -> Format:
    """What an operation gets where its layer wants a format: the nearest that there is of it."""
    float32, table = FORMATS["float32"], FORMATS["int8"]
    if wanted.weight_bits >= HALF_BITS:
        return wanted
    if (
        not node.is_float  # it computes with token ids
        or not node.all_used  # the runtime refuses a split that leaves a part over
        or (node.kind == Op.DIV and wanted.calibrated)  # by few: a mean over a mask collapses
        or (node.kind in ONE_SCALE and node.has_constant)
        or (node.kind == Op.BATCH_MATMUL and node.constant_first)  # learned queries
    ):
        return float32
    if wanted.calibrated and node.in_loop:  # ranges inside are not seen
        return FORMATS["dynamic_int8"]
    if node.is_table and not node.in_loop:  # it has no other form
        return table
    if wanted.weight_bits == 4 and node.kind not in FOUR_BITS:
        return FORMATS["weights_int8"]
    return wanted


def _is_half(form: Format) -> bool:
    return form.weight_bits == HALF_BITS


def _add(recipe: RecipeManager, form: Format, scopes: Iterable[str]) -> None:
    """Operations to a format, as far as litert_quantizer knows them in it."""
    every, names = Op.ALL_SUPPORTED, _any_of(scopes)
    if _is_half(form):
        recipe.add_weight_only_config(
            names, every, num_bits=HALF_BITS, algorithm_key=AlgorithmName.FLOAT_CASTING
        )
    elif form.weight_bits < HALF_BITS and form.calibrated:
        recipe.add_static_config(names, every, form.activation_bits, form.weight_bits)
    elif form.weight_bits < HALF_BITS and form.activation_bits < FLOAT_BITS:
        recipe.add_dynamic_config(names, every, form.weight_bits)
    elif form.weight_bits < HALF_BITS:
        recipe.add_weight_only_config(names, every, form.weight_bits)


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
