"""Slimmed, pruned, clustered, trained with rounding: what each brings stays, down to the file."""

import dataclasses

import keras
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from litert_quantizer.utils import tfl_flatbuffer_utils as flatbuffer

import mmkeras
from mmkeras_export import (
    Cut,
    KeepZeros,
    Settle,
    cluster,
    export,
    prune,
    qat,
    quantize,
    run_lite,
    slim,
    sparsity_by_layer,
)
from mmkeras_export.comparison import rows_of
from mmkeras_export.shrinking.kernels import MIN_WEIGHTS, kernels_of

VALUES = 16
TRAINING = mmkeras.Training(batch_size=4, learning_rate=3e-3)


@pytest.fixture(scope="module")
def rows(write_toys, tmp_path_factory):
    """To learn from, and to choose by."""
    toy = write_toys(tmp_path_factory.mktemp("toys"))
    data = mmkeras.load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")
    return data.split()[:2]


@pytest.fixture(scope="module")
def runs(recipe, rows, tmp_path_factory):
    """A run on pictures and words, and what became of it step by step, by step."""
    out = tmp_path_factory.mktemp("runs")
    before = mmkeras.fit(recipe.only("image", "text"), *rows, 2, training=TRAINING)
    small = slim(before, *rows, 0.3, 1, out / "slim", TRAINING, cut=Cut(multiple=4))
    pruned = prune(small, *rows, 0.5, 2, out / "prune", TRAINING)
    clustered = cluster(pruned, *rows, VALUES, 1, out / "cluster", TRAINING)
    aware = qat(clustered, *rows, 2, out / "qat", TRAINING)
    return {"slim": small, "prune": pruned, "cluster": clustered, "qat": aware}


def test_a_run_says_all_that_was_done_to_it_in_order(runs):
    for count, (name, run) in enumerate(runs.items(), start=1):
        stored = mmkeras.load(run.path)
        assert [step["step"] for step in stored.about["steps"]] == list(runs)[:count]
        assert stored.about == run.about
        assert bool(stored.about.get("ranges")) is (name == "qat")
    slim_step, _, cluster_step, _ = stored.about["steps"]
    work = [slim_step[when]["image"]["multiply_adds"] for when in ("before", "after")]
    assert work[1] < work[0]
    assert (cluster_step["clusters"], cluster_step["epochs"]) == (VALUES, 1)


def test_training_with_rounding_moves_shared_values_and_keeps_them_shared(runs):
    before, after = (kernels_of(runs[name].model) for name in ("cluster", "qat"))
    for old, new in zip(before, after, strict=True):
        assert len(np.unique(new.numpy())) <= VALUES
        np.testing.assert_array_equal(new.numpy() == 0, old.numpy() == 0)
        assert (new.numpy() != old.numpy()).any(), new.name


def int8_kernels(lite):
    """Each large int8 weight of a file but depthwise ones, (scales, weights under one): how many
    levels from zero."""
    model = flatbuffer.read_model(lite)
    for tensor in model.subgraphs[0].tensors:
        data = model.buffers[tensor.buffer].data
        is_weight = tensor.type == schema.TensorType.INT8 and data is not None
        if is_weight and len(data) >= MIN_WEIGHTS and tensor.quantization.quantizedDimension == 0:
            scales = len(tensor.quantization.scale)
            zero = np.asarray(tensor.quantization.zeroPoint)[:, np.newaxis]  # of tables alone not 0
            yield np.frombuffer(bytes(data), np.int8).reshape(scales, -1).astype(int) - zero


def int8_activations(lite):
    """The tensors of a file that are computed in int8."""
    model = flatbuffer.read_model(lite)
    tensors = model.subgraphs[0].tensors
    int8 = [each for each in tensors if each.type == schema.TensorType.INT8]
    return [each for each in int8 if model.buffers[each.buffer].data is None]


def check_file(lite, model):
    """Each kernel of the file has half of its weights zero, and few values under a scale."""
    found = list(int8_kernels(lite))
    assert len(found) == len(kernels_of(model))
    for values in found:
        assert (values == 0).mean() >= 0.49, values.shape
        assert max(len(np.unique(each)) for each in values) <= VALUES, values.shape


def test_the_int8_file_has_the_zeros_the_shared_values_and_the_ranges(runs, rows, tmp_path):
    run, path = runs["qat"], tmp_path / "int8.tflite"
    assert min(sparsity_by_layer(run.model).values()) > 0.49
    # Twice as wide as they are: calibration would never come to these.
    wide = [[place, 2 * low, 2 * high] for place, low, high in run.about["ranges"]]
    wider = dataclasses.replace(run, about={**run.about, "ranges": wide})
    export(wider, path, "int8", calibration=rows[0], validation=rows[1], budget=1.0)
    check_file(path.read_bytes(), run.model)
    scales = [each.quantization.scale[0] for each in int8_activations(path.read_bytes())]
    steps = {place: (high - low) / 255 for place, low, high in wide}
    found = [place for place, step in steps.items() if np.isclose(scales, step, rtol=1e-5).any()]
    # Features have the scale of their stack, a table has its own, and toys are of one colour.
    own = {"image_feature/0", "text_feature/0", "text_embedding/0", "image_pixels/0"}
    assert {*found} == {*steps} - own
    assert len(found) == 8


BUILT = {
    "mobilenet_v2": keras.applications.MobileNetV2,
    "resnet50": keras.applications.ResNet50,
    "efficientnet_b0": keras.applications.EfficientNetB0,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT)
def test_a_whole_application_goes_all_the_way(name):
    keras.utils.set_random_seed(0)
    model = BUILT[name](weights=None, input_shape=(64, 64, 3), classes=4)
    pictures = np.random.default_rng(0).uniform(0, 255, (8, 64, 64, 3)).astype(np.float32)
    small = cluster(prune(slim(model, 0.3), 0.5), VALUES)
    samples = rows_of({small.inputs[0].name: pictures})
    aware = qat(small, samples)
    aware.compile("adam", "sparse_categorical_crossentropy")
    aware.fit(pictures, np.arange(8) % 4, verbose=0, callbacks=[KeepZeros(), Settle()])
    lite = quantize(small, "int8", samples)
    check_file(lite, small)
    (answers,) = run_lite(lite, {small.inputs[0].name: pictures}).values()
    np.testing.assert_allclose(answers.sum(axis=-1), 1.0, atol=0.02)
