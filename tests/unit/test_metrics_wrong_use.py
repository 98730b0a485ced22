"""Wrong use of metrics, and awkward input: one clear line each, or the right value."""

import numpy as np
import pytest
import torch

from zerosum.core import UsageError, ZerosumError
from zerosum.metrics import METRICS, compute, evaluate
from zerosum.metrics.metric import Metric
from zerosum.metrics.resampling import wilson

OF_FEATURES = [name for name, metric in METRICS.items()
               if isinstance(metric, Metric) and metric.views == ("features",) and not metric.memory]


def features(seed: int, n: int = 60, dim: int = 8) -> torch.Tensor:
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed))


def values(real, fake, names=OF_FEATURES):
    return {name: score.value for name, score in compute(names, real=real, fake=fake).items()}


@pytest.mark.parametrize("turned", [
    lambda x: x.astype(">f4"), lambda x: x[::-1].copy()[::-1], np.asfortranarray, lambda x: x.tolist(),
    lambda x: torch.from_numpy(x).requires_grad_()])
def test_arrays_of_any_layout_give_the_same_values(turned):
    real, fake = features(0).numpy(), features(1).numpy()
    assert values(turned(real), turned(fake)) == pytest.approx(values(real, fake), rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_measured_in_full(dtype):
    real, fake = features(0).to(dtype), features(1).to(dtype)
    assert values(real, fake) == values(real.float(), fake.float())


@pytest.mark.parametrize("wrong", [None, "features", np.array([[1, "a"]], dtype=object), [[1.0, 2.0], [3.0]]])
def test_what_is_no_array_of_numbers_is_refused(wrong):
    with pytest.raises(UsageError, match="must be an array of numbers, not"):
        compute("fid", real=wrong, fake=features(0))


def test_no_features_at_all_are_refused():
    for name in OF_FEATURES:
        with pytest.raises(UsageError, match=r"floating-point numbers \(N, D\), not float32 \(60, 0\)"):
            compute(name, real=features(0)[:, :0], fake=features(1)[:, :0])


def test_numbers_too_large_to_compute_with_are_never_a_score():
    with pytest.raises(ZerosumError, match="kid cannot be computed: what it looks at is too large"):
        compute("kid", real=features(0) * 1e30, fake=features(1) * 1e30)


def test_one_image_is_too_few_whatever_is_asked():
    one, many = torch.zeros(1, 3, 16, 16), torch.rand(8, 3, 16, 16)
    for name in ("1-nn", "fid", "kid", "high-frequency"):
        with pytest.raises(UsageError, match=f"'{name}' needs at least 2 fake samples, not 1"):
            evaluate(one, many, name, features="pixels")
        with pytest.raises(UsageError, match=f"'{name}' needs at least 2 real samples, not 1"):
            evaluate(many, one, name, features="pixels")


def test_identical_sets_score_what_the_definitions_say():
    x = features(0)
    found = values(x, x)
    assert abs(found["fid"]) < 1e-6 and found["w1"] < 1e-6 and found["w2"] < 1e-6 and found["sliced-w2"] == 0
    assert found["1-nn"] == found["1-nn-real"] == found["1-nn-fake"] == 0
    assert found["mmd-biased"] == pytest.approx(0, abs=1e-12) and found["mmd-p"] == 1
    assert found["precision"] == found["recall"] == found["coverage"] == 1


def test_constant_features_have_a_value():
    one, two = torch.ones(60, 8), torch.full((60, 8), 2.0)
    same, apart = values(one, one), values(one, two)
    assert same["fid"] == same["kid"] == same["w2"] == same["mmd"] == 0 and same["1-nn"] == 0.5
    assert apart["fid"] == pytest.approx(8) and apart["w1"] == pytest.approx(8 ** 0.5) and apart["1-nn"] == 1


def test_no_bias_is_blamed_on_a_value_that_is_zero_up_to_rounding():
    warnings = compute("fid", real=features(0), fake=features(0))["fid"].card.warnings
    assert warnings == ("60 samples are few for 8 features: about 0 of this value would vanish with more",)


def test_the_interval_of_a_share_that_is_0_or_1_ends_there():
    for n in range(1, 200):
        assert wilson(0.0, n)[0] == 0.0 and wilson(1.0, n)[1] == 1.0
