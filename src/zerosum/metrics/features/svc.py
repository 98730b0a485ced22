"""The independent judge of the digits: a support vector machine on 8 x 8 pixels, which nothing here is trained on."""

import hashlib
from functools import cache

import torch
from torch import Tensor

from .judge import labels_of
from .pixels import Pixels


class SupportVectorJudge(Pixels):
    """SVC(C=10) on the pixels of digits of one size made 8 x 8; as an extractor it is those pixels."""

    def __init__(self, image_size: int) -> None:
        from sklearn.svm import SVC

        from ...data import load_data

        super().__init__(channels=1)
        self.name = "svc-digits"
        # It is fitted on digits that took the same way as those it will judge: enlarged, and made small again.
        train, test = (load_data("digits", image_size=image_size, split=split) for split in ("train", "test"))
        self._machine = SVC(C=10).fit(self(train.all()).numpy(), labels_of(train).numpy())
        self.weights_hash = hashlib.blake2b(self._machine.dual_coef_.tobytes(), digest_size=8).hexdigest()
        self.accuracy = float((self.classify(test.all()) == labels_of(test)).double().mean())

    def classify(self, x: Tensor) -> Tensor:
        """The digit on each image (N, C, H, W) in [-1, 1]: (N,) int64."""
        return torch.from_numpy(self._machine.predict(self(x).numpy())).long()


@cache
def svc_judge(image_size: int) -> SupportVectorJudge:
    """The support vector machine for digits of this size, fitted once per process (a tenth of a second)."""
    return SupportVectorJudge(image_size)
