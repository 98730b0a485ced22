"""The table of projects whose networks are residual: R3GAN, BigGAN, mimicry, StudioGAN."""

from collections.abc import Callable
from typing import Any

from . import biggan, mimicry, r3gan, studiogan
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
        return _is_judge(state) and not _has_second_head(state) and ("block1.c1.weight_orig" in state) is normalised

    judge = Part(attribute, "ResNetDiscriminator", fits, lambda state, given: mimicry.discriminator_settings(
        state, given["image_size"]) | {"pool": pool}, lambda found: mimicry.convert(found.state),
        lambda state: "spectral" if normalised else "")
    return Family(f"mimicry ({model})", model, MIT, (_UNCONDITIONAL, judge), _resnet)


def _mimicry_of_classes(model: str, attending: bool) -> Family:
    """cGAN-PD, or SAGAN: all norms of the generator's blocks have embeddings, the discriminator projects."""
    def settings(state: State, given: dict[str, Any]) -> dict[str, Any]:
        return mimicry.judge_settings(state, given["image_size"])

    generator = Part("generator", "ConditionalResNetGenerator", lambda state: "block2.b1.embed.weight" in state
                     and mimicry.is_attending(state) is attending, lambda state, _: mimicry.conditional_settings(state),
                     lambda found: mimicry.convert_conditional(found.state),
                     lambda state: "spectral" if "l1.weight_orig" in state else "")
    judge = Part("discriminator", "ProjectionResNetDiscriminator", lambda state: _is_judge(state)
                 and _has_second_head(state) and "l_y.bias" not in state
                 and mimicry.is_attending(state) is attending, settings,
                 lambda found: mimicry.convert_judge(found.state, "embedding"), lambda state: "spectral")
    return Family(f"mimicry ({model})", model, MIT, (generator, judge), _sagan if attending else _resnet,
                  lambda generator: generator["classes"])


def _turns(state: State, given: dict[str, Any]) -> dict[str, Any]:
    found = mimicry.judge_settings(state, given["image_size"])
    return {"answers": found.pop("classes")} | found


def _informed(state: State, given: dict[str, Any]) -> dict[str, Any]:
    return mimicry.discriminator_settings(mimicry.uninformed(state), given["image_size"]) | {"pool": "sum"}


def _sagan(parts: Settings) -> dict[str, Any]:
    width = max(2, parts["generator"]["width"][-1])
    return {"z_dim": parts["generator"]["z_dim"], "width": width, "d_width": width, "attention": 0}


def _is_judge(state: State) -> bool:
    return mimicry.first_block(state) == 1


def _has_second_head(state: State) -> bool:
    return not state.keys().isdisjoint({"l_y.weight", "l_y.weight_orig"})


def _r3gan(name: str, model: str, of_classes: bool) -> Family:
    def part(attribute: str, network: str, layer: str) -> Part:
        def fits(state: State) -> bool:
            end = not state.keys().isdisjoint({f"Model.{layer}.Layer.weight", f"Model.{layer}.weight"})
            return end and ("Model.EmbeddingLayer.weight" in state) is of_classes

        return Part(attribute, network, fits, lambda state, _: r3gan.settings(state),
                    lambda found: r3gan.convert(found.state))

    return Family(name, model, NVIDIA, (part("generator", "R3GANGenerator", "AggregationLayer"),
                                        part("discriminator", "R3GANDiscriminator", "ExtractionLayer")),
                  lambda parts: {"z_dim": parts["generator"]["z_dim"],
                                 "width": max(128, parts["generator"]["width"][0] // 128 * 128)},
                  lambda generator: generator["classes"])


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


def _studiogan(model: str, fits: Callable[[State], bool], config: Callable[[Settings], dict[str, Any]],
               of_classes: bool = True) -> Family:
    """Its discriminators are all alike, with classes and without: the generator says what they are of."""
    generator = Part("generator", "StudioGANGenerator", lambda state: studiogan.is_generator(state) and fits(state),
                     lambda state, _: studiogan.generator_settings(state), lambda found: studiogan.convert(found.state),
                     lambda state: "spectral but for embeddings" if "linear0.weight_orig" in state else "")
    judge = Part("discriminator", "StudioGANDiscriminator", lambda state: studiogan.is_discriminator(state)
                 and any(key.startswith("embedding.") for key in state) is of_classes,
                 lambda state, given: studiogan.discriminator_settings(state, given["image_size"]),
                 lambda found: studiogan.convert(found.state),
                 lambda state: "spectral" if "linear1.weight_orig" in state else "")
    return Family(f"StudioGAN ({model})", model, MIT, (generator, judge), config,
                  lambda generator: generator.get("classes", 0))


_UNCONDITIONAL = Part("generator", "ResNetGenerator", lambda state: {"l1.weight", "block2.b1.weight"} <= state.keys()
                      and not mimicry.is_attending(state), lambda state, _: mimicry.generator_settings(state),
                      lambda found: mimicry.convert(found.state))
_OF_TURNS = Part("discriminator", "TurnsResNetDiscriminator", lambda state: _is_judge(state) and "l_y.bias" in state,
                 _turns, lambda found: mimicry.convert_judge(found.state, "question"), lambda state: "spectral")
_INFORMED = Part("discriminator", "ResNetDiscriminator", mimicry.is_informed, _informed,
                 lambda found: mimicry.convert(mimicry.uninformed(found.state)), lambda state: "spectral",
                 mimicry.heads_of_information)
RESIDUAL = (
    _r3gan("R3GAN", "r3gan", False), _r3gan("R3GAN (of classes)", "conditional-r3gan", True),
    Family("BigGAN-PyTorch", "biggan", MIT, _biggan_parts(False, ("BigGANGenerator", "BigGANDiscriminator")),
           _biggan, lambda generator: generator["classes"]),
    Family("BigGAN-PyTorch (deep)", "biggan-deep", MIT,
           _biggan_parts(True, ("BigGANDeepGenerator", "BigGANDeepDiscriminator")), _biggan,
           lambda generator: generator["classes"]),
    _mimicry("sngan", "discriminator", "sum", True), _mimicry("wgan-gp", "critic", "mean", False),
    Family("mimicry (self-supervised-gan)", "self-supervised-gan", MIT, (_UNCONDITIONAL, _OF_TURNS), _resnet),
    Family("mimicry (InfoMax-GAN)", "sngan", MIT, (_UNCONDITIONAL, _INFORMED), _resnet),
    _mimicry_of_classes("projection-gan", False), _mimicry_of_classes("sagan", True),
    _studiogan("biggan", lambda state: studiogan.told(state) == "shared", _biggan),
    _studiogan("sagan", lambda state: studiogan.told(state) == "classes" and studiogan.has_attention(state), _sagan),
    _studiogan("projection-gan", lambda state: studiogan.told(state) == "classes"
               and not studiogan.has_attention(state), _resnet),
    _studiogan("sngan", lambda state: not studiogan.told(state), _resnet, of_classes=False),
)
