"""The card of a system: where it comes from and what it is made of, for lists, docs and tables."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Card:
    """What the literature says a system is; every field is shown by `zerosum list`, `show` and the docs."""

    title: str                               # of the paper
    authors: str
    year: int
    arxiv: str                               # id; the address of the source where there is no paper; "" for neither
    summary: str                             # one sentence: what sets it apart
    tasks: tuple[str, ...]                   # generation, conditional-generation, density-estimation, ...
    structure: Literal["direct", "hierarchical", "iterative", "other"]       # taxonomy of 1803.04469
    density: Literal["implicit", "approximate", "tractable"]                 # how it treats p(x)
    generator: str                           # the five columns of the survey's table of structures and constraints
    discriminator: str
    extra: str                               # further networks, or "none"
    objective: str
    constraint: str                          # further terms and rules, or "none"
    couples_batch: bool = False              # its loss ties the samples of a batch: micro-batches change it

    @property
    def link(self) -> str:
        """Address of the paper or source, "" where there is none."""
        return self.arxiv if "/" in self.arxiv or not self.arxiv else f"https://arxiv.org/abs/{self.arxiv}"


NO_PAPER = Card(title="a model of your own", authors="you", year=0, arxiv="", summary="No card was given.",
                tasks=("generation",), structure="other", density="implicit", generator="your own",
                discriminator="your own", extra="unknown", objective="your own", constraint="unknown")
