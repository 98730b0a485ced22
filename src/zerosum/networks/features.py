"""A critic with many outputs: the feature map of systems that compare statistics of features, not scores."""

from torch import Tensor, nn

from ..layers import init_normal
from ..ops import at_least_float32


class FeatureMap(nn.Module):
    """x -> the layers of a critic but for its last one -> a layer of its kind with `features` outputs.

    `critic` is one of `make_pair`, dcgan or mlp, of which nothing is copied: it is used up.
    """

    def __init__(self, critic: nn.Module, features: int):
        super().__init__()
        *layers, last = critic.body
        if isinstance(last, nn.Conv2d):
            head = nn.Conv2d(last.in_channels, features, last.kernel_size)
            init_normal(head)                # like the rest of a DCGAN
        else:
            layers, head = [nn.Flatten(), *layers], nn.Linear(last.in_features, features)
        self.body = nn.Sequential(*layers, head, nn.Flatten())

    def forward(self, x: Tensor) -> Tensor:
        """Map samples x (N, *shape) to features (N, features), float32."""
        return at_least_float32(self.body(x))
