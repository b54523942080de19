import numpy as np
import pytest

import mmkeras
import mmkeras_edge
from mmkeras_export import GateError, export

OUTLIER = 10_000.0


@pytest.fixture(scope="module")
def lopsided(run):
    """The run, one channel of its text so loud that 256 steps leave nothing of the others.

    What reads it is as much quieter, so that the float answers are the same.
    """
    copy = mmkeras.load(run.path)
    (table,) = copy.model.get_layer("text_embedding").weights
    kernel = copy.model.get_layer("text_feature").kernel
    loud, quiet = table.numpy(), kernel.numpy()
    loud[:, 0] *= OUTLIER
    quiet[0] /= OUTLIER
    table.assign(loud)
    kernel.assign(quiet)
    return copy


@pytest.fixture(scope="module")
def shipped(lopsided, stamps, tmp_path_factory):
    path = tmp_path_factory.mktemp("auto") / "stamps.tflite"
    return export(
        lopsided, path, "auto", stamps.train, stamps.valid, budget=0.04, target="raspberry-pi-4"
    )


def test_only_the_part_that_int8_harms_is_made_wider(shipped):
    formats = shipped.chosen.formats
    assert formats["image"] == formats["audio"] == "int8"
    assert formats["text"] not in ("int8", "dynamic_int8")
    assert not shipped.chosen.wrong
    assert shipped.precision.startswith("int8 but")
    assert f"text {formats['text']}" in shipped.says


def test_what_was_tried_stands_in_the_table(shipped):
    tried = {variant.name: variant for variant in shipped.tried}
    assert {"float32", "float16", "weights_int8", "dynamic_int8", "int8"} <= set(tried)
    assert any("drops" in wrong for wrong in tried["int8"].wrong)
    assert shipped.chosen.model_bytes < 0.5 * tried["float32"].model_bytes


def test_the_file_says_which_part_has_which_format(shipped):
    card = mmkeras_edge.load(shipped.path).file.card
    assert card.formats == shipped.chosen.formats


def test_a_target_that_takes_int8_alone_gets_it_or_nothing(lopsided, stamps, tmp_path):
    path = tmp_path / "stamps.tflite"
    with pytest.raises(GateError, match=r"(?s)nothing was written: .*drops"):
        export(
            lopsided,
            path,
            "auto",
            stamps.train,
            stamps.valid,
            budget=0.04,
            target="coral-edge-tpu",
        )
    assert not list(tmp_path.iterdir())


def test_an_integer_accelerator_gets_integers_at_both_ends(run, stamps, tmp_path):
    path = tmp_path / "stamps.tflite"
    report = export(
        run, path, "auto", stamps.train, stamps.valid, budget=0.06, target="coral-edge-tpu"
    )
    graph = mmkeras_edge.load(path).graph
    types = {n: np.dtype(t["dtype"]).name for n, t in {**graph.inputs, **graph.outputs}.items()}
    assert types["image"] == "uint8"
    assert types["audio"] == types["category"] == "int8"
    assert [variant.name for variant in report.tried] == ["float32", "int8"]


def test_a_format_that_the_target_does_not_take_is_refused_by_name(run, stamps, tmp_path):
    with pytest.raises(ValueError, match=r"tflite-runtime\) runs float32, .*Received: 'int8'"):
        export(
            run,
            tmp_path / "stamps.tflite",
            "int8",
            stamps.train,
            stamps.valid,
            target="raspberry-pi-zero-2-32bit",
        )


def test_by_force_a_bad_file_is_written_and_says_so(lopsided, stamps, tmp_path):
    path = tmp_path / "stamps.tflite"
    report = export(lopsided, path, "int8", stamps.train, stamps.valid, budget=0.04, force=True)
    card = mmkeras_edge.load(path).file.card
    assert "written in spite of" in report.notes[0]
    assert card.notes == report.notes
