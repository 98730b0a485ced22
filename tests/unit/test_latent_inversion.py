"""Inversion: least squares against closed forms, latents that are recovered, styles, encoders, files."""

import pytest
import torch
from styled import Styled
from tiny import seeded, trainer_of
from torch import nn

import zerosum as zs
from zerosum.core import DataSpec, LatentModel, UsageError, ZerosumError
from zerosum.latent import Inverted, coordinates, encoder_of, fit_encoder, invert, traverse
from zerosum.latent.inversion import psnr
from zerosum.latent.least_squares import least_squares
from zerosum.latent.space import Space

TRAINED = {"wgan-gp": 60, "dcgan": 100, "vae": 200}         # steps: enough that samples differ


@pytest.fixture(scope="module")
def trained():
    models = {}
    for name, steps in TRAINED.items():
        trainer = trainer_of(name, "small", image_size=8, ema=0.0)
        for _ in range(steps):
            trainer.play()
        trainer.model.zero_grad()            # what training left
        models[name] = trainer.model.eval()
    return models


@pytest.fixture(scope="module")
def untrained():
    data = zs.load_data("digits", image_size=8)
    return {name: zs.create(name, data, preset="tiny", seed=0) for name in ("cgan", "mad-gan", "vae-gan", "bigan",
                                                                            "infogan")}


# Least squares -------------------------------------------------------------------------------------------------------


def test_a_linear_problem_is_solved_exactly():
    a, b = torch.randn(2, 9, 4, generator=seeded(1)).double(), torch.randn(2, 9, generator=seeded(2)).double()
    found = least_squares(lambda v: (a @ v[..., None])[..., 0] - b, torch.zeros(2, 4).double(), steps=10)
    assert torch.allclose(found, torch.linalg.lstsq(a, b[..., None]).solution[..., 0], atol=1e-8)


def test_a_curved_valley_is_followed():
    """Rosenbrock's function, (1 - x)^2 + 100 (y - x^2)^2, from where it is hard."""
    rosenbrock = lambda v: torch.stack([1 - v[:, 0], 10 * (v[:, 1] - v[:, 0] ** 2)], 1)        # noqa: E731
    found = least_squares(rosenbrock, torch.tensor([[-1.2, 1.0], [0.0, 0.0]]), steps=60)
    assert torch.allclose(found, torch.ones(2, 2), atol=1e-4)


def test_each_row_is_a_problem_of_its_own_and_never_gets_worse():
    def rough(v):
        return torch.stack([torch.sin(7 * v[:, 0]) + v[:, 1], v[:, 0].abs().sqrt() * 3, 1 / (v[:, 1] + 2)], 1)

    start = torch.randn(20, 2, generator=seeded(3))
    together = least_squares(rough, start, steps=8)
    alone = torch.cat([least_squares(rough, row[None], steps=8) for row in start])
    assert torch.allclose(together, alone, atol=1e-3)
    assert (rough(together).square().sum(1) <= rough(start).square().sum(1)).all()
    kept = least_squares(lambda v: v - 3, start, keep=lambda v: v.clamp(-1, 1))
    assert torch.equal(kept, torch.ones_like(start))


def test_numbers_that_do_nothing_and_numbers_that_do_the_same():
    """J^T J is singular: of the first number there is no trace, and of the others only their sum counts."""
    found = least_squares(lambda v: (v[:, 1:].sum(1, keepdim=True) - 3) * torch.ones(5), torch.zeros(2, 4), steps=30)
    assert torch.allclose(found[:, 1:].sum(1), torch.tensor([3.0, 3.0]), atol=1e-4) and (found[:, 0] == 0).all()
    constant = least_squares(lambda v: 0 * v + 1, torch.zeros(1, 2), steps=30)
    assert torch.equal(constant, torch.zeros(1, 2))


# Where draws lie -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prior", ["normal", "uniform", "unit"])
def test_draws_lie_on_their_shell_and_others_do_not(prior, trained):
    model = zs.create("gan", zs.load_data("digits", image_size=8), preset="small", seed=0)
    model.cfg = type("cfg", (), {"z_dim": 32, "prior": prior})
    space, z = Space(model), model.noise(2_000, seeded(4))
    assert 0.97 < (space.penalty(z) == 0).float().mean() < 0.99
    centre = z.mean(0)
    for factor in (0.3, 2.0):
        assert (space.penalty(centre + factor * (z - centre)) > 0).float().mean() > 0.99
    far = space.keep(10 * z)
    assert far.abs().max() < (5 if prior == "normal" else 1.01) and (prior != "unit" or far.min() >= 0)


# Inversion -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRAINED)
def test_a_generated_image_is_recovered(name, trained):
    model = trained[name].train()
    z = model.noise(4, seeded(5))
    x = model.eval().generate(z).detach()
    model.train()
    assert psnr(x, x.roll(1, 0)).median() < 20               # they are not alike
    asking = [p.requires_grad for p in model.parameters()]
    found = invert(model, x, seed=1)
    assert found.psnr.min() >= 35 and torch.allclose(found.psnr, psnr(found.x, x))
    # Not only the picture, where its latent is unique.
    assert name != "vae" or ((found.z - z).norm(dim=1) < 0.01 * z.norm(dim=1)).all()
    assert model.training and asking == [p.requires_grad for p in model.parameters()]
    assert all(p.grad is None for p in model.parameters())
    assert torch.equal(found.x, model.eval().generate(found.z)) and len(found) == 4
    assert torch.equal(found.z, invert(model, x, seed=1).z)


def test_each_part_of_the_search_helps(trained):
    model = trained["vae"]
    x = model.generate(model.noise(4, seeded(6))).detach()
    drawn, moved, polished = (invert(model, x, restarts=2, draws=8, **options).psnr.mean() for options in (
        {"steps": 0, "polish": 0}, {"polish": 0}, {}))
    assert drawn + 5 < moved < polished - 5
    assert invert(model, x, restarts=1, draws=1, steps=30, polish=0).psnr.mean() < invert(
        model, x, restarts=8, draws=32, steps=30, polish=0).psnr.mean() - 2


def test_what_is_no_sample_stays_on_the_shell(trained):
    model = trained["vae"]
    x = torch.rand(2, 1, 8, 8, generator=seeded(7)) * 2 - 1
    found = invert(model, x)
    assert (Space(model).penalty(found.z) < 0.01).all() and (found.psnr < 30).all()


def test_the_distance_that_is_given_counts(trained):
    """Only the left half is looked at: there it comes closer than where all is, in the same steps."""
    model = trained["vae"]
    x = torch.rand(2, 1, 8, 8, generator=seeded(8)) * 2 - 1
    left = lambda a, b: (a - b)[..., :4].square().mean((1, 2, 3))             # noqa: E731
    options = {"restarts": 2, "polish": 0, "distance": left}
    without, found = invert(model, x, weight=0.0, **options), invert(model, x, weight=100.0, **options)
    assert (found.distance < without.distance).all()
    assert torch.allclose(found.distance, left(found.x, x))


@pytest.mark.parametrize("name", ["cgan", "mad-gan", "vae-gan", "bigan", "infogan"])
def test_every_family(name, untrained):
    model = untrained[name].eval()
    labels = torch.tensor([7, 2]) if name == "cgan" else None
    z = model.noise(2, seeded(9))
    x = model.generate(z, labels).detach()
    found = invert(model, x, restarts=2, steps=5, polish=2, labels=labels)
    assert found.z.shape == z.shape and found.x.shape == x.shape and found.psnr.isfinite().all()
    film = traverse(model, coordinates(model).only([0]), columns=3, label=7, start=found.z[:1])
    assert torch.allclose(film[0, 1], found.x[0], atol=1e-5)


def test_the_class_is_given_or_found(untrained):
    class Told(LatentModel):
        """Each class paints its own row."""

        card = type("card", (), {"tasks": ("conditional-generation",)})

        def __init__(self):
            super().__init__(type("cfg", (), {"z_dim": 3, "prior": "normal"}), DataSpec((1, 4, 4), num_classes=4))
            self.weight = nn.Parameter(torch.ones(3))

        def generate(self, z, labels=None):
            rows = nn.functional.one_hot(labels, 4).float()[:, None, :, None]
            return torch.tanh((z * self.weight).sum(1).view(-1, 1, 1, 1)) * rows.expand(-1, 1, 4, 4)

    model = Told()
    x = model.generate(torch.tensor([[1.0, 0.2, 0.3], [-1.0, 0.1, 0.3]]), torch.tensor([2, 0])).detach()
    found = invert(model, x, restarts=2)
    assert found.labels.tolist() == [2, 0] and found.psnr.min() > 35
    given = invert(model, x, restarts=2, labels=torch.tensor([2, 1]))
    assert given.labels.tolist() == [2, 1] and given.psnr[0] > 35 > given.psnr[1]
    with pytest.raises(UsageError, match="between 0 and 3"):
        invert(model, x, labels=torch.tensor([2, 4]))


@pytest.mark.parametrize(("wrong", "message"), [
    ({"x": torch.zeros(1, 3, 8, 8)}, r"samples are \(1, 8, 8\), and what is to be inverted is \(3, 8, 8\)"),
    ({"restarts": 0}, "at least one restart"), ({"steps": -1}, "no negative number of steps"),
    ({"space": "w"}, "vae cannot map styles; it can sample, generate, encode"),
    ({"space": "v"}, "the space z, w or w\\+, not v"), ({"labels": torch.tensor([1])}, "vae has no labels"),
    ({"encoder": lambda x: torch.zeros(len(x), 7)}, r"makes \(7,\) of a picture, and this model's noise is \(32,\)"),
])
def test_inversions_that_are_none(wrong, message, trained):
    with pytest.raises(UsageError, match=message):
        invert(trained["vae"], **({"x": torch.zeros(1, 1, 8, 8)} | wrong))


def test_points_and_silent_models():
    points = zs.create("gan", zs.load_data("ring"), preset="ring", seed=0)
    with pytest.raises(UsageError, match="what is to be inverted"):
        invert(points, torch.zeros(1, 2))
    with pytest.raises(UsageError, match="fitted to images"):
        fit_encoder(points)

    class Silent(Styled):
        generate = None

    with pytest.raises(UsageError, match="cannot generate; it can sample, map_styles"):
        invert(Silent(), torch.zeros(1, 1, 8, 8))


# Styles --------------------------------------------------------------------------------------------------------------


def test_styles_are_recovered():
    model = Styled()
    w = model.map(model.noise(3, seeded(10))).detach()
    x = model.synthesize(w).detach()
    found = invert(model, x, space="w", restarts=8, steps=200)
    assert found.psnr.min() > 35 and found.z is None and found.w.shape == (3, 3, 4)
    assert torch.equal(found.w, found.w[:, :1].expand(-1, 3, -1))
    assert torch.allclose(model.synthesize(found.w), found.x, atol=1e-6)


def test_a_style_for_each_layer_reaches_what_one_style_cannot():
    model = Styled()
    w = model.map(model.noise(6, seeded(11))).detach().view(2, 3, 3, 4).diagonal(dim1=1, dim2=2).mT.contiguous()
    x = model.synthesize(w).detach()                         # its layers have styles of different samples
    one, each = (invert(model, x, space=space, steps=200) for space in ("w", "w+"))
    assert (each.psnr > one.psnr + 10).all() and each.psnr.min() > 35
    assert not torch.allclose(each.w[:, 0], each.w[:, 1], atol=0.1)
    with pytest.raises(UsageError, match="inverted to styles: for noise, invert them with --space z"):
        each.latent(0)


# Encoders ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["wgan-gp", "dcgan", "vae"])
def test_a_hybrid_comes_closer_than_a_random_start_in_the_same_steps(name, trained):
    model = trained[name]
    encoder = fit_encoder(model, 300)
    x = model.generate(model.noise(12, seeded(12))).detach()
    random, hybrid, encoded = (invert(model, x, restarts=1, draws=1, polish=0, **options) for options in (
        {"steps": 20}, {"steps": 20, "encoder": encoder}, {"steps": 0, "encoder": encoder}))
    assert hybrid.psnr.mean() > random.psnr.mean() + 1 and hybrid.psnr.mean() > encoded.psnr.mean()
    assert set(hybrid.starts) == {"encoder"} and set(random.starts) == {"draw 0"}


def test_the_encoder_of_a_model_is_its_own(trained):
    model = trained["vae"]
    x = zs.load_data("digits", image_size=8).all()[:3]
    assert torch.equal(encoder_of(model)(x), model.encode(x))
    before = torch.get_rng_state()
    a, b = (encoder_of(trained["dcgan"], 3, seed=1) for _ in range(2))
    assert torch.equal(a(x), b(x)) and torch.equal(before, torch.get_rng_state())
    assert all(p.grad is None for p in trained["dcgan"].parameters())


# Files ---------------------------------------------------------------------------------------------------------------


def test_what_is_stored_is_what_is_read(trained, tmp_path):
    model = trained["vae"]
    found = invert(model, model.generate(model.noise(2, seeded(13))).detach(), restarts=1, steps=1,
                   distance=lambda a, b: (a - b).abs().mean((1, 2, 3)))
    found.save(tmp_path / "f.safetensors")
    again = Inverted.load(tmp_path / "f.safetensors")
    assert vars(again).keys() == vars(found).keys() and again.labels is again.w is None
    assert all(torch.equal(vars(again)[name], vars(found)[name]) for name in ("z", "x", "picture", "psnr", "distance"))
    assert again.starts == found.starts and torch.equal(again.latent(1)[0], found.z[1:])
    with pytest.raises(UsageError, match="numbered from 0 to 1, not 2"):
        again.latent(2)


def test_files_of_something_else(trained, tmp_path):
    coordinates(trained["vae"]).save(tmp_path / "directions.safetensors")
    (tmp_path / "broken").write_bytes(b"not safetensors")
    with pytest.raises(UsageError, match="holds no inverted pictures: zerosum invert RUN PICTURE"):
        Inverted.load(tmp_path / "directions.safetensors")
    with pytest.raises(UsageError, match="is no file of inverted pictures: zerosum invert RUN PICTURE"):
        Inverted.load(tmp_path / "nowhere")
    with pytest.raises(ZerosumError, match=r"cannot be read .* make it again with zerosum invert"):
        Inverted.load(tmp_path / "broken")


def test_latents_of_another_model(trained):
    with pytest.raises(UsageError, match=r"shape \(1, 7\) does not fit this model, whose noise is \(1, 32\)"):
        traverse(trained["vae"], coordinates(trained["vae"]), start=torch.zeros(1, 7))
