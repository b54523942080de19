import keras
import numpy as np
import pytest

from mmkeras.branches.video import TIMES, video_branch
from mmkeras.modalities import Video

RANDOM = np.random.default_rng(0)
FILM = RANDOM.integers(0, 256, (2, 4, 32, 32, 3), np.uint8)


def model_of(branch: str = "cnn", time: str = "mean", **options) -> keras.Model:
    keras.utils.set_random_seed(0)
    source = Video(branch, 4, (32, 32), time, units=8, **options)
    made = video_branch("clip", source)
    return keras.Model(made.input, {"pooled": made.pooled, "tokens": made.tokens})


@pytest.mark.parametrize("time", TIMES)
def test_every_frame_is_a_token(time):
    out = model_of(time=time).predict(FILM, verbose=0)
    width = 512 if time == "mean" else 8  # of the cnn's map: 2 by 2 places of 128
    assert out["tokens"].shape == (2, 4, width)
    assert out["pooled"].shape == (2, width)


def test_the_mean_forgets_the_order_of_frames_and_what_reads_them_does_not():
    backwards = FILM[:, ::-1]
    mean, gru = model_of(), model_of(time="gru")
    seen = [m.predict(x, verbose=0)["pooled"] for m in (mean, gru) for x in (FILM, backwards)]
    np.testing.assert_allclose(seen[0], seen[1], atol=1e-5)
    assert np.abs(seen[2] - seen[3]).max() > 1e-3


def test_a_frame_is_seen_as_a_picture_by_the_same_weights():
    still = np.repeat(FILM[:, :1], 4, axis=1)
    tokens = model_of().predict(still, verbose=0)["tokens"]
    np.testing.assert_allclose(tokens, np.repeat(tokens[:, :1], 4, axis=1), atol=1e-5)


def test_the_cnn_over_space_and_time_sees_a_change_two_frames_away():
    model = model_of("cnn3d")
    changed = FILM.copy()
    changed[:, 0] = 255 - changed[:, 0]
    before, after = (model.predict(x, verbose=0)["tokens"] for x in (FILM, changed))
    assert before.shape == (2, 4, 64)
    moved = np.abs(after - before).max(axis=(0, 2))  # three convolutions reach three frames
    assert (moved > 1e-4).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time": "mena"}, r"unknown way over time 'mena'; did you mean 'mean'\?"),
        ({"branch": "cnnn"}, "unknown backbone 'cnnn'; did you mean"),
        ({"branch": "cnn3d", "weights": "imagenet"}, "'cnn3d' has no weights 'imagenet'"),
        ({"branch": "cnn3d", "time": "gru"}, "is over time already; leave out time='gru'"),
    ],
)
def test_what_cannot_be_says_why(options, message):
    with pytest.raises(ValueError, match=message):
        model_of(**options)


def test_a_frozen_backbone_leaves_what_reads_the_frames_to_train():
    assert model_of(trainable=False).trainable_weights == []
    assert len(model_of(time="gru", trainable=False).trainable_weights) == 3
