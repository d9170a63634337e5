"""The figures and numbers of the derivation of grid-neurons, computed when the documentation is built."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import costs
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

RELATION, BOX = "gaussian(ell=1/2)", "[0,1]"
EPSILONS = ("1e-1", "1e-2", "1e-3", "1e-4")
MEASURED = Path(costs.__file__).parent / "measured"
NUMBERS: dict[str, str] = {}
STYLE = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "relverify"}


def draw(folder: Path) -> None:
    """Write the figures as SVG, and fill :data:`NUMBERS`."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        plots = {
            "grid_hats": hats, "grid_error": error, "grid_counts": unit_counts, "audit_minilm": audit_maps,
            "attention_pareto": neurons_and_temperature, "certification_cost": certification_cost,
        }  # fmt: skip
        for name, plot in plots.items():
            figure = plot()
            figure.savefig(folder / f"{name}.svg", metadata={"Date": None}, bbox_inches="tight")


def hats() -> Figure:
    """The hat functions, and a section of the relation with its interpolation."""
    figure = Figure(figsize=(8, 2.6))
    left, right = figure.subplots(1, 2)
    points, nodes = np.linspace(0, 1, 401), np.linspace(0, 1, 5)
    for k in range(len(nodes)):
        left.plot(points, np.interp(points, nodes, np.eye(len(nodes))[k]), label=f"$w_{k}$")
    left.set(title="hat functions on 4 pieces", xlabel="x", yticks=[0, 1])
    section = _gaussian(points, 0.5)
    right.plot(points, section, color="0.2", label="r(x, 1/2)")
    right.plot(nodes, _gaussian(nodes, 0.5), "o-", color="C3", lw=1.2, ms=4, label="interpolation")
    right.set(title="a section of the relation", xlabel="x")
    right.legend(frameon=False, loc="lower center")
    return figure


def error() -> Figure:
    """The error of interpolation in both variables, with 4 and with 10 pieces."""
    figure = Figure(figsize=(8, 3.1))
    axes = figure.subplots(1, 2)
    points = np.linspace(0, 1, 301)
    for axis, pieces in zip(axes, (4, 10), strict=True):
        nodes = np.linspace(0, 1, pieces + 1)
        weights = np.array([np.interp(points, nodes, row) for row in np.eye(pieces + 1)])
        values = _gaussian(points[:, None], points) - weights.T @ _gaussian(nodes[:, None], nodes) @ weights
        image = axis.imshow(np.abs(values), origin="lower", extent=(0, 1, 0, 1), cmap="magma")
        bound = float(Fraction(4) / (4 * pieces**2))
        axis.set(title=f"{pieces} units: bound {bound:.3g}", xlabel="y", ylabel="x")
        figure.colorbar(image, ax=axis, shrink=0.85, label="|r − r̂|")
    figure.subplots_adjust(wspace=0.35)
    return figure


def certification_cost() -> Figure:
    """What certification costs, as it was measured."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    costs.draw(costs.read(MEASURED / "cost.csv"), figure)
    return figure


def unit_counts() -> Figure:
    """Certified counts: predicted by the theorem, and needed by any network."""
    from relverify import api
    from relverify.certify.segments import needed_pieces
    from relverify.relations import parse_relation

    predicted, needed = [], []
    for eps in EPSILONS:
        count = api.bound("grid-neurons", relation=RELATION, x=BOX, eps=eps, solve="n", digits=20)["integer"]
        least = needed_pieces(parse_relation(RELATION), BOX, BOX, eps).needed
        NUMBERS[f"predicted {eps}"], NUMBERS[f"needed {eps}"] = str(count), str(least)
        predicted.append(count)
        needed.append(least)
    figure = Figure(figsize=(5.6, 3.2))
    axis: Any = figure.subplots()
    values = [float(Fraction(eps)) for eps in EPSILONS]
    axis.loglog(values, predicted, "o-", label="suffice (grid-neurons)")
    axis.loglog(values, needed, "s--", label="needed with one hidden layer")
    for value, upper, lower in zip(values, predicted, needed, strict=True):
        axis.annotate(str(upper), (value, upper), textcoords="offset points", xytext=(4, 6))
        axis.annotate(str(lower), (value, lower), textcoords="offset points", xytext=(4, -13))
    axis.set_ylim(bottom=0.5)
    axis.invert_xaxis()
    axis.set(xlabel="ε", ylabel="hidden units", title=f"{RELATION} on {BOX}")
    axis.legend(frameon=False)
    return figure


def audit_maps() -> Figure:
    """Two columns of the stored audit of a sentence encoder, by layer and head."""
    from relverify.attention.audit_report import head_map

    rows: dict[tuple[int, int], list[str]] = {}
    for line in (Path(__file__).parents[1] / "examples" / "audit_minilm.txt").read_text(encoding="utf-8").splitlines():
        cells = line.split()
        if cells and cells[0].replace(".", "").isdigit():
            layer, head = map(int, cells[0].split("."))
            rows[layer, head] = cells
    shape = tuple(max(place[k] for place in rows) + 1 for k in range(2))
    share, swing = np.zeros(shape), np.zeros(shape)
    for place, cells in rows.items():
        share[place], swing[place] = float(cells[2].split("–")[0]), float(cells[7])
    figure = Figure(figsize=(9, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    head_map(share, "distance to one network, share of the swing", left, vmin=0, vmax=1)
    head_map(swing, "swing", right, norm="log")
    return figure


def _gaussian(x: np.ndarray, y: np.ndarray | float) -> np.ndarray:
    return np.exp(-2 * (x - y) ** 2)


def neurons_and_temperature() -> Figure:
    """What the share of the gap trades, for one utility."""
    from relverify.attention.pareto import pareto, pareto_plot
    from relverify.attention.retrieval import retriever

    figure = Figure(figsize=(5.2, 3.6), layout="constrained")
    utility, options = "exp(x*y)/2 + y", {"n": 64, "eps": "1/10", "gamma": "1/10"}
    trades, built = pareto(utility, BOX, **options), retriever(utility, BOX, **options)
    pareto_plot(trades, built, ax=figure.add_subplot())
    return figure
