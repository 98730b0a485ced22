"""Reference numbers again, by the way of an imported file: what it is recognised as computes what was recorded."""

import os
from pathlib import Path

import pytest
import torch
from adapters.case import Case, error
from torch.nn.functional import one_hot

from zerosum.interop.building import build, load
from zerosum.interop.families import FAMILIES
from zerosum.interop.family import Part
from zerosum.interop.states import Network

ROOT = os.environ.get("ZEROSUM_GOLDEN")
REPOS = ("kwotsin/mimicry", "brownvc/R3GAN")
FOLDERS = [path.parent for path in sorted(Path(ROOT).glob("*/meta.json")) if Case.read(path.parent).reference[0] in
           REPOS and not Case.read(path.parent).state.keys().isdisjoint({"l_y.weight", "l_y.weight_orig",
           "block2.b1.embed.weight", "Model.EmbeddingLayer.weight"})] if ROOT else []
UNSET = pytest.param(None, marks=pytest.mark.skip("ZEROSUM_GOLDEN, the folder of reference numbers, is not set"))


def part_for(case: Case) -> Part:
    """The first part of any family that these weights fit."""
    return next(part for family in FAMILIES for part in family.parts if part.fits(case.state))


@pytest.mark.parametrize("folder", FOLDERS or [UNSET], ids=lambda folder: folder and folder.name)
def test_an_imported_network_computes_what_was_recorded(folder: Path):
    case = Case.read(folder)
    part, found = part_for(case), Network("", case.state)
    x = case.inputs["x" if "x" in case.inputs else "z"]
    size = x.shape[-1] if part.attribute == "discriminator" else 0
    how = {"network": part.network, "arguments": part.settings(case.state, {"image_size": size}),
           "norm": part.norm(case.state)}
    network = build(how)
    load(network, part, found)
    told = [case.inputs["c"]] if "c" in case.inputs else [case.inputs["y"].long()] if "y" in case.inputs else []
    if part.network == "ConditionalResNetGenerator":
        told = [one_hot(told[0], how["arguments"]["classes"]).float()]
    with torch.no_grad():
        y = network.eval()(x, *told)
    expected = next(case.expected[key] for key in ("out.out0_eval", "out.logits", "out.img") if key in case.expected)
    assert error(y.reshape(expected.shape), expected) <= case.tolerance
