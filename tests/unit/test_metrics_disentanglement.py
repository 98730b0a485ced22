"""Scores of disentanglement: codes whose scores are known, tables worked by hand, the two ways, and wrong use."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from zerosum.core import DataSpec, Model, UsageError, ZerosumError
from zerosum.data import ArrayDataset, load_data
from zerosum.metrics import METRICS, evaluate
from zerosum.metrics.disentanglement.coded import Coded, coded, made, told
from zerosum.metrics.disentanglement.dci import completeness, dci, disentanglement, importances, sharpness
from zerosum.metrics.disentanglement.factor_vae import factor_vae, variances, votes
from zerosum.metrics.disentanglement.information import (
    binned,
    entropy,
    mutual_information,
    normalised_information,
    purity,
    recovered,
    shares,
)
from zerosum.metrics.disentanglement.mig import gaps, mig
from zerosum.metrics.disentanglement.separability import conditional_entropy, separability, unexplained
from zerosum.ops import LatentSpec

SIZES = {"shape": 3, "colour": 4, "place": 5}


def factors(n: int = 1_200, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.stack([torch.randint(size, (n,), generator=generator) for size in SIZES.values()], 1)


def draw(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def codes(values: torch.Tensor, of: torch.Tensor, widths: tuple[int, ...] = ()) -> Coded:
    widths = widths or (1,) * values.shape[1]
    return Coded(values.float(), widths, tuple(f"p{i}" for i in range(len(widths))), of, tuple(SIZES), "told")


def standardised(x: torch.Tensor) -> torch.Tensor:
    return (x - x.mean(0)) / x.std(0)


KNOWN = factors()
PERFECT = codes(standardised(KNOWN.double()), KNOWN)
RANDOM = codes(draw(1_200, 3), KNOWN)
MIX = torch.linalg.qr(torch.tensor([[1.0, 1, 1], [1, -1, 0.3], [1, 0.4, -1]]).double()).Q      # of all with all
ROTATED = codes(standardised(KNOWN.double()) @ MIX, KNOWN)


# Codes whose scores are known ----------------------------------------------------------------------------------------

def test_a_perfect_code_scores_one():
    assert mig(PERFECT).value == pytest.approx(1, abs=0.01)           # the others know nothing, but for few samples
    assert factor_vae(PERFECT).value == 1
    found = dci(PERFECT)
    assert [found[f"dci-{name}"].value for name in ("disentanglement", "completeness", "informativeness")] == [1, 1, 1]


def test_a_random_code_scores_nothing():
    assert mig(RANDOM).value < 0.01
    assert factor_vae(RANDOM).value == pytest.approx(1 / 3, abs=0.08)
    found = dci(RANDOM)
    assert found["dci-disentanglement"].value < 0.1 and found["dci-completeness"].value < 0.1
    chance = found["dci-informativeness"].details["chance"]
    assert found["dci-informativeness"].value == pytest.approx(sum(chance.values()) / 3, abs=0.08)


def test_a_rotated_code_knows_all_and_is_not_disentangled():
    assert mig(ROTATED).value < 0.2
    found = dci(ROTATED)
    assert found["dci-informativeness"].value > 0.9 and found["dci-disentanglement"].value < 0.5


@pytest.mark.parametrize("change", [lambda x: x.flip(1), lambda x: -x, lambda x: 1e-3 * x + 7])
def test_the_order_the_signs_and_the_scale_of_parts_do_not_matter(change):
    generator_noise = draw(1_200, 3, seed=3)
    noisy = standardised(KNOWN.double()) + 0.7 * generator_noise
    one, other = codes(noisy, KNOWN), codes(change(noisy).double(), KNOWN)
    assert mig(other).value == pytest.approx(mig(one).value, abs=0.02)
    assert factor_vae(other).value == pytest.approx(factor_vae(one).value, abs=0.02)
    for name, reading in dci(one).items():
        assert dci(other)[name].value == pytest.approx(reading.value, abs=0.05), name


def test_a_categorical_code_is_one_part():
    """As three numbers the one-hot code has no gap; as one part it knows the factor alone."""
    hot = nn.functional.one_hot(KNOWN[:, 0], 3)
    rest = standardised(KNOWN[:, 1:].double())
    one, many = (codes(torch.cat([hot, rest], 1), KNOWN, widths) for widths in ((3, 1, 1), (1,) * 5))
    assert mig(one).value == pytest.approx(1, abs=0.01) and mig(many).value < 0.75
    assert factor_vae(one).value == 1
    assert dci(one)["dci-completeness"].value == 1 and dci(many)["dci-completeness"].value < 0.9
    sure = codes(torch.cat([0.2 + 0.4 * hot, rest], 1), KNOWN, (3, 1, 1))      # shares, of which the largest counts
    assert mig(sure).value == mig(one).value and factor_vae(sure).value == 1


def test_two_parts_that_know_the_same_have_no_gap_but_know_it():
    twice = codes(torch.cat([PERFECT.values] * 2, 1), KNOWN)
    assert mig(twice).value == 0 and mig(twice).details["it knows"]["place"] == pytest.approx(1)
    assert dci(twice)["dci-disentanglement"].value == pytest.approx(1) and dci(twice)["dci-completeness"].value < 0.7


def test_a_part_that_knows_two_factors_is_complete_and_not_disentangled():
    joint = KNOWN[:, 0] + 3 * KNOWN[:, 1]
    both = codes(torch.stack([joint, KNOWN[:, 2]], 1).double(), KNOWN)
    assert mig(both).value == pytest.approx(1, abs=0.01)              # the trap that its page names
    found = dci(both)
    assert found["dci-completeness"].value == 1
    # The first part matters to two factors of three as much: 1 - log 2 / log 3, twice as heavy as the second part.
    assert found["dci-disentanglement"].value == pytest.approx((2 * (1 - math.log(2) / math.log(3)) + 1) / 3, abs=1e-6)
    assert 0.5 < factor_vae(both).value < 0.8


# By hand -------------------------------------------------------------------------------------------------------------

def test_information_by_hand():
    a, b = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 1])
    assert shares(a, b).tolist() == [[0.25, 0.25], [0, 0.5]]
    assert entropy(torch.tensor([0.5, 0.5])) == pytest.approx(math.log(2))
    by_hand = 0.25 * math.log(2) + 0.25 * math.log(2 / 3) + 0.5 * math.log(4 / 3)
    assert mutual_information(a, b) == pytest.approx(by_hand)
    assert conditional_entropy(a, b) == pytest.approx(0.5 * math.log(2))
    assert purity(a, b) == 0.75 and purity(b, a) == 0.75
    apart = math.log(2) - 0.25 * math.log(0.25) - 0.75 * math.log(0.75)
    assert normalised_information(a, b) == pytest.approx(2 * by_hand / apart)
    assert normalised_information(a, a) == pytest.approx(1) and normalised_information(a, 0 * a) == 0


def test_bins_are_of_equal_width_and_the_last_is_closed():
    x = torch.tensor([0.0, 0.04, 0.05, 0.5, 1.0])[:, None]
    found = Coded(x, (1,), ("p",), torch.zeros(5, 1, dtype=torch.int64), ("f",), "told")
    assert binned(found)[:, 0].tolist() == [0, 0, 1, 10, 19] and binned(found, 2)[:, 0].tolist() == [0, 0, 0, 1, 1]
    still = Coded(x * 0 + 3, (1,), ("p",), torch.zeros(5, 1, dtype=torch.int64), ("f",), "told")
    assert binned(still).unique().tolist() == [0]


def test_gaps_by_hand():
    known = torch.tensor([[0.9, 0.1], [0.2, 0.6], [0.5, 0.4]], dtype=torch.float64)
    torch.testing.assert_close(gaps(known), torch.tensor([0.4, 0.2], dtype=torch.float64))
    assert gaps(known[:1]).tolist() == [0.9, 0.1]
    table = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    half = Coded(torch.tensor([0.0, 0, 1, 0])[:, None], (1,), ("p",), table, ("f", "g"), "told")
    by_hand = (0.5 * math.log(4 / 3) + 0.25 * math.log(2 / 3) + 0.25 * math.log(2)) / math.log(2)
    assert recovered(half).tolist() == [[pytest.approx(by_hand), pytest.approx(by_hand)]]


def test_dci_by_hand():
    r = torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.0, 0.0]])
    assert sharpness(r).tolist() == [1, pytest.approx(0), 0]
    assert disentanglement(r) == pytest.approx(0.5)           # weights 1/2 and 1/2
    two_thirds = (2 / 3 * math.log(1.5) + 1 / 3 * math.log(3)) / math.log(3)
    assert completeness(r).tolist() == [pytest.approx(1 - two_thirds), pytest.approx(1)]
    assert sharpness(torch.ones(2, 1)).tolist() == [1, 1]


def test_the_variance_of_a_categorical_code_is_twice_that_of_gini():
    values = torch.tensor([0, 1, 1, 2, 2, 2])
    gini = sum(bool(a != b) for a in values for b in values) / (2 * 6 * 5)
    columns = torch.cat([nn.functional.one_hot(values, 3), values[:, None]], 1).double()
    assert variances(columns, (3, 1)).tolist() == [pytest.approx(2 * gini), pytest.approx(float(values.double().var()))]


def test_votes_go_to_the_part_that_does_not_move():
    generator = torch.Generator().manual_seed(0)
    found = votes(PERFECT, 90, generator)
    assert found.sum() == 90 and torch.equal(found, found.diagonal().diag()) and (found.diagonal() > 15).all()
    collapsed = codes(torch.cat([PERFECT.values, 1e-3 * draw(1_200, 1)], 1), KNOWN)
    assert votes(collapsed, 90, generator)[3].sum() == 0


# Planes --------------------------------------------------------------------------------------------------------------

def sure(values: torch.Tensor, count: int) -> torch.Tensor:
    return 0.9 * nn.functional.one_hot(values, count) + 0.1 / count


def test_planes_that_part_all_lose_nothing_and_noise_loses_all():
    z = draw(4_000, 4)
    assert separability(z, {"side": sure((z[:, 0] > 0).long(), 2)}).value == pytest.approx(1, abs=0.1)
    in_a_row = sure((z[:, 1] > 1).long() + 2 * (z[:, 1] < -1).long(), 3)
    assert separability(z, {"in a row": in_a_row}).value < 1.25          # by chance 2.4
    chance = {"a": sure(torch.arange(4_000) % 2, 2), "b": sure(torch.arange(4_000) // 2 % 4, 4)}
    assert separability(draw(4_000, 4, seed=5), chance).value == pytest.approx(8, rel=0.05)


def test_what_no_plane_parts_is_lost():
    z = draw(4_000, 2)
    apart = sure((z.prod(1) > 0).long(), 2)                  # opposite quadrants
    assert unexplained(z, apart) > 0.6


def test_the_judge_s_least_sure_half_is_left_out():
    z = draw(2_000, 2)
    right, wrong = sure((z[:, 0] > 0).long(), 2), 0.4 * sure((z[:, 0] < 0).long(), 2) + 0.3
    seen = torch.where(torch.arange(2_000)[:, None] < 1_000, right, wrong)
    assert unexplained(z, seen) < 0.1 and unexplained(z, seen[torch.randperm(2_000)]) > 0.5


# Of models -----------------------------------------------------------------------------------------------------------

class Reads(Model):
    """Says of points what a matrix makes of them; makes points of latents by its inverse."""

    name = "reads"

    def __init__(self, matrix: torch.Tensor | None = None, **more):
        super().__init__(None, DataSpec((3,)))
        self.matrix = nn.Parameter(torch.eye(3) if matrix is None else matrix)
        vars(self).update(more)

    def encode(self, x):
        return x @ self.matrix


class Mute(Model):
    """Can do nothing."""

    def __init__(self):
        super().__init__(None, DataSpec((3,)))
        self.here = nn.Parameter(torch.zeros(1))


class Tells(Reads):
    def codes(self, x):
        return torch.cat([nn.functional.one_hot(x[:, 0].long(), 3), x[:, 1:]], 1)


def points(**more) -> ArrayDataset:
    known = {"attributes": KNOWN.numpy(), "factors": {name: tuple(map(str, range(size)))
                                                      for name, size in SIZES.items()}} | more
    return ArrayDataset(KNOWN.numpy().astype(np.float32), DataSpec((3,), attributes=tuple(known["factors"])),
                        name="known", **known)


def test_a_model_is_measured_by_what_it_tells_of_real_samples():
    found = evaluate(Reads(), points(), "mig,dci,factor-vae")
    assert found["mig"].value == pytest.approx(1, abs=0.01) and found["factor-vae"].value == 1
    card = found["mig"].card
    assert card.settings["of"] == "codes of real samples, factors known" and card.settings["bins"] == 20
    assert card.settings["factors"] == "shape/colour/place" and card.details["best part"]["place"] == "z2"
    assert card.interval[0] <= found["mig"].value <= card.interval[1]


def test_codes_come_before_the_encoder_and_a_spec_says_their_parts():
    data, spec = points(), LatentSpec(0, (3,), 2)
    found = told(Tells(latent=spec), data, 500, 0)
    assert (found.widths, found.names) == ((3, 1, 1), ("c1", "u1", "u2")) and found.values.shape == (500, 5)
    assert told(Tells(), data, 500, 0).widths == (1,) * 5
    assert told(Reads(latent=spec), data, 500, 0).widths == (1,) * 3        # a spec of another size is of other codes
    noisy = Tells(latent=LatentSpec(7, (3,), 2))
    assert told(noisy, data, 500, 0).names == found.names               # the noise of z is in no sample
    assert torch.equal(found.factors, torch.tensor([row.tolist() for row in KNOWN[some_rows(500)]]))


def some_rows(n: int) -> torch.Tensor:
    return torch.randperm(1_200, generator=torch.Generator().manual_seed(0))[:n].sort().values


def test_labels_are_the_one_factor_where_there_is_no_other():
    data = ArrayDataset(KNOWN.numpy().astype(np.float32), DataSpec((3,), 3, ("a", "b", "c")), name="classes",
                        labels=KNOWN[:, 0].numpy())
    found = evaluate(Reads(), data, "mig,dci")
    assert found["mig"].card.settings["factors"] == "class" and found["mig"].value > 0.97
    assert any("one factor" in text for text in found["dci-disentanglement"].card.warnings)


class Paints(Model):
    """Makes the shapes whose factors its latent says, and can say them again: a perfect generator."""

    name = "paints"

    def __init__(self):
        super().__init__(None, DataSpec((3, 32, 32)))
        self.here = nn.Parameter(torch.zeros(1))
        self.data_set = load_data("shapes", split="all")
        self.latent = LatentSpec(1, (3, 6, 3, 3, 3, 4))

    def noise(self, n, generator=None):
        return self.latent.draw(torch.randn(n, 1, generator=generator), generator)

    def generate(self, z, labels=None):
        values = torch.stack([code.argmax(1) for code in self.latent.split(z).categorical], 1)
        known = torch.from_numpy(self.data_set.attributes[::3])
        order = {tuple(row): 3 * i for i, row in enumerate(known.tolist())}
        rows = torch.tensor([order[tuple(row)] for row in values.tolist()])
        return self.data_set.gather(rows)["x"].float() / 127.5 - 1


@pytest.fixture(scope="module")
def painted() -> Coded:
    return made(Paints(), load_data("shapes", split="test"), 600, 0)


def test_a_generator_is_measured_by_what_judges_see_in_its_samples(painted):
    assert painted.names == ("z0", "c1", "c2", "c3", "c4", "c5", "c6") and painted.widths == (1, 3, 6, 3, 3, 3, 4)
    assert painted.factor_names == ("shape", "colour", "size", "x", "y", "background")
    assert mig(painted).value > 0.95 and mig(painted).details["best part"]["background"] == "c6"
    assert mig(painted).settings["of"] == "latents of drawn samples, factors judged"
    assert factor_vae(painted).value > 0.98 and dci(painted)["dci-disentanglement"].value > 0.98


def test_a_class_that_is_asked_for_is_a_part_of_the_latent():
    from zerosum.runs import construct, plan

    chosen = plan("acgan", "tiny", {"data": "shapes", "image_size": 16})
    data = load_data(chosen.data)
    found = made(construct(chosen.model, chosen.cfg, data.spec, 0), data, 40, 0)
    assert found.names[-1] == "class" and found.widths[-1] == 3
    assert found.values[:, -3:].sum(1).tolist() == [1.0] * 40


def test_separability_of_a_model_and_its_warning():
    data = load_data("shapes", split="test")
    found = evaluate(Paints(), data, "separability", n=2_000)["separability"]
    assert found.value < 1.3 and found.card.better == "lower" and found.card.ideal == 1
    few = evaluate(Paints(), data, "separability", n=60)["separability"]
    assert "15 samples only" in few.card.warnings[-1]


# Wrong use -----------------------------------------------------------------------------------------------------------

def test_what_does_not_vary_is_not_recovered_and_named():
    fixed = torch.cat([KNOWN[:, :2], torch.zeros(1_200, 1, dtype=torch.int64)], 1)
    found = codes(PERFECT.values, fixed).varied()
    assert found.factor_names == ("shape", "colour")
    counted = [mig(codes(PERFECT.values, fixed)), factor_vae(codes(PERFECT.values, fixed)),
               *dci(codes(PERFECT.values, fixed)).values()]
    assert [each.value for each in counted] == pytest.approx([2 / 3, 2 / 3, 1, 2 / 3, 2 / 3], abs=0.01)
    assert all("counts 0" in each.warning and "place" in each.warning for each in counted)
    assert counted[1].details["right votes"] == {"shape": 1, "colour": 1, "place": 0}
    assert counted[3].details["completeness"] == {"shape": 1, "colour": 1, "place": 0}
    assert mig(codes(PERFECT.values, 0 * KNOWN)).value == 0
    assert recovered(codes(draw(1_200, 3), 0 * KNOWN + 2)).tolist() == [[0.0] * 3] * 3    # no rounding error
    with pytest.raises(ZerosumError, match="the same factors"):
        codes(PERFECT.values, 0 * KNOWN).varied()


def test_wrong_use_is_one_line():
    bare = ArrayDataset(KNOWN.numpy().astype(np.float32), DataSpec((3,)), name="bare")
    with pytest.raises(UsageError, match="nothing is known of the samples of bare"):
        coded(Reads(), bare, 100, 0)
    with pytest.raises(UsageError, match="measured on digits, glyphs, shapes"):
        coded(type("Makes", (Paints,), {})(), bare, 4, 0)
    with pytest.raises(UsageError, match="reads makes no samples"):
        coded(Reads(), points(), 100, 0, "made")
    with pytest.raises(UsageError, match="paints says nothing"):
        coded(Paints(), points(), 100, 0, "told")
    with pytest.raises(UsageError, match="cannot generate"):
        evaluate(Mute(), points(), "mig")
    with pytest.raises(UsageError, match="parts of widths"):
        codes(PERFECT.values, KNOWN, (2, 2))
    with pytest.raises(UsageError, match="factors each"):
        codes(PERFECT.values, KNOWN[:, :2])
    with pytest.raises(ZerosumError, match="NaN or infinite"):
        codes(PERFECT.values * math.nan, KNOWN)
    with pytest.raises(UsageError, match="at least 40"):
        importances(PERFECT.rows(torch.arange(20)))
    with pytest.raises(ZerosumError, match="too few for planes"):
        unexplained(draw(4, 2), torch.ones(4, 2) / 2)


def test_all_of_them_are_registered_and_say_their_trap():
    import importlib

    for name in ("mig", "factor-vae", "dci", "separability"):
        module = importlib.import_module(METRICS[name].measure.__module__)
        assert "The trap:" in module.__doc__ and METRICS[name].paper in module.__doc__
