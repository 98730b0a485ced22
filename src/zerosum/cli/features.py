"""`zerosum features`."""

import json
from pathlib import Path

from ..core import UsageError
from ..core.files import refuse_target
from ..data import DataConfig
from .counter import Counter
from .parser import Parser, settings_in


def features_command(words: list[str]) -> int:
    """zerosum features D -o FILE.safetensors [--features F] [--protocol P] [--statistics-only]"""
    from ..core import build
    from ..metrics import PROTOCOLS, reference
    from ..metrics.early import refuse_unknown

    parser = Parser("zerosum features", "Make the features of real data once and store them: evaluate and compare take "
                    "the file in place of the data, and refuse it for another network or protocol.")
    parser.add_argument("source", metavar="D", help="a built-in name, a folder of images, a zip, a packed file, ...")
    parser.add_argument("-o", "--out", metavar="FILE", help="the file to write, FILE.safetensors")
    parser.add_argument("-n", type=int, metavar="int", help="how many samples [all]")
    parser.add_argument("--features", default="auto", metavar="F", help="feature network, as in evaluate [auto]")
    parser.add_argument("--protocol", default="zerosum", metavar="P", help=f"one of {', '.join(PROTOCOLS)} [zerosum]")
    parser.add_argument("--statistics-only", action="store_true",
                        help="keep only the mean and the covariance: small, and enough for fid")
    parser.add_seed("that chooses the samples")
    parser.add_json()
    parser.add_settings("data", DataConfig, {"split": "all"}, without="data")
    arguments = parser.parse(words)
    if not arguments.out or not arguments.out.endswith(".safetensors"):
        raise UsageError("say where to store the features: -o FILE.safetensors")
    refuse_target(Path(arguments.out))
    refuse_unknown(protocol=arguments.protocol)
    config = build(DataConfig, {"split": "all"} | settings_in(arguments, DataConfig) | {"data": arguments.source})
    from ..data import load_data

    made = reference(load_data(config), n=arguments.n, seed=arguments.seed, features=arguments.features,
                     protocol=arguments.protocol, tell=Counter("looked at", "chunks of samples"))
    made = made.without_features() if arguments.statistics_only else made
    made.save(arguments.out)
    about = {"file": arguments.out, "data": made.name, "split": made.split, "count": len(made),
             "features": made.features, "protocol": made.protocol}
    if arguments.json:
        print(json.dumps(about, indent=2))
    else:
        print(f"{arguments.out}: {len(made)} samples of {made.name} ({made.split}), {made.features['name']} "
              f"{made.features['dim']}-d, protocol {made.protocol}")
    return 0
