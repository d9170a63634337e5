"""Trained networks for the benchmarks of certification, reproducible by seed.

Usage::

    python benchmarks/problems.py [NAME ...]

prints the problems with their errors on a fine sample, and trains those that are not in the cache: the folder that the
environment variable ``RELVERIFY_BENCHMARKS`` names, else ``~/.cache/relverify-benchmarks``. Training takes 4 to 40
seconds a problem on one thread. The same seed gives the same bytes on the same platform; elsewhere the weights may
differ in their last digits, by which no certificate is invalid, since each speaks of the weights that it was given.

Hidden units start at random. Output weights start as the least-squares fit to the leading singular functions of the
relation on the product of two samples; then all weights are improved there by L-BFGS, first in the mean square and then
in a high p-norm.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from relverify.networks import files
from relverify.networks.mlp import MLP


@dataclass(frozen=True)
class Problem:
    """A relation, a domain and the networks to be trained.

    Parameters
    ----------
    name : str
    relation : str
        A plain expression.
    x, y : str
        Boxes.
    activation : str
        tanh, relu or gelu.
    widths : tuple of int
        Hidden layers of each network.
    features : int
    symmetric : bool
        One network on both sides.
    steps : int
        Iterations of L-BFGS in each norm.
    seed : int
    """

    name: str
    relation: str
    x: str
    y: str
    activation: str
    widths: tuple[int, ...]
    features: int
    symmetric: bool
    steps: int = 800
    seed: int = 0

    @property
    def dim(self) -> int:
        """Inputs of each network."""
        return int(self.x.partition("^")[2] or 1)

    @property
    def smooth(self) -> bool:
        """Whether the networks have no kinks."""
        return self.activation != "relu"

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits that change with any parameter."""
        return hashlib.sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()[:8]


PROBLEMS = (
    Problem("gauss-tanh", "exp(-2*(x-y)^2)", "[-1,1]", "[-1,1]", "tanh", (32,), 8, True),
    Problem("gauss-relu", "exp(-2*(x-y)^2)", "[-1,1]", "[-1,1]", "relu", (64,), 6, True),
    Problem("narrow-tanh", "exp(-8*(x-y)^2)*(1+x*y)/2", "[-1,1]", "[-1,1]", "tanh", (64,), 10, True),
    Problem("order-tanh", "tanh(4*(x-y))", "[-1,1]", "[-1,1]", "tanh", (48,), 8, False),
    Problem("order-relu", "tanh(2*(x-y))", "[-1,1]", "[-1,1]", "relu", (64,), 6, False),
    Problem("wave-gelu", "sin(3*x+y)*exp(x*y)/2", "[-1,1]", "[0,2]", "gelu", (32,), 4, False),
    Problem("rational-tanh", "1/(1+(x+2*y)^2)", "[-1,1]", "[-1,1]", "tanh", (24, 16), 8, False),
    Problem("gauss-tanh-2d", "exp(-(x1-y1)^2-(x2-y2)^2)", "[-1,1]^2", "[-1,1]^2", "tanh", (64,), 10, True),
    Problem("order-gelu-2d", "tanh(x1-y1+x2*y2)", "[-1,1]^2", "[-1,1]^2", "gelu", (64,), 10, False),
    Problem("area-relu-2d", "(x1*y2-x2*y1)*cos(x1+y1)", "[-1,1]^2", "[-1,1]^2", "relu", (64,), 10, False),
    Problem(
        "gauss-tanh-3d", "exp(-((x1-y1)^2+(x2-y2)^2+(x3-y3)^2)/2)", "[-1,1]^3", "[-1,1]^3", "tanh", (64,), 10, True
    ),
    Problem("inner-relu-3d", "tanh(x1*y1+x2*y2+x3*y3)", "[-1,1]^3", "[-1,1]^3", "relu", (64,), 8, False),
    Problem("inner-gelu-3d", "cos(x1*y1+x2*y2+x3*y3)", "[-1,1]^3", "[-1,1]^3", "gelu", (48,), 10, False),
)


def problem(name: str) -> Problem:
    """The problem of a name."""
    return next(p for p in PROBLEMS if p.name == name)


def cache() -> Path:
    """The folder of trained networks."""
    chosen = os.environ.get("RELVERIFY_BENCHMARKS")
    folder = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "relverify-benchmarks"
    folder = folder.expanduser()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def networks(given: Problem) -> tuple[MLP, MLP | None]:
    """The trained networks, from the cache if they are there; None for the second of a symmetric problem."""
    names = ["phi"] if given.symmetric else ["phi", "psi"]
    paths = [cache() / f"{given.name}-{given.digest}-{name}.safetensors" for name in names]
    if not all(path.exists() for path in paths):
        for path, network in zip(paths, train(given), strict=True):
            files.save(network, path)
    found = [files.load(path) for path in paths]
    return found[0], found[1] if len(found) == 2 else None


def sample(box: str, points: int, seed: int) -> np.ndarray:
    """About so many points of a box, shape (n, p): a grid with one variable, else Sobol points and the corners."""
    import torch

    from relverify.core.box import parse_box

    lo, hi = np.array([[float(side.lo), float(side.hi)] for side in parse_box(box).sides]).T
    if len(lo) == 1:
        # Chebyshev-like, denser at the ends where errors of fits are large
        unit = 0.5 - 0.5 * np.cos(np.pi * np.arange(points) / (points - 1))[:, None]
    else:
        engine = torch.quasirandom.SobolEngine(len(lo), scramble=True, seed=seed)
        unit = 0.5 - 0.5 * np.cos(np.pi * engine.draw(points, dtype=torch.float64).numpy())
        unit = np.concatenate([unit, list(itertools.product((0.0, 1.0), repeat=len(lo)))])
    return lo + (hi - lo) * unit


def relation_values(given: Problem, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """r on the product of two samples, in float64."""
    from relverify.relations import parse_relation
    from relverify.rigor.pictures import compile_numpy

    relation = parse_relation(given.relation)
    function = compile_numpy(relation.expr, relation.x_symbols + relation.y_symbols)
    values = function(*(c[:, None] for c in x.T), *(c[None, :] for c in y.T))
    return np.broadcast_to(np.asarray(values, dtype=np.float64), (len(x), len(y)))


def train(given: Problem) -> list[MLP]:
    """Train from the seed; one network for symmetric problems, else two."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _train(given, torch)
    finally:
        torch.set_num_threads(before)


def _train(given: Problem, torch: Any) -> list[MLP]:
    generator = torch.Generator().manual_seed(given.seed)
    act = {"tanh": torch.tanh, "relu": torch.relu, "gelu": torch.nn.functional.gelu}[given.activation]
    points = {1: 96, 2: 500, 3: 1000}[given.dim]
    xs = [sample(box, points, given.seed + k) for k, box in enumerate((given.x, given.y))]
    values = torch.from_numpy(relation_values(given, *xs).copy())
    inputs = [torch.from_numpy(x) for x in xs]
    parameters = [_start(given, x, generator, torch) for x in (inputs[:1] if given.symmetric else inputs)]
    _fit_outputs(given, parameters, inputs, values, act, torch)
    leaves = [tensor.requires_grad_() for side in parameters for layer in side for tensor in layer]

    def error() -> Any:
        return values - _outputs(parameters[0], inputs[0], act) @ _outputs(parameters[-1], inputs[1], act).T

    def mean_square() -> Any:
        return error().square().mean()

    def high_norm() -> Any:
        e = error().abs()
        top = e.detach().max()
        return top.log() + ((e / top) ** 12).mean().log() / 12

    for loss in (mean_square, high_norm):
        optimiser = torch.optim.LBFGS(
            leaves, max_iter=given.steps, max_eval=2 * given.steps, history_size=50, line_search_fn="strong_wolfe",
            tolerance_grad=1e-14, tolerance_change=0.0,
        )  # fmt: skip

        def closure(optimiser: Any = optimiser, loss: Any = loss) -> Any:
            optimiser.zero_grad()
            value = loss()
            value.backward()
            return value

        optimiser.step(closure)
    layers = [[(w.detach().numpy(), b.detach().numpy()) for w, b in side] for side in parameters]
    return [MLP(tuple(w for w, _ in side), tuple(b for _, b in side), given.activation) for side in layers]


def _start(given: Problem, x: Any, generator: Any, torch: Any) -> list[tuple[Any, Any]]:
    """Random weights; the first layer bends at random points of the sample."""
    sizes = [given.dim, *given.widths, given.features]
    layers = []
    for k, (size, count) in enumerate(itertools.pairwise(sizes)):
        w = torch.randn(count, size, generator=generator, dtype=torch.float64) / size**0.5
        b = torch.zeros(count, dtype=torch.float64)
        if k == 0:
            w = w * (2.0 if given.dim == 1 else 1.0)
            at = x[torch.randint(len(x), (count,), generator=generator)]
            b = -(w * at).sum(dim=1)
        layers.append((w, b))
    return layers


def _outputs(side: list[Any], x: Any, act: Any) -> Any:
    for k, (w, b) in enumerate(side):
        x = (act(x) if k else x) @ w.T + b
    return x


def _fit_outputs(given: Problem, parameters: list[Any], inputs: list[Any], values: Any, act: Any, torch: Any) -> None:
    """Replace the output layers by ridge fits to singular functions of the table of values."""
    if given.symmetric:
        size, vectors = torch.linalg.eigh(values)
        order = size.argsort(descending=True)[: given.features]
        targets = [vectors[:, order] * size[order].clamp(min=0).sqrt()]
    else:
        left, size, right = torch.linalg.svd(values)
        root = size[: given.features].sqrt()
        targets = [left[:, : given.features] * root, right[: given.features].T * root]
    for side, x, target in zip(parameters, inputs, targets, strict=False):
        hidden = act(_outputs(side[:-1], x, act))
        hidden = torch.cat([hidden, torch.ones(len(x), 1, dtype=torch.float64)], dim=1)
        ridge = 1e-7 * len(x) * torch.eye(hidden.shape[1], dtype=torch.float64)
        solved = torch.linalg.solve(hidden.T @ hidden + ridge, hidden.T @ target)
        side[-1] = (solved[:-1].T.clone(), solved[-1].clone())


def sampled_error(given: Problem, points: int = 2000) -> float:
    """Largest |r - <phi, psi>| on another sample (float64, no proof)."""
    phi, psi = networks(given)
    x, y = (sample(box, points, 1000 + k) for k, box in enumerate((given.x, given.y)))
    worst = 0.0
    for part in np.array_split(x, max(1, len(x) // 250)):
        products = phi(part) @ (psi or phi)(y).T
        worst = max(worst, float(np.abs(relation_values(given, part, y) - products).max()))
    return worst


def main(arguments: list[str] | None = None) -> int:
    """Train what is missing and print all."""
    parser = argparse.ArgumentParser(description="Trained problems for the benchmarks.")
    parser.add_argument("names", nargs="*", help="by default all")
    names = parser.parse_args(arguments).names
    for p in PROBLEMS:
        if not names or p.name in names:
            widths = "-".join(map(str, p.widths))
            kind = "symmetric" if p.symmetric else "asymmetric"
            print(f"{p.name:14} {p.dim}-D {p.activation:4} {widths:>6} units {p.features:>2} features "
                  f"{kind:10} error {sampled_error(p):.2e}  {p.relation}", flush=True)  # fmt: skip
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
