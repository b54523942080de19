import hashlib
import signal
import zipfile

import pytest

import mmkeras_edge
from mmkeras_edge.card import Card
from mmkeras_edge.golden import write_golden
from mmkeras_export import pack
from mmkeras_export.annotating import annotated
from mmkeras_export.goldens import golden_samples


@pytest.fixture(scope="module")
def parts(run, stamps, lite):
    """What `pack` takes after the path."""
    recipe = run.recipe
    outputs = {name: head.spec for name, head in recipe.outputs.items()}
    card = Card(recipe.specs, outputs, recipe.optional)
    golden = write_golden(golden_samples(run, run.prepare(stamps.valid), lite))
    return lite, card, run.tokenizer_json, golden


def test_the_file_is_a_model_and_a_zip_at_once(parts, tmp_path):
    path = tmp_path / "model.tflite"
    assert pack(path, *parts) == path.stat().st_size
    card = mmkeras_edge.load(path).file.card
    model = path.read_bytes()[: card.model_bytes]
    assert 0 < len(model) - len(annotated(parts[0], card)) < 4_000  # the pieces
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        labels = {"category_labels.txt", "language_labels.txt"}
        assert set(archive.namelist()) == {"card.json", "tokenizer.json", "golden.npz", *labels}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        golden = archive.read("golden.npz")
    assert card.sha256["golden.npz"] == hashlib.sha256(golden).hexdigest()


def test_the_same_content_gives_the_same_bytes(parts, tmp_path):
    paths = tmp_path / "a.tflite", tmp_path / "b.tflite"
    for path in paths:
        pack(path, *parts)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_file_that_cannot_run_never_takes_its_place(parts, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"the old one")
    with pytest.raises(ValueError, match="refuses the model"):
        pack(path, parts[0][:-60_000], *parts[1:])
    assert path.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [path]


# Between open() and its with block, nobody but Python itself closes the file.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupted_at_any_time_it_leaves_the_old_file_and_nothing_else(parts, tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(b"the old one")
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)  # as Ctrl-C does

    def interrupted(delay_s: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, delay_s)
        pack(path, *parts)

    try:
        for delay_s in (0.001, 0.003, 0.01):
            with pytest.raises(KeyboardInterrupt):
                interrupted(delay_s)
            assert path.read_bytes() == b"the old one"
            assert list(tmp_path.iterdir()) == [path]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
