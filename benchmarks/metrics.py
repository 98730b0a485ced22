"""Metrics against the ways they are usually computed: CPU seconds on one thread, taking turns in one process.

    python benchmarks/metrics.py [--samples 10000] [--dim 2048] [--rounds 3] [--json]

Features have the spectrum of a network's; medians count, and the ratio is usual / ours. Peak memory of precision and
recall is that of a process of its own, which holds nothing but the two sets.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch

from zerosum.metrics.distribution.fid import fid, frechet_distance
from zerosum.metrics.distribution.kid import kid
from zerosum.metrics.distribution.one_nn import one_nn
from zerosum.metrics.distribution.precision_recall import precision_recall
from zerosum.metrics.distribution.sliced_wasserstein import sliced_wasserstein
from zerosum.metrics.distribution.statistics import Statistics

FEW = 1000                                   # samples of the FID with fewer samples than features
NEIGHBOURS = 3000                            # samples of each set in the 1-NN test
PROJECTIONS = 200                            # of the sliced Wasserstein distance


def features(n: int, dim: int, seed: int) -> torch.Tensor:
    """Non-negative features whose variances fall off like those of a trained network: (n, dim) float32."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(dim, dim, generator=torch.Generator().manual_seed(0))
    mixing *= torch.arange(1, dim + 1)[:, None] ** -0.7
    return torch.randn(n, dim, generator=generator).mul_(1 + 0.1 * seed).matmul(mixing).relu_()


def usual_frechet(mean_a, cov_a, mean_b, cov_b) -> float:
    """As in pytorch-fid, clean-fid and StudioGAN."""
    from scipy.linalg import sqrtm

    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a + cov_b - 2 * sqrtm(cov_a @ cov_b).real))


def eigenvalue_frechet(mean_a, cov_a, mean_b, cov_b) -> float:
    """As in torch-fidelity."""
    roots = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).astype(complex)).real.sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a + cov_b) - 2 * roots)


def usual_statistics(x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    x = x.double().numpy()
    return x.mean(0), np.cov(x, rowvar=False)


def usual_prdc(real: torch.Tensor, fake: torch.Tensor, k: int) -> float:
    """As in clovaai's prdc: three whole distance matrices."""
    from sklearn.metrics import pairwise_distances

    def radii(x):
        distances = pairwise_distances(x, n_jobs=1)
        return np.take_along_axis(distances, np.argpartition(distances, k, axis=1)[:, :k + 1], 1).max(1)

    real, fake = real.numpy(), fake.numpy()
    real_radii, fake_radii, between = radii(real), radii(fake), pairwise_distances(real, fake, n_jobs=1)
    inside = between < real_radii[:, None]
    recall = (between < fake_radii[None]).any(1).mean()
    coverage, density = (between.min(1) < real_radii).mean(), inside.sum(0).mean() / k
    return float(inside.any(0).mean() + recall + coverage + density)


def usual_one_nn(real: torch.Tensor, fake: torch.Tensor) -> float:
    from sklearn.neighbors import NearestNeighbors

    both, n = torch.cat([real, fake]).numpy(), len(real)
    nearest = NearestNeighbors(n_neighbors=2, algorithm="brute").fit(both).kneighbors(both, return_distance=False)[:, 1]
    return float(((nearest < n) == (np.arange(2 * n) < n)).mean())


def usual_kid(real: torch.Tensor, fake: torch.Tensor) -> float:
    """As in torch-fidelity: the mean over 100 subsets of 1000, which is noisier than the value over all pairs."""
    rng, values, size = np.random.RandomState(0), [], min(1000, len(real))
    for _ in range(100):
        x, y = (side.numpy()[rng.choice(len(side), size, replace=False)] for side in (fake, real))
        xx, yy, xy = ((a @ b.T / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
        off = xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)
        values.append(off / (size * (size - 1)) - 2 * xy.mean())
    return float(np.mean(values))


def usual_sliced(real: torch.Tensor, fake: torch.Tensor) -> float:
    """As in POT, whose directions are others."""
    from ot import sliced_wasserstein_distance

    return float(sliced_wasserstein_distance(real.numpy(), fake.numpy(), n_projections=PROJECTIONS, seed=0))


def compare(usual: Callable, ours: Callable, rounds: int) -> dict[str, float]:
    """Median CPU seconds of both, taking turns, and the relative difference of their results."""
    seconds: dict[Callable, list[float]] = {usual: [], ours: []}
    results = {}
    for turn in range(rounds + 1):
        for function in (usual, ours):
            start = time.process_time()
            results[function] = np.sum(function())
            if turn:                         # the first turn pays for imports and fresh memory
                seconds[function].append(time.process_time() - start)
    a, b = statistics.median(seconds[usual]), statistics.median(seconds[ours])
    return {"usual_s": a, "ours_s": b, "ratio": a / b,
            "difference": abs(float(results[usual] - results[ours])) / max(abs(float(results[usual])), 1e-30)}


def peak_memory(n: int, dim: int) -> dict[str, float]:
    """MB at most while precision and recall are computed, and before."""
    out = subprocess.run([sys.executable, __file__, "--memory", "--samples", str(n), "--dim", str(dim)],
                         capture_output=True, text=True, check=True).stdout
    return json.loads(out)


def measure_memory(n: int, dim: int) -> None:
    import resource

    def megabytes() -> float:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 2**10)

    real, fake = (torch.rand(n, dim, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    before = megabytes()
    precision_recall(real, fake, 5)
    print(json.dumps({"before_mb": before, "peak_mb": megabytes()}))


def cases(n: int, dim: int) -> dict[str, tuple[Callable, Callable]]:
    real, fake = features(n, dim, 1), features(n, dim, 2)
    gaussians = (*usual_statistics(real), *usual_statistics(fake))
    few = real[:min(FEW, n)], fake[:min(FEW, n)]
    some = real[:NEIGHBOURS], fake[:NEIGHBOURS]

    def streamed() -> np.ndarray:
        found = Statistics(dim)
        for rows in real.split(1024):
            found.update(rows)
        return found.covariance

    return {
        "statistics (np.cov / streamed)": (lambda: usual_statistics(real)[1], streamed),
        "Frechet (sqrtm)": (lambda: usual_frechet(*gaussians), lambda: frechet_distance(*gaussians)),
        "Frechet (eigenvalues)": (lambda: eigenvalue_frechet(*gaussians), lambda: frechet_distance(*gaussians)),
        f"FID of {len(few[0])} (eigenvalues)": (
            lambda: eigenvalue_frechet(*usual_statistics(few[0]), *usual_statistics(few[1])), lambda: fid(*few)),
        "KID (100 subsets / all pairs)": (lambda: usual_kid(real, fake), lambda: kid(real, fake)),
        "precision, recall, density, coverage": (lambda: usual_prdc(real, fake, 5),
                                                 lambda: sum(precision_recall(real, fake, 5).values())),
        f"1-NN of 2 x {len(some[0])} (scikit-learn)": (lambda: usual_one_nn(*some), lambda: sum(one_nn(*some)) / 2),
        **({f"sliced W2, {PROJECTIONS} projections (POT)": (
            lambda: usual_sliced(real, fake), lambda: sliced_wasserstein(real, fake, 2.0, PROJECTIONS))}
           if find_spec("ot") else {}),      # pip install POT
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--dim", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--memory", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.memory:
        measure_memory(chosen.samples, chosen.dim)
        return
    memory = peak_memory(chosen.samples, chosen.dim)     # first: a child starts with its parent's peak
    found = {}
    for name, pair in cases(chosen.samples, chosen.dim).items():
        if chosen.only in name:
            found[name] = compare(*pair, chosen.rounds)
            print("{:40s} usual {usual_s:8.3f} s   ours {ours_s:7.3f} s   {ratio:6.1f}x   differ by {difference:.1e}"
                  .format(name, **found[name]), file=sys.stderr, flush=True)
    print("precision and recall: at most {peak_mb:.0f} MB, {before_mb:.0f} MB before".format(**memory), file=sys.stderr)
    if chosen.json:
        print(json.dumps({"cases": found, "memory": memory}, indent=1))


if __name__ == "__main__":
    main()
