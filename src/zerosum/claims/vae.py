"""Claim of VAE (1312.6114): its bound beats linear Gaussian models, and its samples are more blurred than a GAN's."""

import math

import torch
from torch import Tensor

from ..data import load_data
from ..metrics.distribution.high_frequency import high_frequency_share, spectral_energy
from .claim import Check, Claim, Side
from .digits import coverage
from .panels import images_panel
from .trial import Trial

DRAWS, IWAE = 20, 50                         # of z per image: to average the ELBO, and in one IWAE bound
LEVEL = 2 / 16                               # between two of the digits' 17 grey levels


def ppca_log_likelihood(train: Tensor, test: Tensor, latents: int) -> float:
    """Mean log p(x) of test under probabilistic PCA with so many latents, at its maximum likelihood (closed form).

    x ~ N(m, W W^T + s^2 I), where s^2 is the mean of the smallest eigenvalues (Tipping and Bishop, 1999).
    """
    train, test = train.flatten(1).double(), test.flatten(1).double()
    mean = train.mean(0)
    values, vectors = torch.linalg.eigh((train - mean).T @ (train - mean) / len(train))
    values, vectors = values.flip(0), vectors.flip(1)
    variances = values.clone()
    variances[latents:] = values[latents:].mean()
    scaled = ((test - mean) @ vectors).square() / variances
    return float(-0.5 * (scaled.sum(1) + variances.log().sum() + test.shape[1] * math.log(2 * math.pi)).mean())


def dequantized(x: Tensor) -> Tensor:
    """x with uniform noise as wide as a grey level, so that constant pixels have a density (Theis et al., 2016)."""
    return x + LEVEL * (torch.rand(x.shape) - 0.5)


def measure(trial: Trial) -> dict[str, float]:
    done, gan = trial.train("vae"), trial.train("gan")
    size, model = done.data.spec.height, done.model
    train, test = done.data.all(), load_data("digits", image_size=size, split="test").all()
    torch.manual_seed(trial.seed)
    elbo = float(torch.stack([model.log_prob(test).mean() for _ in range(DRAWS)]).mean())
    iwae = float(model.log_prob(test, importance_samples=IWAE).mean())
    smooth_train, smooth_test = dequantized(train), dequantized(test)
    gaussians = [ppca_log_likelihood(smooth_train, smooth_test, latents) for latents in range(train[0].numel())]
    x, x_gan = model.sample(1_000, seed=trial.seed), gan.model.sample(1_000, seed=trial.seed)
    for title, images in (("real", test), ("vae", x), ("gan", x_gan)):
        trial.panel(title, images_panel(images))
    return {"elbo": elbo, "iwae": iwae, "ppca": ppca_log_likelihood(train, test, model.cfg.z_dim),
            "iwae, dequantized": float(model.log_prob(smooth_test, importance_samples=IWAE).mean()),
            "best Gaussian, dequantized": max(gaussians), "full Gaussian, dequantized": gaussians[-1],
            "high frequencies, vae": high_frequency_share(spectral_energy(x)),
            "high frequencies, gan": high_frequency_share(spectral_energy(x_gan)),
            "high frequencies, real": high_frequency_share(spectral_energy(test)), "classes, vae": coverage(x)}


CLAIM = Claim(
    statement="The evidence lower bound on unseen digits beats linear Gaussian models, the importance-weighted bound "
              "is tighter, and samples have less high-frequency energy than a GAN's: they are blurred.",
    baseline="probabilistic PCA with as many latents (a VAE with linear decoder, in closed form), Gaussians of every "
             "other rank up to the full one, and for sharpness a GAN",
    sides={"vae": Side("vae", "small"), "gan": Side("gan", "small")},
    checks=(
        Check("the bound exceeds the likelihood of PCA with as many latents", "elbo", "above", "ppca",
              "catalogue EXP-07"),
        Check("the tighter bound exceeds that of the best Gaussian of any rank, on dequantized pixels",
              "iwae, dequantized", "above", "best Gaussian, dequantized",
              "catalogue EXP-07; undequantized, constant pixels have an infinite density"),
        Check("more importance samples tighten the bound", "iwae", "at least", "elbo", "1509.00519, Thm. 1"),
        Check("samples are blurrier than a GAN's", "high frequencies, vae", "below", "high frequencies, gan",
              "catalogue EXP-07"),
        Check("all ten digits among 1000 samples", "classes, vae", "at least", 10, "a blurred model covers the data"),
    ),
    measure=measure,
)
