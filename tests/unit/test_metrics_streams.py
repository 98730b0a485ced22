"""Scores of what arrives in parts, of stored features, and of several processes: always those of the whole."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from zerosum.core import UsageError, ZerosumError
from zerosum.data import load_data
from zerosum.metrics import Accumulator, Reference, compute, evaluate, reference
from zerosum.metrics.features import Pixels


def features(n: int, seed: int, dim: int = 8) -> torch.Tensor:
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed)) + seed / 10


REAL, FAKE = features(300, 0), features(250, 3)
NAMES = ["fid", "kid", "1-nn", "precision-recall"]


@pytest.mark.parametrize("names", [["fid"], NAMES], ids=["statistics alone", "features kept"])
def test_batches_score_like_the_whole(names):
    gathered = Accumulator(names)
    for part in REAL.split(37):
        gathered.update(real=part)
    for part in FAKE.split(1):
        gathered.update(fake=part)
    whole, found = compute(names, real=REAL, fake=FAKE), gathered.compute()
    assert list(found) == list(whole)
    for name, score in found.items():
        assert score.value == pytest.approx(whole[name].value, rel=1e-9), name
        assert (score.card.n_real, score.card.n_fake) == (300, 250)
    assert (found["fid"].card.interval is None) == (names == ["fid"])


@pytest.mark.parametrize("names", [["fid"], NAMES], ids=["statistics alone", "features kept"])
def test_merged_parts_score_like_the_whole(names):
    a = Accumulator(names).update(real=REAL[:100], fake=FAKE[:30])
    b = Accumulator(names).update(real=REAL[100:], fake=FAKE[30:])
    whole = compute(names, real=REAL, fake=FAKE)
    for name, score in a.merge(b).compute().items():
        assert score.value == pytest.approx(whole[name].value, rel=1e-9), name


def test_images_are_looked_at_by_the_extractor():
    x = load_data("digits", split="test").all()
    score = Accumulator("kid", extractor=Pixels(1)).update(real=x[:200], fake=x[200:]).compute()["kid"]
    assert score.value == pytest.approx(compute("kid", real=Pixels(1)(x[:200]), fake=Pixels(1)(x[200:]))["kid"].value)
    assert score.card.features["name"] == "pixels-8x8"


@pytest.mark.parametrize(("wrong", "message"), [
    (lambda: Accumulator("ppl"), "cannot be gathered batch by batch"),
    (lambda: Accumulator("fid").update(real=REAL[:1], fake=FAKE).compute(), "at least 2 real samples"),
    (lambda: Accumulator("fid").update(real=REAL).compute(), "at least 2 fake samples"),
    (lambda: Accumulator("fid").merge(Accumulator("kid")), "same metrics"),
    (lambda: Accumulator("kid").update(real=REAL, fake=FAKE[:, :3]).compute(), "the same width, not 8 and 3"),
])
def test_wrong_use_is_one_line(wrong, message):
    with pytest.raises(UsageError, match=message) as raised:
        wrong()
    assert "\n" not in str(raised.value)


# Stored features ----------------------------------------------------------------------------------------------------

DIGITS = {"metrics": ["1-nn", "kid", "fid"], "seed": 4}


def noisy() -> torch.Tensor:
    x = load_data("digits").all()[:400]
    return (x + 0.3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))).clamp(-1, 1)


def test_stored_features_score_like_the_data(tmp_path):
    made = reference("digits")
    made.save(tmp_path / "digits.safetensors")
    whole = evaluate(noisy(), "digits", **DIGITS)
    assert evaluate(noisy(), made, **DIGITS) == whole
    assert evaluate(noisy(), tmp_path / "digits.safetensors", **DIGITS) == whole
    assert evaluate(noisy(), str(tmp_path / "digits.safetensors"), "classes", seed=4) == evaluate(
        noisy(), "digits", "classes", seed=4)


def test_stored_statistics_serve_fid_and_nothing_else(tmp_path):
    reference("digits").without_features().save(tmp_path / "digits.safetensors")
    stored = Reference.load(tmp_path / "digits.safetensors")
    assert stored.seen.features is None
    score, whole = evaluate(noisy(), stored)["fid"], evaluate(noisy(), "digits", "fid")["fid"]
    assert score.value == pytest.approx(whole.value, rel=1e-9) and score.card.n_real == 447
    assert score.card.interval[0] < score.value < score.card.interval[1]
    with pytest.raises(UsageError, match="'kid' looks at features, which digits does not hold"):
        evaluate(noisy(), stored, "kid")


def test_statistics_of_other_libraries_are_read(tmp_path):
    real, fake = Pixels(1)(load_data("digits", split="test").all()).double().numpy(), noisy()
    np.savez(tmp_path / "digits.npz", mu=real.mean(0), sigma=np.cov(real, rowvar=False))
    score = evaluate(fake.repeat(1, 3, 1, 1), tmp_path / "digits.npz", "fid", features=Gray())["fid"]
    assert score.value == pytest.approx(compute("fid", real=real, fake=Pixels(1)(fake))["fid"].value, rel=1e-6)


class Gray(Pixels):
    """The pixels of colour images that have none."""

    def __init__(self):
        super().__init__(1)


def test_features_are_never_compared_with_those_of_another_network_or_protocol(tmp_path):
    made = reference("digits")
    with pytest.raises(UsageError, match="never compared with those of pixels-8x8"):
        evaluate(noisy(), made, "fid", features="pixels")
    other = reference("digits", features="pixels")
    with pytest.raises(UsageError, match="holds features of pixels-8x8 #"):
        evaluate(noisy(), other, "fid")


@pytest.mark.parametrize(("content", "message"), [
    (b"", "cannot be read"), (b"\x00" * 50, "cannot be read"), (b"not at all", "cannot be read")])
def test_a_damaged_file_is_one_line(tmp_path, content, message):
    (tmp_path / "x.safetensors").write_bytes(content)
    with pytest.raises(ZerosumError, match=message) as raised:
        evaluate(noisy(), tmp_path / "x.safetensors")
    assert "\n" not in str(raised.value)


def test_weights_are_no_features(tmp_path):
    from safetensors.torch import save_file

    save_file({"weight": torch.zeros(3)}, tmp_path / "weights.safetensors")
    with pytest.raises(UsageError, match="holds no features"):
        Reference.load(tmp_path / "weights.safetensors")


# Several processes --------------------------------------------------------------------------------------------------

SCRIPT = """
import json, torch.distributed as dist
from zerosum.metrics import evaluate
from zerosum.data import load_data
import torch
dist.init_process_group("gloo")
x = load_data("digits").all()
x = x + 0.3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
scores = evaluate(x, "digits", ["1-nn", "kid", "fid", "classes"], share=True)
if dist.get_rank() == 0:
    print(json.dumps({name: score.value for name, score in scores.items()}))
dist.destroy_process_group()
"""


def test_two_processes_score_like_one(tmp_path):
    x = load_data("digits").all()
    x = x + 0.3 * torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    alone = evaluate(x, "digits", ["1-nn", "kid", "fid", "classes"])
    (tmp_path / "shared.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
                           str(tmp_path / "shared.py")], check=False, capture_output=True, text=True, timeout=300,
                          env=os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-2000:]
    for name, value in json.loads(done.stdout.splitlines()[-1]).items():
        assert value == pytest.approx(alone[name].value, rel=1e-9, abs=1e-12), name
