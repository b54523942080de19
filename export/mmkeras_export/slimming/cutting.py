"""Structured pruning: a smaller model that answers as the large one did without those channels."""

from __future__ import annotations

from collections.abc import Mapping

import keras

from mmkeras_edge.inputs import pick
from mmkeras_export.slimming.choice import Cut, choose
from mmkeras_export.slimming.graph import channels_of
from mmkeras_export.slimming.importance import CRITERIA, Examples, gradients_of
from mmkeras_export.slimming.rebuilding import rebuilt

Share = float | Mapping[str, float]


def slim(
    model: keras.Model,
    share: Share = 0.5,
    cut: Cut = Cut(),  # noqa: B008  frozen
    examples: Examples | None = None,
) -> keras.Model:
    """A smaller model: `share` of the multiply-adds are gone, with whole channels, heads and units.

    Any functional or sequential model, towers within it too; `model` stays as it is. The new one
    has the same layers with smaller configs, the same names, inputs and outputs, and saves and
    loads as any other. `share` may be a mapping from patterns of layer paths to the share of what
    these cost, as {"image_*": 0.5, "audio_*": 0.25}; what fits none is left alone, and "*" is all
    the rest. `cut` says how channels are chosen, see `Cut`; `examples` are for its "taylor".
    Layers that do not train stay, for nothing could repair them. Train it before you use it.

    The answers are those of `model` with the channels zero, but for `Cut(exact=False)`. Raises
    ValueError for a share that cannot be cut, with what holds it up.
    """
    criterion = pick(CRITERIA, cut.criterion, "criterion")
    if (cut.criterion == "taylor") != (examples is not None):
        raise ValueError(
            'examples= and criterion="taylor" go together. Received: '
            f"criterion={cut.criterion!r}, examples={examples!r}"
        )
    channels = channels_of(model)
    gradients = {} if examples is None else gradients_of(channels, examples)
    gone = choose(channels, share, cut, lambda group: criterion(group, gradients))
    return rebuilt(channels, gone)
