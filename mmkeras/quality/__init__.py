"""Whether data is fit to be learned from: what is wrong, where, and what to do about it."""

from mmkeras.quality.checking import check
from mmkeras.quality.finding import FINDINGS, Finding
from mmkeras.quality.mending import Mended, mend
from mmkeras.quality.report import Quality

__all__ = ["FINDINGS", "Finding", "Mended", "Quality", "check", "mend"]
