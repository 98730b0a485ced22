"""EBGAN-PT: EBGAN with the pulling-away term (Zhao et al., 2016), arXiv:1609.03126.

    L_G = D(G(z)) + lambda f_PT(S),   S = Enc(G(z)) of a batch                                       Sec. 2.4
    f_PT(S) = 1 / (N (N - 1)) sum_i sum_{j != i} (S_i . S_j / (||S_i|| ||S_j||))^2                   Eq. (4)

The codes that the discriminator gives a batch of generated samples are pushed towards orthogonality, in the
generator's loss alone, so that the samples cannot all be alike.

Players     discriminator, generator (one update each), as in EBGAN.
Departures  those of EBGAN. The batch of f_PT is each process's part, and each micro-batch's.
"""

from dataclasses import dataclass, replace

from torch import Tensor

from ...core import Batch, between, register
from ...losses import pulling_away
from .ebgan import EBGAN


@register
class EBGANPT(EBGAN):
    """EBGAN whose generator also keeps the codes of its samples apart."""

    @dataclass(frozen=True)
    class Config(EBGAN.Config):
        repulsion: float = 0.1               # lambda: weight of the pulling-away term (0: plain EBGAN)

        def __post_init__(self) -> None:
            super().__post_init__()
            between(self, 0, 1e9, "repulsion")

    card = replace(
        EBGAN.card,
        summary="EBGAN whose generator also pushes the codes of its samples towards orthogonality, so that they "
                "cannot all be alike.",
        constraint="margin; pulling-away term on the generator", couples_batch=True,
    )

    def generator_loss(self, batch: Batch) -> dict[str, Tensor]:
        _, codes, energy = self.discriminator(self.generator(self.noise(batch)))
        return {"adversarial": energy.mean(), "pulling_away": self.cfg.repulsion * pulling_away(codes)}
