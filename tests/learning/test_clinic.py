"""The doctor names scripted illnesses, and finds nothing in a healthy training (catalogue TRK-28)."""

import pytest

from zerosum.demos.clinic import HEALTHY, ILL, treat
from zerosum.doctor import diagnose


@pytest.mark.parametrize("illness", ["divergence", "vanishing gradient", "overpowering discriminator",
                                     "fooled discriminator", "mode collapse between classes",
                                     "mode collapse within classes", "oscillation"])
def test_an_illness_is_named(illness):
    course, picture = treat(ILL[illness], seed=0)
    assert illness in [each.illness for each in diagnose(course)] and picture.size[0] > 100


@pytest.mark.parametrize("name", ["gan, ring"])
def test_a_healthy_training_gives_no_alarm(name):
    assert not diagnose(treat(HEALTHY[name], seed=0)[0])
