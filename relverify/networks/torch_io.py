"""Exchange with torch: an :class:`MLP` as ``torch.nn.Sequential`` and back; torch is imported on use only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from relverify.errors import InputError, MissingDependency
from relverify.networks.mlp import MLP

if TYPE_CHECKING:
    import torch

_MODULES = {"relu": "ReLU", "tanh": "Tanh", "sigmoid": "Sigmoid", "identity": "Identity"}
_ACCEPTED = "torch.nn.Sequential(Linear, activation, Linear, ...) with one kind of activation"


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingDependency("torch", "torch") from error
    return torch


def to_torch(mlp: MLP) -> torch.nn.Sequential:
    """Network as a float64 ``torch.nn.Sequential`` of Linear layers and activations, weights bit for bit.

    Parameters
    ----------
    mlp : MLP

    Returns
    -------
    torch.nn.Sequential

    Raises
    ------
    MissingDependency
        If torch is not installed.
    InputError
        If the activation has no exact counterpart in the table of modules.
    """
    torch = _torch()
    if mlp.activation not in _MODULES:
        raise InputError("network", f"has activation {mlp.activation}", ", ".join(_MODULES))
    modules: list[Any] = []
    for w, b in zip(mlp.weights, mlp.biases, strict=True):
        if modules:
            modules.append(getattr(torch.nn, _MODULES[mlp.activation])())
        linear = torch.nn.utils.skip_init(torch.nn.Linear, w.shape[1], w.shape[0], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(w.copy()))
            linear.bias.copy_(torch.from_numpy(b.copy()))
        modules.append(linear)
    return torch.nn.Sequential(*modules)


def from_torch(sequential: torch.nn.Sequential) -> MLP:
    """Network read from a ``torch.nn.Sequential``; every weight is converted to float64 exactly.

    Parameters
    ----------
    sequential : torch.nn.Sequential
        Linear layers with one kind of activation (ReLU, Tanh, Sigmoid or Identity) between each two.

    Returns
    -------
    MLP

    Raises
    ------
    InputError
        If the modules are anything else.
    MissingDependency
        If torch is not installed.
    """
    torch = _torch()
    if not isinstance(sequential, torch.nn.Sequential):
        raise InputError("network", f"is a {type(sequential).__name__}", _ACCEPTED)
    names = {module: name for name, module in _MODULES.items()}
    weights, biases, activations = [], [], set()
    for position, module in enumerate(sequential):
        kind = type(module).__name__
        if position % 2 == 0 and isinstance(module, torch.nn.Linear):
            weights.append(module.weight.detach().cpu().to(torch.float64).numpy())
            bias = module.bias
            biases.append(np.zeros(module.out_features) if bias is None else bias.detach().cpu().double().numpy())
        elif position % 2 == 1 and kind in names and position + 1 < len(sequential):
            activations.add(names[kind])
        else:
            raise InputError("network", f"has {kind} at position {position}", _ACCEPTED)
    if len(activations) > 1:
        raise InputError("network", f"mixes {' and '.join(sorted(activations))}", _ACCEPTED)
    return MLP(tuple(weights), tuple(biases), activations.pop() if activations else "relu")
