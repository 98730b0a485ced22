"""Every claim, measured anew with one seed: `pytest -m learning` (minutes per system)."""

import pytest

from zerosum.claims import claimed, verify

pytestmark = pytest.mark.learning


@pytest.mark.parametrize("model", claimed())
def test_the_claim_holds(model, tmp_path):
    verdict = verify(model, seeds=(0,), results=tmp_path)
    assert verdict.holds, str(verdict)


def test_seeds_in_processes_of_their_own_measure_the_same(tmp_path):
    here = verify("recipe", seeds=(0, 1), results=tmp_path / "here").document
    there = verify("recipe", seeds=(0, 1), workers=2, results=tmp_path / "there").document
    assert there["medians"] == here["medians"]
    for seed in "01":
        assert there["seeds"][seed]["quantities"] == here["seeds"][seed]["quantities"]
