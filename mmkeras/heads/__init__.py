"""Heads: fused features to a named output, its loss and its metrics."""

from mmkeras.heads.classify import CLASSIFY
from mmkeras.heads.head import Head

HEADS: dict[str, Head] = {"classify": CLASSIFY}  # by kind of task

__all__ = ["HEADS", "Head"]
