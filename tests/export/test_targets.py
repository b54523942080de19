import pytest

from mmkeras_export import FORMATS, TARGETS
from mmkeras_export.targets import target_of

every_target = pytest.mark.parametrize("name", TARGETS)


@every_target
def test_a_target_names_formats_of_the_table_and_the_source_of_its_numbers(name):
    target = target_of(name)
    assert set(target.formats) <= set(FORMATS)
    assert "int8" in target.formats or target.runtime == "tflite-runtime"
    assert len(target.source) > 20
    assert target.budget_mb == target.memory_mb / 2


def test_the_rates_give_back_the_published_times():
    mobilenet_v2 = 300_000_000  # multiply-adds
    for name, float_ms, int8_ms in (("raspberry-pi-4", 46, 17), ("raspberry-pi-3", 79, 30)):
        target = target_of(name)
        assert target.milliseconds(mobilenet_v2) == pytest.approx(float_ms, rel=0.02)
        assert target.milliseconds(mobilenet_v2, "int8") == pytest.approx(int8_ms, rel=0.02)


def test_where_no_rate_is_published_there_is_no_estimate():
    assert target_of("browser").milliseconds(1_000_000) is None


def test_an_unknown_target_gets_the_nearest_name():
    with pytest.raises(ValueError, match="did you mean 'raspberry-pi-4'"):
        target_of("raspbery-pi-4")


def test_layers_that_bear_no_int8_get_what_the_runtime_has():
    asked = {"log_mel": "float16", "attention": "dynamic_int8", "convolution": "int8"}
    floats = {"log_mel": "float32", "attention": "float32", "convolution": "int8"}
    assert target_of("microcontroller").borne(asked) == floats
    assert target_of("raspberry-pi-4").borne(asked) == asked
    assert target_of("coral-edge-tpu").borne(asked) == asked  # by the host
