"""Write the report: one HTML page that needs nothing else, results.json, and the plots as files."""

from __future__ import annotations

import base64
import csv
import io
import json
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from relverify.campaign.tasks import slug
from relverify.errors import InputError
from relverify.networks.files import load, make_folder, write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from relverify.campaign.run import Report


@dataclass(frozen=True)
class RelationSection:
    """What the report says of one relation.

    Parameters
    ----------
    name : str
    anchor : str
        Of the section in the page.
    formula : str
        The relation written out.
    built : dict or None
        Result of the construction.
    trained : list of dict
    counts : list of dict
        Rows of eps, predicted and needed units.
    figures : list of (str, str)
        Captions, and the PNG in base64.
    smallest : list of dict
        Rows of eps and of the units of the smallest trained network.
    download : str
        The certificate of the built network in base64, or nothing.
    """

    name: str
    anchor: str
    formula: str
    built: dict[str, Any] | None
    trained: list[dict[str, Any]]
    counts: list[dict[str, Any]]
    figures: list[tuple[str, str]]
    smallest: list[dict[str, Any]]
    download: str = ""


def write(report: Report) -> Path:
    """Write ``report.html``, ``results.json``, ``results.csv``, ``summary.md`` and ``plots/*.png`` into a folder.

    Parameters
    ----------
    report : Report

    Returns
    -------
    Path
        The HTML page.
    """
    folder = report.folder
    make_folder(folder / "plots")
    text = json.dumps(report.as_dict(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    write_atomically(folder / "results.json", text.encode(), "out")
    write_atomically(folder / "results.csv", _table(report).encode(), "out")
    write_atomically(folder / "summary.md", _markdown(report).encode(), "out")
    sections = _sections(report)
    page = (
        _environment()
        .get_template("report.html.jinja")
        .render(
            report=report,
            versions=report.provenance.get("versions", {}),
            labels={r["name"] for r in report.of_kind("theorem")},
            theorems=report.of_kind("theorem"),
            relations=sections,
            attention=report.of_kind("attention"),
        )
    )
    return write_atomically(folder / "report.html", page.encode(), "out")


def _table(report: Report) -> str:
    """One row a result: kind, name, verdict, detail, and the numbers of networks."""
    text = io.StringIO()
    columns = ("kind", "name", "verdict", "seconds", "eps", "theorem", "seed", "units", "lower", "upper", "detail")
    rows = csv.DictWriter(text, columns, lineterminator="\n")
    rows.writeheader()
    for result in report.results:
        found = result.get("result", {})
        given = {**result.get("arguments", {}), **{k: found[k] for k in ("lower", "upper") if k in found}}
        searched = result["rows"][0] if result["kind"] == "smallest" and result.get("rows") else {}
        given |= {k: searched[k] for k in ("units", "upper") if k in searched}
        given.setdefault("units", found.get("units", found.get("N", "")))
        values = {**given, **{k: result.get(k, "") for k in ("kind", "name", "verdict", "seconds", "detail")}}
        rows.writerow({k: "" if isinstance(values.get(k), list | tuple) else values.get(k, "") for k in columns})
    return text.getvalue()


def _markdown(report: Report) -> str:
    """A summary for the log of a continuous integration."""
    kinds = list(dict.fromkeys(r["kind"] for r in report.results))
    lines = [f"## relverify {report.provenance.get('versions', {}).get('relverify', '')}: {report.verdict}".strip(), ""]
    lines += ["| what | proved | of |", "| --- | ---: | ---: |"]
    lines += [f"| {kind} | {report.proved(kind)} | {len(report.of_kind(kind))} |" for kind in kinds]
    failed = [r for r in report.results if r["verdict"] != "proved"]
    lines += ["", *(f"- **{r['verdict']}** {r['kind']} `{r['name']}`: {r['detail']}" for r in failed)]
    lines += [f"- not run: {reason}" for reason in report.not_run]
    if report.lemmas:
        lines += ["", f"Cited classical lemmas: {', '.join(report.lemmas)}."]
    return "\n".join(lines) + "\n"


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("relverify.campaign"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["short"] = short
    environment.filters["plain"] = plain
    environment.filters["up"] = partial(bound, direction="up")
    environment.filters["down"] = partial(bound, direction="down")
    return environment


def short(value: Any, digits: int = 4) -> str:
    """A number for the reader; the exact one stands in the JSON.

    Examples
    --------
    >>> short("1/3"), short(0.000123456), short(None)
    ('0.3333', '0.0001235', '–')
    """
    if value is None:
        return "–"
    return f"{float(Fraction(value) if isinstance(value, str) else value):.{digits}g}"


def bound(value: Any, direction: Literal["up", "down"]) -> str:
    """A proved bound with four digits, which is still proved.

    Examples
    --------
    >>> bound("0.00094381", "up"), bound("0.00094381", "down"), bound(None, "up")
    ('0.0009439', '0.0009438', '–')
    """
    from flint import fmpq

    from relverify.rigor.decimals import decimal_string

    if value is None:
        return "–"
    exact = Fraction(value)
    return decimal_string(fmpq(exact.numerator, exact.denominator), 4, direction)


def plain(value: Any) -> str:
    """An exact number as it is read.

    Examples
    --------
    >>> plain("3/100"), plain("1/3")
    ('0.03', '1/3')
    """
    number = Fraction(value)
    decimal = f"{float(number):.6g}"
    return decimal if Fraction(decimal) == number else str(number)


def _formula(name: str) -> str:
    from relverify.relations import parse_relation

    try:
        return str(parse_relation(name).expr).replace("**", "^")
    except InputError:
        return ""


def _sections(report: Report) -> list[RelationSection]:
    built = {r["name"]: r for r in report.of_kind("relation")}
    counts = {r["name"]: r.get("rows", []) for r in report.of_kind("counts")}
    smallest: dict[str, list[dict[str, Any]]] = {}
    for r in report.of_kind("smallest"):
        smallest.setdefault(r["name"], []).extend(r.get("rows", []))
    for rows in smallest.values():
        rows.sort(key=lambda row: Fraction(row["eps"]), reverse=True)
    names = list(dict.fromkeys([*built, *counts, *(r["name"] for r in report.of_kind("train"))]))
    sections = []
    for name in names:
        trained = sorted((r for r in report.of_kind("train") if r["name"] == name), key=_by_size)
        figures = []
        if counts.get(name):
            figures.append(
                _figure(
                    report,
                    name,
                    "units",
                    _count_plot(name, counts[name], built.get(name), trained, smallest.get(name, [])),
                )
            )
        surface = _surface_plot(report, built.get(name))
        if surface is not None:
            figures.append(_figure(report, name, "error", surface))
        certificate = built.get(name, {}).get("result", {}).get("files", {}).get("certificate")
        download = base64.b64encode((report.networks / certificate).read_bytes()).decode() if certificate else ""
        shared = built.get(name), trained, counts.get(name, []), figures, smallest.get(name, [])
        sections.append(RelationSection(name, slug(name), _formula(name), *shared, download))
    return sections


def _by_size(result: dict[str, Any]) -> tuple[str, Fraction, int]:
    given = result["arguments"]
    return given["theorem"], -Fraction(given["eps"]), given["seed"]


def _count_plot(
    name: str,
    rows: list[dict[str, Any]],
    built: dict[str, Any] | None,
    trained: list[dict[str, Any]],
    smallest: list[dict[str, Any]],
) -> Axes:
    from relverify.plot import unit_counts

    curves: dict[str, list[tuple[float, int]]] = {
        kind: [(float(Fraction(row["eps"])), row[kind]) for row in rows] for kind in ("predicted", "needed")
    }
    if built and "result" in built:
        curves["built"] = [(float(Fraction(built["result"]["eps"])), built["result"]["N"])]
    proved = [r for r in trained if r["verdict"] == "proved"]
    for curve, paper in (("trained", False), ("trained-paper", True)):
        chosen = [r for r in proved if (r["arguments"]["theorem"] != "grid-neurons") is paper]
        curves[curve] = [(float(Fraction(r["arguments"]["eps"])), r["result"]["units"]) for r in chosen]
    curves["smallest"] = [(float(Fraction(row["eps"])), row["units"]) for row in smallest]
    return unit_counts(curves, title=name)


def _surface_plot(report: Report, built: dict[str, Any] | None) -> Axes | None:
    if not built or "result" not in built:
        return None
    from relverify.core.box import parse_box
    from relverify.plot import error_surface
    from relverify.relations import parse_relation

    result = built["result"]
    networks = {n: load(report.networks / result["files"][n]) for n in ("phi", "psi") if n in result["files"]}
    x, y = (parse_box(result[side]) for side in ("x", "y"))
    worst = [float(Fraction(value)) for value in result["argmax"]]
    return error_surface(
        parse_relation(built["name"]),
        networks["phi"],
        networks.get("psi"),
        x,
        y,
        upper=result["upper"],
        argmax=(worst[0], worst[1]),
        title=f"{built['name']}: {result['N']} units",
    )


_CAPTIONS = {
    "units": "Hidden units against the error ε, both on logarithmic scales; smaller errors stand on the right. Between "
    "the blue curve (a theorem says that so many suffice) and the red one (a theorem says that fewer cannot do) lie "
    "the networks that were built and trained. A slope of -0.5 means that an error of a hundredth part takes ten "
    "times the units, as for smooth relations; at a kink the slope is -1.",
    "error": "The error r(x, y) − ⟨φ(x), ψ(y)⟩ of the network that was built, drawn at 201 × 201 points. The colours "
    "end at the certified bound, which holds at all points.",
}


def _figure(report: Report, name: str, kind: str, ax: Axes) -> tuple[str, str]:
    figure = ax.get_figure(root=True)
    assert figure is not None
    # small, so that the words stay readable where the page is narrow
    figure.set_size_inches(4.4, 4.3 if kind == "units" else 3.6)
    if kind == "units":
        ax.legend(frameon=False, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.16))
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=160)
    write_atomically(report.folder / "plots" / f"{slug(name)}-{kind}.png", picture.getvalue(), "out")
    return _CAPTIONS[kind], base64.b64encode(picture.getvalue()).decode()
