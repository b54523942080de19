"""Whether the device's runtime takes a file, and which layer is at fault if not."""

from __future__ import annotations

import re

import numpy as np

from mmkeras_edge.graph import Graph
from mmkeras_export.converting.nodes import NUMBER, read_nodes

NODE = re.compile(r"Node number (\d+) \((\w+)\)")


class RefusedLayerError(ValueError):
    """The runtime does not take a file; `layer` is at fault, if it says which."""

    def __init__(self, message: str, layer: str | None):
        super().__init__(message)
        self.layer = layer


def check_runs(lite: bytes) -> None:
    """Loads and runs a file once. Raises RefusedLayerError with the one at fault."""
    try:
        graph = Graph(lite)
        graph.run(
            {
                name: np.zeros(tensor["shape"][1:], tensor["dtype"])
                for name, tensor in graph.inputs.items()
            }
        )
    except (ValueError, RuntimeError) as error:
        raise _explained(lite, str(error)) from error


def _explained(lite: bytes, message: str) -> RefusedLayerError:
    found = NODE.search(message)
    if found is None:
        return RefusedLayerError(f"the runtime refuses the file: {message}", None)
    path = read_nodes(lite)[int(found[1])].layers[0]
    layer = NUMBER.sub("", path.split("/")[-2]) if "/" in path else path
    return RefusedLayerError(
        f"the runtime refuses the layer {layer!r} ({found[2]}) in this number format; leave it in "
        f'another one: layers={{{layer!r}: "dynamic_int8"}}. It says: {message}',
        layer,
    )
