"""The command ``relverify``: one function a command; each prints what the library returns."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from relverify._version import __version__
from relverify.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from relverify.certify.result import MatrixCertificate
    from relverify.certify.vertex import VertexCertificate

USAGE = 64

app = typer.Typer(
    name="relverify",
    help="Proved error bounds, neuron counts and certificates for inner-product networks and attention.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
XBox = Annotated[str, typer.Option("--x", help='Box of x, for instance "[0,1]".')]
OptionalX = Annotated[str | None, typer.Option("--x", help='Box of x, for instance "[0,1]".')]
YBox = Annotated[str | None, typer.Option("--y", help="Box of y; by default that of x.")]
Eps = Annotated[str, typer.Option("--eps", help="The error, an exact number > 0.")]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the results.")]
Seed = Annotated[int, typer.Option("--seed", help="Makes random parts reproducible.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]


@app.command("list")
def list_command(as_json: Json = False) -> int:
    """List every theorem: label, title, status, sense, and whether it is constructive."""
    from relverify import api

    rows = api.list_theorems()
    if as_json:
        return _print_json({"theorems": rows})
    from rich.table import Column, Table

    table = Table(Column("label", no_wrap=True), "title", "status", "sense", "kind")
    for row in rows:
        sense = f"{row['sense']}, sharp" if row["sharp"] else row["sense"]
        kind = "constructive" if row["constructive"] else "existence"
        table.add_row(row["label"], row["title"], row["status"], sense, kind)
    _console().print(table)
    return 0


@app.command()
def show(label: str, as_json: Json = False) -> int:
    """Show a theorem: statement, hypotheses, symbols, bound, derivation, source."""
    from relverify import api
    from relverify.core.render import terminal

    if as_json:
        return _print_json(api.show(label))
    _console().print(terminal(api.theorem(label)))
    return 0


@app.command()
def bound(
    label: str,
    values: Annotated[list[str] | None, typer.Argument(help="name=value, exact: 3, 1/7, 0.1, sqrt(2), pi.")] = None,
    relation: Annotated[str | None, typer.Option("--relation", help="Computes the constants it determines.")] = None,
    x: OptionalX = None,
    y: YBox = None,
    solve: Annotated[str | None, typer.Option("--solve", help="Solve for this symbol.")] = None,
    digits: Annotated[int, typer.Option("--digits", help="Correct significant digits.")] = 50,
    as_json: Json = False,
) -> int:
    """Evaluate the bound of a theorem, enclosed, with mpmath as the second opinion."""
    from relverify import api

    given: dict[str, str] = {}
    for item in values or []:
        name, equals, value = item.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise InputError("values", f"{item[:60]!r} is not an assignment", "name=value")
        if name.strip() in given:
            raise InputError("values", f"{name.strip()} is given twice", "one value")
        given[name.strip()] = value.strip()
    result = api.bound(label, given, solve=solve, digits=digits, relation=relation, x=x, y=y)
    if as_json:
        return _print_json(result)
    lines = [("value", result.value), ("lo", result.lo), ("hi", result.hi), ("mpmath", result.mpmath)]
    if result.integer is not None:
        lines.insert(0, (f"{solve} (certified integer)", str(result.integer)))
    _print_lines(lines)
    return 0


@app.command()
def verify(
    labels: Annotated[list[str] | None, typer.Argument(help="Theorems; by default all.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Within a minute: fewer instances and relations.")] = False,
    out: Annotated[Path, typer.Option("--out", help="Folder for report.html, results.json and plots.")] = Path(
        "relverify-report"
    ),
    seed: Seed = 0,
    device: Device = "auto",
    jobs: Annotated[int | None, typer.Option("--jobs", help="Processes; by default one a core.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Keep what an interrupted run has finished.")] = False,
    as_json: Json = False,
) -> int:
    """The main job: prove every theorem, build and train networks, certify their errors, write the report."""
    from relverify import api

    report = api.verify(
        labels or (), quick=quick, out=out, seed=seed, device=device, jobs=jobs, resume=resume, console=_console(True)
    )
    if as_json:
        _print_json(report.as_dict())
    else:
        _console().print(report.summary())
    return report.verdict.exit_code


@app.command()
def synthesize(
    relation: str, x: XBox, eps: Eps, y: YBox = None, out: Out = None, as_json: Json = False
) -> int:
    """Build the smallest network that can be proved to meet an error, with its certificate."""
    from relverify import api

    with _status(as_json) as progress:
        found = api.synthesize(relation, x, y, eps=eps, progress=progress)
    result = found.as_dict(found.write(out) if out is not None else None)
    if as_json:
        return _print_json(result)
    split = f"{found.n_x} + {found.n_y}, two networks" if found.n_y else "one network with itself"
    _print_lines(
        [
            ("hidden units", f"{found.N} ({split})"),
            ("features", str(found.d)),
            ("largest error", _between(found.certificate)),
            ("target", result["eps"]),
            ("needed", f"at least {found.needed} hidden units, proved"),
            *((f"{name} file", path) for name, path in result["files"].items()),
        ]
    )
    return 0


@app.command()
def train(
    relation: str,
    x: XBox,
    eps: Eps,
    y: YBox = None,
    units: Annotated[int | None, typer.Option("--units", help="Hidden units; by default the predicted number.")] = None,
    theorem: Annotated[
        str, typer.Option("--theorem", help="Which theorem predicts the size: grid-neurons, symmetric or asymmetric.")
    ] = "grid-neurons",
    seed: Seed = 0,
    init: Annotated[str, typer.Option("--init", help="uniform-knots or random-knots.")] = "uniform-knots",
    device: Device = "auto",
    out: Out = None,
    as_json: Json = False,
) -> int:
    """Train networks of the predicted size from random output weights and certify their error."""
    from relverify import api

    with _status(as_json) as progress:
        trained = api.train(
            relation,
            x,
            y,
            eps=eps,
            units=units,
            theorem=theorem,
            seed=seed,
            init=init,
            device=device,
            progress=progress,
        )
    result = {**trained.as_dict(), "files": trained.write(out) if out is not None else {}}
    if as_json:
        _print_json(result)
    else:
        _print_lines(
            [
                ("verdict", result["verdict"]),
                ("hidden units", f"{trained.units} ({trained.predicted} predicted by {trained.theorem})"),
                ("largest error", _between(trained.certificate)),
                ("target", result["eps"]),
                ("at step 0", f"error at least {result['start_lower']}; {result['start']}"),
                *((f"{name} file", path) for name, path in result["files"].items()),
            ]
        )
    return trained.verdict.exit_code


@app.command()
def new(
    label: str,
    out: Annotated[Path | None, typer.Option("--out", help="Folder; by default the theorems of the package.")] = None,
) -> int:
    """Write the file of a new theorem, a small one that already passes every check."""
    from relverify import api

    print(api.new(label, out))
    return 0


@app.command()
def certify(
    phi: Annotated[Path, typer.Argument(help="Network of x, a .safetensors file.")],
    psi: Annotated[Path | None, typer.Argument(help="Network of y; by default that of x.")] = None,
    *,
    relation: Annotated[str, typer.Option("--relation", help="r, in x and y or x1, x2, y1, y2.")],
    x: XBox,
    y: YBox = None,
    activation: Annotated[str | None, typer.Option("--activation", help="In place of the one in the files.")] = None,
    eps: Annotated[str | None, typer.Option("--eps", help="Decide whether the error is at most this.")] = None,
    within: Annotated[str | None, typer.Option("--within", help="Upper over lower bound; 1.1 without --eps.")] = None,
    memory: Annotated[float, typer.Option("--memory", help="Gigabytes.")] = 2.0,
    time_limit: Annotated[float | None, typer.Option("--time-limit", help="Seconds.")] = None,
    as_json: Json = False,
) -> int:
    """Prove the error of one or two networks over a whole domain, rounding included."""
    from relverify import api
    from relverify.certify.result import as_dict, outcome

    options: dict[str, Any] = {"eps": eps, "within": within, "memory": memory * 1e9, "time_limit": time_limit}
    with _status(as_json) as progress:
        found = api.certify(relation, phi, psi, x=x, y=y, activation=activation, progress=progress, **options)
    result = as_dict(found)
    if as_json:
        _print_json(result)
    else:
        _print_lines(
            [
                ("verdict", result["verdict"]),
                ("largest error", _between(found)),
                *([("target", result["eps"])] if found.eps is not None else []),
                ("largest found at", ", ".join(f"{float(v.p) / float(v.q):.6g}" for v in found.argmax)),
                ("reason", found.reason),
                ("pairs of cells", str(found.cells)),
                ("seconds", f"{found.seconds:.3f}"),
            ]
        )
    return outcome(found).exit_code


def _version(show: bool) -> None:
    if show:
        print(f"relverify {__version__}")
        raise typer.Exit(0)


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def run(arguments: list[str] | None = None) -> int:
    """Run a command line and return its exit code: 0 proved, 1 refuted, 2 undecided, 64 bad input."""
    try:
        code = app(args=arguments, prog_name="relverify", standalone_mode=False)
    except (InputError, MissingDependency) as error:
        return _refuse(str(error))
    except typer.TyperException as error:
        return _refuse(error.format_message())
    except (typer.Abort, KeyboardInterrupt):
        print("interrupted; what was finished is kept", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 141
    return int(code or 0)


def main() -> NoReturn:
    """Entry point of the command."""
    sys.exit(run())


def _refuse(message: str) -> int:
    print(f"relverify: {' '.join(message.split())}", file=sys.stderr)
    return USAGE


def _console(stderr: bool = False) -> Any:
    from rich.console import Console

    return Console(stderr=stderr)


def _status(quiet: bool) -> Any:
    """A spinner on standard error that shows what is being proved."""
    from contextlib import contextmanager

    @contextmanager
    def shown() -> Any:
        with _console(True).status("starting") as status:
            yield lambda text: status.update(str(text))

    return shown()


def _print_json(data: Any) -> int:
    print(json.dumps(data, ensure_ascii=False, allow_nan=False))
    return 0


def _between(certificate: VertexCertificate | MatrixCertificate) -> str:
    """The proved bounds of an error, rounded outwards to few digits."""
    from relverify.rigor.decimals import decimal_string

    if certificate.upper is None:
        return f"no finite bound: {certificate.reason}"
    low, high = decimal_string(certificate.lower, 4, "down"), decimal_string(certificate.upper, 4, "up")
    return f"between {low} and {high}, proved"


def _print_lines(lines: list[tuple[str, str]]) -> None:
    width = max(len(name) for name, _ in lines)
    for name, value in lines:
        print(f"{name:<{width}}  {value}")
