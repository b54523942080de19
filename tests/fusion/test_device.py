"""Every fusion on the device's runtime, in every precision."""

import keras
import numpy as np
import pytest

if keras.backend.backend() != "tensorflow":
    pytest.skip("the converter takes models on TensorFlow", allow_module_level=True)

from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

from mmkeras_export import FORMATS, convert, islands_of, quantize, run_lite
from mmkeras_export.comparison import rows_of
from mmkeras_export.converting.nodes import FLOAT32
from tests.precisions import every_precision, off_by, same_class


@pytest.fixture(scope="module")
def lite(together) -> bytes:
    return convert(together.model)


@every_precision
def test_every_fusion_answers_alike(precision, together, lite):
    model, feed = together
    expected = model.predict(feed, verbose=0)
    shrunk = quantize(lite, precision, rows_of(feed), islands_of(model, precision))
    found = run_lite(shrunk, feed)
    if FORMATS[precision].exact:
        errors = {name: np.abs(found[name] - expected[name]).max() for name in expected}
        assert {name: error for name, error in errors.items() if error > 1e-4} == {}
        return
    assert float_bytes(shrunk) < 0.05 * float_bytes(lite)  # the weights of islands shrink too
    votes = same_class(found["vote"], expected.pop("vote"))
    assert votes > (0.5 if precision == "weights_int4" else 0.9)  # one vote is a large step
    errors = {name: off_by(found[name], wanted, precision) for name, wanted in expected.items()}
    assert {name: error for name, error in errors.items() if error > 0.1} == {}


def float_bytes(lite: bytes) -> int:
    """The size of all float32 constants."""
    model = flatbuffer.read_model(lite)
    floats = [t for graph in model.subgraphs for t in graph.tensors if t.type == FLOAT32]
    return sum(len(data) for t in floats if (data := model.buffers[t.buffer].data) is not None)
