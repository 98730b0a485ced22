"""What the first bytes of a file are."""

from pathlib import Path


def head_of(path: Path, count: int = 8) -> bytes:
    """The first bytes of a file; b"" for a folder."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(count)
