import io

from IPython.core.formatters import DisplayFormatter
from PIL import Image

from mmkeras.canvas import Canvas


def test_a_notebook_shows_it_though_pyplot_was_not_imported():
    bundle, _ = DisplayFormatter().format(Canvas(figsize=(2, 1), dpi=100))
    assert Image.open(io.BytesIO(bundle["image/png"])).size == (200, 100)
