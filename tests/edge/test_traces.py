import io

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmkeras_edge.specs import AudioSpec, ImageSpec
from mmkeras_edge.traces import FIELDS, PARTS, trace_of

SMALL = ImageSpec(2, 2)


def test_a_picture_is_its_size_and_the_levels_of_its_fields():
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:2, :3, 0] = [[0, 10, 20], [30, 40, 50]]  # the first field, in red: 25 on average
    trace = trace_of(pixels, SMALL)[0]
    assert trace.shape == (2 + FIELDS * FIELDS * 3,)
    assert trace[:5].tolist() == [16, 24, 25, 0, 0]
    assert trace[5:].sum() == 0


def test_a_picture_smaller_than_the_fields_shows_its_pixels():
    trace = trace_of(np.arange(12, dtype=np.uint8).reshape(2, 2, 3), SMALL)[0]
    assert {*trace[2:].tolist()} == {*range(12)}


def test_every_view_has_a_row():
    black, white = np.zeros((4, 4, 3), np.uint8), Image.new("RGB", (5, 6), "white")
    trace = trace_of((black, white), ImageSpec(2, 2, views=2))
    assert trace[:, :3].tolist() == [[4, 4, 0], [6, 5, 255]]


def test_a_sound_is_its_rate_and_the_loudness_of_its_parts():
    loud = np.repeat([[0.5, -0.5], [0.0, 0.0]], 1_600, axis=0)
    trace = trace_of((loud, 16_000), AudioSpec(clip_ms=200))[0]
    assert trace[:3].tolist() == [16_000, 3_200, 2]
    np.testing.assert_allclose(trace[3:], [500.0] * (PARTS // 2) + [0.0] * (PARTS // 2))


def test_what_is_cut_off_leaves_no_trace():
    file = io.BytesIO()
    soundfile.write(file, np.ones(16_000), 16_000, format="WAV")
    trace = trace_of(file.getvalue(), AudioSpec(clip_ms=100))[0]
    assert trace[1] == 16_000 * 0.15 + 1  # the clip and the resampler's margin
    with pytest.raises(ValueError, match="audio: 4 bytes is no sound"):
        trace_of(b"none", AudioSpec(clip_ms=100))
