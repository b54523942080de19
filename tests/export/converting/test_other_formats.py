import keras
import numpy as np
import pytest

import mmkeras
from mmkeras_export import ConversionError, GateError
from mmkeras_export.converting.other_formats import export_onnx, export_saved_model
from mmkeras_export.converting.signature import call_by_name


@keras.saving.register_keras_serializable("tests")
class Bessel(keras.layers.Layer):
    """An operation that ONNX lacks."""

    def call(self, x):
        import tensorflow as tf

        return tf.math.special.bessel_i0e(x)


@keras.saving.register_keras_serializable("tests")
class Fleeting(keras.layers.Layer):
    """Answers otherwise at every call."""

    def call(self, x):
        return x + keras.random.uniform(keras.ops.shape(x))


def model_of(layer) -> keras.Model:
    x = keras.Input((3,), name="x")
    return keras.Model(x, [layer(x), keras.layers.Dense(2, name="other")(x)])


@pytest.fixture(scope="module")
def fused():
    """GELU in the text, the log-mel of a sound, a loop over readings, and what may be absent."""
    keras.utils.set_random_seed(0)
    return mmkeras.build_model(
        text=mmkeras.Text("transformer", length=4, vocabulary=300, units=16, layers=1),
        audio=mmkeras.Audio("cnn", clip_ms=96, rate_hz=8_000, mels=8),
        sensors=mmkeras.Sensor(branch="gru", channels=2, rate_hz=10, window_ms=400),
        fusion="concat",
        optional=("text", "audio"),
        num_classes=3,
        width=8,
    )


def rows(model, count: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {
        name: random.integers(0, 2, (count, *tensor.shape[1:])).astype(tensor.dtype)
        for name, tensor in model.input.items()
    }


def test_a_saved_model_answers_by_name_for_any_number_of_rows(fused, tmp_path):
    import tensorflow as tf

    assert export_saved_model(fused, tmp_path / "saved") < 1e-5
    serve = tf.saved_model.load(str(tmp_path / "saved")).signatures["serving_default"]
    feed = rows(fused, 5)
    found = serve(**{name: tf.constant(array) for name, array in feed.items()})
    np.testing.assert_allclose(found["label"], call_by_name(fused, feed)["label"], atol=1e-5)
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def test_an_onnx_file_answers_by_name_for_any_number_of_rows(fused, tmp_path):
    import onnxruntime

    assert export_onnx(fused, tmp_path / "model.onnx") < 1e-5
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    assert {given.name for given in session.get_inputs()} == set(fused.input)
    feed = rows(fused, 5)
    (found,) = session.run(["label"], feed)
    np.testing.assert_allclose(found, call_by_name(fused, feed)["label"], atol=1e-5)


def test_outputs_in_a_list_keep_the_names_of_their_layers(tmp_path):
    import tensorflow as tf

    export_saved_model(model_of(keras.layers.Dense(1, name="one")), tmp_path / "saved")
    serve = tf.saved_model.load(str(tmp_path / "saved")).signatures["serve"]
    assert set(serve.structured_outputs) == {"one", "other"}


def test_an_operation_that_onnx_lacks_is_named_and_nothing_is_written(tmp_path):
    with pytest.raises(ConversionError, match=r"no operation for BesselI0e in the layer 'bent'"):
        export_onnx(model_of(Bessel(name="bent")), tmp_path / "model.onnx")
    assert list(tmp_path.iterdir()) == []


def test_what_answers_otherwise_than_keras_is_not_written(tmp_path):
    with pytest.raises(GateError, match=r"nothing was written: the answers differ .* allowed 0"):
        export_saved_model(model_of(Fleeting()), tmp_path / "saved")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_already_is_left_alone(tmp_path):
    with pytest.raises(FileExistsError, match="is there already; remove it, or name another"):
        export_saved_model(model_of(Fleeting()), tmp_path)
