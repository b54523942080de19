import base64
import io

import numpy as np
import pytest
from PIL import Image

from mmkeras_edge.inputs import load_input
from mmkeras_edge.serving.costs import check_costs
from mmkeras_edge.serving.limits import Limits, RefusedError
from mmkeras_edge.serving.openapi import describe
from mmkeras_edge.serving.sources import read_sources
from mmkeras_edge.specs import ImageSpec, SensorSpec, TableSpec, VideoSpec
from tests.serving.conftest import BOUNDARY, multipart

SPECS = {
    "views": ImageSpec(4, 4, views=2),
    "imu": SensorSpec(2, 10.0, 500),
    "row": TableSpec(("age",), {"colour": ("red", "blue")}),
    "film": VideoSpec(2, 4, 4),
}


def png(grey: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (grey,) * 3).save(file, "PNG")
    return file.getvalue()


def gif(frames: int, width: int = 4) -> bytes:
    file = io.BytesIO()
    pictures = [Image.new("L", (width, 4), 10 * (i % 25)) for i in range(frames)]
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:])
    return file.getvalue()


def from_json(**inputs) -> dict:
    import json

    body = json.dumps({"inputs": inputs}).encode()
    return read_sources(body, "application/json; charset=utf-8", SPECS, Limits())


def from_parts(*parts) -> dict:
    return read_sources(
        multipart(*parts), f'multipart/form-data; boundary="{BOUNDARY}"', SPECS, Limits()
    )


def loaded(sources: dict, name: str) -> np.ndarray:
    return load_input(sources[name], SPECS[name])


def test_views_are_several_parts_or_a_list():
    encoded = [base64.b64encode(png(grey)).decode() for grey in (10, 20)]
    parts = [("views", "a.png", png(10)), ("views", "b.png", png(20))]
    for sources in (from_json(views=encoded), from_parts(*parts)):
        assert loaded(sources, "views")[:, 0, 0, 0].tolist() == [10, 20]


def test_a_film_is_a_file_or_its_frames():
    parts = [("film", f"{grey}.png", png(grey)) for grey in (10, 20)]
    assert loaded(from_parts(*parts), "film")[:, 0, 0, 0].tolist() == [10, 20]
    encoded = base64.b64encode(gif(2)).decode()
    assert loaded(from_json(film=encoded), "film")[:, 0, 0, 0].tolist() == [0, 10]


def test_readings_are_a_file_or_lists_of_numbers():
    rows = [[1.0, 2.0], [1.0, 4.0], [1.0, 6.0]]
    csv = "\n".join(f"{a},{b}" for a, b in rows).encode()
    for sources in (
        from_json(imu={"values": rows, "rate_hz": 10}),
        from_json(imu={"values": rows, "times_s": [7.0, 7.1, 7.2]}),
        from_json(imu=base64.b64encode(csv).decode()),
        from_parts(("imu", "a.csv", csv)),
    ):
        assert loaded(sources, "imu")[:, 1] == pytest.approx([2, 4, 6, 6, 6])


def test_a_gap_in_readings_is_null():
    imu = {"values": [[1.0, 2.0], [1.0, None], [1.0, 6.0]], "rate_hz": 10}
    assert loaded(from_json(imu=imu), "imu")[1, 1] == pytest.approx(4)


def test_a_row_is_an_object_or_its_text():
    for sources in (
        from_json(row={"age": 3, "colour": "blue"}),
        from_parts(("row", None, b'{"age": 3, "colour": "blue"}')),
    ):
        assert loaded(sources, "row").tolist() == [3, 2]


@pytest.mark.parametrize(
    ("imu", "message"),
    [
        ({"values": [[1, 2]]}, "wanted values with rate_hz or times_s, received"),
        ({"values": [[1, 2], [1]], "rate_hz": 10}, "wanted lists of numbers, alike in length"),
        ({"values": [["a", 2]], "rate_hz": 10}, "wanted lists of numbers"),
        ({"values": [[10**400, 2]], "rate_hz": 10}, "wanted lists of numbers"),
        ({"values": [[1, 2]], "rate_hz": [10]}, "wanted one rate_hz, received a list"),
    ],
)
def test_wrong_readings_are_told(imu, message):
    with pytest.raises(ValueError, match=message):
        from_json(imu=imu)


def test_a_row_as_a_list_is_none():
    with pytest.raises(ValueError, match="input 'row': wanted an object of fields, received list"):
        from_json(row=[1])


@pytest.mark.parametrize(("frames", "limit_mp", "fits"), [(50, 1, True), (300, 1, False)])
def test_all_frames_of_a_film_count(frames, limit_mp, fits):
    """1,000 x 4 pixels each: 0.2 and 1.2 megapixels."""
    sources = {"film": gif(frames, 1_000)}
    if fits:
        check_costs(sources, SPECS, Limits(film_mp=limit_mp))
    else:
        with pytest.raises(RefusedError, match="300 frames of 4,000 pixels, more than 1,000,000"):
            check_costs(sources, SPECS, Limits(film_mp=limit_mp))


def test_a_film_that_pyav_reads_is_counted_too(tmp_path):
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as film:
        stream = film.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 256, 256, "yuv420p"
        for _ in range(20):
            film.mux(stream.encode(av.VideoFrame(256, 256, "yuv420p")))
        film.mux(stream.encode())
    with pytest.raises(RefusedError, match="20 frames of 65,536 pixels, more than 1,000,000"):
        check_costs({"film": path.read_bytes()}, SPECS, Limits(film_mp=1))


def test_every_kind_of_input_has_a_schema():
    from dataclasses import replace

    from mmkeras_edge.file import open_file
    from tests.serving.conftest import TINY

    card = replace(open_file(TINY).card, inputs=SPECS, optional=("film",))
    inputs = describe(card, Limits())["components"]["schemas"]["Inputs"]
    assert list(inputs["properties"]) == list(SPECS)
    assert inputs["required"] == ["views", "imu", "row"]
    assert list(inputs["properties"]["row"]["properties"]) == ["age", "colour"]
    assert inputs["properties"]["views"]["minItems"] == 2
