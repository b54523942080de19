"""Recurrent networks over a text: the state after its last real token is the feature."""

from __future__ import annotations

from keras import KerasTensor, layers, ops

from mmkeras.branches.masked import RealOnly
from mmkeras.branches.word_vectors import words
from mmkeras.modalities import Text

CELLS = {"rnn": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
BOTH_WAYS = "bi"  # what the name of a two-way branch begins with


def text_rnn(
    name: str, source: Text, ids: KerasTensor, real: KerasTensor
) -> tuple[KerasTensor, KerasTensor]:
    """h_t = cell(x_t, h_{t-1}), `layers` times, and the last h: (B, T) -> (B, D), (B, T, D).

    D is `units`, or twice that for "bilstm" and "bigru", whose second half reads from the end. A
    padded place leaves the state as it is. "rnn": Elman, Cognitive Science, 1990; "lstm":
    Hochreiter and Schmidhuber, Neural Computation, 1997; "gru": Cho et al., EMNLP 2014; both ways:
    Schuster and Paliwal, IEEE Transactions on Signal Processing, 1997.
    """
    assert source.layers is not None  # of the table
    both = source.branch.startswith(BOTH_WAYS)
    cell = CELLS[source.branch.removeprefix(BOTH_WAYS)]
    states = RealOnly(name=f"{name}_only")(words(name, source, ids), real)
    for i in range(source.layers):
        title = f"{name}_{source.branch}{i}"
        layer = cell(source.units, return_sequences=True, return_state=True, name=title)
        if both:
            layer = layers.Bidirectional(layer, name=f"{title}_both")
        states, *last = layer(states, mask=real > 0)
    # An LSTM gives its memory too: the states of the two directions are half the list apart.
    ends = [last[0], last[len(last) // 2]] if both else last[:1]
    pooled = layers.Concatenate(name=f"{name}_pool")(ends) if both else ends[0]
    # A copy has no Keras mask, of which layers that know none would warn; `real` goes along.
    return pooled, ops.copy(states)
