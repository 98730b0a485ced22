"""VGG16 of ImageNet, by whose last hidden layer precision and recall are measured and by whose layers LPIPS is.

Simonyan and Zisserman, 2014, arXiv:1409.1556; keys as in torchvision's vgg16-397923af.pth (features.0.weight, ...,
classifier.6.bias). Improved precision and recall (Kynkäänniemi et al., 2019, arXiv:1904.06991) uses the 4096 values
behind the second fully connected layer and its ReLU.
"""

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from ..protocol import OURS, Protocol
from .device import NetworkFeatures
from .extractor import fit_images

SIDE, DIM, CLASSES = 224, 4096, 1000
STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))      # channels and convolutions between two poolings
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)        # of ImageNet's pixels in [0, 1]


def imagenet_scaled(x: Tensor) -> Tensor:
    """Colour images (N, 3, H, W) in [-1, 1] as networks of ImageNet take them."""
    mean, std = (x.new_tensor(value).view(3, 1, 1) for value in (MEAN, STD))
    return ((x + 1) / 2 - mean) / std


class VGG16(nn.Module):
    """Images (N, 3, H, W) as `imagenet_scaled` makes them -> features (N, 4096), none negative."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(*_stages())
        self.classifier = nn.Sequential(nn.Linear(512 * 7 * 7, DIM), nn.ReLU(), nn.Dropout(), nn.Linear(DIM, DIM),
                                        nn.ReLU(), nn.Dropout(), nn.Linear(DIM, CLASSES))

    def layers(self, x: Tensor) -> Iterator[Tensor]:
        """What lies below each pooling: relu1_2, relu2_2, relu3_3, relu4_3 and relu5_3."""
        for layer in self.features[:-1]:
            if isinstance(layer, nn.MaxPool2d):
                yield x
            x = layer(x)
        yield x

    def forward(self, x: Tensor) -> Tensor:
        x = adaptive_avg_pool2d(self.features(x), 7).flatten(1)
        return self.classifier[:5](x)        # without the dropout and the classes that follow


def _stages() -> Iterator[nn.Module]:
    before = 3
    for channels, count in STAGES:
        for _ in range(count):
            yield nn.Conv2d(before, channels, 3, padding=1)
            yield nn.ReLU()
            before = channels
        yield nn.MaxPool2d(2)


class VGGFeatures(NetworkFeatures):
    """The features of improved precision and recall, and the layers of LPIPS."""

    dim, batch = DIM, 16
    input = "ImageNet's mean 0 and deviation 1"

    def __init__(self, network: VGG16, protocol: Protocol = OURS):
        super().__init__("vgg16", network.requires_grad_(False), (3, SIDE, SIDE), protocol)

    def layers(self, x: Tensor) -> list[Tensor]:
        """Activations (N, C_k, H_k, W_k) of images (N, C, H, W) in [-1, 1] of any size, with gradients."""
        x = fit_images(x.to(self.device), (3, *x.shape[2:]))
        return list(self.network.layers(imagenet_scaled(x)))

    def _prepared(self, x: Tensor) -> Tensor:
        return imagenet_scaled(super()._prepared(x))
