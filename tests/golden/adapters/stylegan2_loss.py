"""NVlabs/stylegan2-ada-pytorch: the phases of StyleGAN2's loss, by the losses of the model itself."""

from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import softplus

from zerosum.core import Batch, DataSpec
from zerosum.interop.stylegan2 import settings
from zerosum.models.style.stylegan2 import StyleGAN2
from zerosum.networks.style import StyleGAN2Discriminator, StyleGAN2Generator

from .case import Case
from .stylegan2 import ADA

NETWORKS = {"generator": ("G", StyleGAN2Generator), "discriminator": ("D", StyleGAN2Discriminator)}
PARTS = {"Gmain": ("generator_loss",), "Greg": ("path_length_loss",), "Dmain": ("discriminator_loss",),
         "Dreg": ("r1_loss",), "Gboth": ("generator_loss", "path_length_loss"),
         "Dboth": ("discriminator_loss", "r1_loss")}


class Recorded(StyleGAN2):
    """The model with the recorded networks, noise and conditions instead of drawn noise and one-hot classes."""

    def __init__(self, case: Case):
        modes, kwargs, inputs = case.meta["modes"], case.meta["kwargs"], case.inputs
        cfg = StyleGAN2.Config(gamma=modes["r1_gamma"], path_weight=modes["pl_weight"], style_mixing=0.0)
        with torch.device("meta"):           # the recorded networks take the place of these
            super().__init__(cfg, DataSpec(tuple(inputs["real"].shape[1:])))
        for name, (prefix, kind) in NETWORKS.items():
            state = {key[2:]: value for key, value in case.state.items() if key.startswith(f"{prefix}.")}
            network = kind(**settings(state, kwargs[prefix]))
            network.load_state_dict(state)
            setattr(self, name, network)
        self.z, self.c, self.real, self.real_c = (inputs.get(name) for name in ("z", "c", "real", "real_c"))
        self.path_length.decay, self.path_length.mean = modes["pl_decay"], torch.tensor(modes["pl_mean_before"])
        self.path_length.lengths = partial(self.path_length.lengths, noise=inputs["pl_noise_raw"])
        self.generator.synthesis.forward = partial(self.generator.synthesis.forward, noise=modes["noise_mode"])

    def noise(self, n: int, generator: torch.Generator | None = None) -> Tensor:
        return self.z[:n]

    def mixed_styles(self, n: int, labels: Tensor | None) -> Tensor:
        return super().mixed_styles(n, None if self.c is None else self.c[:n])

    def judge(self, x: Tensor, labels: Tensor | None) -> Tensor:
        return self.discriminator(x, self.real_c if torch.equal(x, self.real) else self.c)

    def conditions(self, labels: Tensor | None) -> Tensor | None:
        return labels


def losses(case: Case) -> dict[str, Tensor]:
    found = {f"out.{phase}.{name}": value for phase in PARTS for name, value in of_samples(Recorded(case)).items()}
    for phase, parts in PARTS.items():
        model = Recorded(case).requires_grad_(False)
        player = (model.generator if phase[0] == "G" else model.discriminator).requires_grad_(True)
        terms = [term for part in parts for term in getattr(model, part)(Batch(model.real)).values()]
        (case.meta["modes"]["gain"] * sum(terms)).backward()
        found |= {f"grad.{phase}.{name}": p.grad for name, p in player.named_parameters() if p.grad is not None}
        found |= {f"out.{phase}.w_avg_after": model.generator.mapping.w_avg,
                  f"out.{phase}.pl_mean_after": model.path_length.mean}
    return {key: value.detach() for key, value in found.items() if key in case.expected}


def of_samples(model: Recorded) -> dict[str, Tensor]:
    """What they report of each sample, where the losses of the model are means."""
    x, cfg = model.real.clone().requires_grad_(), model.cfg
    fake = model.judge(model.generator.synthesis(model.mixed_styles(len(x), None)), None)[:, None]
    real = model.judge(x, None)[:, None]
    slope = torch.autograd.grad(real.sum(), x)[0].square().sum((1, 2, 3))
    lengths = model.path_length.lengths(model.generator.synthesis, model.mixed_styles(len(x) // 2, None))
    paths = (lengths - model.path_length.mean.lerp(lengths.mean(), model.path_length.decay)).square()
    return {"Loss_scores_fake": fake, "Loss_signs_fake": fake.sign(), "Loss_scores_real": real,
            "Loss_signs_real": real.sign(), "Loss_G_loss": softplus(-fake),
            "Loss_D_loss": softplus(fake) + softplus(-real), "Loss_r1_penalty": slope,
            "Loss_D_reg": cfg.gamma / 2 * slope, "Loss_pl_penalty": paths, "Loss_G_reg": cfg.path_weight * paths}


ADAPTERS = {(ADA, "training.loss.StyleGAN2Loss"): losses}
