"""`zerosum invert`: from photographs back to the latents that make them."""

import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ..core import UsageError
from ..core.files import file_named, refuse_target
from ..runs import Run
from .parser import Parser
from .sample import asked, drawing_parser

if TYPE_CHECKING:
    from ..latent import Inverted
    from ..latent.inversion import Distance


def invert_command(words: list[str]) -> int:
    """zerosum invert RUN PICTURE... [--start draws|encoder] [--space z|w|w+] [--png compare.png] -o FILE.safetensors"""
    arguments = _parser().parse(words)
    for name, suffix in ((arguments.out, ".safetensors"), (arguments.png, ".png")):
        if name:
            refuse_target(file_named(name, suffix))
    run = Run.open(arguments.run, arguments.model)
    if not run.spec.is_image:
        raise UsageError(f"{run.model.name} was trained on points: there are no pictures of them to invert")
    from ..data.photograph import load_picture
    from ..latent import encoder_of, invert

    x = torch.cat([load_picture(path, run.spec.shape, arguments.fit) for path in arguments.pictures])
    encoder = None
    if arguments.start == "encoder":
        encoder = encoder_of(run.model, arguments.encoder_steps, seed=arguments.seed)
    found = invert(run.model, x, space=arguments.space, labels=asked(run, arguments, len(x)),
                   encoder=encoder, distance=perceptual(run), restarts=arguments.restarts, steps=arguments.steps,
                   polish=arguments.polish, seed=arguments.seed)
    found.save(arguments.out)
    if arguments.png:
        _compare(found, Path(arguments.png))
    _tell(found, arguments.pictures, arguments.out, arguments.json)
    return 0


def _parser() -> Parser:
    parser = drawing_parser("invert", "Find the latents whose samples come closest to photographs, and store them: "
                            "traverse, edit and drag begin at them.")
    parser.add_argument("pictures", metavar="PICTURE", nargs="+", help="picture files of any size and format")
    parser.add_argument("--space", choices=["z", "w", "w+"], default="z", help="where to look: in the noise, or in the "
                        "styles of a model that has them, one for all layers (w) or one for each (w+) [z]")
    parser.add_argument("--start", choices=["draws", "encoder"], default="draws", help="begin at the nearest of many "
                        "samples, or also at what an encoder says: the model's own, or one trained on its samples "
                        "[draws]")
    for flag, default, what in (("--restarts", 8, "latents that are moved at once for each picture (and each class, "
                                 "unless --label says which)"), ("--steps", 100, "of Adam for each of them"),
                                ("--polish", 20, "steps of least squares for the best few"),
                                ("--encoder-steps", 1000, "of the training of an encoder")):
        parser.add_argument(flag, type=int, default=default, metavar="int", help=f"{what} [{default}]")
    parser.add_argument("--fit", choices=["crop", "pad", "stretch"], default="crop",
                        help="how a picture of another aspect becomes square [crop]")
    parser.add_argument("--png", metavar="FILE", help="also draw the pictures above what they became")
    parser.add_argument("-o", "--out", default="inverted.safetensors", metavar="FILE",
                        help="the file to write [inverted.safetensors]")
    return parser


def perceptual(run: Run) -> "Distance":
    """The distance of images by the layers of the network that is shipped for the run's data, or for photographs."""
    from ..metrics.features.judge import JUDGED, judge, photo_features
    from ..metrics.paired.lpips import perceptual_distance

    name = run.document["data"]["name"]
    return partial(perceptual_distance, extractor=judge(name) if name in JUDGED else photo_features())


def _compare(found: "Inverted", out: Path) -> None:
    from ..runs.pictures import grid, save_png

    save_png(grid(torch.cat([found.picture, found.x]), columns=len(found), pad=2, zoom=None), out)


def _tell(found: "Inverted", pictures: list[str], out: str, as_json: bool) -> None:
    rows = [{"picture": name, "psnr": psnr, "distance": distance, "label": label, "start": start}
            for name, psnr, distance, label, start in zip(
                pictures, found.psnr.tolist(), found.distance.tolist(),                        # type: ignore[union-attr]
                [None] * len(found) if found.labels is None else found.labels.tolist(), found.starts, strict=True)]
    if as_json:
        print(json.dumps({"file": out, "pictures": rows}))
        return
    for row in rows:
        told = "" if row["label"] is None else f"  class {row['label']}"
        print(f"{row['picture']}  PSNR {row['psnr']:.1f} dB  perceptual distance {row['distance']:.3f}{told}  "
              f"from {row['start']}")
    print(f"{len(found)} pictures inverted: {out}")
