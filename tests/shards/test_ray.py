"""A Ray cluster makes the shards that a process makes."""

import os
import sys

import pytest

from tests.shards.conftest import content


@pytest.mark.slow  # a cluster takes ten seconds to come and go
@pytest.mark.usefixtures("in_pieces")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_two_workers_of_a_local_cluster_write_the_same_bytes(toy, store, tmp_path, monkeypatch):
    pytest.importorskip("ray", reason="pip install 'mmkeras[ray]'")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([os.getcwd(), *filter(None, sys.path)]))
    store(toy, tmp_path / "one")
    store(toy, tmp_path / "ray", workers=2, engine="ray")
    assert content(tmp_path / "ray") == content(tmp_path / "one")
