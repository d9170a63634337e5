"""The audit for the reader: a table, heat maps by layer and head, and one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from relverify.attention.figures import Figures
from relverify.networks.files import make_folder, write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.table import Table

    from relverify.attention.audit import Audit

# name, title, what is drawn, how colours are scaled
MAPS: tuple[tuple[str, str, Callable[[Figures], float], dict[str, Any]], ...] = (
    (
        "one_network", "distance to one network,\nshare of the swing (at least)",
        lambda h: h.share[0], {"vmin": 0, "vmax": 1},
    ),
    (
        "antisymmetric", "antisymmetric part over the whole,\nbilinear part (at most)",
        lambda h: _ratio(h.antisymmetric, h.size), {"vmin": 0, "vmax": 1},
    ),
    (
        "swing", "swing: half the largest difference\nof two scores of one query",
        lambda h: h.swing[1] or math.nan, {"norm": "log"},
    ),
    ("rank", "features that suffice", lambda h: h.rank[1], {"vmin": 0}),
    (
        "context", "log10 of the largest context\nin which a key can be selected",
        lambda h: _log_context(h), {"vmin": 0},
    ),
    ("bits", "bits a coordinate that suffice", lambda h: math.nan if h.bits is None else h.bits, {}),
)  # fmt: skip


def _ratio(part: tuple[float, float], whole: tuple[float, float]) -> float:
    return min(part[1] / whole[0], 1.0) if whole[0] > 0 else 0.0


def _log_context(head: Figures) -> float:
    if math.isfinite(head.context[1]):
        return math.log10(max(head.context[1], 1.0))
    # beyond every float: log10 of eps e^(2S)/(1 - eps), to the reading of a colour
    return 2 * head.swing[1] / math.log(10)


def head_map(values: np.ndarray, title: str = "", ax: Axes | None = None, **scale: Any) -> Axes:
    """One number a head as colours, layers downwards.

    Parameters
    ----------
    values : ndarray, shape (layers, heads)
    title : str, optional
    ax : Axes, optional
    **scale
        Of ``imshow``: ``vmin``, ``vmax``, ``cmap``.

    Returns
    -------
    Axes
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    if ax is None:
        size = 1.6 + 0.36 * values.shape[1], 1.4 + 0.32 * values.shape[0]
        ax = Figure(figsize=(max(size[0], 4.0), max(size[1], 2.8)), layout="constrained").add_subplot()
    whole = bool(np.all(values == np.rint(values)))
    image = ax.imshow(values, aspect="equal", **{"cmap": "viridis", **scale})
    ax.figure.colorbar(
        image, ax=ax, fraction=0.05, pad=0.03, ticks=MaxNLocator(integer=True, nbins=6) if whole else None
    )
    ax.set(xlabel="head", ylabel="layer")
    ax.set_title(title, fontsize="medium")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, nbins=12))
    return ax


def grid(audit: Audit, value: Callable[[Figures], float], offset: int | None = None) -> np.ndarray:
    """A figure of all heads at one offset, shape (layers, heads)."""
    values = [value(head) for head in audit.at(offset)]
    return np.array(values, dtype=np.float64).reshape(audit.architecture.layers, audit.architecture.heads)


def row(audit: Audit, head: Figures) -> list[str]:
    """The cells of the table; numbers are rounded outwards."""
    place = head.place
    name = f"{place.layer}.{place.head}" + ("" if place.offset is None else f" @{place.offset}")
    one = {"proved": "yes", "refuted": "no", "undecided": "undecided"}[head.psd]
    positions = audit.architecture.positions
    anywhere = positions is not None and head.context[0] >= positions
    return [
        name,
        one,
        f"{_short(head.share[0], False, 2)}–{_short(head.share[1], True, 2)}",
        f"{head.rank[0]:.0f}–{head.rank[1]:.0f}",
        f"{_short(head.scores[0][0], False)} to {_short(head.scores[1][1], True)}",
        _short(head.swing[1], True),
        "any" if anywhere else _short(head.context[1], True),
        _short(head.capacity, True),
        "–" if head.bits is None else str(head.bits),
    ]


COLUMNS = ("head", "PSD", "distance", "rank", "scores", "swing", "context", "capacity", "bits")


def _short(value: float, up: bool, digits: int = 3) -> str:
    """A few digits, rounded outwards."""
    from relverify.rigor.decimals import decimal_string
    from relverify.rigor.exact import dyadic

    if not math.isfinite(value):
        return "> 1e308" if value > 0 else "–"
    if abs(value) >= 1e6:
        exponent = math.floor(math.log10(abs(value)))
        lead = value / 10.0**exponent
        return f"{(math.ceil if up else math.floor)(lead * 10 * (1 + (1e-12 if up else -1e-12))) / 10:g}e{exponent}"
    return decimal_string(dyadic(value), digits, "up" if up else "down")


def table(audit: Audit) -> Table:
    """The table of all heads for the terminal."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Column, Table

    columns = [Column(name, justify="left" if k < 2 else "right", no_wrap=True) for k, name in enumerate(COLUMNS)]
    shown = Table(*columns, box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    layer = None
    for head in audit.heads:
        if layer not in (None, head.place.layer):
            shown.add_section()
        layer = head.place.layer
        shown.add_row(*row(audit, head))
    return shown


def summary(audit: Audit) -> list[tuple[str, str]]:
    """A few lines on the whole model."""
    a, heads = audit.architecture, audit.heads
    long = f"any context of the model, which has at most {a.positions} places" if a.positions else ""
    refuted = sum(head.psd == "refuted" for head in audit.at(audit.offsets[0]))
    bits = [head.bits for head in heads]
    return [
        ("verdict", str(audit.verdict)),
        ("model", f"{a.model_type}, {a.layers} layers, {a.heads} heads of {a.head_size} dimensions"),
        ("inputs", audit.inputs),
        ("eps", str(audit.eps)),
        ("not one network", f"{refuted} of {a.layers * a.heads} heads, proved"),
        *([("context 'any'", long)] if long else []),
        ("bits that suffice for all", "–" if None in bits else str(max(b for b in bits if b is not None))),
        ("seconds", f"{audit.seconds:.1f}"),
    ]


def write(audit: Audit, folder: Path) -> dict[str, str]:
    """Write the report into a folder, which is made if need be.

    Returns
    -------
    dict
        ``report``, ``json`` and one file a map.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    make_folder(folder)
    offset = audit.offsets[0]
    files, images = {}, []
    for name, title, value, scale in MAPS:
        stream = io.BytesIO()
        figure = head_map(grid(audit, value, offset), title, **scale).get_figure(root=True)
        assert figure is not None
        figure.savefig(stream, dpi=120, format="png")
        files[name] = str(write_atomically(folder / f"{name}.png", stream.getvalue(), "out"))
        images.append((" ".join(title.split()), base64.b64encode(stream.getvalue()).decode()))
    text = json.dumps(audit.as_dict(), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    files["json"] = str(write_atomically(folder / "audit.json", text.encode(), "out"))
    environment = Environment(
        loader=PackageLoader("relverify.attention"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("audit.html.jinja").render(
        audit=audit,
        offset=offset,
        summary=summary(audit),
        columns=COLUMNS,
        rows=[row(audit, head) for head in audit.heads],
        images=images,
    )
    return {"report": str(write_atomically(folder / "audit.html", page.encode(), "out")), **files}
