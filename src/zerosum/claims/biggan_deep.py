"""Claim of BigGAN-deep (1809.11096, App. B): deeper networks with fewer weights do what BigGAN's do."""

from .claim import Check, Claim, Quantities, Side
from .trial import Trial
from .truncated import checks_of, made


def measure(trial: Trial) -> Quantities:
    found = made(trial, "biggan-deep") | made(trial, "biggan")
    shares = {f"parameters of the {player}, share of biggan's": found[f"parameters of the {player}, biggan-deep"]
              / found[f"parameters of the {player}, biggan"] for player in ("generator", "discriminator")}
    return found | shares | {"fid ratio": found["fid, biggan-deep"] / found["fid, biggan"]}


CLAIM = Claim(
    statement="With twice as many blocks, bottlenecks inside them and no weights in shortcuts, fewer weights make the "
              "class that is asked for, and truncation works as before.",
    baseline="BigGAN of the same width, with the same optimiser, batch and steps",
    sides={"biggan-deep": Side("biggan-deep", "small"), "biggan": Side("biggan", "small")},
    checks=(
        *checks_of("biggan-deep"),
        *(Check(f"the {player} has no more parameters", f"parameters of the {player}, share of biggan's", "at most",
                1.0, "1809.11096, App. B: 50.4 and 34.6 million against 70.4 and 88.0")
          for player in ("generator", "discriminator")),
        Check("and samples are about as close to digits", "fid ratio", "at most", 1.5,
              "1809.11096, Table 2, where it is 5.7 against 8.7 at 128 pixels"),
    ),
    measure=measure,
)
