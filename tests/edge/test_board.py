from pathlib import Path

import pytest

from mmkeras_edge.board import State, describe_board, peak_memory_mb, state_of_board

PI = {  # as a Raspberry Pi has them
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "proc/meminfo": "MemTotal:        3884312 kB\nMemFree: 1 kB\n",
    "etc/os-release": 'NAME="Debian"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
    "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "sys/class/thermal/thermal_zone0/temp": "61835\n",
    "sys/class/thermal/thermal_zone1/type": "nvme\n",
    "sys/class/thermal/thermal_zone1/temp": "80000\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1500000\n",
    "sys/devices/system/cpu/cpu1/cpufreq/scaling_cur_freq": "600000\n",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
}


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


def test_a_pi_says_how_warm_it_is_and_what_holds_it_back(tmp_path):
    assert state_of_board(machine(tmp_path, PI)) == State(
        61.835, 600.0, ("under-voltage", "throttled"), ("under-voltage", "throttled")
    )


def test_what_was_is_told_from_what_is(tmp_path):
    path = "sys/devices/platform/soc/soc:firmware/get_throttled"
    state = state_of_board(machine(tmp_path, {**PI, path: "0xe0008"}))
    assert state.throttled == ("soft temperature limit",)
    assert state.throttled_before == ("frequency capped", "throttled", "soft temperature limit")


def test_a_pi_says_what_it_is(tmp_path):
    board = describe_board(machine(tmp_path, PI))
    assert board["model"] == "Raspberry Pi 4 Model B Rev 1.4"
    assert (board["memory_mb"], board["system"]) == (3_884, "Debian GNU/Linux 12 (bookworm)")


@pytest.mark.parametrize("content", ["", "N/A"])
def test_a_machine_that_says_nothing_is_none_and_no_zero(tmp_path, content):
    files = dict.fromkeys((name for name in PI if name.startswith("sys")), content)
    assert state_of_board(machine(tmp_path, files)) == State(None, None, None, None)
    assert describe_board(tmp_path)["model"] is None


def test_the_peak_of_memory_only_grows():
    before = peak_memory_mb()
    kept = bytearray(40_000_000)
    after = peak_memory_mb()
    assert len(kept) == 40_000_000
    assert before <= after
    assert after > 40
