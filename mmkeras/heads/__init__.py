"""Heads: fused features to a named output, its loss and its metrics."""

from mmkeras.heads.classify import classify

HEADS = {"classify": classify}  # by kind

__all__ = ["HEADS"]
