"""What litert_quantizer is to do with each operation of a file, for the formats that are wanted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from litert_quantizer import qtyping
from litert_quantizer.algorithm_manager import AlgorithmName
from litert_quantizer.recipe_manager import RecipeManager

from mmkeras_export.converting.nodes import Node, Op, read_ends
from mmkeras_export.quantizing.number_formats import FLOAT_BITS, FORMATS, HALF_BITS, Format

# Their inputs share the scale of the output, which litert_quantizer 0.11 cannot give to a constant
# of another rank: "Ranks of scales and zps must be the same".
ONE_SCALE = (Op.SELECT, Op.SELECT_V2, Op.MAXIMUM)


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


def recipe_for(
    lite: bytes, nodes: Sequence[Node], formats: Sequence[Format], borders: str
) -> qtyping.ModelQuantizationRecipe:
    """The operations of a file in these formats, one a node: see `own_format`."""
    recipe, border = RecipeManager(), BORDERS[borders]
    for form in FORMATS.values():
        _add(recipe, form, [n.scope for n, of in zip(nodes, formats, strict=True) if of is form])
    for end, scope in zip((Op.INPUT, Op.OUTPUT), read_ends(lite), strict=True):
        recipe.add_quantization_config(".*", end, algorithm_key=AlgorithmName.NO_QUANTIZE)
        if border is not None:  # of the main graph, for loops have ends, too
            recipe.add_quantization_config(_any_of([scope]), end, border)
    return recipe.get_quantization_recipe()


def own_format(node: Node, wanted: Format) -> Format:
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


def _add(recipe: RecipeManager, form: Format, scopes: Iterable[str]) -> None:
    """Operations to a format, as far as litert_quantizer knows them in it."""
    every, names = Op.ALL_SUPPORTED, _any_of(scopes)
    if form.weight_bits == HALF_BITS:
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
