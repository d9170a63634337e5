"""Attention heads of given transformers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from relverify.attention.audit import Audit


def audit(
    model: str | Path,
    config: str | Path,
    *,
    inputs: str | Path | None = None,
    ball: str | None = None,
    eps: Any = "1/10",
    offsets: Sequence[int] | None = None,
    out: str | Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Audit:
    """Audit every attention head of a transformer as a relation; see :func:`relverify.attention.audit.audit`.

    Parameters
    ----------
    model, config : path
        Its ``.safetensors`` file, or the index of a sharded one, and its ``config.json``.
    inputs : path, optional
        Inputs of attention, in place of the image of the norm before each layer.
    ball : exact number, optional
        The radius of a ball of inputs.
    eps : exact number
        How far attention may move, and the weight that keys which are not selected may keep.
    offsets : sequence of int, optional
        With rotary positions, how many places the key stands before the query.
    out : path, optional
        A folder for the report, the JSON and the heat maps.
    progress : callable, optional
        Receives one line a layer.

    Returns
    -------
    Audit
        With ``heads``, ``verdict``, ``as_dict`` and ``write``.
    """
    from relverify.attention.audit import OFFSETS
    from relverify.attention.audit import audit as run

    options: dict[str, Any] = {"inputs": inputs, "ball": ball, "eps": eps, "progress": progress}
    found = run(model, config, offsets=OFFSETS if offsets is None else offsets, **options)
    if out is not None:
        found.write(out)
    return found
