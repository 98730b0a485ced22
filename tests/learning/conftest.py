"""Trainings run only when they are asked for: `pytest -m learning`."""

import pytest


def pytest_collection_modifyitems(config, items):
    if "learning" in config.getoption("-m"):
        return
    for item in items:
        if item.get_closest_marker("learning"):
            item.add_marker(pytest.mark.skip(reason="minutes of training: pytest -m learning"))
