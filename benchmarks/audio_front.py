"""What the log-mel front end costs on the device's runtime, and what other ways would cost.

    python benchmarks/audio_front.py
    python benchmarks/audio_front.py --rates 16000 --clips 1000 --threads 1

Each way is a graph of its own, float32, and all compute the same but for the shape of the Hann
window in "fft". The ways take turns, so that a busy machine slows all of them. Prints the least
and the median ms of one call and their ratio to the FFT's, the file's kB, and the largest error
against NumPy in float64.
"""

from __future__ import annotations

import argparse
from time import perf_counter

import numpy as np

from mmkeras.quiet import import_keras

HOP_MS = 16
MELS = {16_000: 64, 8_000: 40}
WARM_UP = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", type=int, nargs="+", default=[16_000, 8_000], help="in Hz")
    parser.add_argument("--clips", type=int, nargs="+", default=[1_000, 1_500], help="in ms")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--runs", type=int, default=400)
    options = parser.parse_args()
    import_keras()
    print("| Hz | ms of sound | threads | way | least ms | median ms | / fft | kB | error |")
    print("|---" * 9 + "|")
    for rate_hz in options.rates:
        for clip_ms in options.clips:
            compare(rate_hz, clip_ms, options.threads, options.runs)


def compare(rate_hz: int, clip_ms: int, threads: list[int], runs: int) -> None:
    from mmkeras_edge.graph import Graph
    from mmkeras_edge.specs import AudioSpec

    spec = AudioSpec(rate_hz, clip_ms, HOP_MS, mels=MELS.get(rate_hz, 64))
    samples = np.random.default_rng(0).normal(size=spec.samples) * 0.1
    samples = (samples + np.sin(0.3 * np.arange(spec.samples))).astype(np.float32)
    files = {name: graph_of(way, spec) for name, way in ways().items()}
    for count in threads:
        graphs = {name: Graph(file, count) for name, file in files.items()}
        errors = {
            name: np.abs(
                graph.run({"samples": samples})["log_mel"] - reference(spec, samples, name)
            )
            for name, graph in graphs.items()
        }
        times_ms = np.array([[timed(graph) for graph in graphs.values()] for _ in range(runs)])
        times_ms = times_ms[WARM_UP:]
        medians = np.median(times_ms, axis=0)
        for i, name in enumerate(graphs):
            print(
                f"| {rate_hz} | {clip_ms} | {count} | {name} | {times_ms[:, i].min():.3f} | "
                f"{medians[i]:.3f} | {medians[i] / medians[0]:.2f} | "
                f"{len(files[name]) / 1e3:.0f} | {errors[name].max():.0e} |",
                flush=True,
            )


def timed(graph) -> float:
    """Milliseconds of one call, after one that brings the graph's memory near again."""
    graph.interpreter.invoke()
    begun = perf_counter()
    graph.interpreter.invoke()
    return 1e3 * (perf_counter() - begun)


def graph_of(way, spec) -> bytes:
    import keras

    from mmkeras_export import convert

    samples = keras.Input(spec.shape, name="samples")
    return convert(keras.Model({"samples": samples}, {"log_mel": way.of(spec)(samples)}))


def reference(spec, samples: np.ndarray, name: str) -> np.ndarray:
    """Log-mel in float64: (frames, mels, 1)."""
    from mmkeras.branches.log_mel import FLOOR, mel_filters

    hop, window = spec.hop_samples, spec.hop_samples * spec.window_hops
    padded = np.append(samples.astype(np.float64), np.zeros(window - hop))
    frames = np.stack([padded[i : i + window] for i in range(0, spec.samples, hop)])
    at = np.arange(window) + (0.0 if name == "fft" else 0.5)
    weights = 0.5 - 0.5 * np.cos(2 * np.pi * at / window)
    power = np.abs(np.fft.rfft(frames * weights / weights.sum())) ** 2
    bands = np.log(power @ mel_filters(spec.rate_hz, window, spec.mels) + FLOOR)
    return 0.25 * (bands - bands.mean())[..., None]


def ways() -> dict:
    """The ways by name; the first is what the others are compared with, the last what we ship."""
    from keras import ops

    from mmkeras.branches.log_mel import FLOOR, LogMel, mel_filters

    class Way(LogMel):
        """Frames to power by a way of its own."""

        def build(self, shape):
            super().build(shape)
            self.window = self.hop_samples * self.window_hops
            self.mel = mel_filters(self.rate_hz, self.window, self.mels)
            angle = 2 * np.pi * np.arange(self.window)[:, None] / self.window
            bins = np.arange(self.window // 2 + 1)
            self.cosine = (np.cos(angle * bins) * self._window[:, None]).astype(np.float32)
            self.sine = (np.sin(angle * bins) * self._window[:, None]).astype(np.float32)

        def call(self, samples):
            frames = samples.shape[1] // self.hop_samples
            hops = ops.pad(samples, ((0, 0), (0, self.window - self.hop_samples)))
            hops = ops.reshape(hops, (-1, frames + self.window_hops - 1, self.hop_samples))
            log_mel = ops.log(ops.matmul(self.power(hops, frames), self.mel) + FLOOR)
            log_mel = log_mel - ops.mean(log_mel, axis=(1, 2), keepdims=True)
            return ops.expand_dims(log_mel * 0.25, -1)

        def framed(self, hops, frames):
            parts = [hops[:, i : i + frames] for i in range(self.window_hops)]
            return ops.concatenate(parts, axis=-1)

    class Fft(Way):
        """The runtime's own, over frames of a power of two."""

        def power(self, hops, frames):
            at = np.arange(self.window)
            weights = 0.5 - 0.5 * np.cos(2 * np.pi * at / self.window)
            window = (weights / weights.sum()).astype(np.float32)
            real, imaginary = ops.rfft(self.framed(hops, frames) * window, self.window)
            return ops.square(real) + ops.square(imaginary)

    class Product(Way):
        """Frames times cosines and sines, the window folded in."""

        def power(self, hops, frames):
            framed = self.framed(hops, frames)
            real, imaginary = ops.matmul(framed, self.cosine), ops.matmul(framed, self.sine)
            return ops.square(real) + ops.square(imaginary)

    class Convolution(Way):
        """The same, framing as a convolution over hops: nothing is copied."""

        def power(self, hops, frames):
            shape = (self.window_hops, self.hop_samples, -1)
            parts = [ops.conv(hops, m.reshape(shape)) for m in (self.cosine, self.sine)]
            return ops.square(parts[0]) + ops.square(parts[1])

    class FoldedOnce(Way):
        """Sums and differences about the middle of a frame: half the matrix."""

        def power(self, hops, frames):
            before, after = ops.split(self.framed(hops, frames), 2, axis=-1)
            before = ops.flip(before, -1)
            at = np.arange(self.window // 2)[:, None] + 0.5
            angle = 2 * np.pi * at * np.arange(self.window // 2 + 1) / self.window
            window = self._window[self.window // 2 :, None]
            cosine, sine = ((f(angle) * window).astype(np.float32) for f in (np.cos, np.sin))
            real = ops.matmul(after + before, cosine)
            return ops.square(real) + ops.square(ops.matmul(after - before, sine))

    return {
        "fft": Fft,
        "product": Product,
        "convolution": Convolution,
        "folded once": FoldedOnce,
        "folded twice (ours)": LogMel,
    }


if __name__ == "__main__":
    main()
