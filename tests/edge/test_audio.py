import io

import numpy as np
import pytest
import soundfile

from mmkeras_edge.audio import load_audio
from mmkeras_edge.specs import AudioSpec

SPEC = AudioSpec(rate_hz=16_000, clip_ms=100, hop_ms=10)  # 1,600 samples


def tone(rate_hz: int, length_ms: int = 200) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * 500 * np.arange(rate_hz * length_ms // 1_000) / rate_hz)


def encoded(samples: np.ndarray, rate_hz: int, kind: str = "WAV", **options) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=kind, **options)
    return file.getvalue()


def test_samples_at_the_rate_pass_unchanged():
    ramp = np.linspace(-1, 1, 1_600, dtype=np.float32)
    np.testing.assert_array_equal(load_audio((ramp, 16_000), SPEC), ramp)


def test_int16_is_divided_by_32768():
    loaded = load_audio((np.array([16_384, -32_768], np.int16), 16_000), SPEC)
    assert loaded[:3].tolist() == [0.5, -1.0, 0.0]


def test_a_wav_of_16_bits_is_exact():
    samples = np.array([0.5, -0.25, 0.125])
    loaded = load_audio(encoded(samples, 16_000, subtype="PCM_16"), SPEC)
    assert loaded[:4].tolist() == [0.5, -0.25, 0.125, 0.0]


def test_stereo_is_averaged():
    both = np.stack([np.full(1_600, 0.5), np.full(1_600, 0.1)], axis=1)
    for source in (encoded(both, 16_000, subtype="FLOAT"), (both, 16_000)):
        np.testing.assert_allclose(load_audio(source, SPEC), 0.3, atol=1e-7)


@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100, 192_000])
def test_any_rate_becomes_the_same_tone(rate_hz):
    inner = slice(50, 1_600)  # the resampler rings at the very start
    loaded = load_audio((tone(rate_hz), rate_hz), SPEC)
    np.testing.assert_allclose(loaded[inner], tone(16_000)[inner], atol=0.01)


@pytest.mark.parametrize(
    ("kind", "off"), [("WAV", 1e-4), ("FLAC", 1e-4), ("OGG", 0.05), ("MP3", 0.05)]
)
def test_formats_carry_the_same_tone(kind, off, tmp_path):
    path = tmp_path / "tone"
    path.write_bytes(encoded(tone(16_000), 16_000, kind))
    inner = slice(200, 1_400)
    np.testing.assert_allclose(load_audio(path, SPEC)[inner], tone(16_000)[inner], atol=off)
    np.testing.assert_array_equal(load_audio(path, SPEC), load_audio(path.read_bytes(), SPEC))


def test_a_long_sound_is_cut_and_a_short_one_followed_by_silence():
    assert load_audio((np.ones(5_000), 16_000), SPEC).sum() == 1_600
    assert load_audio((np.ones(5), 16_000), SPEC).tolist() == [1.0] * 5 + [0.0] * 1_595


def test_what_follows_the_clip_does_not_matter():
    quiet, loud = np.zeros(44_100), np.zeros(44_100)
    loud[44_100 * 160 // 1_000 :] = 1.0  # beyond the clip and the margin
    np.testing.assert_array_equal(
        load_audio((quiet, 44_100), SPEC), load_audio((loud, 44_100), SPEC)
    )


def test_one_sample_at_a_high_rate_may_leave_none():
    assert load_audio((np.ones(1), 192_000), SPEC).shape == (1_600,)


def test_a_missing_file_is_named():
    with pytest.raises(FileNotFoundError, match=r"audio: no file 'nowhere.wav'"):
        load_audio("nowhere.wav", SPEC)


def bare_wav(rate_hz: int = 16_000, subtype: str = "FLOAT", samples=(0.0, 0.0)) -> bytes:
    return encoded(np.array(samples), rate_hz, subtype=subtype)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "audio: 0 bytes is no sound; wanted WAV, FLAC, OGG or MP3"),
        (b"RIFF\x00\x00\x00\x00WAVEjunk", "is no sound"),
        (b"GIF89a" + bytes(100), "audio: 106 bytes is no sound"),
        (bare_wav(samples=()), "holds no samples"),
        (bare_wav(samples=(0.0, np.nan)), "NaN or infinity"),
        (bare_wav(rate_hz=500), "a sample rate of 500 Hz; wanted 1,000 to 768,000"),
        ((np.ones(9), 2_000_000_000), "a sample rate of 2000000000 Hz"),
        ((np.ones(9), float("nan")), "a sample rate of nan Hz"),
        ((np.ones(9), "16k"), "a sample rate of '16k' Hz"),
        ((np.array([np.inf]), 16_000), "NaN or infinity"),
        ((np.ones(9, np.int32), 16_000), "received int32; give samples / 2147483648"),
        ((np.ones(9, np.uint8), 16_000), "received uint8; give samples / 128.0 - 1"),
        ((np.full(9, -20_000.0), 16_000), "wanted floats from -1 to 1, received up to 20,000; div"),
        ((16_000, np.ones(9)), r"received \(rate_hz, samples\); swap them"),
        (([[1.0], [1.0, 2.0]], 16_000), "audio: the samples are no array"),
        ((np.ones((2, 16_000)), 16_000), r"received \(2, 16000\); transpose it"),
        ((np.ones((1, 1, 9)), 16_000), r"received \(1, 1, 9\)"),
        ((np.ones((9, 0)), 16_000), r"received \(9, 0\)"),
        ((np.ones(0), 16_000), r"received \(0,\)"),
        (np.ones(9), "received ndarray; an array alone does not say its rate"),
    ],
)
def test_what_is_no_sound_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        load_audio(source, SPEC)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
def test_a_damaged_sound_is_a_value_error_or_a_sound(kind):
    whole = encoded(tone(16_000), 16_000, kind)
    cuts = [whole[:at] for at in range(0, len(whole), 1 + len(whole) // 20)]
    flips = [
        whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]
        for at in range(0, len(whole), 1 + len(whole) // 60)
    ]
    refused = []
    for damaged in cuts + flips:
        try:
            assert load_audio(damaged, SPEC).shape == (1_600,)
        except ValueError as error:
            refused.append(str(error))
    assert refused
    assert all(message.startswith("audio: ") for message in refused)
