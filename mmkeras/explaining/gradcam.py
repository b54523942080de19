"""Grad-CAM: where in a map of features is what speaks for the answer."""

from __future__ import annotations

import numpy as np

from mmkeras.explaining.scene import Scene


def grad_cam(scene: Scene, path: str, averaged: bool = False) -> np.ndarray:
    """relu(Σ_k G_k ∘ A_k), G_k = ∂score / ∂A_k: (frames, h, w), 0 or above.

    A is the last map of the tower at `path`, (frames, h, w, D), one frame of a picture. Selvaraju
    et al., "Grad-CAM: visual explanations from deep networks", ICCV 2017, eq. 1 and 2, average G_k
    over the map first, as `averaged` does. Where the model averages the map, G_k is the same at
    each place and so is the result. Where it does not, as "cnn", which flattens it, only G_k itself
    knows which place matters: HiResCAM, Draelos and Carin, arXiv 2011.08891, 2021, section 3.
    """
    maps = scene.values([path])
    _, gradients = scene.gradients(maps, 1)
    weights = gradients[path]
    if averaged:
        weights = weights.mean(axis=(1, 2), keepdims=True)  # (frames, 1, 1, D)
    return np.maximum((weights * maps[path]).sum(axis=-1), 0.0)


def enlarged(maps: np.ndarray, height: int, width: int) -> np.ndarray:
    """Each map in another size, smoothly: (frames, h, w) -> (frames, height, width)."""
    from PIL import Image

    pictures = [Image.fromarray(of.astype(np.float32)) for of in maps]
    found = [np.asarray(of.resize((width, height), Image.Resampling.BICUBIC)) for of in pictures]
    return np.maximum(np.stack(found), 0.0)
