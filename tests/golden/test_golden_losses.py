"""R3GAN's relativistic loss from its own scores, as far as it needs no network of theirs."""

import os
from pathlib import Path

import pytest
import torch
from adapters.case import Case, error

from zerosum.losses import RELATIVISTIC

ROOT = os.environ.get("ZEROSUM_GOLDEN")
FOLDERS = sorted(path.parent for path in Path(ROOT).glob("*/meta.json")) if ROOT else []


@pytest.mark.skipif(not ROOT, reason="ZEROSUM_GOLDEN, the folder of reference numbers, is not set")
def test_the_loss_of_each_pair_is_r3gans():
    cases = [case for case in map(Case.read, FOLDERS) if case.reference == (
        "brownvc/R3GAN", "R3GAN.Trainer.AdversarialTraining")]
    assert cases
    objective, zero = RELATIVISTIC["relativistic"], torch.zeros(())
    for case in cases:
        for player, loss in (("D", objective.discriminator), ("G", objective.generator)):
            # D's logits are those of real minus fake, G's of fake minus real: whoever moves wants them to be large.
            logits, expected = (case.expected[f"out.{player}.{name}"] for name in ("relativistic_logits", "adv_loss"))
            assert error(torch.stack([loss(logit, zero) for logit in logits]), expected) <= case.tolerance
