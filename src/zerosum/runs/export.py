"""Writes the generator of a run for use elsewhere: as ONNX, torch.export or safetensors, with a model card."""

import contextlib
import io
import json
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ..core import Model, StyleModel, UsageError, ZerosumError, condition, require
from ..core.files import refuse_target
from ..engine import atomic
from .run import Run

AS = {"generator": "G_ema", "discriminator": "D", "critic": "D"}         # as official files call them
TOLERANCE = 1e-3                             # of what an exported network makes, as pixels go from -1 to 1
CHECKED = (2, 3)                             # batch sizes: of the export, and of its check
OPSET = 18


@dataclass(frozen=True)
class Exported:
    """The files that were written, and by how much the exported network differs from the run's, at most."""

    file: Path
    card: Path
    difference: float


class Generation(nn.Module):
    """What is exported: z (N, z_dim), and labels (N,) where there are classes, to samples (N, *shape)."""

    def __init__(self, model: Model):
        super().__init__()
        self.model = model

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        if not isinstance(self.model, StyleModel):
            return self.model.generate(z, labels)
        # As `generate` does, but without looking at the values of labels, which no program can.
        c = None if labels is None else torch.eye(self.model.data.num_classes)[labels]
        return self.model.synthesize(self.model.generator.mapping(z, c, update_average=False))


def export(run: Run, to: str, out: str | Path) -> Exported:
    """Write a run's generator to a file in the format `to`, check it against the run, and write a card beside it.

    onnx and torch-export hold the way from noise, and classes, to samples, for any batch size. safetensors holds all
    weights, under official names where the networks have them. Raises UsageError for a format that there is not or a
    missing extra, ZerosumError where the file does not give the same numbers.
    """
    if to not in FORMATS:
        raise UsageError(f"cannot export to {to}; there is: {', '.join(FORMATS)}")
    require(run.model, "generate")
    if condition(run.model) == "text":
        raise UsageError(f"{run.model.name} takes text, which no exported network does: it cannot be exported")
    out = Path(out)
    refuse_target(out)
    difference = FORMATS[to](run, out)
    if not difference <= TOLERANCE:
        out.unlink()
        raise ZerosumError(f"the exported network differs from the run's by {difference:.2g}, more than {TOLERANCE:g}: "
                           f"no file was written; try another format of {', '.join(FORMATS)}")
    card = out.with_suffix(".md")
    with atomic(card) as file:
        file.write(_card(run, to, out, difference).encode())
    return Exported(out, card, difference)


def _inputs(run: Run, n: int) -> tuple[Tensor, ...]:
    """Noise, and classes where there are any, of n samples; the same each time."""
    z = run.model.noise(n, torch.Generator().manual_seed(n))
    labels = torch.arange(n) % run.spec.num_classes if condition(run.model) else None
    return (z,) if labels is None else (z, labels)


def _program(run: Run) -> Any:
    """The generation as a program of torch.export, of any batch size."""
    inputs, made = _inputs(run, CHECKED[0]), Generation(run.model).eval()
    free = tuple({0: torch.export.Dim.DYNAMIC} for _ in inputs)
    for strict in (False, True):             # the one takes len() of a batch for a constant, the other less of Python
        try:
            with torch.no_grad(), _silence():
                return torch.export.export(made, inputs, dynamic_shapes=free, strict=strict)
        except Exception as error:           # of torch's tracers, which have no error of their own
            said = ascii(str(error).strip().splitlines()[0])[:120]
    raise ZerosumError(f"{run.model.name} cannot be traced by torch.export ({said}): export it to safetensors")


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Without what torch's tracer prints and logs, which is about its own code."""
    log = logging.getLogger("torch")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(
                io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def _difference(run: Run, made: Tensor, inputs: tuple[Tensor, ...]) -> float:
    with torch.no_grad():
        return float((made - Generation(run.model)(*inputs)).abs().max())


def _to_torch(run: Run, out: Path) -> float:
    with atomic(out) as file:
        torch.export.save(_program(run), file)
    inputs = _inputs(run, CHECKED[1])
    return _difference(run, torch.export.load(out).module()(*inputs), inputs)


def _to_onnx(run: Run, out: Path) -> float:
    try:
        import onnxruntime
        import onnxscript  # noqa: F401  (torch needs it to write ONNX)
    except ImportError as error:
        raise UsageError(f"export to ONNX needs {error.name}: pip install 'zerosum[onnx]'") from None
    inputs, names = _inputs(run, CHECKED[1]), ("z", "labels")
    try:
        program = _program(run)
        with _silence():
            written = torch.onnx.export(program, dynamo=True, opset_version=OPSET, verbose=False,
                                        input_names=list(names[:len(inputs)]), output_names=["x"])
        blob = written.model_proto.SerializeToString()
    except ZerosumError:
        raise
    except Exception as error:               # likewise
        raise ZerosumError(f"{run.model.name} cannot be written as ONNX "
                           f"({ascii(str(error).strip().splitlines()[0])[:120]}): try --to torch-export") from error
    with atomic(out) as file:
        file.write(blob)
    session = onnxruntime.InferenceSession(blob, providers=["CPUExecutionProvider"])
    given = {each.name: value.numpy() for each, value in zip(session.get_inputs(), inputs, strict=True)}
    return _difference(run, torch.from_numpy(session.run(None, given)[0]), inputs)


def _to_safetensors(run: Run, out: Path) -> float:
    from safetensors.torch import load_file, save

    tensors = {f"{AS[attribute]}.{key}": value.detach().clone(memory_format=torch.contiguous_format)
               for attribute in AS if isinstance(getattr(run.model, attribute, None), nn.Module)
               for key, value in getattr(run.model, attribute).state_dict().items()}
    networks = {AS[name]: how["arguments"] | {"network": how["network"]}
                for name, how in run.plan.start.get("networks", {}).items()}
    with atomic(out) as file:
        file.write(save(tensors, metadata={"format": "pt", "networks": json.dumps(networks),
                                          "samples": json.dumps(run.spec.shape)}))
    found = load_file(out)
    return max(float((found[key].double() - value.double()).abs().max()) if value.numel() else 0.0
               for key, value in tensors.items())


FORMATS = {"onnx": _to_onnx, "safetensors": _to_safetensors, "torch-export": _to_torch}


def _drawing(model: Model, z: Tensor) -> int:
    """How many numbers of a model its samples depend on: whichever network, or part of one, that is."""
    still = [p for p in model.parameters() if not p.requires_grad]
    model.requires_grad_(True)
    with torch.enable_grad():
        x = model.generate(z)                                                            # type: ignore[operator]
    used = (torch.autograd.grad(x.sum(), list(model.parameters()), allow_unused=True) if x.requires_grad
            else model.parameters())         # samples that a model searches for depend on all of it
    for parameter in still:
        parameter.requires_grad_(False)
    return sum(tensor.numel() for tensor in used if tensor is not None)


def _card(run: Run, to: str, out: Path, difference: float) -> str:
    """What whoever gets the file must know, as Markdown."""
    card, about = run.plan.model.card, run.document.get("imported")
    z = run.model.noise(2)                                                                # type: ignore[operator]
    shape = " x ".join(map(str, run.spec.shape))
    inputs = "z" + (f" (N, {z.shape[1]}), float32") + (
        f"; labels (N,), int64, of {run.spec.num_classes} classes" if condition(run.model) else "")
    lines = [f"# {out.stem}", "", f"{card.summary}", "", f"- system: {run.model.name}; {card.authors}: {card.title} "
             f"({card.year}), {card.link or 'no paper'}", f"- file: {out.name} ({to}); written by zerosum "
             f"{run.document['version']}", f"- in: {inputs}", f"- out: x (N, {shape}), float32; pixels from -1 to 1",
             f"- parameters that draw: {_drawing(run.model, z):,}",
             f"- largest difference from the run: {difference:.2g}"]
    if about:
        files = "; ".join(f"{file['name']} (sha256 {file['sha256']})" for file in about["files"])
        lines += [f"- weights: imported from {files}, networks of {about['family']}", f"- licence: {about['licence']}"]
    else:
        lines += [f"- trained on: {run.document['data']['name']}, {run.document['steps']:,} steps, "
                  f"{run.document['images']:,} images", "- licence: that of the data may bind what is made of it"]
    for score in run.scores:
        lines.append(f"- {score['name']}: {score['value']}")
    return "\n".join([*lines, ""])
