import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest

import mmkeras
from mmkeras import Audio, Classify, Image, Text, assemble, build_model, recipe_of

IMAGE, TEXT = Image("cnn", (16, 16)), Text(length=4, vocabulary=20)
AUDIO = Audio("cnn", clip_ms=96, rate_hz=8_000, mels=8)  # 6 hops of 128 samples
SMALL = {"num_classes": 3, "width": 8}


def feed(rows=5, **changes):
    random = np.random.default_rng(0)
    return {
        "image": random.integers(0, 256, (rows, 16, 16, 3), np.uint8),
        "text": random.integers(1, 20, (rows, 4), np.int32),
        "audio": random.normal(size=(rows, 768)).astype(np.float32),
    } | changes


def test_it_is_a_plain_functional_model_with_names_on_both_sides():
    outputs = {"mood": Classify(("sad", "glad")), "age": Classify(4)}
    model = build_model(IMAGE, TEXT, AUDIO, outputs=outputs, optional=("audio",), width=8)
    assert type(model).__name__ == "Functional"
    assert list(model.input) == ["image", "text", "audio", "audio_present"]
    assert {name: tensor.shape for name, tensor in model.output.items()} == {
        "mood": (None, 2),
        "age": (None, 4),
    }
    answers = model(feed(audio_present=np.ones(5, np.float32)))
    np.testing.assert_allclose(np.sum(answers["age"], axis=1), np.ones(5), atol=1e-6)


def test_num_classes_is_short_for_one_output():
    model = build_model(text=TEXT, **SMALL)
    assert recipe_of(model).outputs == {"label": Classify(("0", "1", "2"))}


def test_the_name_of_a_branch_is_short_for_its_spec():
    model = build_model(image="cnn", text="embedding", audio="cnn", num_classes=2)
    inputs = recipe_of(model).inputs
    assert inputs == {"image": Image("cnn"), "text": Text("embedding"), "audio": Audio("cnn")}


@pytest.mark.parametrize("fusion", ["sum", "concat", "self_attention"])
def test_a_saved_model_answers_alike_and_knows_its_recipe(tmp_path, fusion, recipe):
    model = assemble(replace(recipe, fusion=fusion))
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert recipe_of(loaded) == recipe_of(model) == replace(recipe, fusion=fusion)
    sample = feed(audio_present=np.array([1, 0, 1, 0, 1], np.float32))
    np.testing.assert_array_equal(loaded(sample)["animal"], model(sample)["animal"])


@pytest.mark.skipif(not shutil.which("dot"), reason="wants Graphviz: apt-get install graphviz")
def test_keras_draws_it(tmp_path):
    file = tmp_path / "model.png"
    keras.utils.plot_model(build_model(IMAGE, TEXT, **SMALL), to_file=str(file))
    assert file.stat().st_size > 10_000


def test_a_model_of_another_make_has_no_recipe():
    start = keras.Input((2,))
    with pytest.raises(ValueError, match=r"'other' was not made by mmkeras\.build_model"):
        recipe_of(keras.Model(start, keras.layers.Dense(2)(start), name="other"))


@pytest.mark.parametrize("content", [0.0, 1.0, np.nan, np.inf])
def test_what_an_absent_input_holds_never_changes_the_answer(content):
    model = build_model(IMAGE, TEXT, AUDIO, optional=("audio",), **SMALL)
    absent = np.zeros(5, np.float32)
    wanted = model(feed(audio_present=absent))["label"]
    held = feed(audio_present=absent, audio=np.full((5, 768), content, np.float32))
    np.testing.assert_array_equal(model(held)["label"], wanted)
    assert np.isfinite(wanted).all()
    there = model(feed(audio_present=absent + 1))["label"]
    assert np.abs(there - wanted).max() > 1e-4  # it does hear


def test_all_may_be_absent_and_the_answer_is_finite():
    model = build_model(IMAGE, TEXT, optional=("image", "text"), **SMALL)
    none = np.zeros(5, np.float32)
    sample = {n: v for n, v in feed().items() if n != "audio"}
    found = np.asarray(model({**sample, "image_present": none, "text_present": none})["label"])
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found, np.tile(found[:1], (5, 1)))


def test_one_name_for_optional_is_one_input():
    model = build_model(IMAGE, TEXT, AUDIO, optional="audio", **SMALL)
    assert recipe_of(model).optional == ("audio",)


def test_two_optional_inputs_are_dropped_each_on_its_own():
    model = build_model(IMAGE, TEXT, optional=("image", "text"), **SMALL)
    there, ones = np.ones(400, np.float32), np.ones((400, 8), np.float32)
    kept = []
    for name in ("image", "text"):
        layer = model.get_layer(f"{name}_or_missing")
        kept.append(np.asarray(layer(ones, there, training=True))[:, 0])  # dropped: 0
    assert [set(k) for k in kept] == [{0.0, 1.0}] * 2
    assert not np.array_equal(*kept)


def test_dropout_is_for_training_alone():
    model = build_model(IMAGE, TEXT, **SMALL)
    sample = {n: v for n, v in feed().items() if n != "audio"}
    twice = [np.asarray(model(sample)["label"]) for _ in range(2)]
    np.testing.assert_array_equal(*twice)
    trained = np.asarray(model(sample, training=True)["label"])
    assert not np.array_equal(trained, twice[0])


def test_several_inputs_of_one_modality_have_names_of_their_own(tmp_path):
    words = {"title": Text("embedding", length=4, vocabulary=20), "body": TEXT}
    model = build_model({"left": IMAGE, "right": IMAGE}, words, optional="right", **SMALL)
    assert list(model.input) == ["left", "right", "title", "body", "right_present"]
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert list(recipe_of(loaded).inputs) == ["left", "right", "title", "body"]


def test_two_inputs_cannot_share_a_name():
    with pytest.raises(ValueError, match="two inputs are called 'a'; rename one"):
        build_model(image={"a": IMAGE}, text={"a": TEXT}, **SMALL)


def test_a_fusion_may_be_a_layer_with_its_options(tmp_path):
    model = build_model(IMAGE, TEXT, fusion=mmkeras.fusion.SelfAttention(heads=2), **SMALL)
    assert model.get_layer("fusion").heads == 2
    assert recipe_of(model).fusion["name"] == "self_attention"
    model.save(tmp_path / "m.keras")
    assert recipe_of(keras.models.load_model(tmp_path / "m.keras")) == recipe_of(model)


def test_hidden_layers_stand_between_fusion_and_heads():
    model = build_model(IMAGE, TEXT, fusion="concat", hidden=(7, 5), **SMALL)
    assert model.get_layer("hidden0").kernel.shape == (16, 7)
    assert model.get_layer("label_logits").kernel.shape == (5, 3)


def test_a_single_modality_needs_no_fusion():
    assert type(build_model(text=TEXT, **SMALL).get_layer("fusion")).__name__ == "Concat"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"fusion": "self_atention"},
            "unknown fusion 'self_atention'; did you mean 'self_attention'",
        ),
        ({"fusion": "glue"}, "unknown fusion 'glue'; choose from sum, "),
        ({"fusion": "average", "hidden": (4,)}, r"hidden=\(4,\) stand behind a fusion of features"),
        ({"image": "cn"}, "unknown backbone 'cn'; did you mean 'cnn'"),
        ({"text": "dens"}, "unknown text branch 'dens'; did you mean 'dense'"),
        ({"optional": ("video",)}, "unknown optional input 'video'; choose from image, text"),
        ({"width": 6}, r"width must be a multiple of 4 heads\. Received: 6"),
        ({"num_classes": None}, "or num_classes=n, one of the two"),
        ({"outputs": {"mood": Classify(2)}}, "or num_classes=n, one of the two"),
        ({"image": None, "text": None}, "at least one input"),
    ],
)
def test_what_cannot_be_built_says_why(arguments, message):
    with pytest.raises(ValueError, match=message):
        build_model(**{"image": IMAGE, "text": TEXT, "num_classes": 3, "width": 8} | arguments)


def test_a_wrong_shape_names_the_input_and_both_shapes():
    model = build_model(IMAGE, TEXT, **SMALL)
    wrong = np.zeros((5, 32, 16, 3), np.uint8)
    with pytest.raises(ValueError, match=r"'image'.*expected shape=\(None, 16, 16, 3\).*32, 16, 3"):
        model({"image": wrong, "text": feed()["text"]})


def test_any_combination_of_modalities_and_answers():
    model = build_model(
        image=Image("mobilenet_v3_small", size_px=(32, 32)),
        text="transformer",
        audio=Audio("crnn", clip_ms=320, mels=16),
        sensors={"imu": mmkeras.Sensor(channels=6, rate_hz=50, window_ms=2_000)},
        fusion=mmkeras.fusion.SelfAttention(heads=4, layers=2),
        outputs={"label": Classify(12), "age": mmkeras.Regress()},
        optional=("audio",),
        width=16,
    )
    assert list(model.input) == ["image", "text", "audio", "imu", "audio_present"]
    assert {n: tensor.shape[1] for n, tensor in model.output.items()} == {"label": 12, "age": 1}
