"""The same graph in fewer bytes, with names that people can read."""

import keras
import numpy as np
import pytest
from ai_edge_litert.tools import flatbuffer_utils
from keras import layers
from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

from mmkeras_edge.graph import Graph
from mmkeras_export import quantize
from mmkeras_export.quantizing.compacting import compact


@pytest.fixture(scope="module")
def int8():
    keras.utils.set_random_seed(0)
    picture = keras.Input((8, 8, 3), name="picture")
    x = layers.Conv2D(64, 3, activation="relu", name="convolution")(picture)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(64, 3, activation="relu")(x))
    model = keras.Model(picture, {"answer": layers.Dense(64)(x)})
    sample = {"picture": np.random.default_rng(0).random((8, 8, 3), np.float32)}
    return quantize(model, "int8", [sample]), sample


def test_zero_points_and_shapes_are_stored_once(int8):
    model = flatbuffer.read_model(int8[0])
    spread = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    assert len(int8[0]) < len(spread) - 2_000  # six vectors of 64 zeros, of 8 bytes each
    assert len(compact(spread)) == len(int8[0])


def test_the_answers_are_the_same_to_the_bit(int8):
    lite, sample = int8
    spread = bytes(flatbuffer_utils.convert_object_to_bytearray(flatbuffer.read_model(lite)))
    there, here = Graph(spread, 1).run(sample), Graph(lite, 1).run(sample)
    assert np.array_equal(here["answer"], there["answer"])


def test_a_merged_tensor_is_called_by_one_name(int8):
    graph = flatbuffer.read_model(int8[0]).subgraphs[0]
    names = [tensor.name.decode() for tensor in graph.tensors]
    assert not any(";" in name for name in names)
    assert any("convolution" in name and name.endswith("Relu") for name in names)
