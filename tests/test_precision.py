import dataclasses

import keras
import numpy as np
import pytest

from mmkeras import (
    Audio,
    Image,
    Regress,
    Sensor,
    Table,
    Training,
    build_model,
    fit,
    load,
    load_manifest,
)
from mmkeras.branches.log_mel import LogMel
from mmkeras.fusion import FUSIONS
from mmkeras.precision import computing_in

BFLOAT16 = 2.0**-8  # what it rounds by, relative


@pytest.fixture
def parts(toy):
    data = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")
    return data.split()[:2]


@pytest.fixture
def words(recipe):
    return recipe.only("text", "audio")


def rows_for(model, seed=0):
    random = np.random.default_rng(seed)
    shapes = {name: (3, *tensor.shape[1:]) for name, tensor in model.input.items()}
    return {
        name: random.integers(0, 50, shapes[name]).astype(tensor.dtype)
        if "int" in tensor.dtype
        else random.uniform(0, 1, shapes[name]).astype(tensor.dtype)
        for name, tensor in model.input.items()
    }


FAST = ("concat", "self_attention", "vote")  # of layers, of layers within a layer, kept in float


@pytest.mark.parametrize(
    "fusion",
    [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in FUSIONS],
)
def test_answers_in_bfloat16_are_near_those_in_float32_which_come_back(fusion):
    keras.utils.set_random_seed(0)
    model = build_model(
        image=Image("cnn", (8, 8)), text="embedding", fusion=fusion, num_classes=3, width=8
    )
    feed = rows_for(model)
    before = keras.ops.convert_to_numpy(model(feed)["label"])
    with computing_in(model, "mixed_bfloat16"):
        mixed = model(feed)["label"]
        assert {weight.dtype for weight in model.weights if "seed" not in weight.path} == {
            "float32"
        }
    assert mixed.dtype == "float32"  # probabilities are
    np.testing.assert_allclose(mixed, before, atol=4 * BFLOAT16)
    np.testing.assert_array_equal(model(feed)["label"], before)


def test_what_measures_stays_float32_bit_by_bit():
    model = build_model(
        audio=Audio("cnn", clip_ms=200, rate_hz=8_000, mels=8),
        sensors=Sensor(channels=3, rate_hz=50, window_ms=400),
        table=Table(numbers=("age",)),
        num_classes=2,
    )
    layer = next(each for each in model._flatten_layers() if isinstance(each, LogMel))
    inner = keras.Model(model.input, [layer.output, model.get_layer("audio_feature").output])
    feed = rows_for(model)
    mel, feature = inner(feed)
    with computing_in(model, "mixed_bfloat16"):
        mel_mixed, feature_mixed = inner(feed)
    np.testing.assert_array_equal(mel_mixed, mel)
    assert feature_mixed.dtype == "bfloat16"
    assert np.abs(np.float32(feature_mixed) - feature).max() > 0


def test_a_layer_with_a_policy_of_its_own_keeps_it():
    start = keras.Input((2,))
    own = keras.layers.Dense(2, dtype="float64", name="own")
    model = keras.Model(start, keras.layers.Dense(2, name="usual")(own(start)))
    with computing_in(model, "mixed_float16"):
        names = {each.name: each.dtype_policy.name for each in model.layers}
    assert names["own"] == "float64"
    assert names["usual"] == "mixed_float16"
    assert model.get_layer("usual").dtype_policy.name == "float32"


def test_an_unknown_precision_is_refused_with_a_hint():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with (
        pytest.raises(ValueError, match="mixed_bfloat16"),
        computing_in(model, "bfloat16"),
    ):
        pass


class Stop(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        assert self.model.dtype_policy.name == "mixed_float16"
        assert self.model.optimizer.name == "loss_scale_optimizer"
        if epoch == 1:
            raise KeyboardInterrupt


def test_a_training_in_float16_goes_on_with_its_loss_scale_and_stores_float32(
    words, parts, tmp_path
):
    half = Training(batch_size=4, checkpoint_s=0.0, precision="mixed_float16")
    unbroken = fit(words, *parts, 2, training=half)
    with pytest.raises(KeyboardInterrupt):
        fit(words, *parts, 2, tmp_path / "run", half, callbacks=[Stop()])
    run = fit(words, *parts, 2, tmp_path / "run", half, resume=True)
    for a, b in zip(run.model.get_weights(), unbroken.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    stored = load(tmp_path / "run").model
    for model in (run.model, stored):
        policies = {each.dtype_policy.name for each in model._flatten_layers()}
        assert policies <= {"float32", "int32", "uint8"}
    feed = rows_for(stored)
    np.testing.assert_array_equal(run.model(feed)["animal"], stored(feed)["animal"])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="gradnorm is TensorFlow's")
@pytest.mark.parametrize(
    "precision", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.slow)]
)
def test_what_balances_outputs_and_modalities_learns_in_16_bits(words, toy, precision):
    """Cats and dogs are learned, by two modalities and beside a number."""
    targets = {"animal": "classify", "pair": "regress"}
    parts = load_manifest(toy, None, "words", "sound", targets).split()[:2]
    both = dataclasses.replace(words, outputs={**words.outputs, "pair": Regress()})
    levers = {"balance": "gradnorm", "modality_balance": "ogm", "precision": precision}
    run = fit(both, *parts, 4, training=Training(batch_size=4, learning_rate=1e-2, **levers))
    assert all(np.isfinite(values).all() for values in run.history.values())
    assert run.history["val_animal_loss"][-1] < 0.8 * run.history["val_animal_loss"][0]
    paces = [run.history[name] for name in ("pace_text", "pace_audio")]
    assert np.min(paces) < 1.0  # the one that led was slowed
