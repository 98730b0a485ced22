"""Wrong use of metrics, and awkward input: one clear line each, or the right value."""

import pickle

import numpy as np
import pytest
import torch

from zerosum.cli import main
from zerosum.core import DataSpec, UsageError, ZerosumError
from zerosum.core.files import refuse_target
from zerosum.data import ArrayDataset
from zerosum.metrics import METRICS, Accumulator, compute, evaluate, reference, together
from zerosum.metrics.likelihood import decoders
from zerosum.metrics.likelihood.ais import Annealing
from zerosum.metrics.metric import Metric
from zerosum.metrics.paired import compare_pairs
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


def test_labels_may_be_any_whole_numbers():
    labels = torch.tensor([0, 1, 1, 2] * 10)
    for turned in (labels - 5, labels * 10 ** 12):
        found = compute("classes", real=turned, fake=turned)
        assert found["classes"].value == 3 and found["class-kl"].value == 0


def test_a_class_that_is_never_real_is_named_as_the_reason_of_an_infinite_divergence():
    score = compute("classes", real=torch.zeros(20, dtype=torch.int64), fake=torch.arange(20) // 15)["class-kl"]
    assert score.value == float("inf") and "5 of 20 fakes are of a class that no real sample has" in str(score)


@pytest.mark.parametrize(("metric", "view", "match"), [
    ("confidence", features(0), "no class probabilities"), ("high-frequency", features(0), "a spectrum is"),
    ("high-frequency", torch.tensor([[2.0, 1.0]] * 9), "a spectrum is")])
def test_views_that_are_something_else_are_refused(metric, view, match):
    with pytest.raises(UsageError, match=match):
        compute(metric, real=view, fake=view)


@pytest.mark.parametrize(("modes", "std"), [(torch.zeros(4, 3), 0.1), (torch.zeros(4, 2), 0.0),
                                            (torch.full((4, 2), torch.nan), 0.1)])
def test_modes_that_cannot_be_are_refused(modes, std):
    x = features(0, dim=2)
    with pytest.raises(UsageError, match=r"modes must be finite centres \(M, 2\)"):
        compute("modes", real=x, fake=x, modes=modes, mode_std=std)


def test_modes_may_be_a_numpy_array():
    centres = np.array([[0.0, 0.0], [5.0, 5.0]])
    x = torch.from_numpy(centres).repeat(30, 1)
    assert compute("modes", real=x, fake=x, modes=centres, mode_std=0.1)["modes"].value == 2


def test_names_that_are_no_names_are_refused():
    x = features(0)
    for names in ("", [], None, [METRICS["fid"]]):
        with pytest.raises(UsageError, match=r"unknown metric|no metric is named"):
            compute(names, real=x, fake=x)
    with pytest.raises(UsageError, match="unknown protocol"):
        compute("fid", real=x, fake=x, protocol=None)


def test_a_seed_that_numpy_cannot_take_serves_a_protocol_too():
    x, y = features(0), features(1)
    values = {seed: compute("kid", real=x, fake=y, protocol="clean", seed=seed)["kid"].value for seed in (0, 2 ** 40)}
    assert values[2 ** 40] == pytest.approx(values[0])


def test_features_beyond_half_precision_are_refused_where_a_protocol_takes_it():
    with pytest.raises(ZerosumError, match="features beyond 65504 have no place in half precision"):
        compute("precision-recall", real=features(0) * 1e6, fake=features(1) * 1e6, protocol="stylegan3")


@pytest.mark.parametrize("metric", ["fid", "kid"])
def test_batches_of_different_width_are_never_gathered(metric):
    gathered = Accumulator([metric]).update(real=features(0), fake=features(1))
    with pytest.raises(UsageError, match="every batch of features must have the same width, not 8 and 7"):
        gathered.update(real=features(2, dim=7))
    with pytest.raises(UsageError, match="every batch of features must have the same width, not 8 and 7"):
        gathered.merge(Accumulator([metric]).update(real=features(2, dim=7)))
    with pytest.raises(UsageError, match="of the same protocol"):
        gathered.merge(Accumulator([metric], protocol="stylegan3"))


def test_statistics_of_another_network_are_refused_before_anything_is_looked_at(tmp_path):
    np.savez(tmp_path / "inception.npz", mu=np.zeros(2048), sigma=np.eye(2048))
    with pytest.raises(UsageError, match="holds statistics of 2048 features, and features-photos makes 64: name the"):
        evaluate(torch.zeros(8, 3, 16, 16), str(tmp_path / "inception.npz"))


def of_classes(*names: str) -> ArrayDataset:
    """Ten grey images of each class, dark for a and bright for c."""
    level = {"a": -0.8, "b": 0.0, "c": 0.8}
    noise = 0.1 * torch.randn(10, 1, 12, 12, generator=torch.Generator().manual_seed(0))
    x = torch.cat([level[name] + noise for name in names])
    labels = torch.arange(len(names)).repeat_interleave(10)
    return ArrayDataset(x.numpy(), DataSpec((1, 12, 12), num_classes=len(names), classes=names), labels=labels.numpy(),
                        name="given", split="all")


def test_classes_of_two_sets_are_matched_by_name():
    real, fake = of_classes("a", "b", "c"), of_classes("b", "c")
    assert abs(evaluate(fake, real, "class-fid", features="pixels")["class-fid"].value) < 1e-6
    with pytest.raises(UsageError, match="the generated samples have the class a, and the real ones have only b, c"):
        evaluate(real, fake, "class-fid", features="pixels")


@pytest.mark.parametrize("content", [pickle.dumps({"a": object}), b"garbage", b""])
def test_a_file_that_holds_no_weights_is_refused_in_one_line_that_advises_nothing_dangerous(tmp_path, content, capsys):
    (tmp_path / "network.pth").write_bytes(content)
    assert main(["evaluate", "--real", "digits", "--fake", "digits", "--metrics", "fid", "--features",
                 str(tmp_path / "network.pth")]) == 1
    said = capsys.readouterr().err
    assert "cannot be read as weights alone: it is damaged, or holds more than tensors" in said
    assert "weights_only" not in said and "warning" not in said


@pytest.mark.parametrize(("words", "status", "match"), [
    (["evaluate", "--protocol", "cleann"], 2, "did you mean clean"), (["evaluate", "--metrics", "fdi"], 2, "mean fid"),
    (["evaluate", "--metrics", ""], 2, "unknown metric"), (["evaluate", "-n", "1"], 2, "n must be at least 2")])
def test_names_are_refused_before_data_is_read(words, status, match, capsys):
    assert main([*words, "--real", "no-such-data", "--fake", "no-such-data"]) == status
    assert match in capsys.readouterr().err


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path, capsys):
    target = tmp_path / "no" / "f.safetensors"
    assert main(["features", "no-such-data", "-o", str(target)]) == 1
    assert f"cannot write {target}: the folder {target.parent} does not exist" in capsys.readouterr().err
    with pytest.raises(ZerosumError, match="it is a folder"):
        refuse_target(tmp_path)


def test_features_of_one_sample_are_not_stored(tmp_path, capsys):
    with pytest.raises(UsageError, match="n must be at least 2, not 1"):
        reference("digits", n=1)
    np.save(tmp_path / "one.npy", np.zeros((1, 4), np.float32))
    assert main(["features", str(tmp_path / "one.npy"), "-o", str(tmp_path / "f.safetensors")]) == 2
    assert "features of at least 2 samples are needed" in capsys.readouterr().err
    assert not (tmp_path / "f.safetensors").exists()


def test_show_finds_the_metric_that_was_meant(capsys):
    assert main(["show", "memorization"]) == 2
    assert "unknown metric 'memorization' (did you mean memorisation?)" in capsys.readouterr().err


def test_a_note_that_several_scores_share_is_said_once():
    lines = together(compute("precision-recall", real=features(0), fake=features(1)).values())
    notes = [line for line in lines if line.startswith("NOTE")]
    assert len(notes) == 1 and notes[0].startswith("NOTE precision, recall, density, coverage: with fewer than 1000")


def test_long_annealing_says_beforehand_how_long_it_takes(monkeypatch, caplog):
    test = torch.zeros(20, 2)
    with caplog.at_level("INFO", logger="zerosum.metrics"):
        decoders._say_how_long(torch.tanh, test, 2, Annealing(steps=1))
        assert not caplog.messages
        monkeypatch.setattr(decoders, "LONG", 0.0)
        decoders._say_how_long(torch.tanh, test, 2, Annealing(steps=1))
    assert caplog.messages == ["annealed importance sampling of 20 samples will take about 1 min"]


class Sampler:
    """A model of a user's own that returns whatever it was given."""

    def __init__(self, samples):
        self.samples = samples

    def sample(self, n, *, seed=None, labels=None, truncation=1.0):
        return self.samples


def test_a_model_may_return_numpy_and_any_seed_serves():
    x = features(0, 20, 2)
    found = evaluate(Sampler(x.numpy()), x, "w2", n=20, seed=-1)
    assert found["w2"].value == pytest.approx(0, abs=1e-6)
    with pytest.raises(UsageError, match="samples must be an array of numbers, not NoneType"):
        evaluate(Sampler(None), x, "w2", n=20)


def test_images_between_0_and_1_are_suspected():
    x = torch.rand(8, 3, 16, 16)
    expected = "no number of the samples is below 0: images in [0, 1] must be given as 2 x - 1"
    assert expected in evaluate(x, 2 * x - 1, "fid", features="pixels")["fid"].card.warnings
    for fine in (2 * x - 1, (255 * x).byte()):
        assert expected not in evaluate(fine, 2 * x - 1, "fid", features="pixels")["fid"].card.warnings


def test_pairs_may_be_lists_and_nothing_else_that_is_no_array():
    x = (2 * torch.rand(2, 1, 8, 8) - 1)
    assert compare_pairs("psnr", prediction=(0.9 * x).tolist(), target=x.tolist())["psnr"].value == pytest.approx(
        compare_pairs("psnr", prediction=0.9 * x, target=x)["psnr"].value)
    with pytest.raises(UsageError, match="predictions must be an array of numbers, not NoneType"):
        compare_pairs("psnr", prediction=None, target=x)
