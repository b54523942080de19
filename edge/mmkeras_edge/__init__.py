"""Runs exported models where there is no Keras: named raw inputs in, named scores out."""

from mmkeras_edge.runner import Model, Scores, load
from mmkeras_edge.specs import AudioSpec, Card, ClassifySpec, ImageSpec, TextSpec

__all__ = ["AudioSpec", "Card", "ClassifySpec", "ImageSpec", "Model", "Scores", "TextSpec", "load"]
