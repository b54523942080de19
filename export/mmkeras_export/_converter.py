"""The child process of `conversion`: the converter can crash, and then only this process dies."""

import sys
from pathlib import Path


def main() -> None:
    """Reads the paths of a SavedModel and of the file to write, one a line, from standard input."""
    import tensorflow as tf  # takes longest, and the parent still traces meanwhile

    lines = sys.stdin.read().splitlines()
    if not lines:  # the parent gave up
        return
    saved_model, lite = lines
    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]  # no Flex on a device
    Path(lite).write_bytes(converter.convert())


if __name__ == "__main__":
    main()
