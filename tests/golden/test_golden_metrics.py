"""Reference values of metrics: each value in the folder of $ZEROSUM_GOLDEN that records a table of them is a test."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from adapters import metrics
from adapters.case import Case, error

ROOT = os.environ.get("ZEROSUM_GOLDEN")
FOLDERS = [path.parent for path in Path(ROOT).glob("*/meta.json")
           if "feature_formula" in json.loads(path.read_text())] if ROOT else []
CASES = [(case, key) for case in map(Case.read, FOLDERS) for key in case.meta["values"]]
UNSET = pytest.param((None, ""), marks=pytest.mark.skip("ZEROSUM_GOLDEN, the folder of reference numbers, is not set"))


@pytest.mark.parametrize("case_and_key", CASES or [UNSET], ids=lambda pair: pair[1])
def test_reproduces(case_and_key: tuple[Case, str]):
    case, key = case_and_key
    recorded = case.meta["values"][key]
    expected = list(recorded.values()) if isinstance(recorded, dict) else np.atleast_1d(recorded).tolist()
    if key.endswith(".checksum"):
        assert checksum(case, key.removesuffix(".checksum")) == pytest.approx(expected, rel=1e-12)
        return
    result = metrics.compute(case, key)
    if result is None:
        pytest.skip(f"{key}: no adapter")
    found, tolerance = result
    assert found == pytest.approx(expected, rel=tolerance, abs=1e-12)


HEADS = [(case, key) for case in map(Case.read, FOLDERS) for key in case.inputs if key.endswith("_head")]


@pytest.mark.parametrize("case_and_key", HEADS or [UNSET], ids=lambda pair: pair[1])
def test_makes_features_of_which_only_the_first_rows_are_recorded(case_and_key: tuple[Case, str]):
    case, key = case_and_key
    name, side = key.removesuffix("_head").split(".")
    made = metrics.features_of(case, name)[side == "fake"]
    assert torch.equal(made[:len(case.inputs[key])], case.inputs[key])


PATHS = [(case, key) for case in map(Case.read, FOLDERS) for key in case.expected if key.startswith("out.ppl.")]


@pytest.mark.parametrize("case_and_key", PATHS or [UNSET], ids=lambda pair: pair[1])
def test_measures_every_path(case_and_key: tuple[Case, str]):
    case, key = case_and_key
    *_, space, sampling, _ = key.split(".")
    assert error(metrics.paths(case, space, sampling), case.expected[key]) < 2e-3        # float32 over eps^2 = 1e-8


def checksum(case: Case, features: str) -> list[float]:
    real, fake = (x.double() for x in metrics.features_of(case, features))
    return [float(x) for x in (fake.sum(), real.sum(), (fake ** 2).sum(), (real ** 2).sum())]
