"""The illnesses of a training: for each, how it is told from the others, and what to try in which order."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from .course import Course, first, late
from .probe import Probe

MISSING, ALIKE, NARROW = 0.3, 0.1, 0.3       # share of the data without samples; variety; spread within groups
FAR, SEPARATE, BLIND = 0.8, 0.995, 0.6       # share of samples far from the data; what D tells apart; hardly does
FADED, FLAT = 1e-2, 1e-4                     # of the first gradients; a gradient that is nothing at all
EXPLODED = 1e3                               # times what gradients and losses were
TURN, TURNS = 0.5, 4                         # share of samples that moves on between looks, and in how many of them
NEARER = 0.9                                 # of the distance to the data at first: samples come nearer
COPIED = 0.5                                 # distance to the training data, over that of real samples


@dataclass(frozen=True)
class Illness:
    """How it is told from a course of training, whether another course of chance may escape it, and what to try."""

    tells: Callable[[Course], str]           # its evidence, or nothing
    by_chance: bool                          # else it is one of settings or of time, and comes again
    advice: tuple[str, ...]                  # best first


@dataclass(frozen=True)
class Diagnosis:
    """An illness, the numbers that show it, and what to try, best first."""

    illness: str
    evidence: str
    advice: tuple[str, ...]


def between_classes(course: Course) -> str:
    look = course.last
    if look is None or (lately(course, "far") > FAR and lately(course, "variety") > ALIKE):
        return ""
    if lately(course, "missing") >= MISSING:
        return (f"{look.missing:.0%} of the data lies in groups that get less than a fifth of their share of samples "
                f"({sum(share > 0.01 for share in look.shares)} of {len(look.shares)} groups get any)")
    alike = lately(course, "variety")
    return f"two samples differ {alike:.2f} times as much as two real ones" if alike < ALIKE else ""


def within_classes(course: Course) -> str:
    look = course.last
    if look is None:
        return ""
    if lately(course, "spread") < NARROW:
        return (f"samples of one group differ {look.spread:.2f} times as much as real ones of that group, in the "
                f"{sum(share > 0.01 for share in look.shares)} of {len(look.shares)} groups that get any")
    twins = lately(course, "twins")
    if twins < ALIKE:
        return f"a sample and the one most like it differ {twins:.2f} times as much as real ones do"
    return ""


def vanishing(course: Course) -> str:
    gradients, look = course.gradients.get("generator", []), course.last
    if len(gradients) < 5 or look is None or not _told_apart(look):
        return ""
    now, then = late(gradients), first(gradients)
    if now > max(FADED * then, FLAT):
        return ""
    return (f"the generator's gradient is {now:.2g}, and was {then:.2g} at first, and the discriminator tells "
            f"{look.separation:.1%} of pairs apart")


def overpowering(course: Course) -> str:
    look = course.last
    if look is None or not _told_apart(look) or look.far < FAR or not _stuck(course):
        return ""
    if vanishing(course) or diverging(course):
        return ""
    return (f"the discriminator tells {look.separation:.1%} of pairs apart, and {look.far:.0%} of the samples are far "
            "from all data and come no nearer")


def fooled(course: Course) -> str:
    look = course.last
    if look is None or look.separation is None or look.separation > BLIND or look.far < FAR or diverging(course):
        return ""
    return (f"{look.far:.0%} of the samples are far from all data, and the discriminator still tells only "
            f"{look.separation:.1%} of pairs apart")


def oscillating(course: Course) -> str:
    looks = course.probes[len(course.probes) // 3:]
    moved = [sum(abs(a - b) for a, b in zip(one.shares, two.shares, strict=True)) / 2
             for one, two in pairwise(looks)]
    if sum(each >= TURN for each in moved) < TURNS or median(moved) < TURN:
        return ""
    return f"from one look to the next {median(moved):.0%} of the samples change to other groups of the data"


def diverging(course: Course) -> str:
    if course.failure:
        return course.failure
    for what, series, floor in (("gradient of", course.gradients, 0.01), ("term", course.terms, 0.1)):
        for name, values in series.items():
            sizes = [abs(value) for value in values]
            if len(sizes) >= 10 and late(sizes) > EXPLODED * max(first(sizes), floor):
                return f"the {what} {name} has grown from {first(values):.2g} to {late(values):.2g}"
    dead = [player for player, values in course.gradients.items() if len(values) >= 10 and late(values) == 0]
    return f"the gradient of {' and '.join(dead)} is exactly 0: no unit reacts any more" if dead else ""


def memorising(course: Course) -> str:
    look = course.last
    if look is None or lately(course, "copied") >= COPIED or look.spread < NARROW or look.missing >= MISSING:
        return ""
    return (f"samples are {look.copied:.2f} times as far from the nearest training sample as real samples are from "
            "theirs")


def lately(course: Course, what: str) -> float:
    """The median of one number over the last three looks: a single one may catch samples on their way."""
    return median(getattr(look, what) for look in course.probes[-3:])


def _told_apart(look: Probe) -> bool:
    return look.separation is not None and look.separation >= SEPARATE


def _stuck(course: Course) -> bool:
    """Whether samples come no nearer to the data; with few looks, as after a training, nothing speaks against it."""
    distances = [look.nearness for look in course.probes]
    third = len(distances) // 3
    return third < 2 or median(distances[-third:]) > NEARER * median(distances[:third])


ILLNESSES: dict[str, Illness] = {
    "divergence": Illness(diverging, True, (
        "a tenth of the learning rate: --lr, and --d-lr where there is one",
        "hold the discriminator: train recipe with --penalty r1, or sngan",
        "--betas 0 0.9: less momentum")),
    "vanishing gradient": Illness(vanishing, True, (
        "a loss that does not saturate: --objective non-saturating, or least-squares, hinge, wasserstein",
        "a critic, whose gradient does not vanish: wgan-gp",
        "fewer updates of the discriminator, or a smaller --d-lr",
        "smoother data for it: recipe --penalty r1")),
    "overpowering discriminator": Illness(overpowering, True, (
        "a larger --lr for the generator, or a smaller --d-lr for the discriminator",
        "fewer updates of the discriminator: --d-steps 1",
        "hold it: recipe --penalty r1, sngan, or wgan-gp",
        "augment what it sees where data is scarce: recipe --augmentation diffaugment")),
    "fooled discriminator": Illness(fooled, True, (
        "a larger --d-lr, or more updates of the discriminator: --d-steps 2",
        "a wider discriminator, or a longer training",
        "a weaker --penalty-weight, where there is one")),
    "mode collapse between classes": Illness(between_classes, True, (
        "a discriminator that keeps up: a larger --d-lr, --d-steps 2, or --g-steps 1 where there is one",
        "r3gan, or recipe --objective relativistic --penalty r1",
        "wgan-gp, or unrolled-gan",
        "improved-gan with minibatch discrimination, or mad-gan with several generators")),
    "mode collapse within classes": Illness(within_classes, True, (
        "improved-gan with minibatch discrimination",
        "recipe --penalty r1, or wgan-gp",
        "more noise: a larger --z-dim",
        "mrgan, whose reconstructions must cover the data")),
    "oscillation": Illness(oscillating, False, (
        "less momentum: --betas 0 0.9, or 0.5 0.999",
        "hold the discriminator: recipe --penalty r1",
        "a half or a tenth of --lr",
        "average the generator over a longer time: a larger --ema")),
    "memorisation": Illness(memorising, False, (
        "more data, or --flip where a mirror image is as real",
        "recipe --augmentation diffaugment",
        "a smaller network: --width",
        "stop earlier: the scores on held-out data say when")),
}


def diagnose(course: Course) -> list[Diagnosis]:
    """Name what goes wrong in a training, worst first; an empty list where nothing is found."""
    found = ((name, illness.tells(course), illness.advice) for name, illness in ILLNESSES.items())
    return [Diagnosis(name, evidence, advice) for name, evidence, advice in found if evidence]
