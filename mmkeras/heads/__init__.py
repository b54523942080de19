"""Heads: fused features to a named output, its loss and how good it is."""

from mmkeras.heads.binary import BINARY, MULTILABEL
from mmkeras.heads.classify import CLASSIFY
from mmkeras.heads.head import Head
from mmkeras.heads.numbers import COUNT, GAUSSIAN, QUANTILES, REGRESS
from mmkeras.heads.ordinal import ORDINAL

HEADS: dict[str, Head] = {  # by kind of task
    "classify": CLASSIFY,
    "binary": BINARY,
    "multilabel": MULTILABEL,
    "ordinal": ORDINAL,
    "regress": REGRESS,
    "gaussian": GAUSSIAN,
    "count": COUNT,
    "quantiles": QUANTILES,
}

__all__ = ["HEADS", "Head"]
