"""Networks: built, trained, certified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relverify.api.reading import parse_box
from relverify.api.reading import relation as read_relation

if TYPE_CHECKING:
    from relverify.certify.result import ExecutedCertificate, MatrixCertificate
    from relverify.certify.vertex import VertexCertificate
    from relverify.core.box import Box
    from relverify.networks.ensemble import Smallest
    from relverify.networks.mlp import MLP
    from relverify.networks.synthesize import Synthesis
    from relverify.networks.train import Trained
    from relverify.relations.relation import Relation


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

    result = run(read_relation(relation), parse_box(x), y and parse_box(y, "y"), eps=eps, progress=progress)
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
    precision: str = "float64",
) -> Trained:
    """Train networks of the predicted size and certify their error; see :func:`relverify.networks.train.train`."""
    from relverify.networks.train import train as run

    x_box = parse_box(x, "x")
    return run(
        read_relation(relation),
        x_box,
        parse_box(y, "y") if y is not None else None,
        eps=eps,
        units=units,
        theorem=theorem,
        seed=seed,
        init=init,
        device=device,
        progress=progress,
        precision=precision,
    )


def smallest(
    relation: str | Relation,
    x: str | Box,
    y: str | Box | None = None,
    *,
    eps: Any,
    start: Trained | None = None,
    time_limit: float = 120.0,
    **options: Any,
) -> Smallest | None:
    """Search the smallest size at which training is proved to reach an error.

    Parameters
    ----------
    relation : str or Relation
        Of one number each side.
    x, y : str or Box
        `y` defaults to `x`.
    eps : exact number
    start : Trained, optional
        A result of :func:`train` to start from.
    time_limit : float
        Seconds after which no further size is tried.
    **options
        ``theorem``, ``seed``, ``device``, ``members`` and ``progress`` of :func:`relverify.networks.ensemble.smallest`.

    Returns
    -------
    Smallest or None
        None if the size to start from is not proved.
    """
    from relverify.networks.ensemble import smallest as run

    boxes = parse_box(x, "x"), parse_box(y, "y") if y is not None else None
    return run(read_relation(relation), *boxes, eps=eps, start=start, time_limit=time_limit, **options)


def certify(
    relation: str | Relation,
    phi: MLP | str | Path,
    psi: MLP | str | Path | None = None,
    *,
    x: str | Box,
    y: str | Box | None = None,
    activation: str | None = None,
    out: str | Path | None = None,
    **options: Any,
) -> MatrixCertificate | VertexCertificate | ExecutedCertificate:
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
    out : path, optional
        A file for the certificate, which :func:`relverify.api.check` and the independent checker check. It takes
        longer than the search; ``time_limit`` holds for each of the two.
    **options
        ``eps``, ``within``, ``memory``, ``time_limit``, ``max_cells``, ``progress``, ``threads`` and ``device`` of
        :func:`relverify.certify.engine.matrix_certificate`, and ``semantics``: ``"real"``, ``"float32"`` or
        ``"float64"``.

    Returns
    -------
    MatrixCertificate, VertexCertificate or ExecutedCertificate
        The last for executions. With ``upper``, ``lower``, ``argmax``, ``cells``, ``seconds``, ``verdict``, ``reason``.

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
    given = read_relation(relation)
    if out is None:
        return run(given, first, second, *boxes, **options)
    from relverify.certify.certificate import certificate, require_writable, write_certificate

    require_writable(out, given, first, first if second is None else second, options.get("semantics", "real"))
    found = run(given, first, second, *boxes, **options)
    shared = {key: options[key] for key in ("within", "progress", "time_limit") if key in options}
    write_certificate(out, certificate(found, given, first, second, *boxes, **shared))
    return found
