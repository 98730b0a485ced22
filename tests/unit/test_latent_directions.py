"""Directions against closed forms, on every family, and as files."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from styled import Styled
from torch import nn

import zerosum as zs
from zerosum.core import DataSpec, LatentModel, UsageError, ZerosumError
from zerosum.latent import Directions, coordinates, features, ganspace, hyperplanes, linear_map, sefa, traverse, vary

FAMILIES = {"dcgan": 8, "cgan": 8, "vae": 4, "mad-gan": 11, "vae-gan": 4}      # and how many numbers their z has


class Straight(LatentModel):
    """G(z) = tanh(W (A z + b)), with A known."""

    class cfg:
        z_dim, prior = 5, "normal"

    def __init__(self, stretch=(3.0, 2.0, 1.0, 0.5, 0.1), prior="normal"):
        super().__init__(type("cfg", (), {"z_dim": 5, "prior": prior}), DataSpec((4,)))
        torch.manual_seed(0)
        self.turn = torch.linalg.qr(torch.randn(5, 5)).Q                       # its rows are the directions
        self.body = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Tanh(), nn.Linear(7, 4))
        basis = torch.linalg.qr(torch.randn(7, 5)).Q
        self.body[0].weight = nn.Parameter(basis @ torch.diag(torch.tensor(stretch)) @ self.turn)

    def generate(self, z, labels=None):
        return self.body(z)


class Shared(Straight):
    """A generator that is told a label, through layers of its own, and normalizes its noise if asked to."""

    normalized = False

    def __init__(self):
        super().__init__()
        self.name_layers = nn.Sequential(nn.Linear(1, 3), nn.Linear(3, 5))     # met before the noise is

    def generate(self, z, labels=None):
        told = self.name_layers(torch.ones(len(z), 1))
        return self.body((nn.functional.normalize(z) if self.normalized else z) + told)


@pytest.fixture(scope="module")
def models():
    data = zs.load_data("digits", image_size=8)
    return {name: zs.create(name, data, preset="tiny", seed=0) for name in FAMILIES}


def cosines(a, b):
    return (a * b).sum(1).abs()


# The layer -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [Straight(), Shared()], ids=["plain", "beside-a-label"])
def test_the_first_layer_is_the_first_that_depends_on_the_noise(model):
    assert torch.allclose(linear_map(model).float(), model.body[0].weight, atol=1e-5)
    z = torch.randn(3, 5)
    assert features(model, z).shape == (3, 7) and features(model, z, layer=2).shape == (3, 4)
    assert torch.allclose(features(model, z, layer=2), model.eval().generate(z), atol=1e-6)


def test_looking_leaves_no_trace():
    model = Straight().train()
    features(model, torch.randn(300, 5))
    assert model.training and all(p.requires_grad and p.grad is None for p in model.parameters())
    assert not any(m._forward_hooks for m in model.modules())
    assert torch.equal(model.body[1].running_mean, torch.zeros(7))             # looked at in evaluation mode


def test_models_without_such_a_layer():
    class Bare(Straight):
        def generate(self, z, labels=None):
            return z[:, :4]

    bent = Shared()
    bent.normalized = True
    with pytest.raises(UsageError, match="not linear in the noise, which sefa needs: use ganspace"):
        sefa(bent, 2)
    assert len(ganspace(bent, 2, n=200)) == 2
    class Crowded(Straight):
        def generate(self, z, labels=None):
            return self.body(torch.cat([z.new_zeros(2, 5), z]))[2:]

    for find in (sefa, ganspace):
        with pytest.raises(UsageError, match="sends more than its noise through its layers"):
            find(Crowded(), 2)
    with pytest.raises(UsageError, match="meets 0 layers with weights, so that there is no layer 1"):
        sefa(Bare(), 2)
    with pytest.raises(UsageError, match="meets 2 layers with weights, so that there is no layer 3"):
        ganspace(Straight(), 2, n=100, layer=3)


# SeFa and GANSpace ---------------------------------------------------------------------------------------------------


def test_sefa_is_the_right_singular_vectors():
    model = Straight()
    found = sefa(model, 4)
    assert found.names == ("sefa0", "sefa1", "sefa2", "sefa3") and found.vectors.shape == (4, 5)
    assert torch.allclose(cosines(found.vectors, model.turn[:4]), torch.ones(4), atol=1e-5)
    assert torch.allclose(found.strengths, torch.tensor([9.0, 4.0, 1.0, 0.25]), rtol=1e-4)
    assert torch.allclose(found.vectors.norm(dim=1), torch.ones(4), atol=1e-6)


def test_sefa_of_a_convolution_is_that_of_the_matrix_it_is(models):
    weight = next(m.weight for m in models["dcgan"].generator.modules() if isinstance(m, nn.ConvTranspose2d))
    matrix = weight.detach().flatten(1).double().numpy().T                     # (M, D): the kernel of a 1x1 map
    assert np.allclose(sefa(models["dcgan"], 8).strengths, np.linalg.svd(matrix, compute_uv=False)[:8] ** 2, rtol=1e-3)


def test_ganspace_is_principal_components_and_regression():
    model, n = Straight(), 3_000
    found = ganspace(model, 3, n=n, layer=2, seed=4)
    z = model.noise(n, torch.Generator().manual_seed(4)).double().numpy()
    h = model.eval().generate(torch.from_numpy(z).float()).detach().double().numpy()
    _, s, vt = np.linalg.svd(h - h.mean(0), full_matrices=False)
    x = (h - h.mean(0)) @ vt[:3].T
    back, *_ = np.linalg.lstsq(x, z - z.mean(0), rcond=None)                   # argmin |X U - Z|
    back /= np.linalg.norm(back, axis=1, keepdims=True)
    assert torch.allclose(cosines(found.vectors, torch.from_numpy(back).float()), torch.ones(3), atol=1e-4)
    assert np.allclose(found.strengths, s[:3] / (n - 1) ** 0.5, rtol=1e-4)


def test_ganspace_of_a_linear_layer_is_sefa():
    """Gaussian z: the covariance of A z is A A^T, whose eigenvectors A n go back to n, to 1 / sqrt(N)."""
    model = Straight()
    found, exact = ganspace(model, 3), sefa(model, 3)
    assert (cosines(found.vectors, exact.vectors) > 0.999).all()
    assert torch.allclose(found.strengths.square(), exact.strengths, rtol=0.05)


def test_ganspace_is_a_function_of_its_seed():
    before = torch.get_rng_state()
    one, same, other = (ganspace(Straight(), 2, n=100, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.vectors, same.vectors) and not torch.equal(one.vectors, other.vectors)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("k", [0, 6])
def test_more_directions_than_there_are(k):
    for method in (sefa, ganspace):
        with pytest.raises(UsageError, match=f"5 numbers: ask for 1 to 5 directions, not {k}"):
            method(Straight(), k)


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family(name, models):
    model = models[name]
    for found in (sefa(model, 3), ganspace(model, 3, n=300), ganspace(model, 2, n=300, layer=2), coordinates(model)):
        assert found.vectors.shape == (len(found), FAMILIES[name]) and found.vectors.isfinite().all()
        assert torch.allclose(found.vectors.norm(dim=1), torch.ones(len(found)), atol=1e-5)
        assert (found.strengths >= 0).all() and (found.method == "coordinates" or (found.strengths.diff() <= 0).all())
    film = traverse(model, sefa(model, 2), columns=5, seed=3)
    assert film.shape == (2, 5, *model.data.shape)
    assert torch.allclose(film[0, 2], film[1, 2], atol=1e-5)                   # all rows have one sample in the middle


def test_the_generators_of_mad_gan_share_the_layer(models):
    """Which generator is picked by numbers of z that meet no layer: no direction moves them."""
    assert (sefa(models["mad-gan"], 3).vectors[:, 8:].abs() < 1e-5).all()


def test_who_makes_nothing_from_noise():
    class Silent(Straight):
        generate = None

    for find in (sefa, ganspace, coordinates, lambda model: hyperplanes(model, lambda x: x[:, 0] > 0, ("a", "b")),
                 lambda model: vary(model, torch.zeros(1, 5), torch.zeros(5), torch.zeros(1)),
                 lambda model: traverse(model, sefa(Straight(), 2))):
        with pytest.raises(UsageError, match="cannot generate; it can sample"):
            find(Silent())


# Hyperplanes ---------------------------------------------------------------------------------------------------------


def test_a_hyperplane_is_the_boundary_of_what_is_judged():
    """The judge sees z itself, and says on which side of a known plane it lies."""
    class Open(Straight):
        def generate(self, z, labels=None):
            return z

    normal = torch.tensor([0.6, 0.0, -0.8, 0.0, 0.0])
    found = hyperplanes(Open(), lambda x: (x @ normal > 0.5).long(), ("below", "above", "never"), n=6_000)
    above = found.names.index("above")
    assert set(found.names) == {"below", "above"}                              # what nobody has, has no boundary
    assert found.vectors[above] @ normal > 0.998 and torch.allclose(found.vectors[0], -found.vectors[1], atol=1e-5)
    assert (found.strengths > 0.98).all() and found.measure == "balanced accuracy"
    blind = hyperplanes(Open(), lambda x: torch.randint(2, (len(x),), generator=torch.Generator().manual_seed(1)),
                        ("a", "b"), n=6_000)
    assert (blind.strengths - 0.5).abs().max() < 0.04        # chance; of 2000, 2 standard deviations are 0.022


def test_one_class_has_no_boundary():
    with pytest.raises(UsageError, match="no hyperplane: among 100 samples each class is seen too rarely"):
        hyperplanes(Straight(), lambda x: torch.zeros(len(x)), ("all",), n=100)


# Files ---------------------------------------------------------------------------------------------------------------


def test_a_file_is_read_by_another_process(tmp_path):
    found = sefa(Straight(), 3)
    found.save(tmp_path / "d.safetensors")
    done = subprocess.run([sys.executable, "-c", "import sys, zerosum as zs\n"
                           "d = zs.latent.Directions.load(sys.argv[1])\n"
                           "print(d.names, d.method, d.measure, d.vectors.tolist(), d.strengths.tolist())",
                           str(tmp_path / "d.safetensors")], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{found.names} sefa eigenvalue {found.vectors.tolist()} {found.strengths.tolist()}"


def test_files_that_are_none(tmp_path):
    from safetensors.torch import save_file

    with pytest.raises(UsageError, match="is no file of directions: zerosum directions RUN -o"):
        Directions.load(tmp_path / "nowhere.safetensors")
    save_file({"x": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(UsageError, match="holds no directions"):
        Directions.load(tmp_path / "other.safetensors")
    (tmp_path / "half.safetensors").write_bytes((tmp_path / "other.safetensors").read_bytes()[:20])
    with pytest.raises(ZerosumError, match="cannot be read"):
        Directions.load(tmp_path / "half.safetensors")


def test_some_of_them():
    found = sefa(Straight(), 4)
    some = found.only([3, 0])
    assert some.names == ("sefa3", "sefa0") and torch.equal(some.vectors, found.vectors[[3, 0]])
    assert some.strongest(1).names == ("sefa0",)
    for wrong in ([4], [-1], []):
        with pytest.raises(UsageError, match="numbered from 0 to 3"):
            found.only(wrong)


# Traversals ----------------------------------------------------------------------------------------------------------


def test_vary_is_what_it_says():
    model, z = Straight().eval(), torch.randn(2, 5)
    steps, direction = torch.tensor([-1.0, 0.0, 2.0]), torch.tensor([0.0, 1.0, 0.0, 0.0, 0.0])
    film = vary(model, z, direction, steps)
    assert film.shape == (2, 3, 4) and not film.requires_grad
    for i in range(2):
        for j in range(3):
            assert torch.allclose(film[i, j], model.generate(z[i:i + 1] + steps[j] * direction)[0], atol=1e-6)


@pytest.mark.parametrize(("prior", "spread"), [("normal", 1.0), ("uniform", 3 ** -0.5), ("unit", 12 ** -0.5)])
def test_a_traversal_counts_in_standard_deviations(prior, spread):
    class Open(Straight):
        def generate(self, z, labels=None):
            return z

    model = Open(prior=prior)
    assert torch.allclose(coordinates(model).strengths, torch.full((5,), spread), rtol=0.03)
    film = traverse(model, coordinates(model).only([2]), reach=2.0, columns=5, seed=1)[0]
    z = model.noise(1, torch.Generator().manual_seed(1))[0]
    moved = torch.tensor([0.0, 0.0, 1.0, 0.0, 0.0])
    for column, step in enumerate((-2, -1, 0, 1, 2)):
        assert torch.allclose(film[column], z + step * spread * moved, atol=0.05)


def test_traversals_of_a_class(models):
    film = traverse(models["cgan"].eval(), sefa(models["cgan"], 1), columns=3, seed=2, label=7)
    assert torch.allclose(film[0, 1], models["cgan"].sample(1, seed=2, labels=7)[0], atol=1e-6)


@pytest.mark.parametrize("wrong", [{"reach": 0.0}, {"reach": float("nan")}, {"columns": 1}])
def test_traversals_that_are_none(wrong):
    with pytest.raises(UsageError, match="a range above 0 and at least two columns"):
        traverse(Straight(), coordinates(Straight()), **wrong)


def test_directions_of_another_model(models):
    with pytest.raises(UsageError, match="directions of 5 numbers do not fit latents of 8"):
        traverse(models["dcgan"], sefa(Straight(), 2))


# Of styles ------------------------------------------------------------------------------------------------------------


def test_sefa_of_styles_is_in_the_weights_of_all_layers_that_are_given_one():
    model = Styled()
    found = sefa(model, 4)
    a = torch.cat([affine.weight for affine in model.affine]).detach()
    values, vectors = torch.linalg.eigh(a.T @ a)
    assert found.space == "w"
    torch.testing.assert_close(found.strengths, values.flip(0), rtol=1e-4, atol=1e-5)
    assert (cosines(found.vectors, vectors.T.flip(0)) > 0.999).all()


def test_ganspace_of_styles_is_their_principal_components():
    model = Styled()
    found = ganspace(model, 4)
    w = model.map(model.noise(10_000, torch.Generator().manual_seed(0)))[:, 0].detach()
    values, vectors = torch.linalg.eigh(torch.cov(w.T))
    torch.testing.assert_close(found.strengths, values.flip(0).sqrt(), rtol=1e-3, atol=1e-4)
    assert found.space == "w" and (cosines(found.vectors, vectors.T.flip(0)) > 0.99).all()


def test_a_hyperplane_of_styles_is_found_where_it_lies():
    model = Styled()
    w = model.map(model.noise(900, torch.Generator().manual_seed(0)))[:, 0].detach()
    found = hyperplanes(model, lambda _: (w[:, 1] > w[:, 1].median()).long(), ["less", "more"], n=900)
    assert found.space == "w" and found.strengths.min() > 0.95
    assert (found.vectors[:, 1].abs() > 0.8).all()


def test_a_walk_along_styles_moves_all_layers_alike(tmp_path):
    model = Styled()
    directions = ganspace(model, 2)
    directions.save(tmp_path / "found.safetensors")
    again = Directions.load(tmp_path / "found.safetensors")
    assert again.space == "w"
    rows = traverse(model, again, reach=2.0, columns=3, seed=1)
    w = model.map(model.noise(1, torch.Generator().manual_seed(1)))
    torch.testing.assert_close(rows[:, 1], model.synthesize(w).detach().expand(2, -1, -1, -1))
    torch.testing.assert_close(traverse(model, again, reach=2.0, columns=3, start=w.detach()), rows)
    moved = w + 2 * again.strengths[0] * again.vectors[0]
    torch.testing.assert_close(rows[0, 2], model.synthesize(moved)[0].detach(), rtol=1e-3, atol=1e-3)


def test_the_noise_of_a_model_with_styles_has_directions_if_asked_for():
    found = ganspace(Styled(), 3, space="z", layer=1)
    assert found.space == "z" and found.vectors.shape == (3, 6)
    with pytest.raises(UsageError, match="cannot map styles"):
        sefa(Straight(), space="w")
