"""The table of projects whose networks are StyleGANs, and ProGAN's, which they come from."""

from types import ModuleType
from typing import Any

from ..networks.style.stylegan3 import AliasFree
from . import huangzh13, lucidrains, progan, rosinality, rosinality_stylegan, stylegan, stylegan2, stylegan3
from .family import CC_BY_NC, MIT, NVIDIA, Family, Part, Settings


def _maps(generator: dict[str, Any]) -> dict[str, int]:
    """The rule for maps that comes closest: what is built before the networks are put in their place."""
    most, side = max(generator["maps"]), 4 << len(generator["maps"]) - 1
    return {"channel_max": most, "channel_base": max(4 * most, side)}            # one map at least at the last side


def _progan(parts: Settings) -> dict[str, Any]:
    generator = parts["generator"]           # grown to the end
    return {"z_dim": generator["z_dim"], **_maps(generator), "grow": False,
            "group": parts.get("discriminator", {}).get("group") or 4}


def _stylegan(parts: Settings) -> dict[str, Any]:
    generator = parts["generator"]
    return {"z_dim": generator["z_dim"], "w_dim": generator["w_dim"], **_maps(generator),
            "mapping_layers": generator["mapping"]["layers"],
            "group": parts.get("discriminator", {}).get("group") or 4}


def _stylegan2(parts: Settings) -> dict[str, Any]:
    generator, judge = parts["generator"], parts.get("discriminator", {})
    return {"z_dim": generator["z_dim"], "w_dim": generator["w_dim"], "conditional": generator["c_dim"] > 0,
            "mapping_layers": generator["mapping"]["layers"], **_maps(generator),
            "d_architecture": judge.get("architecture", "resnet"), "group": judge.get("group") or 4}


def _lucidrains(parts: Settings) -> dict[str, Any]:
    generator = parts["generator"]           # its weights are not scaled: Adam moves them further at the same rate
    return {"z_dim": generator["z_dim"], "w_dim": generator["w_dim"], **_maps(generator),
            "mapping_layers": generator["mapping"]["layers"], "lr": 2e-4}


def _stylegan3(parts: Settings) -> dict[str, Any]:
    generator = parts["generator"]
    turns = generator["conv_kernel"] == 1
    return {"variant": "r" if turns else "t", "z_dim": generator["z_dim"], "w_dim": generator["w_dim"],
            "conditional": generator["c_dim"] > 0, "mapping_layers": generator["mapping_layers"],
            "channel_max": max(1, max(generator["widths"]) >> turns), "num_layers": generator["num_layers"],
            "margin_size": generator.get("margin_size", AliasFree.margin_size),
            "group": parts.get("discriminator", {}).get("group") or 4}


def _ported(name: str, licence: str, project: ModuleType) -> Family:
    """StyleGAN as a port to PyTorch computes it."""
    return Family(name, "stylegan", licence, (
        Part("generator", "PortedStyleGANGenerator", project.is_generator,
             lambda state, _: project.generator_settings(state), lambda found: project.convert(found.state),
             dropped=project.dropped),
        Part("discriminator", "PortedStyleGANDiscriminator", project.is_discriminator,
             lambda state, given: project.judge_settings(state, given["image_size"]),
             lambda found: project.convert_judge(found.state), dropped=project.judge_dropped)), _stylegan)


_NVIDIAS_JUDGE = Part("discriminator", "StyleGAN2Discriminator", lambda state: {"b4.fc.weight", "b4.out.weight"}
                      <= state.keys(), stylegan2.settings)
STYLE = (
    Family("StyleGAN", "stylegan", CC_BY_NC, (
        Part("generator", "OfficialStyleGANGenerator", stylegan.is_generator, stylegan.generator_settings,
             lambda found: stylegan.convert(found.state, found.arguments), dropped=stylegan.dropped),
        Part("discriminator", "OfficialStyleGANDiscriminator", stylegan.is_discriminator,
             stylegan.discriminator_settings, lambda found: stylegan.convert(found.state), dropped=stylegan.dropped)),
           _stylegan),
    Family("ProGAN", "progan", CC_BY_NC, (
        Part("generator", "ProGANGenerator", progan.is_generator, progan.generator_settings,
             lambda found: progan.convert(found.state), dropped=progan.dropped),
        Part("discriminator", "ProGANDiscriminator", progan.is_discriminator, progan.discriminator_settings,
             lambda found: progan.convert(found.state), dropped=progan.dropped)), _progan),
    Family("StyleGAN2-ADA", "stylegan2", NVIDIA, (
        Part("generator", "StyleGAN2Generator", lambda state: {"mapping.fc0.weight", "synthesis.b4.conv1.affine.weight"}
             <= state.keys(), stylegan2.settings), _NVIDIAS_JUDGE), _stylegan2, lambda generator: generator["c_dim"]),
    Family("StyleGAN3", "stylegan3", NVIDIA, (
        Part("generator", "StyleGAN3Generator", lambda state: {"mapping.fc0.weight", "synthesis.input.freqs"}
             <= state.keys(), stylegan3.settings), _NVIDIAS_JUDGE), _stylegan3, lambda generator: generator["c_dim"]),
    Family("rosinality/stylegan2-pytorch", "stylegan2", MIT, (
        Part("generator", "StyleGAN2Generator", rosinality.is_generator, rosinality.settings,
             lambda found: rosinality.convert(found.state, found.beside)),
        Part("discriminator", "StyleGAN2Discriminator", rosinality.is_discriminator, rosinality.settings,
             lambda found: rosinality.convert(found.state))), _stylegan2),
    Family("lucidrains/stylegan2-pytorch", "stylegan2", MIT, (
        Part("generator", "LucidrainsGenerator", lucidrains.is_generator,
             lambda state, _: lucidrains.generator_settings(state), lambda found: lucidrains.convert(found.state),
             dropped=lucidrains.dropped),
        Part("discriminator", "LucidrainsDiscriminator", lucidrains.is_discriminator,
             lambda state, given: lucidrains.judge_settings(state, given["image_size"]),
             lambda found: lucidrains.convert_judge(found.state))), _lucidrains),
    _ported("rosinality/style-based-gan-pytorch", MIT, rosinality_stylegan),
    _ported("huangzh13/StyleGAN.pytorch", CC_BY_NC, huangzh13),
)
