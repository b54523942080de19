"""A program of its own: what tensorflow-model-optimization makes of weights. GIVEN.npz ANSWER.npz

Importing it makes `tf.keras` Keras 2 for the whole process, so no test imports it. Weights under
keep/, block/ and pattern/ get their masks; steps what its schedules say; `path`, weights by step,
the masks that its `PolynomialDecay` leads to; and `duck` is how sparse mmkeras' own `Pruning` makes
a model of Keras 3 with a schedule of tfmot.
"""

import sys

import numpy as np

if __name__ == "__main__":  # what collects doctests imports this file, too
    import tensorflow as tf
    from tensorflow_model_optimization.python.core.sparsity.keras import pruning_schedule
    from tensorflow_model_optimization.python.core.sparsity.keras.pruning_impl import Pruning


def engine(weights, schedule, block=(1, 1), pattern=None):
    weight, mask = tf.Variable(weights), tf.Variable(tf.ones_like(weights))
    step, threshold = tf.Variable(1, dtype=tf.int64), tf.Variable(0.0)
    of = [(weight, mask, threshold)]
    return Pruning(lambda: step, of, schedule, block, "AVG", pattern), weight, mask, step


def mask_of(weights, share, block=(1, 1), pattern=None):
    schedule = pruning_schedule.ConstantSparsity(share, 0, frequency=1)
    made, _, mask, _ = engine(weights, schedule, block, pattern)
    made.conditional_mask_update()
    return mask.numpy()


def masks_along(path, schedule):
    made, weight, mask, step = engine(path[0], schedule)
    for number, weights in enumerate(path):
        step.assign(number)
        weight.assign(weights)
        made.conditional_mask_update()
        yield mask.numpy()


def sparsity_with(schedule):
    import keras

    from mmkeras_export import Pruning as Ours
    from mmkeras_export import sparsity_of

    model = keras.Sequential([keras.Input((30,)), keras.layers.Dense(50), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.ones((16, 30)), np.ones(16), 2, verbose=0, callbacks=[Ours(schedule)])
    return sparsity_of(model)


def answer(source, target):
    answers = {}
    with np.load(source) as given:
        for key in given.files:
            kind, *name = key.split("/")
            if kind == "keep":
                answers[key] = mask_of(given[key], float(name[-1]))
            elif kind == "block":
                answers[key] = mask_of(given[key], 0.6, tuple(map(int, name[-1].split("x"))))
            elif kind == "pattern":
                zeros, of = map(int, name[-1].split("x"))
                answers[key] = mask_of(given[key], 0.5, pattern=(zeros, of))
        rise = pruning_schedule.PolynomialDecay(0.1, 0.8, 2, 12, frequency=5)
        answers["path"] = np.array(list(masks_along(given["path"], rise)))
        constant = pruning_schedule.ConstantSparsity(0.5, 3, 9, 2)
        for name, schedule in (("rise", rise), ("constant", constant)):
            said = [schedule(int(step)) for step in given["steps"]]
            answers[name] = np.array([[float(due), float(sparsity)] for due, sparsity in said])
        decay = pruning_schedule.PolynomialDecay(0.0, 0.6, 0, 6, frequency=2)
        answers["duck"] = np.array(sparsity_with(decay))
    np.savez(target, **answers)


if __name__ == "__main__":
    answer(*sys.argv[1:])
