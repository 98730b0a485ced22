"""Likelihood of a generator and of a variational autoencoder: the order found by Wu et al. (1611.04273), on digits."""

import pytest

from zerosum.data import load_held_out
from zerosum.metrics.likelihood.ais import Annealing
from zerosum.metrics.likelihood.decoders import ais_of_model
from zerosum.runs import train

pytestmark = pytest.mark.learning


def test_a_gan_makes_real_digits_less_likely_than_a_vae(tmp_path):
    data, nats = load_held_out("digits", image_size=8), {}
    for name, settings in (("vae", {}), ("gan", {"steps": 4_000})):
        run = train(name, preset="small", out=tmp_path / name, quiet=True, device="cpu", **settings)
        nats[name] = ais_of_model(run.model, data, 12, annealing=Annealing(steps=300, chains=4))["ais"]
    # Both are lower bounds, so the GAN's must not be low for want of steps.
    assert nats["gan"].details["bdmc gap"] < 3
    assert nats["vae"].interval[0] > nats["gan"].interval[1]
