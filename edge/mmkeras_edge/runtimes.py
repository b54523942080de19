"""What runs a `.tflite` file here: the lightest runtime that is installed."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

RUNTIMES = {  # what is installed -> its module; the first that can be imported is taken
    "ai-edge-litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",  # 32-bit boards, old Pythons, NumPy 1
    "tensorflow": "tensorflow.lite.python.interpreter",  # seconds and 500 MB, so the last resort
}
NOTICE = r"\s*Warning: tf\.lite\.Interpreter is deprecated"  # of TensorFlow's, each time


class Runtime(NamedTuple):
    """A runtime: what it is called, what makes an interpreter, what loads a delegate's library."""

    name: str
    interpreter: Callable[..., Any]
    load_delegate: Callable[[str], Any]

    def delegate(self, library: str) -> Any:
        """A delegate; ValueError for what is no library of one.

        Looked at first, because the runtimes' own class cannot be taken down half made.
        """
        try:
            if not hasattr(ctypes.CDLL(library), "tflite_plugin_create_delegate"):
                raise ValueError("it is no delegate of TFLite's")
            return self.load_delegate(library)
        except (OSError, ValueError) as error:
            raise ValueError(f"the delegate {library!r} cannot be loaded: {error}") from error


def find_runtime() -> Runtime:
    """The first of `RUNTIMES` that can be imported; ImportError, with the cure, where none can."""
    reasons = []
    for name, path in RUNTIMES.items():
        try:
            module = import_module(path)
        except ImportError as error:
            reasons.append(str(error))
        else:
            if name == "tensorflow":
                warnings.filterwarnings("ignore", NOTICE, UserWarning)
            return Runtime(name, module.Interpreter, module.load_delegate)
    raise ImportError(
        "no runtime for .tflite files; install one with: pip install 'mmkeras[edge]' "
        f"({'; '.join(reasons)})"
    )
