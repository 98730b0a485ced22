"""The fingerprint of a claim: what makes a stored seed worthless, and what does not."""

import json
import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from zerosum.claims import Claim, Side, claim_of, claimed
from zerosum.claims.fingerprint import fingerprint
from zerosum.core import find, names

RESULTS = Path(__file__).parents[2] / "results" / "claims"
module = sys.modules[fingerprint.__module__]


@pytest.mark.parametrize("model", claimed())
def test_no_result_is_stale(model):
    """Held to the code as it is; until `zerosum verify` has measured a changed system again, this fails."""
    document = json.loads((RESULTS / f"{model}.json").read_text())
    if document["fingerprint"] != fingerprint(model, claim_of(model)):
        pytest.fail(f"results/claims/{model}.json was measured with other code: zerosum verify {model}", pytrace=False)


# The systems of the catalogue, with one edit to a source ---------------------------------------------------------

@pytest.fixture
def changed(monkeypatch):
    """Systems whose fingerprint changes when a text in a file of zerosum is replaced by another."""
    read, claims = module.source_of, {name: claim_of(name) for name in claimed()}
    before = {name: fingerprint(name, claim) for name, claim in claims.items()}

    def after(file: str, old: str, new: str) -> set[str]:
        assert old in read(file), f"{file} says no longer: {old}"
        monkeypatch.setattr(module, "source_of",
                            lambda name: read(name).replace(old, new) if name == file else read(name))
        found = {name for name, claim in claims.items() if fingerprint(name, claim) != before[name]}
        monkeypatch.setattr(module, "source_of", read)
        assert all(fingerprint(name, claim) == before[name] for name, claim in claims.items())
        return found

    return after


def systems_with(model: str) -> set[str]:
    """Systems one of whose sides is this model, or is made from it."""
    return {name for name in claimed()
            if any(issubclass(find(side.model), find(model)) for side in claim_of(name).sides.values())}


def test_a_loss_of_the_model_counts(changed):
    found = changed("zerosum.models.objective.wgan", "- self.critic(batch.x).mean()", "+ self.critic(batch.x).mean()")
    assert found == systems_with("wgan") and "gan" not in found


def test_a_loss_of_the_baseline_counts(changed):
    found = changed("zerosum.models.objective.gan", "self.generator(self.noise(batch))\n", "self.generator(None)\n")
    heirs = [name for name in names() if issubclass(find(name), find("gan"))]
    assert found == set().union(*map(systems_with, heirs)) and {"gan", "vae"} <= found != set(claimed())


def test_a_layer_below_the_networks_counts(changed):
    found = changed("zerosum.layers.maxout", ".amax(-1)", ".amin(-1)")
    assert {"gan", "cgan"} <= found


def test_a_function_below_a_function_counts(changed):
    found = changed("zerosum.networks.dcgan", "bit_length() - 1", "bit_length() - 2")
    assert {"dcgan", "recipe"} <= found and not found & {"gan", "vae"}


def test_a_penalty_counts_where_it_is_used(changed):
    found = changed("zerosum.penalties", "- target).square()", "- target).abs()")
    assert found >= {"wgan-gp", "recipe"} and not found & {"gan", "vae", "cgan", "wgan"}


def test_the_noise_that_all_draw_counts(changed):
    assert changed("zerosum.core.model", "z * 2 - 1", "z * 2") == set(claimed())


def test_an_objective_counts_where_it_is_spoken_of(changed):
    found = changed("zerosum.losses.scores", "relu(1 - scores_real)", "relu(2 - scores_real)")
    assert "recipe" in found and not found & {"gan", "dcgan", "cgan", "keras-dcgan", "vae"}


def test_a_lambda_of_a_table_counts_where_it_is_spoken_of(changed):
    found = changed("zerosum.layers.activation", "nn.LeakyReLU(0.2)", "nn.LeakyReLU(0.3)")
    assert "gan" in found and not found & {"wgan", "wgan-gp", "keras-dcgan"}


def test_a_measure_that_claims_share_counts(changed):
    found = changed("zerosum.claims.digits", "def coverage(", "def coverage(*nothing, ")
    assert {"gan", "vae", "wgan"} <= found and not found & {"wgan-gp", "f-gan"}


@pytest.mark.parametrize(("file", "old", "new"), [
    ("zerosum.models.objective.wgan", "# line 7", "# line seven"),
    ("zerosum.models.objective.wgan", '"""The critic\'s value of x', '"""The value of x'),
    ("zerosum.models.objective.wgan", "summary=", "summary='more: ' "),
    ("zerosum.models.objective.wgan", '"paper": {"data": "digits"', '"paper": {"data": "photos"'),
    ("zerosum.models.objective.wgan", "batch: Batch", "batch: 'Batch'"),
    # At the end: lambdas in the tables above are known by their lines, which the loaded module would not have moved.
    ("zerosum.losses.divergences", "lambda t: t, _half_tanh),\n)}",
     "lambda t: t, _half_tanh),\n)}\n\n\ndef new(scores):\n    return scores"),
    ("zerosum.core.model", "def preview(", "def other(self):\n        return 0\n\n    def preview("),
    ("zerosum.engine.trainer", "def ", "def _"),
    ("zerosum.claims.wgan", "follows the Wasserstein distance", "is the Wasserstein distance"),
    ("zerosum.claims.wgan", '"at least", 0.8', '"at least", 0.9'),
], ids=["comment", "docstring", "card", "presets", "annotation", "new loss", "Model", "engine", "statement", "bar"])
def test_what_changes_no_number_does_not_count(changed, file, old, new):
    assert changed(file, old, new) == set()


def test_settings_and_measure_of_the_claim_count(changed):
    assert changed("zerosum.claims.wgan", "EVERY, MATCHED = 50, 500", "EVERY, MATCHED = 50, 400") == {"wgan"}


def test_another_version_counts(monkeypatch):
    before = fingerprint("vae", claim_of("vae"))
    monkeypatch.setattr(module, "__version__", "another")
    assert fingerprint("vae", claim_of("vae")) != before


def test_an_entry_added_to_a_table_counts_only_where_it_is_gone_through(monkeypatch):
    from zerosum.losses import OBJECTIVES

    claims = {name: claim_of(name) for name in claimed()}
    before = {name: fingerprint(name, claim) for name, claim in claims.items()}
    monkeypatch.setitem(OBJECTIVES, "quite-another", OBJECTIVES["hinge"])
    after = {name: fingerprint(name, claim) for name, claim in claims.items()}
    on_all = {name for name, claim in claims.items() if hasattr(sys.modules[claim.measure.__module__], "OBJECTIVES")}
    assert {name for name in before if after[name] != before[name]} == on_all and "recipe" in on_all


# A model of one's own --------------------------------------------------------------------------------------------

OWN = """
    import torch.nn.functional as F
    from functools import partial
    from torch import nn
    import zerosum as zs
    from zerosum import losses
    from zerosum.networks import mlp as nets

    def power(x, exponent):
        return x ** exponent

    def unused(x):
        return x

    def made(scale):
        return lambda x: scale * x

    TABLE = {"square": partial(power, exponent=2), "other": unused, "double": made(2)}
    NUMBERS = {"a": 1, "b": 2}

    class Layer(nn.Module):
        def forward(self, x):
            return F.relu(x)

    @zs.register
    class Own(zs.models.GAN):
        def networks(self):
            return nets.MLPGenerator(2, (2,)), Layer()

        def discriminator_loss(self, batch):
            return {"adversarial": TABLE["square"](batch.x).mean() + NUMBERS["a"]}

        def generator_loss(self, batch):
            return {"adversarial": losses.squared_error(batch.x, 1.0) + sum(f(1) for f in LOOPED.values())}

    LOOPED = {"x": partial(power, exponent=3)}
"""


@pytest.fixture
def own(tmp_path):
    """The fingerprint of a claim on a user's file, with a text in it replaced."""
    def measured(*changes: tuple[str, str]) -> str:
        text = textwrap.dedent(OWN)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file = tmp_path / "my_own_gan.py"
        file.write_text(text)
        side = Side(str(file), "ring", {"objective": "saturating"})
        return fingerprint("my-own-gan", Claim("", "", {"own": side}, (), textwrap.dedent))

    yield measured
    from zerosum.core import registry
    registry._classes.pop("my-own-gan", None)


@pytest.mark.parametrize(("old", "new"), [
    ("NUMBERS[", "- NUMBERS["), ("F.relu", "F.gelu"), ("x ** exponent", "x + exponent"),
    ("exponent=2", "exponent=4"), ("exponent=3", "exponent=4"), ('"a": 1', '"a": 3'),
    ("import torch.nn.functional as F", "import torch as F"), ("losses.squared_error", "losses.binary_cross_entropy"),
    ("import mlp as nets", "import dcgan as nets"),
])
def test_a_model_of_ones_own_counts(own, old, new):
    assert own() == own() != own((old, new))


@pytest.mark.parametrize(("old", "new"), [
    ("import torch", "# a comment\nimport torch"), ("def unused(x):\n    return x", "def unused(x):\n    return 0"),
    ("def unused", "def brand_new():\n    return 1\n\ndef unused"), ("made(2)", "made(3)"),
    ("class Layer(nn.Module):", 'class Layer(nn.Module):\n    """A layer."""'),
])
def test_what_it_does_not_use_does_not_count(own, old, new):
    assert own() == own((old, new))


def test_what_a_closure_holds_counts(own):
    double = ('"square"](', '"double"](')
    assert own(double) != own(double, ("made(2)", "made(3)"))


def test_how_a_file_imports_does_not_count(own):
    before = own()
    assert own(("from zerosum.networks import mlp as nets", "import zerosum.networks as nets")) == before
    assert own(("import zerosum as zs\n", "import zerosum as zs\nfrom zerosum.losses import squared_error as losses\n"),
               ("from zerosum import losses\n", ""), ("losses.squared_error(", "losses(")) != before


def test_code_may_move_to_another_file(own, monkeypatch):
    """`ops` hands a function on from the file that has it; it may as well have it itself."""
    before, read = own(), module.source_of
    definition = read("zerosum.ops.precision")
    monkeypatch.setattr(module, "source_of", lambda name: definition if name == "zerosum.ops" else read(name))
    assert own() == before


def test_code_of_the_house_that_a_file_reaches_counts(own, monkeypatch):
    before, read = own(), module.source_of
    monkeypatch.setattr(module, "source_of", lambda name: read(name).replace("(scores - target)", "(scores + target)"))
    assert own() != before


# What it costs ---------------------------------------------------------------------------------------------------

def test_it_is_the_same_in_every_process():
    code = ("from zerosum.claims import claim_of, claimed\nfrom zerosum.claims.fingerprint import fingerprint\n"
            "print(*[fingerprint(name, claim_of(name)) for name in reversed(claimed())])")
    there = [subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, check=True,
                            capture_output=True, text=True).stdout.split() for seed in ("1", "2")]
    assert there[0] == there[1] == [fingerprint(name, claim_of(name)) for name in reversed(claimed())]


def test_it_takes_less_than_a_second_for_all():
    started = time.process_time()
    for name in claimed():
        fingerprint(name, claim_of(name))
    assert time.process_time() - started < 1.0
