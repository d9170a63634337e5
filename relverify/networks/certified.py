"""A folder with networks and the record of what was proved about them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from relverify.networks.files import make_folder, save, write_atomically
from relverify.networks.mlp import MLP


def write_certified(
    directory: str | os.PathLike[str],
    phi: MLP,
    psi: MLP | None,
    record: Mapping[str, Any],
    certificate: Mapping[str, Any] | None = None,
) -> dict[str, str]:
    """Write networks, the record and the certificate; the folder is made if needed, each file appears atomically.

    Parameters
    ----------
    directory : path
    phi : MLP
    psi : MLP or None
        None means phi on both sides; then only one file is written.
    record : mapping
        JSON values: relation, boxes, bounds; the digests of the networks are added.
    certificate : mapping, optional
        Of :func:`relverify.certify.certificate.certificate`, which ``relverify check`` checks.

    Returns
    -------
    dict
        Names (phi, psi, record, certificate) to paths.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    folder = make_folder(directory)
    networks = {"phi": phi} | ({} if psi is None else {"psi": psi})
    files, digests = {}, {}
    for name, network in networks.items():
        path = save(network, folder / f"{name}.safetensors")
        files[name] = str(path)
        digests[path.name] = {
            "file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "network_sha256": network.digest(),
            "hidden_units": network.hidden_units,
        }
    content = {**record, "semantics": "exact-real", "networks": digests}
    content.pop("files", None)
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    files["record"] = str(write_atomically(folder / "record.json", text.encode(), "out"))
    if certificate is not None:
        from relverify.certify.certificate import write_certificate

        files["certificate"] = str(write_certificate(folder / "certificate.json.gz", dict(certificate)))
    return files
