"""Claim of alpha-GAN (1706.04987): copies as close as an autoencoder's, of codes that cannot be told from the prior.

Codes of unseen digits spread less than those of digits that E has learned by heart, and how much less grows with the
training. At five times C's weight, the rate of the others for C and 3,000 steps that was 5 % less than the prior, and p
was 0.02, 0.62 and 0.02 on the seeds of this claim. At eight times, twice the rate and 2,000 steps codes of two seeds
above 9 spread 3 to 4 % less, and p was 0.05 to 0.7 by the draw of the prior, with copies as close. At twice the weight
of the paper they spread 6 % less (one seed); at half the rate of all players and 2,500 steps 4 % less, with copies
further off. The average of E's weights follows the prior better than E itself, whose codes wander (p below 0.01).
"""

from .claim import Check, Claim, Side
from .encoders import copied_and_judged, same_law, unseen
from .panels import images_panel
from .trial import Trial

SIDES = {"alpha-gan": Side("alpha-gan", "small"),
         "no code discriminator": Side("alpha-gan", "small", {"code_weight": 0.0}),
         "autoencoder": Side("autoencoder", "small", {"z_dim": 8}),
         "bigan": Side("bigan", "small")}


def measure(trial: Trial) -> dict[str, float]:
    test = unseen(8)[0]
    trial.panel("real, unseen", images_panel(test))
    found: dict[str, float] = {}
    for side in SIDES:
        done, measured = copied_and_judged(trial, side)
        codes = done.model.encode(test)
        found |= measured | {f"p of codes, {side}": same_law(codes, done.model, trial.seed),
                             f"spread of codes, {side}": float(codes.std(0).mean())}
    return found | {"error over BiGAN's": found["absolute error, alpha-gan"] / found["absolute error, bigan"]}


CLAIM = Claim(
    statement="With a discriminator of codes in place of the KL divergence, codes of unseen digits cannot be told "
              "from the prior, where those of a plain autoencoder can; and copies are much closer than BiGAN's, which "
              "has no reconstruction term.",
    baseline="BiGAN, with codes as long and its own small preset, which takes about as many CPU seconds; a plain "
             "autoencoder with codes as long; and the same system without its discriminator of codes",
    sides=SIDES,
    checks=(
        Check("the absolute error of copies is 30 % below BiGAN's", "error over BiGAN's", "at most", 0.7,
              "catalogue LAT-03d"),
        Check("codes of unseen digits cannot be told from the prior", "p of codes, alpha-gan", "above", 0.05,
              "catalogue LAT-03d"),
        Check("those of a plain autoencoder can", "p of codes, autoencoder", "at most", 0.05, "catalogue LAT-03d"),
        Check("those of the ablation can", "p of codes, no code discriminator", "at most", 0.05, "ablation"),
        Check("samples are closer to digits than random codes of the autoencoder", "fid, alpha-gan", "below",
              "fid, autoencoder", "catalogue EXP-08"),
    ),
    measure=measure,
)
