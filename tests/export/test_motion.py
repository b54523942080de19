"""From raw readings, records and films to a checked int8 file that answers for them."""

import json

import keras
import pytest

import mmkeras
import mmkeras_edge
from mmkeras.datasets import motion
from mmkeras_edge.cli import main as edge
from mmkeras_edge.golden import read_golden
from mmkeras_edge.verify import verify
from mmkeras_export import export


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = motion.build(tmp_path_factory.mktemp("motion"), rows=240)
    return mmkeras.load_manifest(path, **motion.COLUMNS).split(seed=0)


@pytest.fixture(scope="module")
def run(parts, tmp_path_factory):
    train, valid, _ = parts
    keras.utils.set_random_seed(0)
    model = mmkeras.build_model(
        sensors={"imu": mmkeras.Sensor.of(train, "imu", rate_hz=50)},
        table={"wearer": mmkeras.Table.of(train, "wearer")},
        video={"clip": mmkeras.Video("cnn", frames=4, size_px=(24, 24))},
        fusion="self_attention",
        outputs={"gesture": train.task("gesture")},
        optional=("wearer", "clip"),
        width=32,
    )
    training = mmkeras.Training(batch_size=16, learning_rate=3e-3)
    out = tmp_path_factory.mktemp("runs") / "motion"
    return mmkeras.fit(model, train, valid, epochs=10, out=out, training=training)


@pytest.fixture(scope="module")
def exported(run, parts, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "motion.tflite"
    return export(run, path, "int8", parts[0], parts[1], budget=0.1)


def test_it_learns_the_gestures_far_beyond_the_most_frequent_one(run, parts):
    found = mmkeras.evaluate(run, parts[2])
    assert found.majority["gesture"] < 0.3
    assert found.accuracy["gesture"] > 0.7


def test_a_stored_run_knows_its_columns_its_channels_and_its_statistics(run, parts):
    stored = mmkeras.load(run.path)
    assert stored.recipe == run.recipe
    assert stored.recipe.inputs["imu"].names == motion.CHANNELS
    assert stored.manifest().inputs == parts[0].inputs
    assert stored.rows("test").lines == parts[2].lines
    layer = stored.model.get_layer("imu_standardised")
    assert layer.adapted
    assert abs(float(layer.mean[2]) - 1) < 0.1  # gravity, in g


def test_the_file_answers_for_raw_files_as_keras_does(exported, run, parts):
    rows = parts[1].rows(range(8))
    device = mmkeras_edge.load(exported.path)
    said = [device.predict(**rows.sources(i))["gesture"].label for i in range(8)]
    wanted = run.model.predict(run.prepare(rows).feed(), verbose=0)["gesture"].argmax(-1)
    labels = run.recipe.outputs["gesture"].spec.labels
    assert sum(a == labels[b] for a, b in zip(said, wanted, strict=True)) >= 7


def test_it_verifies_with_a_recording_a_record_and_a_film_inside(exported):
    report = verify(exported.path)
    assert report, report.verdict
    names = {stage.name for stage in report.stages}
    assert {"window imu", "fields wearer", "frames clip", "answer gesture"} <= names
    golden = read_golden(mmkeras_edge.load(exported.path).file)
    assert golden[0].raw["clip"].startswith(b"GIF89a")
    assert golden[0].raw["imu"].startswith(b"t,ax_g")


def test_the_command_takes_files_and_fields(exported, parts, capsys):
    source = parts[1].sources(0)
    command = ["run", exported.path, "--imu", source["imu"], "--wearer", '{"age": 30}', "--json"]
    assert edge(command) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["absent"] == ["clip"]
    assert edge([*command[:5], '{"agee": 30}']) == 2
    assert "did you mean 'age'" in capsys.readouterr().err
    assert edge(["info", exported.path]) == 0
    shown = capsys.readouterr().out
    assert "sensor, float32, 100 x 6 at 50 Hz: ax_g, ay_g, az_g, gx_dps, gy_dps, gz_dps" in shown
    assert "table, float32, 3: age, height_cm, hand, may be absent" in shown
