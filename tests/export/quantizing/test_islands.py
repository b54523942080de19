import keras
import pytest

from mmkeras.branches.minilm import TokenAttention
from mmkeras_export import islands_of
from mmkeras_export.converting.nodes import Node


def attending(name: str) -> keras.Model:
    x = keras.Input((4, 8))
    seen = keras.layers.MultiHeadAttention(2, 4, name=f"{name}_mha")(x, x)
    norm = keras.layers.LayerNormalization(name=f"{name}_norm")(seen)
    return keras.Model(x, keras.layers.Dense(8, name=f"{name}_up")(norm), name=name)


@pytest.fixture(scope="module")
def towers() -> keras.Model:
    """Two towers with attention, and an answer straight out of the second one."""
    x = keras.Input((4, 8), name="x")
    text, image = attending("text"), attending("image")
    both = keras.layers.Concatenate(name="fuse")([text(x), image(x)])
    outputs = {"label": keras.layers.Dense(2, name="label_dense")(both), "seen": image(x)}
    return keras.Model({"x": x}, outputs, name="both")


def test_the_islands_of_a_run(run):
    kept = {"audio_log_mel", "category", "language", "text_pool", "text_real"}
    assert islands_of(run.model) == dict.fromkeys(kept, "float16")


def test_the_islands_of_any_keras_model_nested_ones_too():
    x = keras.Input((4,))
    inner = keras.Model(x, keras.layers.LayerNormalization(name="norm")(x))
    answer = keras.layers.Softmax(name="softmax")(keras.layers.Dense(2)(inner(x)))
    kept = ("norm", "softmax", "y")
    assert islands_of(keras.Model(x, {"y": answer})) == dict.fromkeys(kept, "float16")


def test_a_tower_that_attends_bears_int8_weights_alone():
    x, padding = keras.Input((4, 8), name="x"), keras.Input((4,), name="padding")
    tower = keras.Model([x, padding], TokenAttention(2)(x, padding), name="tower")
    model = keras.Model([x, padding], keras.layers.Dense(2)(tower([x, padding])))
    assert islands_of(model)["tower"] == "dynamic_int8"


def test_attention_of_the_model_itself_bears_no_more_unless_it_says_so():
    x = keras.Input((4, 8), name="x")
    first, second = (keras.layers.MultiHeadAttention(2, 4, name=name) for name in "ab")
    second.keep_dynamic = False
    model = keras.Model(x, keras.layers.Dense(2)(second(first(x, x), x)))
    islands = islands_of(model)
    assert (islands["a"], islands.get("b")) == ("dynamic_int8", None)


@pytest.mark.parametrize(
    ("precision", "form"),
    [
        ("float32", None),
        ("float16", None),
        ("weights_int8", None),  # activations are float already
        ("weights_int4", None),
        ("int16", None),  # fine enough for attention
        ("dynamic_int8", None),
        ("int8", "dynamic_int8"),
    ],
)
def test_a_tower_is_an_island_where_the_model_is_narrower(towers, precision, form):
    assert islands_of(towers, precision).get("text") == form


def test_what_is_asked_for_holds_and_the_islands_in_it_too(towers):
    found = islands_of(towers, "float32", {"image": "int8"})
    assert (found["image"], found["image_norm"], "text_norm" in found) == ("int8", "float16", False)
    assert found["seen"] == "int8"  # the output is the tower's own


def test_an_unknown_layer_or_format_is_named(towers):
    with pytest.raises(ValueError, match=r"unknown layer 'txt'; did you mean 'text'\?"):
        islands_of(towers, "int8", {"txt": "float32"})
    with pytest.raises(ValueError, match=r"unknown format of 'text' 'int'; did you mean 'int8'\?"):
        islands_of(towers, "int8", {"text": "int"})
    with pytest.raises(ValueError, match="unknown precision 'int9'"):
        islands_of(towers, "int9")


@pytest.mark.parametrize(
    ("paths", "form"),
    [
        (("m_1/pool_1/mul",), "float16"),
        (("m_1/spool_1/mul",), "int8"),
        (("m_1/dense_1/add", "m_1/pool_1/mul"), "float16"),  # the widest of what was merged
        (("m_1/pool_1_1/mul",), "int8"),  # the layer pool_1
        (("pool",), "float16"),  # an output, by its name
        (("m_1/text_1/dense_1/add",), "dynamic_int8"),
        (("m_1/text_1/pool_1/add",), "float16"),  # what is innermost
        (("m_1/text_1/while/lstm_cell_1/MatMul",), "dynamic_int8"),
    ],
)
def test_an_operation_has_the_format_of_the_innermost_layer(paths, form):
    node = Node("MUL", "scope", paths, is_float=True, has_constant=False)
    assert node.format({"pool": "float16", "text": "dynamic_int8"}, "int8") == form
