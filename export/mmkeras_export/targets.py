"""What a file is for: the boards and systems, as data, each number with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mmkeras_edge.inputs import pick
from mmkeras_export.quantizing.number_formats import FORMATS, widest

EVERY = tuple(FORMATS)  # from wide to narrow
# What tflite-runtime 2.14 was seen to answer as ai-edge-litert does. It refuses weights_int4 and
# int16, answers nearly the same to everything in dynamic_int8, and is off by up to 0.02 in int8.
OLD_RUNTIME = ("float32", "float16", "weights_int8")
SHARE = 0.5  # of the memory, that one model may take: the system and the application want some

XNNPACK = (
    "XNNPACK's README, table of 8 February 2022, all cores: MobileNet v2 (300 million "
    "multiply-adds) as FP32 and as INT8"
)

EDGE_TPU_OPS = frozenset(  # coral.ai, "TensorFlow models on the Edge TPU", table 1
    (
        *("ADD", "AVERAGE_POOL_2D", "CONCATENATION", "CONV_2D", "DEPTHWISE_CONV_2D"),
        *("EXPAND_DIMS", "FULLY_CONNECTED", "L2_NORMALIZATION", "LOGISTIC", "LSTM", "MAXIMUM"),
        *("MAX_POOL_2D", "MEAN", "MINIMUM", "MUL", "PACK", "PAD", "PRELU", "QUANTIZE"),
        *("REDUCE_MAX", "REDUCE_MIN", "RELU", "RELU6", "RELU_N1_TO_1", "RESHAPE"),
        *("RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR", "RSQRT", "SLICE", "SOFTMAX"),
        *("SPACE_TO_DEPTH", "SPLIT", "SQUARED_DIFFERENCE", "SQUEEZE", "STRIDED_SLICE", "SUB"),
        *("SUM", "TANH", "TRANSPOSE", "TRANSPOSE_CONV"),
    )
)


@dataclass(frozen=True)
class Target:
    """Where a file will run, and what it may be there.

    `memory_mb` is the smallest that is sold; `formats` are the number formats that its runtime
    takes; `int8_gain` is how many times faster full int8 is than float32, and `float_gmacs` the
    billion multiply-adds a second in float32 with all cores, where somebody published it.
    `ops` are those that the accelerator takes, all if None: the host computes the others.
    """

    what: str
    source: str
    memory_mb: int
    formats: tuple[str, ...] = EVERY
    int8_gain: float = 1.0
    float_gmacs: float | None = None
    runtime: str = "ai-edge-litert"
    integer_borders: bool = False  # inputs and outputs as integers
    ops: frozenset[str] | None = None
    note: str = ""

    @property
    def budget_mb(self) -> float:
        """What the file and its arrays may take together."""
        return SHARE * self.memory_mb

    def borne(self, layers: Mapping[str, str]) -> dict[str, str]:
        """Number formats by layer as the runtime has them: what it lacks becomes the next wider
        one. Beside an accelerator the host computes what that does not take, in any format."""
        if self.ops is not None:
            return dict(layers)
        wider = {each: [f for f in self.formats if widest(f, each) == f] for each in EVERY}
        return {
            name: each if each in self.formats else max(wider[each], key=EVERY.index)
            for name, each in layers.items()
        }

    def speed(self, precision: str) -> float:
        """Multiply-adds a second, float32's = 1; only of full int8 it is known to be another."""
        return self.int8_gain if precision == "int8" else 1.0

    def milliseconds(self, macs: int, precision: str = "float32") -> float | None:
        """Of so many multiply-adds at the published rate; None where there is none.

        An estimate: small models lose more between the operations, and nothing else is counted.
        """
        if self.float_gmacs is None:
            return None
        return macs / (1e6 * self.float_gmacs * self.speed(precision))


TARGETS = {
    "any": Target(
        what="a 64-bit ARM or x86 CPU, not known closer",
        source=f"int8: the smallest gain of a 64-bit board; {XNNPACK}, 79 and 30 ms",
        memory_mb=1_024,
        int8_gain=2.6,
    ),
    "raspberry-pi-5": Target(
        what="4 Cortex-A76 at 2.4 GHz, 1 GB or more",
        source="Raspberry Pi 5 product brief; nobody published XNNPACK's speed on it, so int8 is "
        "taken to gain what it does on a Pi 4, which lacks its dot products",
        memory_mb=1_024,
        int8_gain=2.7,
    ),
    "raspberry-pi-4": Target(
        what="4 Cortex-A72 at 1.5 GHz, 1 GB or more",
        source=f"Raspberry Pi 4 Model B product brief; {XNNPACK}, 46 and 17 ms in 64 bits",
        memory_mb=1_024,
        int8_gain=2.7,
        float_gmacs=6.5,
    ),
    "raspberry-pi-3": Target(
        what="4 Cortex-A53 at 1.4 GHz, 1 GB",
        source=f"Raspberry Pi 3 Model B+ product brief; {XNNPACK}, 79 and 30 ms",
        memory_mb=1_024,
        int8_gain=2.6,
        float_gmacs=3.8,
    ),
    "raspberry-pi-zero-2": Target(
        what="4 Cortex-A53 at 1 GHz, 512 MB, a 64-bit system",
        source="Raspberry Pi Zero 2 W product brief; the cores of a Pi 3, slower by the clock",
        memory_mb=512,
        int8_gain=2.6,
        float_gmacs=3.8 / 1.4,
    ),
    "raspberry-pi-zero-2-32bit": Target(
        what="the same with a 32-bit system",
        source="as raspberry-pi-zero-2; ai-edge-litert has no 32-bit wheel, and tflite-runtime "
        "2.14, which has, is right about float arithmetic alone",
        memory_mb=512,
        float_gmacs=3.8 / 1.4,
        formats=OLD_RUNTIME,
        runtime="tflite-runtime",
    ),
    "android": Target(
        what="a phone with a 64-bit ARM CPU",
        source="Android promises no memory to native code: 1 GB is half of a device with 2 GB, "
        "the least that runs the full system; int8 as on a Pi 4",
        memory_mb=1_024,
        int8_gain=2.7,
        runtime="LiteRT for Android",
    ),
    "ios": Target(
        what="an iPhone or iPad",
        source="Apple publishes no limit for an app: 1 GB is a third of the oldest device with "
        "3 GB; int8 as on a Pi 4",
        memory_mb=1_024,
        int8_gain=2.7,
        runtime="LiteRT for iOS",
    ),
    "browser": Target(
        what="wasm in a browser's tab",
        source="wasm32 addresses 4 GB, a phone's tab gets far less: 1 GB is ours; int8's gain in "
        "wasm is not published, so none is counted",
        memory_mb=1_024,
        formats=("float32", "float16", "weights_int8", "dynamic_int8", "int8"),
        runtime="@litertjs/core",
    ),
    "coral-edge-tpu": Target(
        what="an Edge TPU beside a host",
        source="coral.ai, 'TensorFlow models on the Edge TPU' and 'Edge TPU Compiler'",
        memory_mb=1_024,  # of the host
        formats=("int8",),
        integer_borders=True,
        ops=EDGE_TPU_OPS,
        runtime="libedgetpu, after edgetpu_compiler",
        note="compile the file with edgetpu_compiler, Google's, for x86-64; parameters beyond the "
        "8 MB of the chip are fetched at every call, and what follows the first operation that it "
        "does not take runs on the host: the log-mel, attention",
    ),
    "microcontroller": Target(
        what="such as ESP32-S3 with 16 MB of flash",
        source="ESP32-S3 data sheet; TensorFlow Lite for Microcontrollers, which has no kernels "
        "for mixed float and int8 matrices",
        memory_mb=16,
        formats=("float32", "int8"),
        runtime="TensorFlow Lite for Microcontrollers",
        note="mmkeras_edge does not run there: decoding and tokens are the application's; how "
        "many of the 512 kB of RAM the arrays take is seen on the board alone",
    ),
}


def target_of(name: str) -> Target:
    """Raises ValueError for an unknown one, with those there are."""
    return pick(TARGETS, name, "target")
