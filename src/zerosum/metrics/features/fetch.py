"""Published weights: from the user's cache folder, or fetched into it once from where they were published."""

import hashlib
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ...core import ZerosumError, whole_file
from .cache import cache_folder

PIECE = 2**20                                # bytes read at a time
PATIENCE = 30                                # seconds until a host that says nothing counts as out of reach


@dataclass(frozen=True)
class Weights:
    """A published file. digest: the beginning of its SHA-256, which its publishers made part of its name."""

    what: str
    url: str
    digest: str

    @cached_property
    def path(self) -> Path:
        """Where it lies, or will lie."""
        return cache_folder() / self.url.rsplit("/", 1)[1]

    def fetched(self) -> Path:
        """The path of the file, which is fetched if it is not there; else ZerosumError says how to come by it."""
        if not self.path.is_file():
            self._fetch()
        elif not self._right(_digest(self.path)):
            raise ZerosumError(f"{self.path} is not the published file: its SHA-256 must begin with {self.digest}; "
                               "delete it, and it is fetched again")
        return self.path

    def _fetch(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ZerosumError(f"cannot make the cache folder {self.path.parent}: {error.strerror}; "
                               "ZEROSUM_CACHE names another") from error
        digest = hashlib.sha256()
        with whole_file(self.path) as file:
            for piece in self._pieces():
                digest.update(piece)
                file.write(piece)
            if not self._right(digest.hexdigest()):
                raise ZerosumError(f"what {self.url} sent is not the published file: its SHA-256 must begin with "
                                   f"{self.digest}, not {digest.hexdigest()[:len(self.digest)]}; try again, or fetch "
                                   f"it elsewhere and put it at {self.path}")

    def _pieces(self) -> Iterator[bytes]:
        try:
            with urllib.request.urlopen(self.url, timeout=PATIENCE) as answer:
                while piece := answer.read(PIECE):
                    yield piece
        except OSError as error:             # URLError and timeouts are some
            reason = getattr(error, "reason", None) or error
            raise ZerosumError(f"no {self.what} here, and no way to fetch them ({reason}): download {self.url} where "
                               f"there is a network and put it at {self.path}") from error

    def _right(self, digest: str) -> bool:
        return digest.startswith(self.digest)


def _digest(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


INCEPTION = Weights("weights of Inception", "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
                    "pt_inception-2015-12-05-6726825d.pth", "6726825d")
VGG = Weights("weights of VGG16", "https://download.pytorch.org/models/vgg16-397923af.pth", "397923af")
