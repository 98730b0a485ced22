"""Claim of BiGAN (1605.09782) and ALI (1606.00704): fooling a judge of pairs is enough to invert a generator."""

from ..metrics.features.judge import labels_of
from .claim import Check, Claim, Side
from .dcgan import few_label_accuracy
from .encoders import copied_and_judged, ring, unseen
from .panels import images_panel
from .trial import Trial


def inverted(trial: Trial, side: str) -> dict[str, float]:
    """Train a side; what its codes say of the class, and how long they are, beside those of its untrained encoder."""
    done, found = copied_and_judged(trial, side)
    (test, truth), train, labels = unseen(8), done.data.all(), labels_of(done.data)
    for name, model in (("", done.model), ("untrained ", trial.start(side).model.eval())):
        found[f"accuracy of {name}codes, {side}"] = few_label_accuracy(model.encode(train), labels, model.encode(test),
                                                                       truth, trial.seed)
    found[f"points above untrained, {side}"] = 100 * (found[f"accuracy of codes, {side}"]
                                                      - found[f"accuracy of untrained codes, {side}"])
    codes, prior = done.model.code(test), done.model.noise(len(test))
    found[f"length of codes over the prior's, {side}"] = float(codes.norm(dim=1).mean() / prior.norm(dim=1).mean())
    return found


def measure(trial: Trial) -> dict[str, float]:
    trial.panel("real, unseen", images_panel(unseen(8)[0]))
    return inverted(trial, "bigan") | inverted(trial, "ali") | ring(trial)


def checks_of(side: str) -> tuple[Check, ...]:
    """The bars of one form of the encoder."""
    length = f"length of codes over the prior's, {side}"
    return (
        Check(f"{side}: the copy of an unseen digit is that digit", f"class kept, {side}", "at least", 0.4,
              "catalogue LAT-03b: .51 measured; chance .10"),
        Check(f"{side}: a few labels tell more by its codes than by those of an untrained encoder",
              f"points above untrained, {side}", "at least", 10, "catalogue LAT-03b; 1605.09782, Table 1"),
        Check(f"{side}: codes are no shorter than 0.8 of the prior's", length, "at least", 0.8, "catalogue LAT-03b"),
        Check(f"{side}: nor longer than 1.2", length, "at most", 1.2, "catalogue LAT-03b"),
    )


CLAIM = Claim(
    statement="A discriminator of pairs is all it takes for an encoder to invert the generator: its copies of unseen "
              "digits keep their class, its codes tell the class better than those of an untrained encoder, and they "
              "are as long as the prior's; for the deterministic encoder of BiGAN as for the Gaussian one of ALI.",
    baseline="chance, and the same encoder before training",
    sides={"bigan": Side("bigan", "small"), "ali": Side("bigan", "ali"),
           "ring": Side("bigan", "ring", {"steps": 1_000})},
    checks=(*checks_of("bigan"), *checks_of("ali")),
    measure=measure,
)
