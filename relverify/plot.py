"""Plots; every function draws on a given matplotlib ``ax`` or makes one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes

    from relverify.core.box import Box
    from relverify.networks.comparison import Comparison
    from relverify.networks.mlp import MLP
    from relverify.relations.relation import Relation

STYLES: Mapping[str, dict[str, Any]] = {
    "predicted": {"color": "#1b6ca8", "marker": "o", "label": "suffices (theorem)"},
    "built": {"color": "#2a9d5c", "marker": "s", "label": "built and certified"},
    "trained": {"color": "#d1730b", "marker": "D", "linestyle": "none", "label": "trained and certified"},
    "trained-paper": {
        "color": "#7b4ab5", "marker": "P", "linestyle": "none", "label": "trained at the size of the paper, certified",
    },
    "smallest": {"color": "#8a5a00", "marker": "^", "linestyle": ":", "label": "smallest trained and certified"},
    "needed": {"color": "#b3202c", "marker": "v", "label": "needed (lower bound)"},
}  # fmt: skip


def _axes(ax: Axes | None, width: float = 5.2) -> Axes:
    if ax is not None:
        return ax
    from matplotlib.figure import Figure

    return Figure(figsize=(width, 3.9), layout="constrained").add_subplot()


def unit_counts(curves: Mapping[str, Sequence[tuple[float, int]]], title: str = "", ax: Axes | None = None) -> Axes:
    """Hidden units over the error, on logarithmic axes.

    Parameters
    ----------
    curves : mapping
        From ``"predicted"``, ``"built"``, ``"trained"``, ``"trained-paper"``, ``"smallest"``, ``"needed"`` to points
        (error, units); points with no units are left out, since a logarithm has no place for them.
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
            slope = _slope(errors, counts) if style.get("linestyle") != "none" else None
            label = style["label"] if slope is None else f"{style['label']}, slope {slope:.2f}"
            ax.plot(errors, counts, **{**style, "label": label})
    ax.set(xscale="log", yscale="log", xlabel="error ε", ylabel="hidden units", title=title)
    ax.invert_xaxis()
    _plain_ticks(ax)
    ax.grid(alpha=0.3, which="both")
    ax.legend(frameon=False, fontsize="small")
    return ax


def _plain_ticks(ax: Axes) -> None:
    """Counts as 1, 2, 5, 10, ... and errors as 0.1, 0.01, ..., not as powers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        few = high < 1000 * low and axis is ax.yaxis
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())


def _slope(errors: Sequence[float], counts: Sequence[float]) -> float | None:
    """The fitted power of the error, from three points on."""
    if len(errors) < 3 or len(set(counts)) < 2:
        return None
    return float(np.polyfit(np.log(errors), np.log(counts), 1)[0])


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
    at = argmax if argmax is not None else tuple((float(b[0].lo) + float(b[0].hi)) / 2 for b in (x, y))
    ax = error_slice(relation, phi, psi, x, y, at, upper=upper, points=points, ax=ax)
    if argmax is not None:
        _worst_point(ax, argmax)
    ax.set(title=title)
    return ax


def error_slice(
    relation: Relation,
    phi: MLP,
    psi: MLP | None,
    x: Box,
    y: Box,
    at: Sequence[float],
    coordinates: tuple[int, int] | None = None,
    upper: float | None = None,
    points: int = 201,
    scale: bool = True,
    ax: Axes | None = None,
) -> Axes:
    """The error on a plane through a point, parallel to two coordinates, as an image.

    Parameters
    ----------
    relation : Relation
        Of as many numbers each side as the boxes have sides.
    phi, psi : MLP
        `psi` None stands for `phi`.
    x, y : Box
        With p and q sides.
    at : sequence of float, length p + q
        The point.
    coordinates : pair of int, optional
        Numbers of two coordinates, those of y counted on from p; by default the first of x and the first of y.
    upper : float, optional
        The certified bound, which sets the scale of colours.
    points : int
        Points an axis.
    scale : bool
        Whether the scale of colours is drawn beside.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = _axes(ax)
    sides = (*x.sides, *y.sides)
    one, two = coordinates if coordinates is not None else (0, x.dim)
    lines = [np.linspace(float(sides[k].lo), float(sides[k].hi), points) for k in (one, two)]
    full = np.broadcast_to(np.asarray(at, dtype=float), (points, points, len(sides))).copy()
    full[..., one], full[..., two] = lines[0][:, None], lines[1][None, :]
    flat = full.reshape(-1, len(sides))
    inner = (phi(flat[:, : x.dim]) * (psi or phi)(flat[:, x.dim :])).sum(axis=1)
    error = (_values(relation, flat) - inner).reshape(points, points)
    if upper is None:
        finite = np.abs(error[np.isfinite(error)])
        upper, label = float(finite.max()) if finite.size else 1.0, "error"
    else:
        label = "error; the ends are the certified bound"
    extent = (lines[0][0], lines[0][-1], lines[1][0], lines[1][-1])
    image = ax.imshow(error.T, origin="lower", extent=extent, aspect="auto", cmap="RdBu_r", vmin=-upper, vmax=upper)
    if scale:
        ax.figure.colorbar(image, ax=ax).set_label(label)
    names = _coordinate_names(x, y)
    ax.set(xlabel=names[one], ylabel=names[two])
    return ax


def certified_error(
    certificate: Any, coordinates: tuple[str, str] | None = None, points: int = 201, ax: Axes | None = None
) -> Axes | list[Axes]:
    """The error with its certified bound, the worst point marked.

    Parameters
    ----------
    certificate : MatrixCertificate, VertexCertificate or ExecutedCertificate
    coordinates : pair of str, optional
        Two of x, y or x1, x2, ..., y1, ...: the plane through the worst point that is drawn.
    points : int
        Points an axis. The image is a drawing, not a proof.
    ax : Axes, optional
        Without it and `coordinates`, inputs of several numbers are shown by all planes of a coordinate of x and the
        same of y, and those of two coordinates of x.

    Returns
    -------
    Axes, or list of Axes where several planes are drawn

    Raises
    ------
    InputError
        If a coordinate is unknown, or the certificate does not hold its problem.
    """
    from relverify.errors import InputError
    from relverify.rigor.decimals import decimal_string

    if certificate.problem is None:
        raise InputError("certificate", "does not hold the networks", "the result of certify")
    relation, phi, psi, x, y = certificate.problem
    at = [int(v.p) / int(v.q) for v in certificate.argmax]
    upper, proved = None, f"{decimal_string(certificate.lower, 4, 'down')} ≤ largest error"
    if certificate.upper is not None:
        upper = int(certificate.upper.p) / int(certificate.upper.q)
        proved += f" ≤ {decimal_string(certificate.upper, 4, 'up')}"
    names = _coordinate_names(x, y)
    if coordinates is not None:
        if len(coordinates) != 2 or len(set(coordinates)) != 2 or not set(coordinates) <= set(names):
            raise InputError("coordinates", f"{str(coordinates)[:60]} are not two of them", ", ".join(names))
        planes = [(names.index(coordinates[0]), names.index(coordinates[1]))]
    else:
        planes = [(k, x.dim + k) for k in range(min(x.dim, y.dim))]
        if ax is None:
            planes += [(j, k) for j in range(x.dim) for k in range(j + 1, x.dim)]
    if ax is not None or len(planes) == 1:
        ax = error_slice(relation, phi, psi, x, y, at, planes[0], upper, points, ax=ax)
        _worst_point(ax, (at[planes[0][0]], at[planes[0][1]]))
        ax.set_title(proved, fontsize="medium")
        return ax
    from matplotlib.figure import Figure

    columns = min(len(planes), 3)
    rows = -(-len(planes) // columns)
    figure = Figure(figsize=(1.2 + 3.1 * columns, 0.6 + 2.8 * rows), layout="constrained")
    grid = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for place, plane in zip(grid, planes, strict=False):
        error_slice(relation, phi, psi, x, y, at, plane, upper, points, scale=False, ax=place)
        _worst_point(place, (at[plane[0]], at[plane[1]]), label=place is grid[0])
    for place in grid[len(planes) :]:
        place.remove()
    label = "error" if upper is None else "error; the ends are the certified bound"
    used = grid[: len(planes)]
    if upper is None:
        largest = max(float(a.get_images()[0].get_clim()[1]) for a in used)
        for place in used:
            place.get_images()[0].set_clim(-largest, largest)
    figure.colorbar(used[0].get_images()[0], ax=used).set_label(label)
    figure.suptitle(f"{proved}; planes through the worst point found", fontsize="medium")
    return used


def _values(relation: Relation, points: np.ndarray) -> np.ndarray:
    from relverify.rigor.pictures import compile_numpy

    with np.errstate(all="ignore"):
        return compile_numpy(relation.expr, relation.x_symbols + relation.y_symbols)(*points.T)


def _coordinate_names(x: Box, y: Box) -> list[str]:
    return [f"{side}{k}" if box.dim > 1 else side for side, box in (("x", x), ("y", y)) for k in range(1, box.dim + 1)]


def _worst_point(ax: Axes, point: Sequence[float], label: bool = True) -> None:
    ax.plot(*point, marker="o", markersize=9, fillstyle="none", color="black", linestyle="none", clip_on=False)
    if not label:
        return
    from matplotlib.patheffects import withStroke

    centre = [sum(ends) / 2 for ends in (ax.get_xlim(), ax.get_ylim())]
    inwards = (8 if point[0] < centre[0] else -8, 8 if point[1] < centre[1] else -8)
    ax.annotate(
        "worst point found",
        (point[0], point[1]),
        textcoords="offset points",
        xytext=inwards,
        ha="left" if inwards[0] > 0 else "right",
        va="bottom" if inwards[1] > 0 else "top",
        fontsize="small",
        path_effects=[withStroke(linewidth=2.5, foreground="white")],
    )


def comparison(found: Comparison, title: str = "", ax: Axes | None = None) -> Axes:
    """All counts of hidden units in one layer over the error, on logarithmic axes.

    The legend has the slope of the two smallest errors beside the rate that is derived.

    Parameters
    ----------
    found : Comparison
    title : str, optional
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    from matplotlib import colormaps

    from relverify.networks.comparison import UNITS

    ax = _axes(ax, width=10.5)
    ax.set_prop_cycle(color=colormaps["tab20"].colors)  # type: ignore[attr-defined]
    for row in found.rows:
        points = [(float(e), c) for e, c in zip(found.errors, row.counts, strict=True) if c]
        if row.what == UNITS and points:
            errors, counts = zip(*points, strict=True)
            marker = {"lower bound": "v", "existence": "x"}.get(row.kind, "o")
            line = "--" if row.kind == "existence" else "-"
            slope = "" if row.slope is None else f"; slope {row.slope:.2f}"
            rate = f", rate {row.rate}" if row.rate else ""
            label = row.name if row.theorem in row.name else f"{row.name} ({row.theorem})"
            ax.plot(errors, counts, marker=marker, linestyle=line, label=f"{label}{slope}{rate}")
    ax.set(xscale="log", yscale="log", xlabel="error ε", ylabel="hidden units", title=title or found.relation.text)
    ax.invert_xaxis()
    ax.grid(alpha=0.3, which="both")
    # beside the axes, in the order of the curves: there are many of them
    ax.legend(frameon=False, fontsize="x-small", loc="center left", bbox_to_anchor=(1.01, 0.5))
    return ax


def save(ax: Axes, path: str | Path) -> None:
    """Write the figure of an axes; the ending of the path names the format.

    Parameters
    ----------
    ax : Axes
    path : path
        Ending in ``.png``, ``.svg`` or ``.pdf``.

    Raises
    ------
    InputError
        If the ending is another, or the file cannot be written.
    """
    import io
    from pathlib import Path as File

    from relverify.errors import InputError
    from relverify.networks.files import write_atomically

    ending = File(path).suffix.lower()
    if ending not in (".png", ".svg", ".pdf"):
        raise InputError("plot", f"{path} ends in {ending or 'nothing'}", ".png, .svg or .pdf")
    buffer = io.BytesIO()
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(buffer, format=ending[1:])
    write_atomically(path, buffer.getvalue(), "plot")
