"""brownvc/R3GAN: networks, resamplers, and the relativistic loss with R1 and R2."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from zerosum.interop.r3gan import convert, rename, settings
from zerosum.losses import relativistic
from zerosum.networks import R3GANDiscriminator, R3GANGenerator
from zerosum.ops import downsample, low_pass, smooth, upsample
from zerosum.penalties import input_gradient

from .case import Case

REPO = "brownvc/R3GAN"


def load(kind: type[nn.Module], state: dict[str, Tensor]) -> nn.Module:
    network = kind(**settings(state))
    network.load_state_dict(convert(state))
    return network


def gradients(case: Case, network: nn.Module) -> dict[str, Tensor]:
    return {key: network.get_parameter(rename(key.removeprefix("grad_param."))).grad
            for key in case.expected if key.startswith("grad_param.")}


def generator(case: Case) -> dict[str, Tensor]:
    network, z = load(R3GANGenerator, case.state), case.inputs["z"].requires_grad_()
    x = network(z, case.inputs.get("c"))
    (x * case.inputs["probe"]).sum().backward()
    return {"out.img": x.detach(), "grad_input.z": z.grad} | gradients(case, network)


def discriminator(case: Case) -> dict[str, Tensor]:
    network, x, c = load(R3GANDiscriminator, case.state), case.inputs["x"].requires_grad_(), case.inputs.get("c")
    scores = network(x, c)
    (scores * case.inputs["probe"]).sum().backward()
    slope = input_gradient(lambda x: network(x, c), x)
    return {"out.logits": scores.detach(), "grad_input.x": x.grad,
            "out.r1_per_sample": slope.detach().square().sum((1, 2, 3))} | gradients(case, network)


def loss(case: Case) -> dict[str, Tensor]:
    g, d = (load(kind, {key[2:]: value for key, value in case.state.items() if key.startswith(player)})
            for kind, player in ((R3GANGenerator, "G."), (R3GANDiscriminator, "D.")))
    x, z, c, scale = (*(case.inputs.get(name) for name in ("real", "z", "c")), case.meta["modes"]["Scale"])

    def of_each(first: Tensor, second: Tensor) -> Tensor:
        return torch.stack([relativistic(*pair) for pair in zip(first, second, strict=True)])

    real, fake = d(x, c), d(g(z, c), c)
    found = {"out.G.relativistic_logits": fake - real, "out.G.adv_loss": of_each(fake, real)}
    (scale * found["out.G.adv_loss"].mean()).backward()
    found |= {key: g.get_parameter(rename(key.removeprefix("grad.G."))).grad
              for key in case.expected if key.startswith("grad.G.")}

    d.zero_grad()
    x_fake = g(z, c).detach()
    real, fake = d(x, c), d(x_fake, c)
    r1, r2 = (input_gradient(lambda x: d(x, c), points).square().sum((1, 2, 3)) for points in (x, x_fake))
    found |= {"out.D.relativistic_logits": real - fake, "out.D.adv_loss": of_each(real, fake),
              "out.D.r1": r1, "out.D.r2": r2}
    penalty = case.meta["modes"]["Gamma"] / 2 * (r1 + r2)
    (scale * (found["out.D.adv_loss"] + penalty).mean()).backward()
    found |= {key: d.get_parameter(rename(key.removeprefix("grad.D."))).grad
              for key in case.expected if key.startswith("grad.D.")}
    return {key: value.detach() for key, value in found.items()}


def resamplers(case: Case) -> dict[str, Tensor]:
    """Their `Reference` and `CUDA` are two ways to compute one thing; in place, pixels and channels change places."""
    x, found = case.inputs["x"], {}
    for name, taps in (("c121", (1, 2, 1)), ("c14641", (1, 4, 6, 4, 1))):
        boxed, plain = low_pass(taps), low_pass(taps, box=False)
        for implementation in ("Reference", "CUDA"):
            found |= {f"out.{name}.{kind}.{implementation}": y for kind, y in (
                ("InterpolativeUpsampler", upsample(x, boxed)), ("InterpolativeDownsampler", downsample(x, boxed)),
                ("InplaceUpsampler", smooth(pixel_shuffle(x, 2), plain)),
                ("InplaceDownsampler", pixel_unshuffle(smooth(x, plain), 2)))}
    return found


ADAPTERS = {(REPO, "training.networks.Generator (wraps R3GAN.Networks.Generator)"): generator,
            (REPO, "training.networks.Generator"): generator,
            (REPO, "training.networks.Discriminator"): discriminator,
            (REPO, "R3GAN.Trainer.AdversarialTraining"): loss,
            (REPO, "R3GAN.Resamplers"): resamplers}
