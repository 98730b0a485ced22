"""Runs every contract test for every registered system: being registered is being tested."""

from collections.abc import Callable

import pytest

from zerosum import models as _models  # noqa: F401  (fills the registry)
from zerosum.core import find, names
from zerosum.data import load_data
from zerosum.engine import Trainer
from zerosum.runs import construct, plan


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", names())


@pytest.fixture
def cls(name):
    """The model class."""
    return find(name)


@pytest.fixture
def tiny(name) -> Callable[..., Trainer]:
    """Makes a trainer of the tiny preset, with these settings changed; `weights_seed` is for its first weights."""
    def make(weights_seed: int = 0, **settings) -> Trainer:
        chosen = plan(name, "tiny", {"device": "cpu"} | settings)
        data = load_data(chosen.data)
        return Trainer(construct(chosen.model, chosen.cfg, data.spec, weights_seed), data, chosen.train)
    return make
