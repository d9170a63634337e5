"""Write the report: one HTML page that needs nothing else, results.json, and the plots as files."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relverify.networks.files import load, write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from relverify.campaign.run import Report


@dataclass(frozen=True)
class RelationSection:
    """What the report says of one relation.

    Parameters
    ----------
    name : str
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
    (folder / "plots").mkdir(exist_ok=True)
    text = json.dumps(report.as_dict(), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    write_atomically(folder / "results.json", text.encode(), "out")
    write_atomically(folder / "results.csv", _table(report).encode(), "out")
    write_atomically(folder / "summary.md", _markdown(report).encode(), "out")
    page = (
        _environment()
        .get_template("report.html.jinja")
        .render(
            report=report,
            theorems=report.of_kind("theorem"),
            relations=_sections(report),
            attention=report.of_kind("attention"),
        )
    )
    return write_atomically(folder / "report.html", page.encode(), "out")


def _table(report: Report) -> str:
    """One row a result: kind, name, verdict, detail, and the numbers of networks."""
    import csv
    import io

    text = io.StringIO()
    columns = ("kind", "name", "verdict", "seconds", "eps", "theorem", "seed", "units", "lower", "upper", "detail")
    rows = csv.DictWriter(text, columns, lineterminator="\n")
    rows.writeheader()
    for result in report.results:
        found = result.get("result", {})
        given = {**result.get("arguments", {}), **{k: found[k] for k in ("lower", "upper") if k in found}}
        given["units"] = found.get("units", found.get("N", ""))
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


def _sections(report: Report) -> list[RelationSection]:
    built = {r["name"]: r for r in report.of_kind("relation")}
    counts = {r["name"]: r.get("rows", []) for r in report.of_kind("counts")}
    smallest = {r["name"]: r.get("rows", []) for r in report.of_kind("smallest")}
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
        sections.append(
            RelationSection(
                name, built.get(name), trained, counts.get(name, []), figures, smallest.get(name, []), download
            )
        )
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
    curves["trained"] = [(float(Fraction(r["arguments"]["eps"])), r["result"]["units"]) for r in proved]
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
    "units": "Hidden units over the error: what suffices by theorem, what was built and trained, what is needed. "
    "The slopes are fitted; interpolation on a grid needs a power of -1/2 of a smooth relation, -1 at a kink.",
    "error": "Error of the built network; the colours end at the certified bound.",
}


def _figure(report: Report, name: str, kind: str, ax: Axes) -> tuple[str, str]:
    from relverify.campaign.tasks import slug

    path = report.folder / "plots" / f"{slug(name)}-{kind}.png"
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(path, dpi=130)
    return _CAPTIONS[kind], base64.b64encode(path.read_bytes()).decode()
