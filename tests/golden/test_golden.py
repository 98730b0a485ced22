"""Reference numbers of the official implementations: every folder of $ZEROSUM_GOLDEN is one test.

A folder is known by what its meta.json says (repository, class, arguments), never by its name; one that no adapter
knows is skipped by name. Compared per tensor: max|a - b| <= tol max|b|, with the tolerance of meta.json.
"""

import os
from pathlib import Path

import pytest
from adapters import ADAPTERS
from adapters.case import Case, error

ROOT = os.environ.get("ZEROSUM_GOLDEN")
FOLDERS = sorted(path.parent for path in Path(ROOT).glob("*/meta.json")) if ROOT else []
UNSET = pytest.param(None, marks=pytest.mark.skip("ZEROSUM_GOLDEN, the folder of reference numbers, is not set"))


@pytest.mark.skipif(not ROOT, reason="ZEROSUM_GOLDEN, the folder of reference numbers, is not set")
def test_the_folder_holds_references():
    assert FOLDERS, f"{ROOT} holds no folder with a meta.json"


@pytest.mark.parametrize("folder", FOLDERS or [UNSET], ids=lambda folder: folder and folder.name)
def test_reproduces(folder: Path):
    case = Case.read(folder)
    adapter = ADAPTERS.get(case.reference)
    found = adapter(case) if adapter else None
    if found is None:
        pytest.skip(f"{folder.name}: no adapter")
    missing = case.expected.keys() - found.keys()
    assert not missing, f"the adapter leaves out {', '.join(sorted(missing))}"
    errors = {key: error(found[key], value) for key, value in case.expected.items()}
    assert {key: found[key].shape for key in errors} == {key: case.expected[key].shape for key in errors}
    wrong = {key: value for key, value in errors.items() if not value <= case.tolerance}
    assert not wrong, f"beyond {case.tolerance:g}: {wrong}"
