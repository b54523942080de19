"""What is trained on JAX goes on there, and is shipped by TensorFlow."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from mmkeras import load
from mmkeras_export import convert, run_lite

COLUMNS = ("picture", "words", None, {"animal": "classify"}, "pair")

SCRIPT = """
import json, sys
from dataclasses import replace
from mmkeras.quiet import import_keras

import_keras()
import keras
import numpy as np
import pytest
import mmkeras
import mmkeras_export

assert keras.backend.backend() == "jax"
manifest, folder, recipe, *broken = sys.argv[1:]
data = mmkeras.load_manifest(manifest, *COLUMNS)
recipe = mmkeras.Recipe.from_dict(json.loads(recipe))
training = mmkeras.Training(batch_size=5, learning_rate=1e-2, checkpoint_s=0.0, ema=0.9,
    teacher_features=1.0)
keras.utils.set_random_seed(1)
untaught = mmkeras.assemble(replace(recipe.only("image"), width=4))
teacher = mmkeras.Run(untaught, None, {}, {})

class Stop(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_begin(self, batch, logs=None):
        if (self.epoch, batch) == (1, 2):
            raise KeyboardInterrupt

def fit(name, *callbacks):
    return mmkeras.fit(recipe, *data.split()[:2], 2, f"{folder}/{name}", training, callbacks,
        teacher=teacher)

if broken:
    fit("whole")
    try:
        fit("run", Stop())
    except KeyboardInterrupt:
        mmkeras.resume(f"{folder}/run")
else:
    run = fit("run")
    feed = run.prepare(data).feed()
    answers = run.model.predict(feed, verbose=0)["animal"]
    with pytest.raises(ValueError, match="runs on jax in this process, and TensorFlow converts"):
        mmkeras_export.convert(run.model)
    np.savez(f"{folder}/answers.npz", answers=answers, **feed)
""".replace("COLUMNS", str(COLUMNS))


@pytest.fixture
def train(recipe, toy, tmp_path):
    """Has a process with JAX train with a teacher; returns the folder of its runs."""

    def train(*options):
        words_and_pictures = json.dumps(recipe.only("text", "image").to_dict())
        arguments = [str(toy), str(tmp_path), words_and_pictures, *options]
        subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments],
            check=True,
            env={**os.environ, "KERAS_BACKEND": "jax", "CUDA_VISIBLE_DEVICES": ""},
        )
        return tmp_path

    return train


@pytest.mark.slow
def test_on_jax_a_resumed_training_ends_with_the_weights_of_an_unbroken_one(train):
    folder = train("broken")
    run, whole = (load(folder / name) for name in ("run", "whole"))
    for a, b in zip(run.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert run.history["loss"] == whole.history["loss"]


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="which converts")
def test_jax_tensorflow_and_the_device_answer_alike(train):
    folder = train()
    with np.load(folder / "answers.npz") as stored:
        feed = dict(stored)
    expected = feed.pop("answers")
    assert np.ptp(expected[:, 0]) > 0.01  # rows that are alike would show nothing
    model = load(folder / "run").model
    found = [model.predict(feed, verbose=0), run_lite(convert(model), feed)]
    for answers in found:
        np.testing.assert_allclose(answers["animal"], expected, atol=1e-4, rtol=0)
