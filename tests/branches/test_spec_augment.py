import keras
import numpy as np
import pytest

from mmkeras.branches.spec_augment import SpecAugment

ROWS, FRAMES, BANDS = 200, 40, 20


@pytest.fixture(scope="module")
def hidden():
    """Which places training hides of a spectrogram of ones: (rows, frames, bands)."""
    ones = np.ones((ROWS, FRAMES, BANDS, 1), np.float32)
    masked = keras.ops.convert_to_numpy(SpecAugment(masks=2, share=0.15)(ones, training=True))
    assert set(np.unique(masked)) == {0.0, 1.0}
    return masked[..., 0] == 0


def test_nothing_is_hidden_outside_training():
    spectrogram = np.random.default_rng(0).normal(size=(2, FRAMES, BANDS, 1)).astype(np.float32)
    np.testing.assert_array_equal(SpecAugment()(spectrogram), spectrogram)


def test_at_most_two_stretches_of_the_promised_share_are_hidden(hidden):
    """15 percent of 40 frames are 6, of 20 bands 3."""
    frames, bands = hidden.all(axis=2).sum(axis=1), hidden.all(axis=1).sum(axis=1)
    assert frames.max() <= 12
    assert bands.max() <= 6
    assert hidden.mean() <= 0.3 + 0.3
    assert frames.mean() > 3  # 2 stretches of 0 to 6 frames, less where they meet
    assert bands.mean() > 1.5


def test_what_is_hidden_is_whole_frames_and_whole_bands(hidden):
    frames, bands = hidden.all(axis=2), hidden.all(axis=1)
    np.testing.assert_array_equal(hidden, frames[:, :, None] | bands[:, None, :])


def test_every_place_is_hidden_in_some_row_and_rows_differ(hidden):
    assert hidden.any(axis=0).all()
    assert len(np.unique(hidden.reshape(ROWS, -1), axis=0)) > ROWS // 2


def test_without_masks_training_sees_everything():
    spectrogram = np.ones((2, FRAMES, BANDS, 1), np.float32)
    np.testing.assert_array_equal(SpecAugment(share=0)(spectrogram, training=True), spectrogram)
