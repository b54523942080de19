"""Writes tiny.tflite and tiny_int8.tflite, two models whose answers a reader can work out, and
tiny_pieces.tflite, the first with its branches and its fusion as signatures of their own.

Run where TensorFlow is, after a change of the file format: python tests/edge/make_tiny.py
The tests only read the two files and `packed`, so that they need no TensorFlow.
"""

from __future__ import annotations

import hashlib
import io
import wave
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from mmkeras_edge.card import Card
from mmkeras_edge.golden import Golden, write_golden
from mmkeras_edge.graph import Graph
from mmkeras_edge.inputs import load_sample
from mmkeras_edge.outputs import ClassifySpec
from mmkeras_edge.specs import AudioSpec, ImageSpec, TextSpec
from mmkeras_edge.text import read_tokenizer
from mmkeras_edge.traces import traces_of

HERE = Path(__file__).parent
LABELS = ("bright", "wordy", "loud")
CARD = Card(
    inputs={
        "image": ImageSpec(8, 8),
        "text": TextSpec(6),
        "audio": AudioSpec(clip_ms=10, hop_ms=10),
    },
    outputs={"label": ClassifySpec(LABELS)},
    optional=("audio",),
    metrics={"float": {"label": {"accuracy": 1.0}}, "file": {"label": {"accuracy": 1.0}}},
    versions={"made_by": "tests/edge/make_tiny.py"},
)


def packed(model: bytes, card: Card, tokenizer: bytes | None, golden: bytes | None) -> bytes:
    """A model with its zip behind it, hashes filled in; None leaves an entry out."""
    entries = {"tokenizer.json": tokenizer, "golden.npz": golden}
    carried = {name: content for name, content in entries.items() if content is not None}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in carried.items()}
    hashes["model"] = hashlib.sha256(model).hexdigest()
    card = replace(card, sha256=hashes, model_bytes=len(model))
    file = io.BytesIO(model)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"card.json": card.to_json().encode(), **carried}.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def tiny_model() -> bytes:
    """softmax(4 x [mean pixel / 255, share of ids that are not 0, mean |audio| if present])."""
    import tensorflow as tf

    class Tiny(tf.Module):
        @tf.function(
            input_signature=[
                tf.TensorSpec((1, 8, 8, 3), tf.uint8, "image"),
                tf.TensorSpec((1, 6), tf.int32, "text"),
                tf.TensorSpec((1, 160), tf.float32, "audio"),
                tf.TensorSpec((1,), tf.float32, "audio_present"),
            ]
        )
        def serve(self, image, text, audio, audio_present):
            bright = tf.reduce_mean(tf.cast(image, tf.float32), axis=(1, 2, 3)) / 255.0
            wordy = tf.reduce_mean(tf.cast(text != 0, tf.float32), axis=1)
            loud = tf.reduce_mean(tf.abs(audio), axis=1) * audio_present
            return {"label": tf.nn.softmax(4.0 * tf.stack([bright, wordy, loud], axis=1))}

    return converted(Tiny())


def tiny_int8_model() -> bytes:
    """half = x / 2, (1, 2), int8 at both ends: x in steps of 1/255, half in steps of 1/510."""
    import tensorflow as tf

    class Half(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 2), tf.float32, "x")])
        def serve(self, x):
            return {"half": tf.matmul(x, tf.constant([[0.5, 0.0], [0.0, 0.5]]))}

    samples = [("serve", {"x": np.array([[low, 1.0]], np.float32)}) for low in (0.0, 0.5)]

    def int8(converter):
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: iter(samples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8

    return converted(Half(), int8)


def converted(module, configure=lambda converter: None) -> bytes:
    import tempfile

    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder, signatures={"serve": module.serve})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        configure(converter)
        return converter.convert()


def byte_tokenizer() -> bytes:
    """One id a byte, 1 to 256; 0 is padding."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = {"<pad>": 0, **{letter: i + 1 for i, letter in enumerate(alphabet)}}
    tokenizer = Tokenizer(models.BPE(vocab, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer.to_str().encode()


def samples(graph: Graph, tokenizer: bytes) -> list[Golden]:
    """A white picture, "abc" and a tone; then a ramp of grey, a longer word and no audio."""
    from PIL import Image

    white = io.BytesIO()
    Image.new("RGB", (16, 12), "white").save(white, "PNG")
    ramp = io.BytesIO()
    Image.linear_gradient("L").save(ramp, "PNG")
    tone = io.BytesIO()
    with wave.open(tone, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        wobble = 16_384 * np.sin(2 * np.pi * 440 * np.arange(800) / 8_000)
        file.writeframes(wobble.astype("<i2").tobytes())
    raws = [
        {"image": white.getvalue(), "text": "abc", "audio": tone.getvalue()},
        {"image": ramp.getvalue(), "text": "größer"},
    ]
    reader = read_tokenizer(tokenizer.decode())
    feeds = [load_sample(raw, CARD.inputs, CARD.optional, reader) for raw in raws]
    return [
        Golden(raw, feed, graph.run(feed), traces_of(raw, CARD.inputs))
        for raw, feed in zip(raws, feeds, strict=True)
    ]


def main() -> None:
    model, tokenizer = tiny_model(), byte_tokenizer()
    golden = write_golden(samples(Graph(model), tokenizer))
    (HERE / "tiny.tflite").write_bytes(packed(model, CARD, tokenizer, golden))
    (HERE / "tiny_int8.tflite").write_bytes(tiny_int8_model())
    (HERE / "tiny_pieces.tflite").write_bytes(packed(*in_pieces(model), tokenizer, golden))


def in_pieces(model: bytes) -> tuple[bytes, Card]:
    from mmkeras_export.second_root import divided

    pieces = divided(model, ["audio_present"])
    return pieces.lite, replace(CARD, branches_root=pieces.root)


if __name__ == "__main__":
    main()
