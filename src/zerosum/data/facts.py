"""What is known of samples besides their pixels."""

from dataclasses import dataclass, field, replace

import numpy as np

from ..core import DataSpec, UsageError, unknown


@dataclass(frozen=True)
class Facts:
    """What is known of the samples besides their pixels; every field is empty where nothing is."""

    labels: np.ndarray | None = None         # int64 (N,)
    classes: tuple[str, ...] = ()
    attributes: np.ndarray | None = None     # int64 (N, A)
    factors: dict[str, tuple[str, ...]] = field(default_factory=dict)        # attribute -> names of its values
    captions: list[str] | None = None

    def take(self, rows: np.ndarray) -> "Facts":
        """The facts of these samples only."""
        return replace(self, labels=None if self.labels is None else self.labels[rows],
                       attributes=None if self.attributes is None else self.attributes[rows],
                       captions=None if self.captions is None else [self.captions[row] for row in rows])

    def classed_by(self, attribute: str, name: str) -> "Facts":
        """Let an attribute be the class; '' keeps the data's own. Unknown: UsageError."""
        if not attribute:
            return self
        if attribute not in self.factors:
            if not self.factors:
                raise UsageError(f"{name} has no attribute '{attribute}', nor any other: leave --label out")
            raise unknown(f"attribute of {name}", attribute, self.factors)
        column = list(self.factors).index(attribute)
        return replace(self, labels=self.attributes[:, column].copy(), classes=self.factors[attribute])

    def spec(self, shape: tuple[int, ...]) -> DataSpec:
        """The specification of samples of this shape that have these facts."""
        return DataSpec(shape=tuple(map(int, shape)), num_classes=len(self.classes), classes=self.classes,
                        attributes=tuple(self.factors))
