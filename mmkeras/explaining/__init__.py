"""Why a model answers as it does to one sample, and whether the explanation holds."""

from mmkeras.explaining.explaining import explain
from mmkeras.explaining.explanation import Explanation
from mmkeras.explaining.sample import Usual, usual_of

__all__ = ["Explanation", "Usual", "explain", "usual_of"]
