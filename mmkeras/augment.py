"""Variations of a batch, in training only, by kind of input and name.

`usual` is what every input gets unless others are named. `noise` is of no use for what training
looks like: it makes a model robust, modality by modality.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mmkeras import augment_images
from mmkeras.rand_augment import rand_augment
from mmkeras_edge.inputs import pick
from mmkeras_edge.specs import PAD_ID, presence_name

Vary = Callable[[np.ndarray, np.random.Generator], np.ndarray]

SHIFT_SHARE = 0.1  # of a side, or of a clip
GAIN_DB = 6.0
TOKEN_DROP = 0.1
SCALE_SHARE = 0.1  # of how far readings are from the mean of their window
JITTER_SHARE = 0.05  # of how much a channel varies
LEAST_SNR_DB, MOST_SNR_DB = 5.0, 40.0  # of noise over a sound: a running engine, a quiet room
NOISY_SHARE = 0.3  # of how much a channel varies: the most that noise adds
TYPOS = 0.1  # share of the tokens that noise makes others


def vary_images(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Mirrored half of the time and shifted by up to a tenth of a side: uint8 (B, H, W, 3).

    What a shift uncovers repeats the border. Views of one thing and frames of a film, uint8
    (B, V, H, W, 3), are all mirrored and shifted alike.
    """
    varied = images.copy()
    mirror = random.random(len(images)) < 0.5
    varied[mirror] = varied[mirror][..., ::-1, :]
    height, width = images.shape[-3:-1]
    for i, (down, right) in enumerate(random.uniform(-SHIFT_SHARE, SHIFT_SHARE, (len(images), 2))):
        rows = np.clip(np.arange(height) - round(down * height), 0, height - 1)
        columns = np.clip(np.arange(width) - round(right * width), 0, width - 1)
        varied[i] = varied[i][..., rows, :, :][..., columns, :]
    return varied


def vary_texts(ids: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One token in ten becomes padding, never all of a text: int32 (B, T)."""
    kept = np.where(random.random(ids.shape) < TOKEN_DROP, PAD_ID, ids)
    return np.where((kept == PAD_ID).all(axis=1, keepdims=True), ids, kept)


def vary_sounds(waveforms: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Later by up to a tenth of the clip, and louder or softer by up to 6 dB: float32 (B, S)."""
    count, samples = waveforms.shape
    gain = 10 ** (random.uniform(-GAIN_DB, GAIN_DB, (count, 1)) / 20)
    varied = np.zeros_like(waveforms)
    delays = random.integers(0, max(int(samples * SHIFT_SHARE), 1), size=(count,))
    for i, late in enumerate(delays.tolist()):
        varied[i, late:] = waveforms[i, : samples - late]
    return varied * gain.astype(np.float32)


def vary_readings(windows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A little noise, and wider or narrower by up to a tenth: float32 (B, T, C).

    Both about the mean of each channel in its window, as a share of how much that channel varies in
    the batch: units differ by orders of magnitude, and gravity stays. Jittering and scaling of Um
    et al., "Data augmentation of wearable sensor data", ICMI 2017.
    """
    mean = windows.mean(axis=1, keepdims=True)
    varies = (windows - mean).std(axis=(0, 1))  # (C,)
    scale = random.uniform(1 - SCALE_SHARE, 1 + SCALE_SHARE, (len(windows), 1, 1))
    noise = JITTER_SHARE * varies * random.normal(size=windows.shape)
    return (mean + (windows - mean) * scale + noise).astype(np.float32)


def drop_tokens(ids: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One token in ten is left out and the others move up, never all of a text: int32 (B, T)."""
    kept = np.full_like(ids, PAD_ID)
    stays = (ids != PAD_ID) & (random.random(ids.shape) >= TOKEN_DROP)
    for row, (text, stay) in enumerate(zip(ids, stays, strict=True)):
        left = text[stay] if stay.any() else text[text != PAD_ID]
        kept[row, : len(left)] = left
    return kept


def mistake_tokens(ids: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One token in ten becomes another that occurs in the batch: int32 (B, T)."""
    there = ids != PAD_ID
    known = ids[there]
    if not len(known):
        return ids
    others = random.choice(known, ids.shape)
    return np.where(there & (random.random(ids.shape) < TYPOS), others, ids)


def shift_sounds(waveforms: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Earlier or later by up to a tenth of the clip, silence behind or before: float32 (B, S)."""
    samples = waveforms.shape[1]
    varied = np.zeros_like(waveforms)
    most = int(samples * SHIFT_SHARE)
    for i, late in enumerate(random.integers(-most, most + 1, len(waveforms)).tolist()):
        varied[i, max(late, 0) : samples + min(late, 0)] = waveforms[
            i, max(-late, 0) : samples - max(late, 0)
        ]
    return varied


def scale_sounds(waveforms: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Louder or softer by up to 6 dB: float32 (B, S)."""
    gain = 10 ** (random.uniform(-GAIN_DB, GAIN_DB, (len(waveforms), 1)) / 20)
    return waveforms * gain.astype(np.float32)


def hiss(waveforms: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """White noise, 5 to 40 dB below the sound; silence stays: float32 (B, S)."""
    level = np.sqrt((waveforms**2).mean(axis=1, keepdims=True))
    snr_db = random.uniform(LEAST_SNR_DB, MOST_SNR_DB, level.shape)
    strength = (level * 10 ** (-snr_db / 20)).astype(np.float32)
    return waveforms + strength * random.standard_normal(waveforms.shape, np.float32)


def jitter(windows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A little noise on readings, as in `vary_readings`: float32 (B, T, C)."""
    return _with_noise(windows, np.float32(JITTER_SHARE), random)


def scale_readings(windows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Wider or narrower about their mean by up to a tenth: float32 (B, T, C)."""
    mean = windows.mean(axis=1, keepdims=True)
    scale = random.uniform(1 - SCALE_SHARE, 1 + SCALE_SHARE, (len(windows), 1, 1))
    return (mean + (windows - mean) * scale).astype(np.float32)


def shake(windows: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Noise of up to 0.3 of how much a channel varies: float32 (B, T, C)."""
    return _with_noise(windows, random.uniform(0, NOISY_SHARE, (len(windows), 1, 1)), random)


def _with_noise(windows, share, random: np.random.Generator) -> np.ndarray:
    varies = (windows - windows.mean(axis=1, keepdims=True)).std(axis=(0, 1))  # (C,)
    return (windows + share * varies * random.normal(size=windows.shape)).astype(np.float32)


def vary_nothing(records: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A table stays as it is: nobody knows how far another number is another thing."""
    return records


AUGMENT: dict[str, Vary] = {  # by kind: the usual
    "image": vary_images,
    "text": vary_texts,
    "audio": vary_sounds,
    "sensor": vary_readings,
    "table": vary_nothing,
    "video": vary_images,
}
_PICTURES: dict[str, Vary] = {
    "flip": augment_images.flip,
    "crop": augment_images.crop,
    "colour": augment_images.colour,
    "rand_augment": rand_augment,
    "noise": augment_images.noise,
}
NAMED: dict[str, dict[str, Vary]] = {  # by kind and name; SpecAugment is a field of Audio
    "image": _PICTURES,
    "text": {"token_dropout": drop_tokens, "noise": mistake_tokens},
    "audio": {"time_shift": shift_sounds, "gain": scale_sounds, "noise": hiss},
    "sensor": {"jitter": jitter, "scaling": scale_readings, "noise": shake},
    "table": {},
    "video": _PICTURES,
}
USUAL = "usual"
MIXES = ("none", "mixup", "cutmix")  # see mmkeras.mixing, which wants Keras


def chosen(names: bool | Iterable[str], kinds: Mapping[str, str]) -> dict[str, tuple[Vary, ...]]:
    """What each input of these kinds is varied by, in the order of the names.

    True is "usual", False nothing. "noise" is for all inputs that have such, "audio.noise" for
    those of a kind or the one of that name. Raises ValueError for a name that no kind has.
    """
    if isinstance(names, bool):
        names = (USUAL,) if names else ()
    names = tuple(names)
    known = {USUAL: None, **{name: None for of in NAMED.values() for name in of}}
    found: dict[str, list[Vary]] = {name: [] for name in kinds}
    for said in names:
        owner, _, name = said.rpartition(".")
        pick(known, name, "variation")
        if owner:
            pick({**dict.fromkeys(kinds), **dict.fromkeys(NAMED)}, owner, "input or kind")
        for each, kind in kinds.items():
            vary = AUGMENT[kind] if name == USUAL else NAMED[kind].get(name)
            if owner in ("", each, kind) and vary is not None:
                found[each].append(vary)
    return {name: tuple(of) for name, of in found.items() if of}


@dataclass(frozen=True)
class Variation:
    """What a training does to its batches: `by` input, and to whole rows, `mix` of
    `mmkeras.mixing`; `kinds` are those of the inputs that are as a device takes them."""

    by: Mapping[str, Sequence[Vary]]
    kinds: Mapping[str, str] = field(default_factory=dict)
    mix: str = "none"

    def __bool__(self) -> bool:
        return bool(self.by) or self.mix != "none"


def check_names(names: bool | Iterable[str]) -> None:
    """Raises ValueError for a variation that no kind has, before the inputs are known."""
    for said in () if isinstance(names, bool) else names:
        _, _, name = said.rpartition(".")
        pick(
            {USUAL: None, **{of: None for kind in NAMED.values() for of in kind}}, name, "variation"
        )


def varied(
    feed: Mapping[str, np.ndarray],
    by: Mapping[str, Sequence[Vary]],
    random: np.random.Generator,
) -> dict[str, np.ndarray]:
    """The batch with some inputs varied; what is absent stays zeros."""
    found = dict(feed)
    for name, functions in by.items():
        array = feed[name]
        for vary in functions:
            array = vary(array, random)
        there = feed.get(presence_name(name))
        if there is not None and not there.all():
            array = np.where(there.reshape(-1, *[1] * (array.ndim - 1)) > 0, array, 0)
        found[name] = array.astype(feed[name].dtype, copy=False)
    return found
