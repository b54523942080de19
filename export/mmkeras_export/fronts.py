"""What of a graph makes a spectrogram of a sound, as a piece that `verify` can run alone."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mmkeras_edge.branches import LOG_MEL, front_key
from mmkeras_export.dividing import Operation, Piece, needed


def fronts_of(operations: list[Operation], feeds: Mapping[str, int]) -> dict[str, Piece]:
    """A piece for each input that goes through a layer NAME_log_mel: up to the last of what that
    layer does, in float.

    >>> log = Operation((0,), (1,), "model/audio_log_mel/Log")
    >>> fronts_of([log, Operation((1,), (2,), "model/dense")], {"audio": 0})["front/audio"]
    Piece(inputs={'audio': 0}, outputs={'log_mel': 1}, operators=(0,))
    """
    pieces = {}
    for name, tensor in feeds.items():
        layer = re.compile(rf"(^|/){re.escape(name)}_log_mel(_\d+)?/")
        found = [op for op in operations if layer.search(op.name) and "_quantized" not in op.name]
        if found:
            last = found[-1].outputs[0]
            operators = needed(operations, [last], {tensor})
            pieces[front_key(name)] = Piece({name: tensor}, {LOG_MEL: last}, operators)
    return pieces
