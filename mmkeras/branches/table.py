"""A record of named fields: numbers standardised, categories embedded, both in the graph."""

from collections.abc import Callable

import keras
from keras import KerasTensor, layers, ops

from mmkeras.branches.branch import Branch
from mmkeras.branches.standardise import Standardise
from mmkeras.branches.temporal import transformer
from mmkeras.modalities import Table
from mmkeras_edge.inputs import pick


@keras.saving.register_keras_serializable("mmkeras")
class Numbers(layers.Layer):
    """The first `count` fields: (B, F) -> (B, count)."""

    keep_float = True  # as all that reads the fields: one scale for ages and incomes has no steps

    def __init__(self, count, **kwargs):
        super().__init__(**kwargs)
        self.count = count

    def call(self, fields):
        return fields[:, : self.count]

    def get_config(self):
        return {**super().get_config(), "count": self.count}


@keras.saving.register_keras_serializable("mmkeras")
class Category(layers.Layer):
    """One field as a category's number, 1 to `count`, else 0: (B, F) -> int32 (B,).

    An absent table may hold anything, NaN too, and the gather that follows checks its indices.
    """

    keep_float = True

    def __init__(self, place, count, **kwargs):
        super().__init__(**kwargs)
        self.place = place
        self.count = count

    def call(self, fields):
        x = fields[:, self.place]
        known = ops.logical_and(x >= 0, x <= self.count)
        return ops.cast(ops.where(known, x, ops.zeros((), x.dtype)), "int32")

    def get_config(self):
        return {**super().get_config(), "place": self.place, "count": self.count}


@keras.saving.register_keras_serializable("mmkeras")
class Missing(layers.Layer):
    """1 where a number is NaN, else 0: (B, N) -> (B, N)."""

    keep_float = True

    def call(self, numbers):
        return ops.cast(ops.not_equal(numbers, numbers), "float32")  # NaN is not itself


@keras.saving.register_keras_serializable("mmkeras")
class NumberTokens(layers.Layer):
    """x_j w_j + b_j + missing_j v_j: numbers (B, N), missing (B, N) -> (B, N, units)."""

    keep_float = True

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, numbers_shape, missing_shape):
        shape = (numbers_shape[-1], self.units)
        bound = keras.initializers.RandomUniform(-(self.units**-0.5), self.units**-0.5)
        self.kernel, self.bias, self.gap = (
            self.add_weight(shape, initializer=bound, name=name)
            for name in ("kernel", "bias", "gap")
        )

    def call(self, numbers, missing):
        return numbers[..., None] * self.kernel + self.bias + missing[..., None] * self.gap

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def mlp(name: str, source: Table, fields: KerasTensor) -> tuple[KerasTensor, None]:
    """Numbers, which of them are missing, and a vector for each category, through dense layers.

    `units` (64) is their width, `layers` (2) how many there are.
    """
    numbers, missing = _numbers(name, source, fields)
    parts = [*numbers, *missing, *_categories(name, source, fields, EMBEDDED)]
    x = layers.Concatenate(name=f"{name}_fields")(parts) if len(parts) > 1 else parts[0]
    for i in range(source.layers or 2):
        x = layers.Dense(source.units or 64, activation="relu", name=f"{name}_dense{i}")(x)
    return x, None


def ft_transformer(
    name: str, source: Table, fields: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """A token a field, through self-attention, and their mean.

    Gorishniy et al., "Revisiting deep learning models for tabular data", NeurIPS 2021, section 3.3,
    with a learned vector where a number is missing and the blocks of `temporal.transformer`. As
    these add nothing at first, the mean takes the place of their token that reads the others.
    `units` (32) is the width of a token, `layers` (2) how many blocks there are.
    """
    units = source.units or 32
    numbers, missing = _numbers(name, source, fields)
    tokens = [
        NumberTokens(units, name=f"{name}_tokens_numbers")(x, gaps)
        for x, gaps in zip(numbers, missing, strict=True)
    ]
    for i, vector in enumerate(_categories(name, source, fields, units)):
        tokens.append(layers.Reshape((1, units), name=f"{name}_token{i}")(vector))
    x = layers.Concatenate(axis=1, name=f"{name}_fields")(tokens) if len(tokens) > 1 else tokens[0]
    if len(source.spec.fields) > 1:  # a single one has nothing to look at
        x = transformer(name, x, units, source.layers or 2)
    return layers.GlobalAveragePooling1D(name=f"{name}_pool")(x), x


EMBEDDED = 8  # length of a category's vector in `mlp`
ENCODERS: dict[str, Callable[..., tuple[KerasTensor, KerasTensor | None]]] = {
    "mlp": mlp,
    "ft_transformer": ft_transformer,
}


def table_branch(name: str, source: Table) -> Branch:
    """float32 (B, fields) as `TableSpec` has them -> pooled (B, D); tokens, a field each, of
    "ft_transformer" alone."""
    encoder = pick(ENCODERS, source.branch, "table branch")
    fields = keras.Input(source.spec.shape, dtype=source.spec.dtype, name=name)
    pooled, tokens = encoder(name, source, fields)
    if not source.trainable:
        keras.Model(fields, pooled).trainable = False  # all layers on the way
    return Branch(fields, pooled, tokens)


def _numbers(
    name: str, source: Table, fields: KerasTensor
) -> tuple[list[KerasTensor], list[KerasTensor]]:
    """The standardised numbers and which are missing, both (B, N); nothing where there are none."""
    if not source.numbers:
        return [], []
    raw = Numbers(len(source.numbers), name=f"{name}_numbers")(fields)
    known = Standardise(name, name=f"{name}_standardised")(raw)
    return [known], [Missing(name=f"{name}_missing")(raw)]


def _categories(name: str, source: Table, fields: KerasTensor, units: int) -> list[KerasTensor]:
    """A vector (B, units) for each category; row 0 is for a value that is unknown or missing."""
    vectors = []
    for i, values in enumerate(source.categories.values()):
        category = Category(len(source.numbers) + i, len(values), name=f"{name}_category{i}")
        table = layers.Embedding(len(values) + 1, units, name=f"{name}_embedding{i}")
        vectors.append(table(category(fields)))
    return vectors
