"""Runs every contract test for every registered system: being registered is being tested."""

from collections.abc import Callable
from functools import cache

import pytest

from zerosum import models as _models  # noqa: F401  (fills the registry)
from zerosum.core import DataSpec, find, names
from zerosum.data import DataConfig, load_data
from zerosum.engine import Trainer
from zerosum.runs import construct, plan

data_of = cache(load_data)                   # nobody changes it, and some takes seconds to draw


def pytest_generate_tests(metafunc):
    if "name" in metafunc.fixturenames:
        metafunc.parametrize("name", names())


@cache
def spec_of(config: DataConfig) -> DataSpec:
    """What samples of this data are; the samples themselves, up to a gigabyte, are let go."""
    return load_data(config).spec


@pytest.fixture
def specs() -> Callable[[DataConfig], DataSpec]:
    """`spec_of`: data that many systems are trained on is made once a session."""
    return spec_of


@pytest.fixture
def cls(name):
    """The model class."""
    return find(name)


@pytest.fixture
def tiny(name) -> Callable[..., Trainer]:
    """Makes a trainer of the tiny preset, with these settings changed; `weights_seed` is for its first weights."""
    def make(weights_seed: int = 0, **settings) -> Trainer:
        chosen = plan(name, "tiny", {"device": "cpu"} | settings)
        data = data_of(chosen.data)
        return Trainer(construct(chosen.model, chosen.cfg, data.spec, weights_seed), data, chosen.train)
    return make
