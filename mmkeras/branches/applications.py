"""The pre-trained families of keras.applications, without their tops and without their own
normalisation, which is a layer of `pixels` instead: a tower may also look at a spectrogram."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
from keras import layers

from mmkeras.branches.backbone import IMAGENET, Backbone, load
from mmkeras.branches.pixels import (
    DEVIATION_RGB,
    CaffePixels,
    halved_pixels,
    symmetric_pixels,
    torch_pixels,
)

Shape = tuple[int, ...]
PLAIN = {"include_preprocessing": False}


def application(function: str, shape: Shape, weights: str | None, **options) -> keras.Model:
    """What `keras.applications` has under that name: (B, H, W, C) -> (B, h, w, D)."""
    family = getattr(keras.applications, function)
    ready = weights if weights == IMAGENET else None
    try:
        model = family(include_top=False, weights=ready, input_shape=tuple(shape), **options)
    except Exception as error:
        if ready is None:
            raise
        raise ValueError(
            f"the ImageNet weights of {function} could not be had: {error}. They are downloaded "
            "by keras.applications, once; without internet use weights=None"
        ) from error
    if weights not in (None, IMAGENET):
        load(model, weights)
    return model


def efficientnet(function: str, shape: Shape, weights: str | None) -> keras.Model:
    """One of the first EfficientNets from its stem on.

    Keras has no switch for the normalisation inside: it divides by 255, takes a mean and divides
    by the root of a variance, both weights, and with ImageNet's once more by the root of the
    deviation. The variance stored for ImageNet is the deviation: all in all, `torch_pixels`.
    A file may hold the weights of the whole or of the part that is returned here.
    """
    whole = application(function, shape, weights if weights == IMAGENET else None)
    cut = keras.Model(whole.get_layer("stem_conv_pad").input, whole.output, name=whole.name)
    body = keras.Model.from_config(cut.get_config())  # its layers have no other input
    if weights is not None and weights != IMAGENET:
        try:  # the whole first: the file of a whole also has all that the part wants
            load(whole, weights)
        except ValueError:
            load(body, weights)
            return body
        _check_normalisation(whole, weights)
    body.set_weights(cut.get_weights())
    return body


def _check_normalisation(whole: keras.Model, path: str) -> None:
    (own,) = (layer for layer in whole.layers if isinstance(layer, layers.Normalization))
    _, variance, _ = own.get_weights()
    if not np.allclose(variance, DEVIATION_RGB, rtol=1e-3):
        raise ValueError(
            f"the EfficientNet in {path} was trained on pixels of another variance, {variance}; "
            f"only ImageNet's, {DEVIATION_RGB}, can go on"
        )


def _of(
    function: str, normalise: Callable[..., layers.Layer], min_px: int = 32, **options
) -> Backbone:
    return Backbone(partial(application, function, **options), normalise, min_px=min_px)


def _efficientnet(function: str) -> Backbone:
    return Backbone(partial(efficientnet, function), torch_pixels, min_px=32)


# name in a recipe -> backbone; the paper before each family
APPLICATIONS: dict[str, Backbone] = {
    # Howard et al., "MobileNets: efficient convolutional neural networks", 2017
    "mobilenet": _of("MobileNet", symmetric_pixels),
    # Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018
    "mobilenet_v2": _of("MobileNetV2", symmetric_pixels),
    # Howard et al., "Searching for MobileNetV3", ICCV 2019
    "mobilenet_v3_small": _of("MobileNetV3Small", symmetric_pixels, **PLAIN),
    "mobilenet_v3_large": _of("MobileNetV3Large", symmetric_pixels, **PLAIN),
    # Zoph et al., "Learning transferable architectures", CVPR 2018
    "nasnet_mobile": _of("NASNetMobile", symmetric_pixels),
    "nasnet_large": _of("NASNetLarge", symmetric_pixels),
    # Tan and Le, "EfficientNet: rethinking model scaling", ICML 2019
    "efficientnet_b0": _efficientnet("EfficientNetB0"),
    "efficientnet_b1": _efficientnet("EfficientNetB1"),
    "efficientnet_b2": _efficientnet("EfficientNetB2"),
    "efficientnet_b3": _efficientnet("EfficientNetB3"),
    "efficientnet_b4": _efficientnet("EfficientNetB4"),
    "efficientnet_b5": _efficientnet("EfficientNetB5"),
    "efficientnet_b6": _efficientnet("EfficientNetB6"),
    "efficientnet_b7": _efficientnet("EfficientNetB7"),
    # Tan and Le, "EfficientNetV2: smaller models and faster training", ICML 2021
    "efficientnet_v2_b0": _of("EfficientNetV2B0", torch_pixels, **PLAIN),
    "efficientnet_v2_b1": _of("EfficientNetV2B1", torch_pixels, **PLAIN),
    "efficientnet_v2_b2": _of("EfficientNetV2B2", torch_pixels, **PLAIN),
    "efficientnet_v2_b3": _of("EfficientNetV2B3", torch_pixels, **PLAIN),
    "efficientnet_v2_s": _of("EfficientNetV2S", halved_pixels, **PLAIN),
    "efficientnet_v2_m": _of("EfficientNetV2M", halved_pixels, **PLAIN),
    "efficientnet_v2_l": _of("EfficientNetV2L", halved_pixels, **PLAIN),
    # Huang et al., "Densely connected convolutional networks", CVPR 2017
    "densenet121": _of("DenseNet121", torch_pixels),
    "densenet169": _of("DenseNet169", torch_pixels),
    "densenet201": _of("DenseNet201", torch_pixels),
    # Chollet, "Xception: deep learning with depthwise separable convolutions", CVPR 2017
    "xception": _of("Xception", symmetric_pixels, min_px=71),
    # Szegedy et al., "Rethinking the Inception architecture", CVPR 2016
    "inception_v3": _of("InceptionV3", symmetric_pixels, min_px=75),
    # Szegedy et al., "Inception-v4, Inception-ResNet", AAAI 2017
    "inception_resnet_v2": _of("InceptionResNetV2", symmetric_pixels, min_px=75),
    # He et al., "Deep residual learning for image recognition", CVPR 2016
    "resnet50": _of("ResNet50", CaffePixels),
    "resnet101": _of("ResNet101", CaffePixels),
    "resnet152": _of("ResNet152", CaffePixels),
    # He et al., "Identity mappings in deep residual networks", ECCV 2016
    "resnet50v2": _of("ResNet50V2", symmetric_pixels),
    "resnet101v2": _of("ResNet101V2", symmetric_pixels),
    "resnet152v2": _of("ResNet152V2", symmetric_pixels),
    # Liu et al., "A ConvNet for the 2020s", CVPR 2022
    "convnext_tiny": _of("ConvNeXtTiny", torch_pixels, **PLAIN),
    "convnext_small": _of("ConvNeXtSmall", torch_pixels, **PLAIN),
    "convnext_base": _of("ConvNeXtBase", torch_pixels, **PLAIN),
    "convnext_large": _of("ConvNeXtLarge", torch_pixels, **PLAIN),
    "convnext_xlarge": _of("ConvNeXtXLarge", torch_pixels, **PLAIN),
    # Simonyan and Zisserman, "Very deep convolutional networks", ICLR 2015
    "vgg16": _of("VGG16", CaffePixels),
    "vgg19": _of("VGG19", CaffePixels),
}
