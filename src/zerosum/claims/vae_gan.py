"""Claim of VAE/GAN (1512.09300): what is compared in learned features is alike to a judge, and sharper than a VAE's."""

from torch import Tensor

from ..data import load_data
from ..metrics.distribution.high_frequency import high_frequency_share, spectral_energy
from ..metrics.features.judge import judge
from .claim import Check, Claim, Side
from .digits import coverage, judge_fid
from .panels import images_panel
from .points import covered
from .trial import Trial


def distance(x: Tensor, y: Tensor) -> float:
    """Mean squared distance of images in the features of the judge network, whose own mean square is 1."""
    return float((judge("digits")(x) - judge("digits")(y)).square().mean())


def digits(trial: Trial, side: str, test: Tensor) -> dict[str, float]:
    """Train a side on digits; reconstruct unseen ones, and let the judges look at 1000 samples."""
    done = trial.train(side)
    x, copies = done.model.sample(1_000, seed=trial.seed), done.model.reconstruct(test)
    sharp = high_frequency_share(spectral_energy(x))
    for what, images in (("copies", copies), ("samples", x)):
        trial.panel(f"{side}: {what}", images_panel(images))
    return {f"feature error, {side}": distance(test, copies),
            f"pixel error, {side}": float((test - copies).square().mean()),
            f"high frequencies, {side}": sharp, f"fid, {side}": judge_fid(x, done.data),
            f"classes, {side}": coverage(x)}


def measure(trial: Trial) -> dict[str, float]:
    test = load_data("digits", image_size=16, split="test").all()
    trial.panel("real, unseen", images_panel(test))
    found = {"high frequencies, real": high_frequency_share(spectral_energy(test))}
    for side in (*SIDES, LEARNED):
        found |= digits(trial, side, test)
    found["high frequencies over the VAE's"] = found["high frequencies, vae-gan"] / found["high frequencies, vae"]
    return found | covered(trial, "ring", trial.train("ring"))


DIGITS = {"width": 32, "lr": 1e-3, "steps": 500}
# With so large a gamma nothing is left of the GAN in the decoder's loss, whose scale RMSProp takes out.
SIDES = {"vae-gan": {}, "vae": {"similarity": "pixels", "gamma": 1e6, "balance": "always"},
         "pixels and gan": {"similarity": "pixels"}}
LEARNED = "vae, learned variance"            # of another likelihood, so reported and not judged

CLAIM = Claim(
    statement="Compared in a layer of the discriminator, reconstructions of unseen digits are closer to them in the "
              "features of a judge that had no part in the training than where pixels are compared, and samples are "
              "sharper than a VAE's.",
    baseline="a VAE: encoder, decoder, optimiser, batch and steps the same, the likelihood of pixels under unit "
             "variance, as the paper's, in place of features, and no GAN; and the ablation with pixels and a GAN. "
             "A VAE of about as many weights that learns its variance is measured too, and not judged",
    sides={**{name: Side("vae-gan", "small", DIGITS | settings) for name, settings in SIDES.items()},
           LEARNED: Side("vae", "small", {"image_size": 16, "width": 96, "steps": DIGITS["steps"]}),
           "ring": Side("vae-gan", "ring")},
    checks=(
        Check("reconstructions are closer in a judge's features than the VAE's", "feature error, vae-gan", "below",
              "feature error, vae", "catalogue LAT-02; 1512.09300, Sec. 4"),
        Check("closer than with pixels and a GAN", "feature error, vae-gan", "below", "feature error, pixels and gan",
              "catalogue LAT-02, ablation"),
        Check("samples have a fifth more high-frequency energy than the VAE's", "high frequencies over the VAE's",
              "at least", 1.2, "catalogue LAT-02: sharper than VAE"),
        Check("all ten digits among 1000 samples", "classes, vae-gan", "at least", 10, "its encoder covers the data"),
    ),
    measure=measure,
)
