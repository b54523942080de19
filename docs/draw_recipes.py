"""Draws three recipes with `keras.utils.plot_model`: python docs/draw_recipes.py

Wants pydot (in the extra dev) and Graphviz's `dot` (apt-get install graphviz).
"""

from pathlib import Path

import keras

import mmkeras
from mmkeras.recipes import RECIPES

DRAWN = ("pi", "cnn_rnn_weighted_sum", "text_image")

if __name__ == "__main__":
    for name in DRAWN:
        keras.utils.plot_model(
            mmkeras.assemble(RECIPES[name].recipe),
            to_file=str(Path(__file__).parent / "recipes" / f"{name}.png"),
            show_shapes=True,
            show_layer_names=True,
            rankdir="TB",
            dpi=70,
        )
