import keras
import numpy as np
import pytest

from mmkeras import Training, fit, load_manifest
from mmkeras.augment import MIXES
from mmkeras.mixing import ALPHA, MixedLoss, mixed, mixed_labels
from mmkeras.targets import UNKNOWN

KINDS = {"image": "image", "text": "text", "audio": "audio", "imu": "sensor", "age": "table"}
ROWS = 40


@pytest.fixture
def random():
    return np.random.default_rng(0)


def feed():
    """Row r holds r + 1 everywhere."""
    own = np.arange(1, ROWS + 1)
    return {
        "image": np.broadcast_to(own[:, None, None, None], (ROWS, 20, 20, 3)).astype(np.uint8),
        "text": np.broadcast_to(own[:, None], (ROWS, 10)).astype(np.int32),
        "audio": np.broadcast_to(own[:, None], (ROWS, 100)).astype(np.float32),
        "imu": np.broadcast_to(own[:, None, None], (ROWS, 100, 2)).astype(np.float32),
        "age": np.broadcast_to(own[:, None], (ROWS, 500)).astype(np.float32),
    }


def test_every_mix_has_its_shares():
    assert {"none", *ALPHA} == {*MIXES}


@pytest.mark.parametrize("mix", ALPHA)
def test_all_modalities_of_a_row_take_the_same_share_of_the_same_other_row(mix, random):
    found, other, kept = mixed(feed(), KINDS, mix, random)
    assert 0.5 <= kept.min() < 0.9 < kept.max() <= 1
    own, theirs = np.arange(1, ROWS + 1), other + 1
    swapped = own != theirs
    for name in ("image", "audio", "imu") if mix == "cutmix" else ("text", "age"):
        share = (found[name].reshape(ROWS, -1) == own[:, None]).mean(axis=1)[swapped]
        np.testing.assert_allclose(share, kept[swapped], atol=0.11)  # a token is a tenth
    if mix == "mixup":
        mean = kept * own + (1 - kept) * theirs
        np.testing.assert_allclose(found["audio"][:, 0], mean, rtol=1e-6)
        np.testing.assert_array_equal(found["image"][:, 0, 0, 0], np.rint(mean))


def test_what_the_other_lacks_stays_whole_and_what_one_lacks_comes_from_the_other(random):
    sounds = {name: of for name, of in feed().items() if name == "audio"}
    there = (np.arange(ROWS) % 2).astype(np.float32)
    sounds["audio"] *= there[:, None]
    found, other, _ = mixed({**sounds, "audio_present": there}, KINDS, "mixup", random)
    np.testing.assert_array_equal(found["audio_present"], np.maximum(there, there[other]))
    own = (there == 1) & (there[other] == 0)
    np.testing.assert_array_equal(found["audio"][own], sounds["audio"][own])
    lent = (there == 0) & (there[other] == 1)
    np.testing.assert_array_equal(found["audio"][lent], sounds["audio"][other][lent])


def test_the_loss_is_the_mean_of_both_by_their_shares():
    labels, other, kept = np.array([0, 1]), np.array([1, 0]), np.array([0.75, 1.0], np.float32)
    said = np.array([[0.5, 0.5], [0.1, 0.9]], np.float32)
    loss = MixedLoss(
        keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight")
    )
    wanted = -(0.75 * np.log(0.5) + 0.25 * np.log(0.5) + np.log(0.9)) / 2
    both = mixed_labels(labels, other, kept)
    assert both.shape == (2, 2, 2)
    assert float(loss(both, said)) == pytest.approx(wanted, rel=1e-5)
    assert float(loss(labels, said)) == pytest.approx(-(np.log(0.5) + np.log(0.9)) / 2, rel=1e-5)
    unknown = mixed_labels(np.array([0, UNKNOWN]), other, kept)
    assert float(loss(unknown, said)) == pytest.approx(-np.log(0.5), rel=1e-5)


def test_a_mixed_training_goes_down_and_counts_whole_labels(toy, recipe):
    data = load_manifest(toy, "picture", "words", "sound", {"animal": "classify"}, "pair")
    training = Training(batch_size=4, learning_rate=1e-2, mix="cutmix", sampling="balanced")
    run = fit(recipe, *data.split()[:2], 4, training=training)
    assert run.history["loss"][-1] < run.history["loss"][0]
    assert 0 <= run.history["accuracy"][-1] <= 1
    assert set(run.about["sampled"]["animal"]) == {"cat", "dog"}
