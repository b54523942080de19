"""Replays a file's golden samples: does this machine answer like the one that trained?"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from mmkeras_edge.branches import Branches, open_branches
from mmkeras_edge.file import open_file
from mmkeras_edge.golden import Golden, read_golden
from mmkeras_edge.graph import Graph
from mmkeras_edge.inputs import load_input
from mmkeras_edge.outputs import PROBABILITIES, OutputSpec
from mmkeras_edge.runner import Model
from mmkeras_edge.specs import InputSpec, presence_name
from mmkeras_edge.traces import TRACED, trace_of

# What loading an input is called behind its decoding, and what may differ there.
LOADING = {
    "image": "resize",
    "text": "tokens",
    "audio": "resample",
    "sensor": "window",
    "table": "fields",
    "video": "frames",
}
DECODE_TOLERANCE = {
    # grey levels of a field's mean: a JPEG decoder may round each pixel up or down
    "image": 1.0,
    # thousandths of full scale
    "audio": 1.0,
}
# Of a log-mel spectrogram, which spans -2 to 2: kept as float16; float kernels of an FFT differ.
SPECTROGRAM_TOLERANCE = 0.02
LOAD_TOLERANCE = {
    # grey levels: JPEG decoders may round a pixel up or down, and resizing averages
    "image": 1.0,
    # token ids: another id is another word
    "text": 0.0,
    # full scale: the array is kept as float16 (0.0005), MP3 and OGG decoders and soxr add a bit
    "audio": 2e-3,
    # of the largest reading, whatever its unit: float64 sums, rounded to float32
    "sensor": 1e-5,
    # read, not computed; what is missing here must be missing there
    "table": 0.0,
    # grey levels, as of a picture
    "video": 1.0,
}
ANSWER_TOLERANCE = 1e-3  # a probability: float kernels differ in the order of their sums
INT8_ANSWER_TOLERANCE = (
    2 / 256
)  # two steps of an int8 probability: a rounding that went the other way
# A number is measured in deviations of its labels; their range, at most ten or so, has 256 steps.
INT8_NUMBER_TOLERANCE = 0.1
GROSS = 8  # so many times what `verify` allows is no rounding


@dataclass(frozen=True)
class Stage:
    """One comparison: the loading of an input, or an answer of the graph."""

    sample: int
    name: str  # "decode image", "resize image", "answer category"
    difference: float  # the largest; infinite where this machine failed
    tolerance: float
    error: str = ""

    @property
    def passed(self) -> bool:
        return self.difference <= self.tolerance  # False for NaN


@dataclass(frozen=True)
class Report:
    """What `verify` found, in the order of the data's way; `bool(report)` is the verdict."""

    stages: tuple[Stage, ...]

    def __bool__(self) -> bool:
        return all(stage.passed for stage in self.stages)

    @property
    def verdict(self) -> str:
        """One line: all is well, or the first stage that differs and by how much."""
        for stage in self.stages:
            if not stage.passed:
                found = stage.error or f"differs by {stage.difference:.3g}"
                return (
                    f"this machine does not reproduce the training machine: {stage.name!r} of "
                    f"sample {stage.sample} {found}, allowed {stage.tolerance:.3g}"
                )
        return "this machine reproduces the training machine"


def verify(path: str | os.PathLike[str], threads: int | None = None) -> Report:
    """Loads every golden sample and runs it, here.

    The graph is fed with what this machine loaded, and with the training machine's array where the
    two differ too much: a fault of loading is then not counted against the graph as well. Raises
    ValueError for a file that cannot be opened or carries no golden samples.
    """
    file = open_file(path)
    model = Model(file, Graph(file.path, threads))  # `load` would stop at what is to be told here
    pieces = open_branches(file, threads) if file.card.branches_root else None
    stages: list[Stage] = []
    for i, golden in enumerate(read_golden(model.file)):
        feed, loads = _load(model, golden, i)
        stages += loads + _spectrograms(pieces, golden, feed, i)
        stages += _answer(model, golden, feed, i)
    return Report(tuple(stages))


def check_answers(model: Model) -> None:
    """Raises ValueError where the graph answers otherwise here than where it was exported.

    Old runtimes run files that are newer than they are, and are wrong without a word: of
    tflite-runtime 2.14 the answers to dynamic int8 hardly depend on the inputs. What is a rounding
    passes, and a file without golden samples.
    """
    if model.file.golden is None:
        return
    for i, golden in enumerate(read_golden(model.file)):
        for stage in _answer(model, golden, _golden_feed(model, golden), i):
            if not stage.difference <= GROSS * stage.tolerance:  # NaN too
                raise ValueError(
                    f"{model.file.path!r}: {model.graph.runtime} runs it and is wrong, "
                    f"{stage.name!r} differs by {stage.difference:.3g}, {GROSS} times more than "
                    f"allowed; install ai-edge-litert, or export it as float32"
                )


def _golden_feed(model: Model, golden: Golden) -> dict[str, np.ndarray]:
    """The whole feed of a graph as the training machine had it."""
    card = model.file.card
    feed: dict[str, np.ndarray] = {}
    for name, spec in card.inputs.items():
        given = name in golden.raw
        feed[name] = golden.arrays[name] if given else np.zeros(spec.shape, spec.dtype)
        if name in card.optional:
            feed[presence_name(name)] = np.array(given, np.float32)
    return feed


def _load(model: Model, golden: Golden, i: int) -> tuple[dict[str, np.ndarray], list[Stage]]:
    card = model.file.card
    feed = _golden_feed(model, golden)
    stages: list[Stage] = []
    for name, spec in card.inputs.items():
        if name not in golden.raw:
            continue
        decoded = _decode(golden, name, spec, i)
        stages += decoded
        if any(stage.error for stage in decoded):  # there is nothing to resize
            continue
        here, stage = _loaded(model, golden, name, i)
        if here is not None and stage.passed:
            feed[name] = here
        stages.append(stage)
    return feed, stages


def _decode(golden: Golden, name: str, spec: InputSpec, i: int) -> list[Stage]:
    """What comes out of a file, of a kind that has a trace; what is no file has none."""
    if spec.kind not in TRACED:
        return []
    here, error = None, ""
    try:
        here = trace_of(golden.raw[name], spec)
    except ValueError as failure:  # a codec that this machine lacks
        error = f"failed ({failure})"
    difference = _difference(here, golden.traces[name])
    return [Stage(i, f"decode {name}", difference, DECODE_TOLERANCE[spec.kind], error)]


def _loaded(model: Model, golden: Golden, name: str, i: int) -> tuple[np.ndarray | None, Stage]:
    spec = model.file.card.inputs[name]
    here, error = None, ""
    try:
        here = load_input(golden.raw[name], spec, model.tokenizer)
    except ValueError as failure:
        error = f"failed ({failure})"
    difference = _difference(here, golden.arrays[name], relative=spec.kind == "sensor")
    stage = Stage(i, f"{LOADING[spec.kind]} {name}", difference, LOAD_TOLERANCE[spec.kind], error)
    return here, stage


def _spectrograms(
    pieces: Branches | None, golden: Golden, feed: dict[str, np.ndarray], i: int
) -> list[Stage]:
    if pieces is None:
        return []
    return [
        Stage(
            i,
            f"log-mel {name}",
            _difference(pieces.spectrogram(name, feed[name]), wanted),
            SPECTROGRAM_TOLERANCE,
        )
        for name, wanted in golden.spectrograms.items()
    ]


def _answer(model: Model, golden: Golden, feed: dict[str, np.ndarray], i: int) -> list[Stage]:
    answers = model.graph.run(feed)
    specs = model.file.card.outputs
    return [
        Stage(
            i,
            f"answer {name}",
            _difference(answers[name], wanted),
            _tolerance(specs[name], model.file.card.precision) * specs[name].scale,
        )
        for name, wanted in golden.outputs.items()
    ]


def _tolerance(spec: OutputSpec, precision: str) -> float:
    if "int8" not in precision:
        return ANSWER_TOLERANCE
    return INT8_ANSWER_TOLERANCE if spec.kind in PROBABILITIES else INT8_NUMBER_TOLERANCE


def _difference(here: np.ndarray | None, there: np.ndarray, relative: bool = False) -> float:
    """The largest; `relative` to the largest number there. What is NaN in both does not differ."""
    if here is None or here.shape != there.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        differences = np.abs(here.astype(np.float64) - there)
    both = np.isnan(here) & np.isnan(there) if here.dtype.kind == "f" else False
    largest = float(np.where(both, 0.0, differences).max())
    return largest / (float(np.abs(there).max()) or 1.0) if relative else largest
