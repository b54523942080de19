"""What a training says while it runs."""

import io

import keras
import numpy as np
import pytest
from rich.console import Console

from mmkeras.progress import Progress

ROWS, BATCH = 12, 4


def trained(epochs, outputs=("a", "b"), **options):
    """What was written, and the history."""
    text = io.StringIO()
    x = np.arange(ROWS, dtype=np.float32)[:, None] / ROWS
    y = {name: (x[:, 0] > 0.5).astype(np.int32) for name in outputs}
    start = keras.Input((1,), name="x")
    heads = {n: keras.layers.Dense(2, activation="softmax", name=n)(start) for n in outputs}
    model = keras.Model(start, heads)
    model.compile(
        keras.optimizers.SGD(0.25),
        {name: keras.losses.SparseCategoricalCrossentropy() for name in outputs},
        weighted_metrics={
            n: [keras.metrics.SparseCategoricalAccuracy("accuracy")] for n in outputs
        },
    )
    console = Console(file=text, **options)
    with Progress(epochs, ROWS // BATCH, ROWS, console) as progress:
        for first in range(0, epochs, 2):  # `fit` may be called more than once
            history = model.fit(
                x,
                y,
                batch_size=BATCH,
                initial_epoch=first,
                epochs=min(first + 2, epochs),
                validation_data=(x, y),
                callbacks=[progress],
                verbose=0,
            )
    return text.getvalue(), history.history


def test_a_file_gets_a_line_an_epoch_under_one_of_titles():
    text, history = trained(3)
    titles, *lines = text.splitlines()
    wanted = "epoch loss valid a accuracy valid b accuracy valid rate rows/s time"
    assert " ".join(titles.split()) == wanted
    assert [line.split()[0] for line in lines] == ["1/3", "2/3", "3/3"]
    names = ("loss", "val_loss", "a_accuracy", "val_a_accuracy", "b_accuracy", "val_b_accuracy")
    assert lines[-1].split()[1:7] == [f"{history[name][-1]:.3f}" for name in names]
    assert lines[-1].split()[7] == "2.5e-01"
    assert "\x1b" not in text


def test_one_output_needs_no_name():
    text, history = trained(1, outputs=("a",))
    titles, line = text.splitlines()
    assert titles.split()[:5] == ["epoch", "loss", "valid", "accuracy", "valid"]
    assert line.split()[3] == f"{history['accuracy'][0]:.3f}"


@pytest.mark.parametrize(("width", "shown"), [(100, 2), (70, 1), (50, 0)])
def test_a_terminal_gets_as_many_figures_as_fit(width, shown):
    text, _ = trained(1, width=width, force_terminal=True)
    (titles,) = (line for line in text.splitlines() if "rate" in line)
    assert titles.count("accuracy") == shown


def test_a_terminal_has_its_cursor_back_after_an_error():
    text = io.StringIO()
    progress = Progress(1, 1, console=Console(file=text, force_terminal=True))
    progress.on_train_begin()
    with pytest.raises(ZeroDivisionError), progress:
        raise ZeroDivisionError
    hide, show = "\x1b[?25l", "\x1b[?25h"
    assert text.getvalue().rindex(show) > text.getvalue().rindex(hide)
