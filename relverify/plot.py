"""Plots; every function draws on a given matplotlib ``ax`` or makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from relverify.core.box import Box
    from relverify.networks.mlp import MLP
    from relverify.relations.relation import Relation

STYLES: Mapping[str, dict[str, Any]] = {
    "predicted": {"color": "#1b6ca8", "marker": "o", "label": "suffices (theorem)"},
    "built": {"color": "#2a9d5c", "marker": "s", "label": "built and certified"},
    "trained": {"color": "#d1730b", "marker": "D", "linestyle": "none", "label": "trained and certified"},
    "needed": {"color": "#b3202c", "marker": "v", "label": "needed (lower bound)"},
}


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(5.2, 3.9), layout="constrained").add_subplot()


def unit_counts(curves: Mapping[str, Sequence[tuple[float, int]]], title: str = "", ax: Axes | None = None) -> Axes:
    """Hidden units over the error, on logarithmic axes.

    Parameters
    ----------
    curves : mapping
        From ``"predicted"``, ``"built"``, ``"trained"``, ``"needed"`` to points (error, units); points with no units
        are left out, since a logarithm has no place for them.
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    for name, style in STYLES.items():
        points = sorted(p for p in curves.get(name, ()) if p[1] > 0)
        if points:
            errors, counts = zip(*points, strict=True)
            ax.plot(errors, counts, **style)
    ax.set(xscale="log", yscale="log", xlabel="error ε", ylabel="hidden units", title=title)
    ax.invert_xaxis()
    ax.grid(alpha=0.3, which="both")
    ax.legend(frameon=False, fontsize="small")
    return ax


def error_surface(
    relation: Relation,
    phi: MLP,
    psi: MLP | None,
    x: Box,
    y: Box,
    upper: float | None = None,
    argmax: tuple[float, float] | None = None,
    title: str = "",
    points: int = 201,
    ax: Axes | None = None,
) -> Axes:
    """The error r - ⟨φ, ψ⟩ as an image, with the certified bound and the worst point.

    Parameters
    ----------
    relation : Relation
        Of one number each side.
    phi, psi : MLP
        `psi` None stands for `phi`.
    x, y : Box
    upper : float, optional
        The certified bound of the absolute error, which sets the scale of colours.
    argmax : pair of float, optional
        A point where the lower bound of the error is taken.
    title : str, optional
    points : int
        Points an axis. The image is a drawing, not a proof.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    xs, ys = (np.linspace(float(b[0].lo), float(b[0].hi), points) for b in (x, y))
    inner = phi(xs[:, None]) @ (psi or phi)(ys[:, None]).T
    error = relation.values(xs[:, None], ys[None, :]) - inner
    scale = upper if upper is not None else float(np.abs(error).max())
    extent = (float(xs[0]), float(xs[-1]), float(ys[0]), float(ys[-1]))
    image = ax.imshow(
        error.T, origin="lower", extent=extent, aspect="auto", cmap="RdBu_r", vmin=-scale, vmax=scale
    )
    bar = ax.figure.colorbar(image, ax=ax)
    bar.set_label("error; the ends are the certified bound" if upper is not None else "error")
    if argmax is not None:
        ax.plot(*argmax, marker="o", markersize=9, fillstyle="none", color="black", linestyle="none")
        centre = [float(box[0].lo + box[0].hi) / 2 for box in (x, y)]
        inwards = (8 if argmax[0] < centre[0] else -8, 8 if argmax[1] < centre[1] else -8)
        ax.annotate(
            "worst point found",
            argmax,
            textcoords="offset points",
            xytext=inwards,
            ha="left" if inwards[0] > 0 else "right",
            va="bottom" if inwards[1] > 0 else "top",
            fontsize="small",
        )
    ax.set(xlabel="x", ylabel="y", title=title)
    return ax
