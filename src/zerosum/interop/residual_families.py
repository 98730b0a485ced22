"""The table of projects whose networks are residual: R3GAN, BigGAN, mimicry."""

from typing import Any

from . import biggan, mimicry, r3gan
from .family import MIT, NVIDIA, Family, Part, Settings, State


def _resnet(parts: Settings) -> dict[str, Any]:
    return {"z_dim": parts["generator"]["z_dim"], "network": "resnet", "width": parts["generator"]["width"][-1]}


def _biggan(parts: Settings) -> dict[str, Any]:
    generator = parts["generator"]
    found = {"z_dim": generator["z_dim"], "shared": generator["shared"], "hierarchical": generator["hierarchical"],
             "width": max(4, generator["width"][-1]), "d_width": max(4, generator["width"][-1]), "attention": 0}
    return found | ({"depth": generator["depth"]} if "depth" in generator else {})


def _mimicry(model: str, attribute: str, pool: str, normalised: bool) -> Family:
    """Its generators are all alike: the discriminator, or the user, says which model they are of."""
    def fits(state: State) -> bool:
        return "block1.c1.bias" in state and "l_y.weight" not in state and (
            "block1.c1.weight_orig" in state) is normalised and mimicry.first_block(state) == 1

    generator = Part("generator", "ResNetGenerator", lambda state: {"l1.weight", "block2.b1.weight"} <= state.keys()
                     and "attn_block.gamma" not in state, lambda state, _: mimicry.generator_settings(state),
                     lambda found: mimicry.convert(found.state))
    judge = Part(attribute, "ResNetDiscriminator", fits, lambda state, given: mimicry.discriminator_settings(
        state, given["image_size"]) | {"pool": pool}, lambda found: mimicry.convert(found.state),
        lambda state: "spectral" if normalised else "")
    return Family(f"mimicry ({model})", model, MIT, (generator, judge), _resnet)


def _of_biggan(deep: bool, of_generator: bool, state: State) -> bool:
    mine = "blocks.0.0.conv1.weight" in state and biggan.is_deep(state) is deep
    return mine and biggan.is_generator(state) is of_generator and (of_generator or "embed.weight" in state)


def _biggan_parts(deep: bool, kinds: tuple[str, str]) -> tuple[Part, Part]:
    return (Part("generator", kinds[0], lambda state: _of_biggan(deep, True, state),
                 lambda state, _: biggan.settings(state), lambda found: found.state,
                 lambda state: "fresh but for embeddings" if biggan.is_normalized(state) else ""),
            Part("discriminator", kinds[1], lambda state: _of_biggan(deep, False, state),
                 lambda state, _: biggan.settings(state), lambda found: found.state,
                 lambda state: "fresh" if biggan.is_normalized(state) else ""))


RESIDUAL = (
    Family("R3GAN", "r3gan", NVIDIA, (
        Part("generator", "R3GANGenerator", lambda state: "Model.AggregationLayer.Layer.weight" in state
             or "Model.AggregationLayer.weight" in state, lambda state, _: r3gan.settings(state),
             lambda found: r3gan.convert(found.state)),
        Part("discriminator", "R3GANDiscriminator", lambda state: "Model.ExtractionLayer.Layer.weight" in state
             or "Model.ExtractionLayer.weight" in state, lambda state, _: r3gan.settings(state),
             lambda found: r3gan.convert(found.state))),
        lambda parts: {"z_dim": parts["generator"]["z_dim"],
                       "width": max(128, parts["generator"]["width"][0] // 128 * 128)},
        lambda generator: generator["classes"]),
    Family("BigGAN-PyTorch", "biggan", MIT, _biggan_parts(False, ("BigGANGenerator", "BigGANDiscriminator")),
           _biggan, lambda generator: generator["classes"]),
    Family("BigGAN-PyTorch (deep)", "biggan-deep", MIT,
           _biggan_parts(True, ("BigGANDeepGenerator", "BigGANDeepDiscriminator")), _biggan,
           lambda generator: generator["classes"]),
    _mimicry("sngan", "discriminator", "sum", True), _mimicry("wgan-gp", "critic", "mean", False),
)
