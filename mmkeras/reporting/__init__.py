"""What a run is and how good it is, as one page and as a model card."""

from mmkeras.reporting.gathering import report
from mmkeras.reporting.result import WORDS, Report

__all__ = ["WORDS", "Report", "report"]
