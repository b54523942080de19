"""Every encoder of text on the device, in every precision: one file, a text and an output each."""

from dataclasses import replace

import keras
import keras_hub
import numpy as np
import pytest

from mmkeras import Text
from mmkeras.branches.text import ENCODERS, text_branch
from mmkeras_export import convert, islands_of
from tests.precisions import every_precision

LENGTH, KINDS, ROWS = 8, 300, 24
SIZES = {"vocabulary_size": KINDS, "num_layers": 1, "num_heads": 2, "max_sequence_length": LENGTH}
SIZES |= {"hidden_dim": 64, "intermediate_dim": 128}


def backbones() -> dict[str, keras.Model]:
    families = {"bert": "BertBackbone", "gpt2": "GPT2Backbone"}
    return {name: getattr(keras_hub.models, family)(**SIZES) for name, family in families.items()}


SOURCES = [name for name in ENCODERS if name != "minilm"]  # 23 million weights: in test_zoo
NAMES = [*SOURCES, "stacked", "bert", "gpt2"]


@pytest.fixture(scope="module")
def converted():
    """(model, float32 file, texts by input, Keras' answers by output)."""
    keras.utils.set_random_seed(0)
    sources = {name: Text(name) for name in SOURCES} | {"stacked": Text("bilstm", layers=2)}
    for name, backbone in backbones().items():
        sources[name] = Text(keras.saving.serialize_keras_object(backbone))
    inputs, outputs = {}, {}
    for name, source in sources.items():
        source = replace(source, length=LENGTH, vocabulary=KINDS)
        branch = text_branch(f"{name}_text", source)
        inputs[branch.input.name] = branch.input
        outputs[name] = keras.layers.Dense(8, name=f"{name}_answer")(branch.pooled)
    model = keras.Model(inputs, outputs)
    random = np.random.default_rng(0)
    words = random.integers(1, KINDS, (ROWS, LENGTH)).astype(np.int32)
    lengths = np.arange(ROWS) % (LENGTH + 1)  # from none to all
    feed = dict.fromkeys(inputs, np.where(np.arange(LENGTH) < lengths[:, None], words, 0))
    return model, convert(model), feed, model.predict(feed, verbose=0)


@every_precision
@pytest.mark.parametrize("name", NAMES)
def test_an_encoder_answers_as_keras_does(check_close, name, precision):
    check_close(precision, name, share=0.1)


def test_towers_with_attention_over_text_are_spared(converted):
    spared = {n.split("_")[0] for n, f in islands_of(converted[0]).items() if f == "dynamic_int8"}
    assert spared == {"transformer", "bert", "gpt2"}
