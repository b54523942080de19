"""Transfer in two phases: new layers learn to read pre-trained towers before these change."""

from __future__ import annotations

from dataclasses import dataclass

from mmkeras.pretrained import pretrained_inputs
from mmkeras.recipe import Recipe


@dataclass(frozen=True)
class Phase:
    """Epochs in which the same weights train.

    `frozen` are the inputs whose towers keep theirs. Those of them that `frozen_inputs` names are
    computed once, which makes the epochs cheap, and gives up their augmentation in this phase.
    """

    name: str
    epochs: int
    frozen: tuple[str, ...]


def phases_of(recipe: Recipe, epochs: int, frozen_share: float) -> tuple[Phase, ...]:
    """One phase, or two where towers came with weights and are to train: first they are frozen.

    Else the gradients of heads that know nothing yet would spoil them: Kumar et al., "Fine-tuning
    can distort pretrained features", ICLR 2022, section 3. `frozen_share` of the epochs, at least
    one and not all, are the first phase; with 0, as with one epoch, there is none. Raises
    ValueError for a share that is none.
    """
    if not 0 <= frozen_share < 1:
        raise ValueError(f"frozen_share is at least 0 and below 1. Received: {frozen_share}")
    always = {name for name, source in recipe.inputs.items() if not source.trainable}
    first = {*pretrained_inputs(recipe), *always}
    if not frozen_share or epochs < 2 or first == always:
        return (Phase("whole", epochs, _ordered(recipe, always)),)
    heads = min(max(1, round(frozen_share * epochs)), epochs - 1)
    return (
        Phase("heads", heads, _ordered(recipe, first)),
        Phase("fine-tuning", epochs - heads, _ordered(recipe, always)),
    )


def _ordered(recipe: Recipe, names: set[str]) -> tuple[str, ...]:
    return tuple(name for name in recipe.inputs if name in names)
