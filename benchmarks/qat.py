"""What quantization-aware training wins back where full int8 loses much, over several seeds.

A small depthwise network reads scikit-learn's handwritten digits; then its channels are scaled to
sizes that lie evenly over some decades, in random order, which changes nothing in float and leaves
a few of 256 levels to most of them in int8: large networks come to that by themselves. Every figure
is of the 597 pictures that training never saw, int8 by the very file. "longer" trained as long and
in the same way in float. Goal: where int8 loses more than a point, half of it is won back.

    python benchmarks/qat.py --seeds 3 --decades 2.5
"""

from __future__ import annotations

import argparse
from statistics import mean

import numpy as np
from sklearn.datasets import load_digits

from mmkeras.quiet import import_keras

SEEN = 1200  # of 1797
CALIBRATION = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--decades", type=float, default=2.5)
    parser.add_argument("--epochs", type=int, default=5)
    options = parser.parse_args()
    import_keras()
    rows = [measured(seed, options.decades, options.epochs) for seed in range(options.seeds)]
    print("| seed | float | int8 | int8, longer | int8, qat | won back |")
    print("|---|---|---|---|---|---|")
    for seed, (whole, int8, longer, aware) in enumerate(rows):
        back = (aware - int8) / (whole - int8) if whole > int8 else float("nan")
        print(f"| {seed} | {whole:.3f} | {int8:.3f} | {longer:.3f} | {aware:.3f} | {back:.0%} |")
    whole, int8, longer, aware = (mean(column) for column in zip(*rows, strict=True))
    back = (aware - int8) / (whole - int8)
    print(f"| mean | {whole:.3f} | {int8:.3f} | {longer:.3f} | {aware:.3f} | {back:.0%} |")


def measured(seed: int, decades: float, epochs: int) -> tuple[float, float, float, float]:
    """Accuracy in float, of the int8 file, of one after more float training, and after QAT."""
    import keras

    from mmkeras_export import Settle, qat

    pictures, labels = load_digits(return_X_y=True)
    pictures = (pictures / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    order = np.random.default_rng(seed).permutation(len(labels))
    pictures, labels = pictures[order], labels[order]
    seen, unseen = (pictures[:SEEN], labels[:SEEN]), (pictures[SEEN:], labels[SEEN:])
    keras.utils.set_random_seed(seed)
    model = network()
    trained(model, *seen, 1e-2, 20)
    scaled_badly(model, decades, seed)
    weights = model.get_weights()
    whole = accuracy(model.predict(unseen[0], verbose=0), unseen[1])
    figures = [whole, of_file(model, seen[0], *unseen)]
    trained(model, *seen, 1e-3, epochs)
    figures.append(of_file(model, seen[0], *unseen))
    model.set_weights(weights)
    aware = qat(model, [{"x": picture} for picture in seen[0][:CALIBRATION]])
    trained(aware, *seen, 1e-3, epochs, [Settle()])
    figures.append(of_file(model, seen[0], *unseen))
    print(f"seed {seed}: {figures}", flush=True)
    return tuple(figures)


def network():
    """Convolution, depthwise convolution, pointwise convolution, each normalised and rectified."""
    import keras
    from keras import layers

    x = y = keras.Input((8, 8, 1), name="x")
    for name, layer in (
        ("first", layers.Conv2D(16, 3, padding="same", use_bias=False, name="first")),
        ("depthwise", layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="depthwise")),
        ("pointwise", layers.Conv2D(32, 1, use_bias=False, name="pointwise")),
    ):
        y = layers.BatchNormalization(momentum=0.9, name=f"{name}_bn")(layer(y))
        y = layers.ReLU()(y)
    y = layers.GlobalAveragePooling2D()(y)
    return keras.Model(x, layers.Dense(10, activation="softmax", name="y")(y))


def scaled_badly(model, decades: float, seed: int) -> None:
    """The same function: normalisation shrinks a channel, and the next kernel takes it back."""
    random = np.random.default_rng(seed)
    for giver, taker in (("first_bn", "depthwise"), ("depthwise_bn", "pointwise")):
        norm, kernel = model.get_layer(giver), model.get_layer(taker).kernel
        exponents = random.permutation(np.linspace(0, decades, norm.gamma.shape[0]))
        factors = (10.0**-exponents).astype(np.float32)
        norm.gamma.assign(np.asarray(norm.gamma) * factors)
        norm.beta.assign(np.asarray(norm.beta) * factors)
        kernel.assign(np.asarray(kernel) / factors[:, np.newaxis])  # (h, w, in, out)


def trained(model, pictures, labels, rate: float, epochs: int, callbacks=()) -> None:
    import keras

    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    model.fit(pictures, labels, batch_size=64, epochs=epochs, verbose=0, callbacks=list(callbacks))


def of_file(model, seen, pictures, labels) -> float:
    """Accuracy of the full int8 file."""
    from mmkeras_export import quantize, run_lite

    samples = [{"x": picture} for picture in seen[:CALIBRATION]]
    lite = quantize(model, "int8", samples)
    return accuracy(run_lite(lite, {"x": pictures})["y"], labels)


def accuracy(said, labels) -> float:
    return float((said.argmax(-1) == labels).mean())


if __name__ == "__main__":
    main()
