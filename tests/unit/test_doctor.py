"""The doctor: what a look finds in samples that are known to be ill, and which course means which illness."""

import re
from dataclasses import fields, replace

import pytest
import torch

from zerosum import models as _models  # noqa: F401  (fills the registry)
from zerosum.core import DataSpec, find, names
from zerosum.data import ArrayDataset, DataConfig, load_data
from zerosum.doctor import ILLNESSES, Course, Ground, Probe, diagnose
from zerosum.doctor.probe import clusters
from zerosum.engine import TrainConfig

HEALTHY = Probe(100, shares=(0.25,) * 4, missing=0.0, variety=1.0, spread=0.9, far=0.1, nearness=1.0, separation=0.7)


class Sampler:
    """A model that draws rows of what it was given, in turn, and scores by their distance from the origin."""

    name, device = "sampler", torch.device("cpu")

    def __init__(self, x):
        self.x = x

    def sample(self, n, *, seed=None, labels=None, truncation=1.0):
        return self.x[torch.arange(seed * n, (seed + 1) * n) % len(self.x)]

    def scores(self, x, labels=None):
        return -x.flatten(1).norm(dim=1)


@pytest.fixture(scope="module")
def ring():
    data = load_data("ring")
    return data, Ground(data)


def test_real_samples_look_healthy(ring):
    look = ring[1].look(Sampler(load_data("ring", split="test").all()))
    assert look.missing == 0 and look.far < 0.05 and look.twins == pytest.approx(1, abs=0.3)
    assert look.variety == pytest.approx(1, abs=0.05) and look.spread == pytest.approx(1, abs=0.15)
    assert look.nearness == pytest.approx(1, abs=0.3) and look.copied == pytest.approx(1, abs=0.3)
    assert look.separation == pytest.approx(0.5, abs=0.05)
    assert not diagnose(Course(probes=[look]))
    copies = ring[1].look(Sampler(ring[0].all()[-2_000:]))
    assert copies.copied == 0 and [each.illness for each in diagnose(Course(probes=[copies]))] == ["memorisation"]


def test_lost_modes_are_counted(ring):
    data, ground = ring
    x = data.all()
    near = torch.cdist(x, torch.as_tensor(data.modes).float()).argmin(1) < 3
    look = ground.look(Sampler(x[near]))
    assert look.missing == pytest.approx(5 / 8, abs=0.03)
    assert [each.illness for each in diagnose(Course(probes=[look]))] == ["mode collapse between classes"]


def test_one_sample_for_each_mode_is_a_collapse_within_them(ring):
    data, ground = ring
    look = ground.look(Sampler(torch.as_tensor(data.modes).float()))
    assert look.missing == 0 and look.spread == 0
    assert [each.illness for each in diagnose(Course(probes=[look]))] == ["mode collapse within classes"]


def test_a_few_samples_for_each_mode_are_a_collapse_within_them_too(ring):
    """Their mean distance is that of real samples; but each of them is drawn again and again."""
    data, ground = ring
    apart = 0.02 * torch.tensor([[1.5, 0.0], [-1.5, 0.0], [0.0, 1.5]])
    few = (torch.as_tensor(data.modes)[:, None] + apart).flatten(0, 1).float()
    look = ground.look(Sampler(few))
    assert look.missing == 0 and look.spread > 0.7 and look.twins < 0.01
    assert [each.illness for each in diagnose(Course(probes=[look]))] == ["mode collapse within classes"]


def test_data_so_few_that_a_generator_must_repeat_them_say_nothing_of_twins():
    x = torch.randn(30, 12, generator=torch.Generator().manual_seed(0))
    ground = Ground(ArrayDataset(x.numpy(), DataSpec((12,)), name="few"))
    assert ground.look(Sampler(x)).twins == 1.0


def test_noise_is_far_from_the_data_and_told_apart(ring):
    _, ground = ring
    look = ground.look(Sampler(20 + torch.randn(500, 2, generator=torch.Generator().manual_seed(0))))
    assert look.far == 1 and look.separation == 1
    assert [each.illness for each in diagnose(Course(probes=[look]))] == ["overpowering discriminator"]
    blind = replace(look, separation=0.5)
    assert [each.illness for each in diagnose(Course(probes=[blind]))] == ["fooled discriminator"]


def test_copies_of_the_training_data_are_noticed():
    x = torch.randn(200, 12, generator=torch.Generator().manual_seed(0))
    ground = Ground(ArrayDataset(x.numpy(), DataSpec((12,)), name="few"))
    look = ground.look(Sampler(x + 0.01))
    assert look.copied < 0.1
    assert [each.illness for each in diagnose(Course(probes=[look]))] == ["memorisation"]


@pytest.fixture(scope="module")
def many():
    """9,000 images of one shape, moved and faded: of which one may be learnt by heart, or the rule."""
    def draw(n: int, seed: int) -> torch.Tensor:
        given = torch.rand(n, 3, 1, 1, generator=torch.Generator().manual_seed(seed))
        (across, down), far = torch.meshgrid(torch.linspace(-1, 1, 16), torch.linspace(-1, 1, 16), indexing="xy"), 0.8
        spot = (across - far * (2 * given[:, 0] - 1)) ** 2 + (down - far * (2 * given[:, 1] - 1)) ** 2
        return (2 * (0.4 + 0.6 * given[:, 2]) * torch.exp(-8 * spot) - 1)[:, None]
    x = draw(9_000, 0)
    return ArrayDataset(x.numpy(), DataSpec((1, 16, 16)), name="spots"), x, draw(1_000, 1)


@pytest.mark.parametrize("known", [0, 6_000, 9_000])
def test_copies_among_more_than_two_thousand_are_noticed(many, known):
    """Of all training samples, or of as many as have been read so far; fresh samples of the same law are no copies."""
    data, x, fresh = many
    ground = Ground(data, known=known)
    assert ground.copies.known == max(2_000, known)
    again = x[torch.randperm(9_000, generator=torch.Generator().manual_seed(2))[:1_000]]
    noise = 0.002 * torch.randn(again.shape, generator=torch.Generator().manual_seed(3))
    assert ground.look(Sampler(again + noise)).copied < 0.4
    look = ground.look(Sampler(fresh))
    assert 0.7 < look.copied < 1.4 and not diagnose(Course(probes=[look]))
    found = diagnose(Course(probes=[ground.look(Sampler(again + noise))]))
    assert [each.illness for each in found] == ["memorisation"]


def test_reading_on_ends_when_all_is_known(many):
    ground = Ground(many[0], known=0)
    assert ground.copies.known == 2_000
    while ground.learn():
        continue
    assert ground.copies.known == 9_000 and not ground.learn()
    whole = Ground(many[0])
    assert torch.allclose(ground.copies.usual, whole.copies.usual)
    near, which = ground.copies.nearest(many[1][:5].flatten(1))
    assert bool((near < 0.02).all()) and torch.equal(ground.order[which], torch.arange(5))


def test_samples_that_are_not_finite_give_no_look(ring):
    assert ring[1].look(Sampler(torch.full((10, 2), torch.nan))) is None


def test_pictures_are_compared_small_and_by_their_classes():
    data = load_data("digits", image_size=32)
    ground = Ground(data)
    assert ground.features.shape[1] == 16 * 16 and len(ground.expected) == 10
    labels = data.gather(torch.arange(len(data)))["labels"]
    look = ground.look(Sampler(data.all()[labels < 4]))
    assert look.missing == pytest.approx(0.6, abs=0.05)


def test_clusters_part_what_lies_apart():
    centres = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]])
    truth = torch.arange(3).repeat(100)
    x = centres[truth] + 0.1 * torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    found = clusters(x, 3)
    assert all(len(found[truth == group].unique()) == 1 for group in range(3)) and len(found.unique()) == 3


def course(**changes) -> Course:
    """A healthy one, with changes."""
    records = [{"step": step, "terms": {"discriminator/adversarial": 1.0}, "gradients": {"generator": 1.0}}
               for step in range(40)]
    given = Course.of(records)
    given.probes = [replace(HEALTHY, step=step) for step in range(12)]
    for name, value in changes.items():
        setattr(given, name, value)
    return given


def turning(step: int) -> Probe:
    return replace(HEALTHY, step=step, shares=tuple(float(group == step % 4) for group in range(4)), missing=0.0)


LOST = replace(HEALTHY, far=1.0, nearness=9.0, separation=1.0)


@pytest.mark.parametrize(("changed", "illness"), [
    ({}, []),
    ({"failure": "the term 'adversarial' of player 'generator' became nan at step 7"}, ["divergence"]),
    ({"gradients": {"generator": [1.0] * 20 + [1e5] * 20}}, ["divergence"]),
    ({"terms": {"critic/wasserstein": [-1.0] * 20 + [-1e4] * 20}}, ["divergence"]),
    ({"gradients": {"critic": [1.0] * 20 + [0.0] * 20}}, ["divergence"]),
    ({"gradients": {"generator": [1.0] * 10 + [1e-4] * 30}, "probes": [LOST] * 12}, ["vanishing gradient"]),
    ({"gradients": {"generator": [1e-9] * 40}, "probes": [LOST] * 12}, ["vanishing gradient"]),
    ({"gradients": {"generator": [1.0] * 10 + [1e-4] * 30}}, []),             # faded, since the game is won
    ({"probes": [LOST] * 12}, ["overpowering discriminator"]),
    ({"probes": [replace(LOST, nearness=9.0 - 0.5 * i) for i in range(12)]}, []),         # on its way
    ({"probes": [replace(LOST, separation=0.4)] * 12}, ["fooled discriminator"]),
    ({"probes": [turning(step) for step in range(12)]}, ["oscillation"]),
    ({"probes": [replace(HEALTHY, missing=0.5)] * 12}, ["mode collapse between classes"]),
    ({"probes": [replace(HEALTHY, variety=0.01, spread=0.01, far=1.0)] * 12}, [
        "mode collapse between classes", "mode collapse within classes"]),
    ({"probes": [replace(HEALTHY, copied=0.1)] * 12}, ["memorisation"]),
])
def test_each_course_means_its_illness(changed, illness):
    found = diagnose(course(**changed))
    assert [each.illness for each in found] == illness
    assert all(each.evidence and each.advice == ILLNESSES[each.illness].advice for each in found)


def test_a_probe_survives_the_log():
    given = course()
    records = [{"step": probe.step, "probe": probe.to_json()} for probe in given.probes]
    assert Course.of(records).probes == given.probes
    assert Course.of([{"step": 3, "scores": {"fid": 1.0}}]).probes == []


def test_advice_names_what_exists():
    """Every flag and system that is advised is one of this library's."""
    configs = [find(name).Config for name in names()] + [TrainConfig, DataConfig]
    flags = {field.name for config in configs for field in fields(config)}
    for illness in ILLNESSES.values():
        for line in illness.advice:
            assert {flag.replace("-", "_") for flag in re.findall(r"--([a-z-]+)", line)} <= flags, line
            assert set(re.findall(r"[a-z0-9]+-gan\b|\b[a-z0-9]*gan(?:-gp)?\b|\brecipe\b", line)) <= set(names()), line
