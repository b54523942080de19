"""What the modalities' own heads say, on its way to a late fusion."""

from keras import ops

from mmkeras.branches.absent import PRESENT


def heard(decisions, there):
    """Zeros for who is absent: (B, M, K), (B, M) -> (B, M, K).

    `where` selects, so that not even a NaN of what is absent goes on.
    """
    return ops.where(there[..., None] > PRESENT, decisions, ops.zeros((), decisions.dtype))


def mean_heard(decisions, there):
    """Mean over those that are there: (B, M, K), (B, M) -> (B, K)."""
    share = there / ops.maximum(ops.sum(there, axis=1, keepdims=True), 1.0)  # (B, M)
    return ops.sum(share[..., None] * heard(decisions, there), axis=1)
