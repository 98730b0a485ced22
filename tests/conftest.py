"""What every test stands on: one CPU thread, a folder of its own to work in, and one cache for the whole session."""

import os

os.environ["OMP_NUM_THREADS"] = "1"          # before torch is loaded, and for the processes that tests start
os.environ.pop("ZEROSUM_CACHE", None)

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory):
    """Judges are trained once for all workers: the parent of a worker's folder is the session's."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    os.environ["ZEROSUM_CACHE"] = str(folder)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    """Nothing that a test leaves lying about reaches the repository."""
    monkeypatch.chdir(tmp_path)
