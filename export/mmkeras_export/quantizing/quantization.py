"""A float32 model in other number formats, layer by layer."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Iterable, Iterator, Mapping

import keras
import numpy as np
from litert_quantizer import qtyping, quantizer

from mmkeras_edge.inputs import pick
from mmkeras_export.converting.conversion import ConversionWarning, Converted, convert
from mmkeras_export.converting.nodes import read_nodes
from mmkeras_export.converting.refusals import RefusedLayerError, check_runs
from mmkeras_export.quantizing.compacting import compact
from mmkeras_export.quantizing.halving import halve_tables
from mmkeras_export.quantizing.islands import islands_of
from mmkeras_export.quantizing.number_formats import FLOAT_BITS, FORMATS, HALF_BITS
from mmkeras_export.quantizing.ranges import DEBUGGING, Ranges, Sample, activation_ranges
from mmkeras_export.quantizing.recipes import BORDERS, own_format, recipe_for

ISLAND = "float16"  # what a layer gets that the runtime refuses in its own format
SPARED = f"is {ISLAND}: the runtime refused it in its format"


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
    get int8 weights alone: ranges inside are not seen. A layer that the runtime refuses in its
    format stays float, with a ConversionWarning; `quantized` has it as a note. Raises ValueError
    for unknown names, for missing samples, and with the layer for what is refused even so.
    """
    made = quantized(model_or_lite, precision, samples, layers, learned, borders)
    for note in made.notes:
        warnings.warn(note, ConversionWarning, stacklevel=2)
    return made.lite


def quantized(
    model_or_lite: keras.Model | bytes,
    precision: str = "int8",
    samples: Iterable[Sample] = (),
    layers: Mapping[str, str] | None = None,
    learned: Ranges | None = None,
    borders: str = "float",
) -> Converted:
    """`quantize`, with the layers that had to stay float as notes instead of warnings."""
    pick(FORMATS, precision, "precision")
    pick(BORDERS, borders, "type of borders")
    for name, wish in (layers or {}).items():
        pick(FORMATS, wish, f"format of {name!r}")
    if isinstance(model_or_lite, keras.Model):
        layers, lite = islands_of(model_or_lite, precision, layers), convert(model_or_lite)
    else:
        layers, lite = dict(layers or {}), model_or_lite
    samples = list(samples)
    spared: list[str] = []
    while True:
        floating = dict.fromkeys(spared, ISLAND)
        try:
            made = _attempt(lite, precision, samples, layers | floating, learned, borders)
        except RefusedLayerError as error:
            if error.layer is None or error.layer in spared:
                raise
            spared.append(error.layer)
        else:
            return Converted(made, tuple(f"{name!r} {SPARED}" for name in spared))


def _attempt(
    lite: bytes,
    precision: str,
    samples: list[Sample],
    layers: Mapping[str, str],
    learned: Ranges | None,
    borders: str,
) -> bytes:
    nodes = read_nodes(lite)
    wanted = [FORMATS[node.format(layers, precision)] for node in nodes]
    if borders == "float" and all(form.weight_bits == FLOAT_BITS for form in wanted):
        return lite
    calibrated = borders != "float" or any(form.calibrated for form in wanted)
    ranges = _ranges(lite, samples, learned or {}, calibrated)
    own = [*map(own_format, nodes, wanted)]
    made = _quantized(lite, recipe_for(lite, nodes, own, borders), ranges)
    half = {n.scope for n, of in zip(nodes, own, strict=True) if of.weight_bits == HALF_BITS}
    made = halve_tables(made, half & {node.scope for node in nodes if node.is_table})
    check_runs(made)
    return compact(made)


def _ranges(lite: bytes, samples: list[Sample], learned: Ranges, calibrated: bool) -> Ranges:
    if calibrated and (samples or not learned):
        return activation_ranges(lite, samples) | learned
    # A table brings its own range, but the tool wants some range where anything is static.
    return learned or {"none": {"min": np.zeros(1), "max": np.zeros(1)}}


def _quantized(lite: bytes, recipe: qtyping.ModelQuantizationRecipe, ranges: Ranges) -> bytes:
    with _quiet():
        tool = quantizer.Quantizer(lite, recipe)
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
