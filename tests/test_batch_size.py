import keras
import numpy as np
import pytest

from mmkeras import Training, fit, load_manifest
from mmkeras.batch_size import batch_of, doubled
from mmkeras.model import assemble
from mmkeras.prepare import prepare
from mmkeras.tokenizer import tokenizer_for


@pytest.mark.parametrize(
    ("rates", "rows", "size"),
    [
        ({8: 100, 16: 150, 32: 200, 64: 205}, 10_000, 32),  # 2.5 percent are not worth it
        ({8: 100, 16: 150, 32: 200}, 512, 32),  # 64 would leave 8 steps
        ({8: 100}, 20, 8),
    ],
)
def test_a_size_is_doubled_while_that_pays(rates, rows, size):
    assert doubled(rates.__getitem__, rows) == size


def test_a_size_that_does_not_fit_is_stepped_back_from():
    def rate(size):
        if size > 32:
            raise MemoryError
        return size

    assert doubled(rate, 10_000) == 32


def test_what_is_no_lack_of_memory_is_raised():
    with pytest.raises(KeyError):
        doubled({8: 100}.__getitem__, 10_000)


@pytest.fixture
def rows(toy):
    return load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")


def test_a_batch_has_as_many_rows_as_are_tried(recipe, rows):
    words = recipe.only("text", "audio")
    data = prepare(rows, words, tokenizer_for(words, rows))
    feed, labels = batch_of(assemble(words), data, 24)
    assert {len(array) for array in (*feed.values(), *labels.values())} == {24}
    np.testing.assert_array_equal(feed["text"][20:], feed["text"][:4])


class Stop(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


def test_the_size_that_was_found_is_said_stored_and_gone_on_with(recipe, rows, tmp_path, capsys):
    auto = Training(batch_size="auto", checkpoint_s=0.0)
    words = recipe.only("text", "audio")
    with pytest.raises(KeyboardInterrupt):
        fit(words, *rows.split()[:2], 2, tmp_path / "run", auto, callbacks=[Stop()])
    assert "batch_size=8: found by trial" in capsys.readouterr().err  # of 14 rows, no more
    run = fit(words, *rows.split()[:2], 2, tmp_path / "run", auto, resume=True)
    assert run.about["training"]["batch_size"] == 8
    assert "found by trial" not in capsys.readouterr().err
