"""Networks of others with weights lost, renamed, of other shapes and of odd numbers: refused in one line, or built."""

import random
import time
from collections.abc import Callable

import pytest
import torch
from foreign_networks import (
    MimicryGenerator,
    MimicryInformer,
    MimicryJudge,
    StudioGenerator,
    StudioJudge,
    Variables,
    style_variables,
)
from foreign_progan import progan_variables
from foreign_styles import Huang, HuangJudge, Lucid, RosinalityGenerator, RosinalityJudge

from zerosum.core import ZerosumError
from zerosum.interop.building import build, load
from zerosum.interop.families import described, recognise
from zerosum.interop.states import Network

ODD = ("0", "1", "7", "64", "4096", "999999999", "9" * 5_000, "x", "")


def stylegan() -> dict[str, Variables]:
    mapping, synthesis, judge = style_variables(16, 4)
    return {"Gs": {f"G_mapping/{key}": value for key, value in mapping.items()} | {
        f"G_synthesis/{key}": value for key, value in synthesis.items()}, "D": judge}


def progan() -> dict[str, Variables]:
    return dict(zip(("Gs", "D"), progan_variables(), strict=True))


def studiogan() -> dict[str, Variables]:
    return {"G": StudioGenerator([8, 8, 8, 8], "old", 2).state_dict(),
            "D": StudioJudge([3, 8, 8, 8, 8], 2, 1).state_dict()}


def mimicry() -> dict[str, Variables]:
    return {"G": MimicryGenerator(8, 5, True).state_dict(), "D": MimicryJudge(8, 5, attending=True).state_dict()}


def infomax() -> dict[str, Variables]:
    return {"G": MimicryGenerator(4).state_dict(), "D": MimicryInformer(4).state_dict()}


def lucidrains() -> dict[str, Variables]:
    state = Lucid().state_dict()
    return {"GAN": {key: value for key, value in state.items() if key.startswith(("SE.", "GE.", "D.", "G.initial"))
                    or key.endswith((".f", "conv1.weight"))}}


def rosinality() -> dict[str, Variables]:
    return {"g_running": RosinalityGenerator([4, 4, 3], 3, 2).state_dict(),
            "discriminator": RosinalityJudge([3, 4, 4], 3, 1, True).state_dict()}


def huangzh13() -> dict[str, Variables]:
    return {"G": Huang(2, 2).state_dict(), "D": HuangJudge(2, 2).state_dict()}


def damaged(state: Variables, chance: random.Random) -> Variables:
    out = dict(state)
    for _ in range(chance.randint(1, 3)):
        key = chance.choice(list(out))
        value = out.pop(key)
        if chance.random() < 0.3:            # lost
            continue
        numbers = [k for k, letter in enumerate(key) if letter.isdigit()]
        if numbers and chance.random() < 0.6:
            at = chance.choice(numbers)
            key = key[:at] + chance.choice(ODD) + key[at + 1:]
        elif chance.random() < 0.7:
            shape = [max(0, side + chance.choice((-1, 0, 0, 1))) for side in value.shape]
            value = torch.zeros(shape if chance.random() < 0.7 else shape[1:] or [1, *shape])
        else:
            value = value.to(chance.choice((torch.int64, torch.bool, torch.float16)))
        out[key] = value
    return out


@pytest.mark.parametrize("make", [stylegan, progan, studiogan, mimicry, infomax, lucidrains, rosinality, huangzh13],
                         ids=lambda make: make.__name__)
def test_hundreds_of_damaged_networks_are_built_or_refused_in_one_line(make: Callable[[], dict[str, Variables]]):
    whole, chance, results, slowest = make(), random.Random(0), [], 0.0
    for _ in range(250):
        networks = [Network(name, damaged(state, chance)) for name, state in whole.items()]
        began = time.process_time()
        try:
            recognised = recognise(networks)
            for name, how in described(recognised).items():
                load(build(how), *recognised.parts[name])
            results.append(True)
        except ZerosumError as error:
            assert "\n" not in str(error) and len(str(error)) < 1_000
            results.append(False)
        slowest = max(slowest, time.process_time() - began)
    assert results.count(False) > 100 and True in results and slowest < 2
