import json

import keras
import pytest
from typer.testing import CliRunner

import mmkeras
from mmkeras_export import fits
from mmkeras_export.fitting import noise_for


def test_a_small_model_fits_and_every_format_has_its_price():
    model = mmkeras.build_model(image=mmkeras.Image("cnn", size_px=(32, 32)), num_classes=3)
    found = fits(model, "raspberry-pi-4")
    sizes = {size.precision: size for size in found.sizes}
    assert found
    assert sizes["int8"].file_kb < 0.4 * sizes["float32"].file_kb
    assert sizes["int8"].estimated_ms == pytest.approx(sizes["float32"].estimated_ms / 2.7)
    assert found.parameters == model.count_params()
    assert str(found).endswith("it fits")


def test_a_model_beyond_the_memory_does_not_fit_and_the_exit_code_says_so():
    """Attention over vectors of 1,600: ten million weights, 10 MB as bytes; 8 are allowed."""
    from mmkeras.cli import app

    asked = ["fits", "pi", "--target", "microcontroller", "--json", "--set", "width=1600"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 1
    found = json.loads(done.output)
    assert not found["fits"]
    assert all(size["ram_mb"] > found["budget_mb"] for size in found["sizes"])


def test_what_an_accelerator_leaves_to_the_host_is_named():
    given = keras.Input((8,), name="x")
    model = keras.Model(given, {"y": keras.layers.Dense(2, activation="gelu")(given)})
    notes = fits(model, "coral-edge-tpu").notes
    assert any("run on the host: GELU" in note for note in notes)


def test_noise_has_the_types_and_shapes_of_the_inputs():
    noise = noise_for(mmkeras.build_model(image="cnn", text="embedding", num_classes=2))
    assert {name: (str(v.dtype), v.ndim) for name, v in noise.items()} == {
        "image": ("uint8", 3),
        "text": ("int32", 1),
    }
