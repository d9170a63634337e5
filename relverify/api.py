"""The library behind the command: one function a command, with the same results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relverify.core.registry import theorem, theorems
from relverify.errors import InputError

if TYPE_CHECKING:
    from relverify.campaign.run import Report
    from relverify.certify.result import MatrixCertificate
    from relverify.certify.vertex import VertexCertificate
    from relverify.core.box import Box
    from relverify.core.evaluate import Enclosure
    from relverify.networks.mlp import MLP
    from relverify.networks.synthesize import Synthesis
    from relverify.networks.train import Trained
    from relverify.relations.relation import Relation

__all__ = [
    "bound",
    "certify",
    "list_theorems",
    "new",
    "parse_box",
    "relation",
    "show",
    "synthesize",
    "theorem",
    "train",
    "verify",
]


def list_theorems() -> list[dict[str, Any]]:
    """The table of theorems: label, title, status, sense, sharp, constructive.

    Examples
    --------
    >>> import relverify
    >>> "perturbation" in {row["label"] for row in relverify.list_theorems()}
    True
    """
    return [record.summary() for record in theorems().values()]


class BoundResult(dict[str, Any]):
    """The value of a bound: a mapping, equal to the JSON of the command, with its keys as attributes.

    Keys: ``label``, ``solved_for``, ``parameters``, ``value``, ``lo``, ``hi`` (decimal strings, the true value lies in
    [lo, hi]), ``integer`` (the certified count, or None), ``guarantee``, ``mpmath`` (the second opinion, which lies
    inside), ``digits``.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def bound(
    label: str,
    values: Mapping[str, Any] | None = None,
    /,
    *,
    solve: str | None = None,
    digits: int = 50,
    relation: str | Relation | None = None,
    x: str | Box | None = None,
    y: str | Box | None = None,
    **named: Any,
) -> BoundResult:
    """Evaluate the bound of a theorem, or the theorem solved for a resource.

    Parameters
    ----------
    label : str
        The theorem.
    values : mapping, optional
        Exact values by the ASCII names of the symbols, as keywords too.
    solve : str, optional
        The symbol to solve for, for instance ``"n"``.
    digits : int
        Correct significant digits.
    relation : str or Relation, optional
        Computes the constants that the theorem asks of a relation.
    x, y : str or Box, optional
        The boxes of the relation; `y` defaults to `x`.

    Returns
    -------
    BoundResult

    Raises
    ------
    InputError
        If a value is missing, not exact, unknown or outside the hypotheses.

    Examples
    --------
    >>> import relverify
    >>> relverify.bound("grid-neurons", L=1, M=4, eps="1e-4", solve="n").integer
    100
    >>> relverify.bound("grid-neurons", relation="gaussian(ell=1/2)", x="[0,1]", eps="1e-3", solve="n").integer
    32
    """
    from relverify.rigor.exact import exact

    record = theorem(label)
    function = record.resource(solve) if solve else record.bound
    given: dict[str, Any] = {**(values or {}), **named}
    if relation is not None:
        given = {**_constants(record, function, relation, x, y, given), **given}
    result = function.evaluate(digits, given)
    return BoundResult(
        label=label,
        solved_for=solve,
        parameters={name: str(exact(value, name)) for name, value in given.items()},
        value=result.value,
        lo=result.lo,
        hi=result.hi,
        integer=function.count(given),
        guarantee="enclosed",
        mpmath=_decimal(result),
        digits=digits,
    )


def _decimal(result: Enclosure) -> str:
    import mpmath

    return str(mpmath.nstr(result.mpmath, result.shown, strip_zeros=True))


def _constants(
    record: Any, function: Any, text: str | Relation, x: str | Box | None, y: str | Box | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    from relverify.relations.properties import constants

    if x is None:
        raise InputError("x", "has no value", 'a box such as "[0,1]" for the relation')
    x_box = parse_box(x, "x")
    y_box = parse_box(y, "y") if y is not None else x_box
    wanted = {s.name for s in function.symbols} - set(given)
    return constants(record, globals()["relation"](text), x_box, y_box, wanted)


def relation(text: str | Relation) -> Relation:
    """Read a relation; see :func:`relverify.relations.parse.parse_relation`.

    Examples
    --------
    >>> import relverify
    >>> relverify.relation("brownian").psd
    True
    """
    from relverify.relations import parse_relation

    return parse_relation(text)


def parse_box(text: str | Box, argument: str = "x") -> Box:
    """Read a box; see :func:`relverify.core.box.parse_box`."""
    from relverify.core.box import parse_box as read

    return read(text, argument)


def show(label: str) -> dict[str, Any]:
    """Everything about a theorem, as the JSON of ``relverify show``.

    Examples
    --------
    >>> import relverify
    >>> relverify.show("perturbation")["sense"]
    'upper'
    """
    from relverify.core.render import as_json

    return as_json(theorem(label))


def synthesize(
    relation: str | Relation,
    x: str | Box,
    y: str | Box | None = None,
    *,
    eps: Any,
    out: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Synthesis:
    """Build the smallest inner-product network that can be proved to meet an error.

    Parameters
    ----------
    relation : str or Relation
        Of one number each side.
    x, y : str or Box
        `y` defaults to `x`.
    eps : exact number
        The error, > 0.
    out : path, optional
        A folder for the networks and the certificate.
    progress : callable, optional
        Receives one line a step.

    Returns
    -------
    Synthesis
    """
    from relverify.networks.synthesize import synthesize as run

    result = run(globals()["relation"](relation), parse_box(x), y and parse_box(y, "y"), eps=eps, progress=progress)
    if out is not None:
        result.write(out)
    return result


def train(
    relation: str | Relation,
    x: str | Box,
    y: str | Box | None = None,
    *,
    eps: Any,
    units: int | None = None,
    theorem: str = "grid-neurons",
    seed: int = 0,
    init: str = "uniform-knots",
    device: str = "auto",
    progress: Callable[[str], None] | None = None,
) -> Trained:
    """Train networks of the predicted size and certify their error; see :func:`relverify.networks.train.train`."""
    from relverify.networks.train import train as run

    x_box = parse_box(x, "x")
    return run(
        globals()["relation"](relation),
        x_box,
        parse_box(y, "y") if y is not None else None,
        eps=eps,
        units=units,
        theorem=theorem,
        seed=seed,
        init=init,
        device=device,
        progress=progress,
    )


def certify(
    relation: str | Relation,
    phi: MLP | str | Path,
    psi: MLP | str | Path | None = None,
    *,
    x: str | Box,
    y: str | Box | None = None,
    activation: str | None = None,
    **options: Any,
) -> MatrixCertificate | VertexCertificate:
    """Prove how large sup|r - <phi, psi>| is, from both sides, rounding included.

    Parameters
    ----------
    relation : str or Relation
    phi, psi : MLP or path
        Networks of x and y, or their files; without `psi`, phi on both sides.
    x, y : str or Box
        Boxes with as many sides as the networks have inputs; `y` defaults to `x`.
    activation : str, optional
        For files, in place of the one that they name.
    **options
        ``eps``, ``within``, ``memory``, ``time_limit``, ``max_cells`` and ``progress`` of
        :func:`relverify.certify.engine.matrix_certificate`.

    Returns
    -------
    MatrixCertificate or VertexCertificate
        With ``upper``, ``lower``, ``argmax``, ``cells``, ``seconds``, ``verdict`` and ``reason``.

    Examples
    --------
    >>> import relverify
    >>> net = relverify.MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "tanh")
    >>> str(relverify.certify("x*y", net, x="[-1,1]", eps="1/2").verdict)
    'proved'
    """
    from relverify.certify.engine import certify as run
    from relverify.networks.files import load
    from relverify.networks.mlp import MLP

    first = phi if isinstance(phi, MLP) else load(phi, activation, "phi")
    second = psi if psi is None or isinstance(psi, MLP) else load(psi, activation, "psi")
    boxes = parse_box(x, "x"), None if y is None else parse_box(y, "y")
    return run(globals()["relation"](relation), first, second, *boxes, **options)


def verify(labels: list[str] | tuple[str, ...] = (), **options: Any) -> Report:
    """Run the main job; see :func:`relverify.campaign.run.verify`."""
    from relverify.campaign.run import verify as run

    return run(labels, **options)


def new(label: str, folder: str | Path | None = None) -> Path:
    """Write the template of a new theorem; see :func:`relverify.core.template.new`."""
    from relverify.core.template import new as run

    return run(label, folder)
