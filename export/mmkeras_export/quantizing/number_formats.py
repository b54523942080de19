"""The number formats that a layer can have in a file for the device."""

from __future__ import annotations

from typing import NamedTuple

FLOAT_BITS, HALF_BITS = 32, 16


class Format(NamedTuple):
    """How weights are stored, and what activations are while the device computes."""

    weight_bits: int
    activation_bits: int
    calibrated: bool = False  # ranges of activations are fixed beforehand, by samples
    meaning: str = ""

    @property
    def exact(self) -> bool:
        """Answers must be Keras' own, not only as good."""
        return self.weight_bits == FLOAT_BITS


# From wide to narrow: what must be spared gets the first that it bears. None but float32 is a
# promise of speed: what a format brings depends on the processor, see `Report`.
FORMATS = {
    "float32": Format(32, 32, meaning="as trained"),
    "float16": Format(16, 32, meaning="weights of half the size, computed with as float32"),
    "weights_int8": Format(
        8, 32, meaning="weights of a quarter; every layer widens them again, and computes in float"
    ),
    "weights_int4": Format(
        4, 32, meaning="weights of an eighth, where products allow it; no faster than float32"
    ),
    "int16": Format(
        8, 16, calibrated=True, meaning="int8 weights; activations fine enough for attention; slow"
    ),
    "dynamic_int8": Format(
        8, 8, meaning="int8 weights; products round activations as they come; needs no samples"
    ),
    "int8": Format(8, 8, calibrated=True, meaning="int8 throughout: the smallest and fastest"),
}


def widest(*names: str) -> str:
    """The one of these formats that changes the fewest numbers."""
    order = list(FORMATS)
    return min(names, key=order.index)
