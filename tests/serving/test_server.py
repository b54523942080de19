import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mmkeras_edge.cli import main
from mmkeras_edge.serving.notify import notify, watchdog_s
from mmkeras_edge.serving.server import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "correct-horse-battery"
# A library warns of such a part in words of its own, which quote it.
QUOTED = (
    b"--b\r\nContent-Disposition: form-data; name=text\r\nContent-Transfer-Encoding: Zaphod\r\n\r\n"
    b"Zaphod\r\n--b--\r\n"
)


@pytest.fixture
def systemd(tmp_path):
    """What listens to a service's signs of life."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.settimeout(30)
        yield channel


def test_a_server_told_to_stop_finishes_what_it_has_begun(tiny, systemd, tmp_path):
    """From the command line: systemd hears of it, and a body half sent is waited for."""
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "300000",
    }
    command = [sys.executable, "-m", "mmkeras_edge.cli", "serve", str(tiny), "--port", "0"]
    command += ["--workers", "1", "--host", "0.0.0.0", "--token-file", str(token)]
    with (
        subprocess.Popen(command, stderr=subprocess.PIPE, env=env, text=True, cwd=ROOT) as process,
        contextlib.ExitStack() as failing,
    ):
        failing.callback(process.kill)  # else a test that fails waits for it for ever
        lines = [json.loads(process.stderr.readline()) for _ in range(2)]
        assert [line["event"] for line in lines] == ["loaded", "listening"]
        port = int(lines[1]["url"].rstrip("/").rpartition(":")[2])
        head = f"POST /v1/predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n"
        head += (
            "Content-Type: application/json\r\nContent-Length: 14\r\nExpect: 100-continue\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(head.encode())
            assert connection.recv(999).startswith(b"HTTP/1.1 100")  # it waits for the body
            assert uploaded(port, QUOTED) == 422
            connection.sendall(b'{"inputs"')
            heard = set()
            while heard != {b"READY=1", b"WATCHDOG=1"}:
                heard.add(systemd.recv(99))
            process.send_signal(signal.SIGTERM)
            while systemd.recv(99) != b"STOPPING=1":
                pass
            connection.sendall(b": {}}")
            said = b"".join(iter(lambda: connection.recv(9_999), b""))
        assert said.startswith(b"HTTP/1.1 422")
        assert b"every input is absent" in said
        assert process.wait(30) == 0
        log = process.stderr.read()
    events = [json.loads(line)["event"] for line in log.splitlines()]
    quoting = "python_multipart.multipart"
    assert events == [quoting, "request", "stopping", "request", "stopped"]
    assert "Zaphod" not in log


def uploaded(port: int, body: bytes) -> int:
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Content-Type": "multipart/form-data; boundary=b",
    }
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as asking:
        asking.request("POST", "/v1/predict", body, headers)
        return asking.getresponse().status


def test_without_systemd_nobody_is_told(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert notify("READY=1") is False


def test_a_systemd_that_is_gone_stops_no_server(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    assert notify("READY=1") is False


@pytest.mark.parametrize(
    ("limit_us", "process", "limit_s"),
    [("30000000", None, 30.0), ("30000000", "1", None), ("", None, None), ("soon", None, None)],
)
def test_the_watchdog_is_that_of_this_process(monkeypatch, limit_us, process, limit_s):
    monkeypatch.setenv("WATCHDOG_USEC", limit_us)
    monkeypatch.setenv("WATCHDOG_PID", process or str(os.getpid()))
    assert watchdog_s() == limit_s


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"host": "0.0.0.0"}, "whoever reaches 0.0.0.0 could ask; give --token-file"),
        ({"host": "raspberrypi"}, "whoever reaches raspberrypi could ask"),
        ({"host": "::"}, "whoever reaches :: could ask"),
        ({"token": "short"}, "the token has 5 characters, wanted 16 or more"),
        ({"token": ""}, "the token has 0 characters"),
        ({"port": 65_536}, "wanted a port from 0 to 65535"),
        ({"workers": 0}, "wanted from 1 to 64 workers, received 0"),
        ({"workers": 100_000}, "wanted from 1 to 64 workers, received 100000"),
    ],
)
def test_settings_that_would_be_open_or_wrong_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Settings("a.tflite", **settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_this_machine_alone_needs_no_token(host):
    assert Settings("a.tflite", host).is_loopback


def test_workers_share_the_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(4))
    assert Settings("a.tflite").parts == (2, 2)
    assert Settings("a.tflite", workers=3).parts == (3, 1)
    assert Settings("a.tflite", threads=4).parts == (2, 4)


def test_the_command_says_what_is_wrong(capsys, tiny):
    assert main(["serve", str(tiny), "--host", "0.0.0.0"]) == 2
    assert "mmkeras-edge: error: whoever reaches 0.0.0.0" in capsys.readouterr().err
    assert main(["serve", str(tiny), "--limit", "quued=1"]) == 2
    assert "did you mean 'queued'?" in capsys.readouterr().err
