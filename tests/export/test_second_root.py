"""The pieces of a file: branches and fusion on the weights of the whole."""

from dataclasses import replace

import numpy as np
import pytest

import mmkeras_edge
from mmkeras_edge.branches import FUSED, at_root, open_branches
from mmkeras_edge.golden import read_golden, write_golden
from mmkeras_edge.verify import verify
from tests.edge.make_tiny import packed
from tests.precisions import EVERYDAY


@pytest.mark.parametrize("precision", EVERYDAY)
def test_branch_by_branch_a_file_answers_to_the_bit_as_in_one_go(files, precision):
    model = mmkeras_edge.load(files.paths[precision], threads=1)
    branches = open_branches(model.file, threads=1)
    assert set(branches.names) == {"image", "text", "audio"}
    for golden in read_golden(model.file):
        feed = model.load_sample(**golden.raw)
        whole, pieces = model.graph.run(feed), branches.run(feed)
        for name in whole:
            np.testing.assert_array_equal(pieces[name], whole[name])


def test_a_branch_that_ran_before_is_fused_again_with_another(exported):
    model = mmkeras_edge.load(exported.path, threads=1)
    branches = open_branches(model.file, threads=1)
    first, second = (model.load_sample(**golden.raw) for golden in read_golden(model.file)[:2])
    kept = branches.features("image", first["image"])
    rest = {name: array for name, array in second.items() if name != "image"}
    features = {
        k: v for name, array in rest.items() for k, v in branches.features(name, array).items()
    }
    wanted = model.graph.run({**second, "image": first["image"]})
    np.testing.assert_array_equal(branches.fuse(kept | features)["category"], wanted["category"])


def test_the_fused_vector_is_as_wide_as_the_recipe_says(exported):
    model = mmkeras_edge.load(exported.path, threads=1)
    branches = open_branches(model.file, threads=1)
    assert branches.fuses
    feed = model.load_sample(**read_golden(model.file)[0].raw)
    assert branches.run(feed)[FUSED].shape == (32,)


def test_at_its_second_root_the_file_is_a_model_with_a_signature_a_piece(exported, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    file = mmkeras_edge.load(exported.path).file
    model = exported.path.read_bytes()[: file.card.model_bytes]
    (tmp_path / "pieces.tflite").write_bytes(at_root(model, file.card.branches_root))
    signatures = Interpreter(str(tmp_path / "pieces.tflite")).get_signature_list()
    assert set(signatures) == {
        "branch/image",
        "branch/text",
        "branch/audio",
        "front/audio",
        "fusion",
    }


def test_a_root_outside_of_the_model_is_refused():
    with pytest.raises(ValueError, match="outside of the model"):
        at_root(bytes(100), 200)


def test_embed_gives_the_fused_vector_of_raw_inputs(exported):
    model = mmkeras_edge.load(exported.path, threads=1)
    raw = read_golden(model.file)[0].raw
    vector = open_branches(model.file, threads=1).run(model.load_sample(**raw))[FUSED]
    np.testing.assert_array_equal(model.embed(**raw), vector)
    assert vector.dtype == np.float32


def test_verify_names_the_spectrogram_between_the_sound_and_the_answers(exported, tmp_path):
    file = mmkeras_edge.load(exported.path).file
    stages = [(stage.name, stage.passed) for stage in verify(exported.path).stages]
    at = stages.index(("log-mel audio", True))
    assert stages[at - 1] == ("resample audio", True)
    assert stages[at + 1] == ("answer category", True)
    (first, *rest) = read_golden(file)
    wrong = {"audio": first.spectrograms["audio"] + np.float16(0.5)}
    golden = write_golden([replace(first, spectrograms=wrong), *rest])
    body = exported.path.read_bytes()[: file.card.model_bytes]
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(packed(body, file.card, file.tokenizer_json.encode(), golden))
    assert "'log-mel audio' of sample 0 differs by 0.5" in verify(copy).verdict
