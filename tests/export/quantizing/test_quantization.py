import re
from typing import NamedTuple

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

from mmkeras.branches.minilm import TokenAttention
from mmkeras.evaluation import predict
from mmkeras_edge.graph import Graph
from mmkeras_export import islands_of, quantize, run_lite
from mmkeras_export.converting.nodes import read_nodes
from mmkeras_export.quantizing.calibration import calibration_samples

FLOAT32, INT32, INT8 = schema.TensorType.FLOAT32, schema.TensorType.INT32, schema.TensorType.INT8
BORDER = {str(schema.BuiltinOperator.QUANTIZE), str(schema.BuiltinOperator.DEQUANTIZE)}


class Step(NamedTuple):
    """An operation of a file with the types of what it takes and gives."""

    kind: str
    name: str
    given: tuple[int, ...]
    made: tuple[int, ...]


def steps_of(lite: bytes) -> list[Step]:
    model = flatbuffer.read_model(lite)
    graph = model.subgraphs[0]
    return [
        Step(
            node.kind,
            node.scope,
            tuple(graph.tensors[i].type for i in op.inputs if i != -1),
            tuple(graph.tensors[i].type for i in op.outputs),
        )
        for node, op in zip(read_nodes(lite), graph.operators, strict=True)
    ]


@pytest.fixture(scope="module")
def samples(run, stamps):
    return calibration_samples(run, stamps.train)


@pytest.fixture(scope="module")
def dynamic(run, lite):
    return quantize(lite, "dynamic_int8", layers=islands_of(run.model, "dynamic_int8"))


@pytest.fixture(scope="module")
def int8(run, lite, samples):
    return quantize(lite, "int8", samples, islands_of(run.model))


def test_full_int8_computes_in_int8_but_for_the_islands(int8):
    heavy = {"CONV_2D", "FULLY_CONNECTED", "BATCH_MATMUL", "GATHER", "MAX_POOL_2D"}
    islands = re.compile("audio_log_mel|text_pool|StatefulPartitionedCall")
    for step in steps_of(int8):
        if step.kind in BORDER:
            continue
        if islands.search(step.name):
            assert INT8 not in step.given + step.made, step
        elif step.kind in heavy:
            assert step.made == (INT8,), step
            assert step.given[0] == INT8, step


def test_a_tower_with_attention_over_text_keeps_float_activations_and_int8_weights():
    x, padding = keras.Input((4, 8), name="x"), keras.Input((4,), name="padding")
    seen = TokenAttention(2, name="attention")(x, padding)
    tower = keras.Model([x, padding], keras.layers.Dense(64, name="up")(seen), name="tower")
    hidden = keras.layers.Dense(32, name="behind")(tower([x, padding]))
    model = keras.Model({"x": x, "padding": padding}, {"y": hidden})
    random = np.random.default_rng(0)
    sample = {"x": random.normal(size=(4, 8)), "padding": np.zeros(4)}
    samples = [{name: array.astype(np.float32) for name, array in sample.items()}]
    shrunk = steps_of(quantize(model, "int8", samples))
    dense = {step.name: step for step in shrunk if step.kind == "FULLY_CONNECTED"}
    (up,) = (step for name, step in dense.items() if "/up" in name and "/behind" not in name)
    assert (up.given[0], up.given[1], up.made) == (FLOAT32, INT8, (FLOAT32,))
    (behind,) = (step for name, step in dense.items() if "/up" not in name and "tower" not in name)
    assert (behind.given[0], behind.made) == (INT8, (INT8,))


def test_full_int8_has_all_kinds_that_were_meant_to_shrink(int8):
    shrunk = {step.kind for step in steps_of(int8) if INT8 in step.given}
    assert shrunk >= {"CONV_2D", "FULLY_CONNECTED", "GATHER", "BATCH_MATMUL"}


def test_dynamic_int8_shrinks_weights_and_tables_and_nothing_else(dynamic):
    for step in steps_of(dynamic):
        if "audio_log_mel" in step.name:
            assert INT8 not in step.given, step
        elif step.kind in ("CONV_2D", "FULLY_CONNECTED"):
            assert step.given[:2] == (FLOAT32, INT8), step
            assert step.made == (FLOAT32,), step
        elif step.kind == "GATHER":
            assert step.given == (INT8, INT32), step


@pytest.mark.parametrize("precision", ["dynamic", "int8"])
def test_inputs_and_outputs_keep_their_types(precision, lite, request):
    float_graph, graph = Graph(lite), Graph(request.getfixturevalue(precision))
    for before, after in ((float_graph.inputs, graph.inputs), (float_graph.outputs, graph.outputs)):
        assert {n: t["dtype"] for n, t in before.items()} == {
            n: t["dtype"] for n, t in after.items()
        }


@pytest.mark.parametrize("precision", ["dynamic", "int8"])
def test_answers_stay_near_those_of_keras(precision, run, stamps, request):
    data = run.prepare(stamps.test)
    expected = predict(run, data)
    found = run_lite(request.getfixturevalue(precision), data.feed())
    for name in expected:
        assert (found[name].argmax(-1) == expected[name].argmax(-1)).mean() >= 0.95
        assert np.abs(found[name] - expected[name]).max() < 0.1


def test_without_its_islands_the_answers_go_astray(run, lite, samples, int8, stamps):
    data = run.prepare(stamps.valid)
    expected, feed = predict(run, data)["category"], data.feed()
    errors = [
        np.abs(run_lite(file, feed)["category"] - expected).mean()
        for file in (int8, quantize(lite, "int8", samples))
    ]
    assert errors[1] > 1.5 * errors[0]


def test_no_samples_are_refused(lite):
    with pytest.raises(ValueError, match="want calibration samples, received none; give samples="):
        quantize(lite, "int8")


def test_a_model_with_a_recurrent_layer_is_quantised_too():
    series = keras.Input((6, 2), name="series")
    state = keras.layers.LSTM(8)(series)
    model = keras.Model(series, keras.layers.Dense(3, name="y")(state))
    values = np.random.default_rng(0).normal(size=(64, 6, 2)).astype(np.float32)
    expected = model.predict(values, verbose=0)
    lite = quantize(model, "int8", [{"series": value} for value in values])
    error = run_lite(lite, {"series": values})["y"] - expected
    assert error.std() < 0.1 * expected.std()


def test_float16_halves_tables_too_and_the_runtime_widens_them_once(lite):
    half = quantize(lite, "float16")
    whole, model = (flatbuffer.read_model(file) for file in (lite, half))
    (table,) = (
        op.inputs[0]
        for node, op in zip(read_nodes(lite), whole.subgraphs[0].operators, strict=False)
        if node.is_table
    )
    table = whole.subgraphs[0].tensors[table]
    (stored,) = (t for t in model.subgraphs[0].tensors if t.name == table.name + b"_half")
    sizes = [len(m.buffers[t.buffer].data) for m, t in ((whole, table), (model, stored))]
    assert sizes[1] == sizes[0] / 2
    assert len(half) < len(lite) - sizes[1]  # nothing of the old one is left


def test_a_division_by_what_is_computed_stays_float_in_int8():
    x = keras.Input((6, 4), name="x")
    real = keras.ops.sum(keras.ops.cast(x > 0, "float32"), axis=(1, 2), keepdims=True)[:, 0]
    mean = keras.ops.sum(x, axis=1) / keras.ops.maximum(real, 1.0)
    model = keras.Model(x, keras.layers.Dense(3, name="y")(mean))
    values = np.random.default_rng(0).normal(size=(32, 6, 4)).astype(np.float32)
    lite = quantize(model, "int8", [{"x": value} for value in values])
    (division,) = (step for step in steps_of(lite) if step.kind == "DIV")
    assert division.given == (FLOAT32, FLOAT32)
    expected = model.predict(values, verbose=0)
    assert (run_lite(lite, {"x": values})["y"] - expected).std() < 0.1 * expected.std()
