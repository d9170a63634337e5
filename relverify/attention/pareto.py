"""Neurons against temperature: what the share of the gap that the networks may use up trades."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flint import fmpq

from relverify.attention.margins import modulo_queries, required_gap
from relverify.attention.retrieval import units
from relverify.attention.selection import predict
from relverify.certify.compiled import rational_ends
from relverify.core.box import Box, parse_box
from relverify.rigor.exact import from_fmpq, to_fmpq

if TYPE_CHECKING:
    from matplotlib.axes import Axes

THETAS = tuple(fmpq(k, 16) for k in range(1, 16))


@dataclass(frozen=True)
class Trade:
    """One choice of theta.

    Parameters
    ----------
    theta : fmpq
    units : int
        Hidden units predicted for both networks.
    beta : fmpq
        Inverse temperature that suffices.
    """

    theta: fmpq
    units: int
    beta: fmpq


def pareto(
    utility: Any,
    x: Box | str,
    y: Box | str | None = None,
    *,
    n: int,
    eps: Any,
    gamma: Any = None,
    eta: Any = None,
    thetas: Sequence[Any] = THETAS,
) -> list[Trade]:
    """Predicted neurons and temperatures that no other theta beats in both.

    Parameters
    ----------
    utility, x, y, n, eps, gamma, eta
        See :func:`relverify.attention.retrieval.retriever`.
    thetas : sequence of exact number in (0, 1)

    Returns
    -------
    list of Trade
        By theta: fewer and fewer neurons, higher and higher temperatures.

    Examples
    --------
    >>> found = pareto("-(x-y)**2", "[0,1]", n=8, gamma="1/10", eps="1/10", thetas=["1/4", "1/2", "3/4"])
    >>> [t.units for t in found]
    [220, 156, 128]
    """
    boxes = parse_box(x, "x"), parse_box(x if y is None else y, "y")
    reduced = modulo_queries(utility)
    margin, near = required_gap(reduced, *boxes, n=n, eps=eps, gamma=gamma, eta=eta)
    low, high = rational_ends(boxes[1], "y")
    found: list[Trade] = []
    for theta in sorted(to_fmpq(t, "thetas") for t in thetas):
        count = units(reduced, *boxes, theta * margin / 2)
        beta, _ = predict(n, margin, theta, from_fmpq(high - low - near), from_fmpq(to_fmpq(eps, "eps") - near))
        # the temperature rises with theta, so only fewer neurons make up for it
        if not found or count < found[-1].units:
            found.append(Trade(theta, count, beta))
    return found


def pareto_plot(
    trades: Sequence[Trade], chosen: Any = None, title: str = "", label: str = "", ax: Axes | None = None
) -> Axes:
    """Neurons over the inverse temperature.

    Parameters
    ----------
    trades : sequence of Trade
        From :func:`pareto`.
    chosen : Retriever, optional
        Marked as built and certified.
    title, label : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    if ax is None:
        from matplotlib.figure import Figure

        ax = Figure(figsize=(5.2, 3.9), layout="constrained").add_subplot()
    points = [(float(t.beta.p) / float(t.beta.q), t.units) for t in trades]
    (line,) = ax.plot(*zip(*points, strict=True), marker="o", markersize=3.5, label=label or "predicted")
    for trade, point, side in ((trades[0], points[0], "left"), (trades[-1], points[-1], "right")):
        shift = (6, 2) if side == "left" else (0, 6)
        ax.annotate(f"θ = {trade.theta}", point, textcoords="offset points", xytext=shift, ha=side, fontsize="small")
    if chosen is not None:
        beta = float(chosen.beta.p) / float(chosen.beta.q)
        ax.plot(
            [beta], [chosen.hidden_units], marker="s", markersize=8, fillstyle="none", linestyle="none",
            color=line.get_color(), label=f"built and certified, θ = {chosen.theta}",
        )  # fmt: skip
    ax.set(xscale="log", yscale="log", xlabel="inverse temperature β", ylabel="hidden units", title=title)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axis.set_minor_formatter(NullFormatter())
    ax.margins(0.08)
    ax.grid(alpha=0.3, which="both")
    ax.legend(frameon=False, fontsize="small")
    return ax
