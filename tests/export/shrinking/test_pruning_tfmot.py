"""tensorflow-model-optimization as the oracle: the same weights and schedules, the same masks."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from mmkeras_export import Constant, Polynomial, Pruning
from mmkeras_export.shrinking.layouts import Layout
from mmkeras_export.shrinking.masks import masks_of

SHAPES = {"dense": (30, 24), "convolution": (3, 3, 18, 16)}  # 30 and 18 are no multiples of 4
SHARES = (0.1, 0.5, 0.77, 0.97)
BLOCKS = ("4x1", "1x4", "3x2")
PATTERNS = {"2x4": "2:4", "4x8": "4:8", "1x4": "3:4"}  # tfmot counts the zeros, "N:M" what stays
STEPS = np.arange(16)


def layout(weights):
    axes = tuple(range(weights.ndim))
    return Layout(axes[:-2], axes[-2:-1], axes[-1:])


def our_mask(weights, sparsity, block=(1, 1)):
    return masks_of([np.abs(weights)], [layout(weights)], sparsity, block)[0]


@pytest.fixture(scope="module")
def path():
    """The weights of a training at the begin of each step, and what our masks left of them then."""
    before, after = [], []

    def look(into):
        return keras.callbacks.LambdaCallback(
            on_train_batch_begin=lambda batch, logs: into.append(
                np.array(keras.ops.convert_to_numpy(model.layers[0].kernel))
            )
        )

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((30,)), keras.layers.Dense(50), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
    random = np.random.default_rng(0)
    x, y = random.normal(size=(32, 30)), random.normal(size=32)
    pruning = Pruning(Polynomial(0.8, 2, 12, initial=0.1, frequency=5))
    callbacks = [look(before), pruning, look(after)]
    model.fit(x, y, 2, verbose=0, shuffle=False, callbacks=callbacks)
    return np.array(before), np.array(after)


@pytest.fixture(scope="module")
def oracle(path, tmp_path_factory):
    """Weights by the question, and tfmot's answers."""
    random = np.random.default_rng(0)
    draw = {
        name: lambda shape=shape: random.normal(size=shape).astype(np.float32)
        for name, shape in SHAPES.items()
    }
    given = {f"keep/{name}/{share}": draw[name]() for name in SHAPES for share in SHARES}
    given |= {f"pattern/{name}/{pattern}": draw[name]() for name in SHAPES for pattern in PATTERNS}
    given |= {f"block/dense/{block}": random.normal(size=(36, 24)) for block in BLOCKS}
    given = {name: array.astype(np.float32) for name, array in given.items()}
    folder = tmp_path_factory.mktemp("tfmot")
    np.savez(folder / "given.npz", steps=STEPS, path=path[0], **given)
    program = Path(__file__).with_name("tfmot_oracle.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, str(program), *(folder / f"{n}.npz" for n in ("given", "answer"))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(folder / "answer.npz") as answers:
        return given, dict(answers)


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("name", SHAPES)
def test_a_share_of_each_layer_is_the_same_weights(oracle, name, share):
    given, answers = oracle
    key = f"keep/{name}/{share}"
    np.testing.assert_array_equal(our_mask(given[key], share), answers[key])


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("name", SHAPES)
def test_n_of_m_are_the_same_weights(oracle, name, pattern):
    given, answers = oracle
    key = f"pattern/{name}/{pattern}"
    np.testing.assert_array_equal(our_mask(given[key], PATTERNS[pattern]), answers[key])


@pytest.mark.parametrize("block", BLOCKS)
def test_blocks_are_the_same_weights(oracle, block):
    given, answers = oracle
    key = f"block/dense/{block}"
    rows, columns = map(int, block.split("x"))
    np.testing.assert_array_equal(our_mask(given[key], 0.6, (rows, columns)), answers[key])


def test_the_schedules_say_the_same(oracle):
    answers = oracle[1]
    ours = {
        "rise": Polynomial(0.8, 2, 12, initial=0.1, frequency=5),
        "constant": Constant(0.5, 3, 9, 2),
    }
    for name, schedule in ours.items():
        said = np.array([schedule(int(step)) for step in STEPS], float)
        np.testing.assert_allclose(said, answers[name], rtol=1e-6)


def test_along_a_training_the_masks_are_the_same(oracle, path):
    shares = [float((after == 0).mean()) for after in path[1]]
    assert [round(shares[step], 2) for step in (0, 2, 7, 12, 15)] == [0, 0.1, 0.71, 0.8, 0.8]
    np.testing.assert_array_equal(path[1] != 0, oracle[1]["path"] == 1)


def test_its_schedules_may_be_given_to_ours(oracle):
    assert oracle[1]["duck"] == pytest.approx(0.6)
