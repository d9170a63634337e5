"""Certificates: files that prove the error of networks to whoever checks them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from relverify.errors import InputError


def check(path: str | Path) -> dict[str, Any]:
    """Check a certificate that :func:`relverify.api.certify` has written; nothing that a search computed is trusted.

    Parameters
    ----------
    path : path
        A file of at most 256 MB.

    Returns
    -------
    dict
        ``verdict``: "proved", "refuted", "undecided", or "rejected" with the ``reason``. Else also ``relation``,
        ``source``, ``lower``, ``upper``, ``eps``, the boxes ``x`` and ``y``, the number of ``cells``, and the hashes of
        the networks, ``phi`` and ``psi``.

    Raises
    ------
    InputError
        If the file cannot be read, or is no certificate.

    Examples
    --------
    >>> import tempfile, relverify
    >>> net = relverify.MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "tanh")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = folder + "/product.cert"
    ...     _ = relverify.certify("x*y", net, x="[-1,1]", eps="1/2", out=path)
    ...     check(path)["verdict"]
    'proved'
    """
    from relverify.certify.certificate import check_certificate

    result = check_certificate(path)
    if result["verdict"] == "malformed":
        raise InputError("certificate", result["reason"], "a file that certify --out has written")
    return result
