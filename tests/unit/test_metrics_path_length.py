"""Perceptual path length: generators whose speed is known, paths, the filter, and what a model may do on the way."""

import math

import pytest
import torch
from torch import nn

from zerosum.core import UsageError, ZerosumError
from zerosum.metrics import compute, evaluate
from zerosum.metrics.distribution.path_length import filtered_mean, framed, great_circle, line, path_lengths, sphere


def draw(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def squared(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return (x - y).flatten(1).square().sum(1)


A, B, T = draw(40, 5, 0), draw(40, 5, 1), torch.linspace(0, 1, 40, dtype=torch.float64)


def test_speed_of_a_linear_generator_along_lines_is_the_length_of_its_image():
    matrix = draw(5, 3, 2)
    found = path_lengths(lambda z: z @ matrix, A, B, T, distance=squared, path=line)
    torch.testing.assert_close(found, ((B - A) @ matrix).square().sum(1), rtol=1e-8, atol=0)


def test_speed_along_a_great_circle_is_its_angle():
    angle = torch.acos(nn.functional.cosine_similarity(A, B))
    found = path_lengths(lambda z: z, A, B, T, distance=squared, path=great_circle)
    torch.testing.assert_close(found, angle.square(), rtol=1e-7, atol=0)
    of_radius_3 = [3 * x / x.norm(dim=1, keepdim=True) for x in (A, B)]
    found = path_lengths(lambda z: z, *of_radius_3, T, distance=squared, path=sphere)
    torch.testing.assert_close(found, 9 * angle.square(), rtol=1e-7, atol=0)


def test_speed_depends_on_where_the_path_is_met_and_not_on_the_step():
    a, b, t = torch.zeros(3, 1).double(), torch.ones(3, 1).double(), torch.tensor([0.0, 0.5, 1.0])
    for eps in (1e-3, 1e-5):
        found = path_lengths(torch.square, a, b, t, distance=squared, path=line, eps=eps)
        torch.testing.assert_close(found, (2 * t.double() + eps) ** 2, rtol=1e-6, atol=1e-12)


def test_single_precision_keeps_three_digits():
    single = path_lengths(torch.sin, A.float(), B.float(), T.float(), distance=squared, path=sphere)
    double = path_lengths(torch.sin, A, B, T, distance=squared, path=sphere)
    assert filtered_mean(single) == pytest.approx(filtered_mean(double), rel=1e-3)


@pytest.mark.parametrize("path", [line, great_circle, sphere])
def test_paths_lead_from_start_to_end(path):
    zeros = torch.zeros(40)
    a, b = (x / x.norm(dim=1, keepdim=True) for x in (A, B)) if path is great_circle else (A, B)
    torch.testing.assert_close(path(a, b, zeros), a)
    torch.testing.assert_close(path(a, b, zeros + 1), b)
    assert path(a.float(), b.float(), T).dtype == torch.float32


def test_halfway_on_the_sphere_the_length_is_halfway():
    middle = sphere(A, B, torch.full((40,), 0.5))
    torch.testing.assert_close(middle.norm(dim=1), (A.norm(dim=1) + B.norm(dim=1)) / 2)
    to_a, to_b = (nn.functional.cosine_similarity(middle, x) for x in (A, B))
    torch.testing.assert_close(to_a, to_b)


def test_parallel_latents_have_a_path_too():
    assert torch.equal(great_circle(A, A, T), A / A.norm(dim=1, keepdim=True))
    torch.testing.assert_close(sphere(A, 3 * A, T), A * (1 + 2 * T[:, None]))
    assert torch.isfinite(sphere(A, torch.zeros_like(A), T)).all()


def test_latents_of_several_axes_go_along_lines():
    w = draw(4, 6, 0).view(4, 3, 2)
    torch.testing.assert_close(line(w, 2 * w, torch.full((4,), 0.25)), 1.25 * w)


def test_filter_drops_a_hundredth_on_either_side():
    assert filtered_mean(torch.cat([torch.arange(100.0), torch.tensor([1e9])])) == 50          # 1 ... 99 of 0 ... 100
    assert filtered_mean(torch.tensor([1.0, 2.0, 6.0])) == 3                                   # rounded outwards
    lengths = draw(1000, 1, 3).square().flatten()
    low, high = (torch.quantile(lengths, q, interpolation=way) for q, way in ((0.01, "lower"), (0.99, "higher")))
    assert filtered_mean(lengths) == pytest.approx(float(lengths[(lengths >= low) & (lengths <= high)].mean()))


def test_large_images_are_averaged_down_and_faces_cropped():
    x = torch.arange(16.0).view(1, 1, 16, 1).expand(1, 2, 16, 16)
    assert framed(x) is x and framed(A) is A
    cropped = framed(x, crop=True)
    assert cropped.shape == (1, 2, 8, 8) and cropped[0, 0, :, 0].tolist() == list(range(6, 14))
    tall = torch.arange(512.0).view(1, 1, 512, 1).expand(1, 1, 512, 600)
    assert framed(tall).shape == (1, 1, 256, 300)
    assert framed(tall)[0, 0, :2, 0].tolist() == [0.5, 2.5]


class Line(nn.Module):
    """A generator of points that makes 3 z, plus what it draws besides, plus its label."""

    name, device = "line", torch.device("cpu")

    def __init__(self, prior: str = "uniform", gain: float = 3.0, noise: float = 0.0):
        super().__init__()
        self.cfg, self.gain, self.spread = type("Cfg", (), {"prior": prior}), gain, noise
        self.modes, self.asked = [], []

    def noise(self, n, generator=None):
        if self.cfg.prior == "normal":
            return torch.randn(n, 2, generator=generator)
        return torch.rand(n, 2, generator=generator) * 2 - 1

    def generate(self, z, labels=None):
        self.modes.append(self.training)
        self.asked.append(labels)
        label = 0 if labels is None else labels[:, None].float()
        return self.gain * z + self.spread * torch.randn(z.shape) + label


def test_of_a_model_is_the_mean_over_its_prior():
    """E |3 b - 3 a|^2 = 9 * 2 * 2/3 for independent uniform numbers, less what the filter takes."""
    scores = evaluate(Line(), "ring", "ppl", n=2000)
    assert list(scores) == ["ppl", "ppl-end"]
    assert scores["ppl"].value == pytest.approx(12, rel=0.05)
    assert scores["ppl"].value == pytest.approx(scores["ppl-end"].value, rel=1e-2)   # a line has one speed
    low, high = scores["ppl"].card.interval
    assert low < 12 * 0.98 < high and (high - low) < 2
    assert scores["ppl"].card.settings["path"] == "line" and scores["ppl"].card.n_fake == 2000
    normal = evaluate(Line("normal"), "ring", "ppl", n=50)["ppl"]
    assert normal.card.settings["path"] == "sphere"
    assert any("50 paths are few: the value may be off by" in text for text in normal.card.warnings)


def test_what_a_generator_draws_besides_is_the_same_at_both_ends_of_a_step():
    plain, noisy = (evaluate(Line(noise=noise), "ring", "ppl", n=300)["ppl"].value for noise in (0.0, 0.5))
    assert noisy == pytest.approx(plain, rel=1e-2)           # without it: 0.5^2 * 4 / eps^2 = 1e8


def test_leaves_the_model_and_the_global_generator_as_they_were():
    model = Line().train()
    before = torch.get_rng_state()
    first, again, other = (evaluate(model, "ring", "ppl", n=50, seed=seed)["ppl"].value for seed in (1, 1, 2))
    assert first == again != other
    assert torch.equal(torch.get_rng_state(), before)
    assert model.training and not any(model.modes)


def test_a_conditional_model_keeps_the_label_along_a_path():
    model = Line()
    model.card = type("Card", (), {"tasks": ("conditional-generation",)})
    value = evaluate(model, "ring", "ppl", n=300)["ppl"].value
    assert len(model.asked[0].unique()) == 8
    assert value == pytest.approx(evaluate(Line(), "ring", "ppl", n=300)["ppl"].value, rel=1e-2)


class Wave(Line):
    """A generator of images whose frequency says how fast they change with z."""

    def generate(self, z, labels=None):
        across = torch.linspace(0, 1, 32)
        return torch.sin(self.gain * (z[:, 0, None, None, None] + across + z[:, 1, None, None, None] * across[:, None]))


@pytest.mark.parametrize(("features", "distance"), [("judge", "LPIPS form, of layers"),
                                                    ("pixels", "squared, of features")])
def test_images_that_change_faster_have_longer_paths(features, distance):
    slow, fast = (evaluate(Wave(gain=gain), "digits", "ppl", n=100, features=features)["ppl"] for gain in (1.0, 8.0))
    assert slow.card.settings["distance"] == distance and slow.card.features["name"] != ""
    assert fast.card.interval[0] > 4 * slow.card.interval[1] > 0


def test_collapse_scores_zero_and_is_named():
    score = evaluate(Line(gain=0.0), "ring", "ppl", n=50)["ppl"]
    assert score.value == 0
    assert any("this is collapse, not smoothness" in warning for warning in score.card.warnings)


class Broken(Line):
    def generate(self, z, labels=None):
        return torch.full_like(z, torch.nan)


class Sampler:
    name = "sampler"

    def sample(self, n, *, seed=None, labels=None, truncation=1.0):
        return torch.zeros(n, 2)


@pytest.mark.parametrize(("call", "error", "message"), [
    (lambda: path_lengths(torch.sin, A, B[:3], T, distance=squared, path=line), UsageError, "as many starts, ends"),
    (lambda: path_lengths(torch.sin, A[:0], B[:0], T[:0], distance=squared, path=line), UsageError, "as many starts"),
    (lambda: path_lengths(torch.sin, A, B, T, distance=squared, path=line, eps=0.0), UsageError, "must be positive"),
    (lambda: evaluate(Broken(), "ring", "ppl", n=50), ZerosumError, "50 of 50 paths lead to samples that are NaN"),
    (lambda: evaluate(Sampler(), "ring", "ppl", n=50), UsageError, "sampler cannot generate; it can sample"),
    (lambda: compute("ppl", real=A, fake=B), UsageError, "looks at a model, not at arrays"),
])
def test_wrong_use_is_one_line(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_two_paths_have_no_interval():
    score = evaluate(Line(), "ring", "ppl", n=2)["ppl"]
    assert math.isfinite(score.value) and score.card.interval is None
    assert score.card.warnings == ("2 paths say nothing",)
