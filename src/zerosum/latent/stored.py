"""Tensors in one file that says what it is: how directions and inverted pictures are kept."""

import json
from pathlib import Path
from typing import Any

from torch import Tensor

from ..core import UsageError, ZerosumError, whole_file


def store(path: str | Path, tensors: dict[str, Tensor], about: dict[str, Any]) -> None:
    """Write them as one safetensors file, whole or not at all; `about` has the `format`, and is JSON."""
    from safetensors.torch import save

    with whole_file(Path(path)) as file:
        file.write(save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()},
                        metadata={"about": json.dumps(about | {"tensors": list(tensors)})}))


def stored(path: str | Path, form: str, what: str, command: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `store` wrote in this format; raises UsageError for another file, ZerosumError for a damaged one.

    what: what the file should hold, and command: what makes such a file, for the message.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise UsageError(f"{path} is no file of {what}: {command} -o {path} makes one")
    try:
        with safe_open(path, framework="pt") as file:
            about = json.loads((file.metadata() or {}).get("about", "{}"))
            if about.get("format") != form:
                raise UsageError(f"{path} holds no {what}: {command} -o FILE.safetensors makes such a file")
            return {name: file.get_tensor(name) for name in about.pop("tensors")}, about
    except (OSError, SafetensorError, ValueError) as error:
        raise ZerosumError(f"{path} cannot be read ({type(error).__name__}): make it again with "
                           f"{' '.join(command.split()[:2])}") from None
