"""The program of `process`: SAVED_MODEL TARGET; it waits for a line on standard input."""

import contextlib
import sys
from pathlib import Path


def main() -> None:
    """Converts when told to, and ends without a word where the parent has gone."""
    with contextlib.suppress(OSError):  # if memory runs out, Linux ends this process and no other
        Path("/proc/self/oom_score_adj").write_text("1000")
    import tensorflow as tf  # takes longest, and the parent still traces meanwhile

    if not sys.stdin.readline():
        return
    saved_model, lite = sys.argv[1:]
    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]  # no Flex on a device
    Path(lite).write_bytes(converter.convert())


if __name__ == "__main__":
    main()
