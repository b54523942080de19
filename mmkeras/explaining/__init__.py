"""Why a model answers as it does to one sample, and whether the explanation holds."""

from mmkeras.explaining.attention import Attention
from mmkeras.explaining.checking import Check, Held, check
from mmkeras.explaining.contributions import Contributions
from mmkeras.explaining.explaining import explain
from mmkeras.explaining.explanation import Explanation
from mmkeras.explaining.marks import Mark
from mmkeras.explaining.sample import Usual, usual_of

__all__ = [
    "Attention",
    "Check",
    "Contributions",
    "Explanation",
    "Held",
    "Mark",
    "Usual",
    "check",
    "explain",
    "usual_of",
]
