"""Exchange with torch."""

import numpy as np
import pytest

from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.networks.torch_io import from_torch, to_torch

torch = pytest.importorskip("torch", reason="torch is not installed")
NET = MLP(([[1.0], [0.1]], [[1.0, -2.0], [3.0, 0.3]]), ([0.0, -0.5], [1e-300, 2.0]))


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "identity"])
def test_round_trip_is_bit_for_bit(activation):
    net = MLP(NET.weights, NET.biases, activation)
    module = to_torch(net)
    assert from_torch(module) == net
    x = np.linspace(-1, 1, 7)[:, None]
    assert np.allclose(module(torch.from_numpy(x)).detach().numpy(), net(x), atol=1e-14)


def test_float32_modules_are_converted_exactly():
    module = torch.nn.Sequential(torch.nn.Linear(1, 3, bias=False), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    net = from_torch(module)
    assert net.hidden_units == 3 and not net.biases[0].any()
    assert (net.weights[1] == module[2].weight.detach().double().numpy()).all()


def test_module_does_not_share_memory():
    module = to_torch(NET)
    with torch.no_grad():
        module[0].weight.fill_(7.0)
    assert NET.weights[0][0, 0] == 1.0


@pytest.mark.parametrize(
    "module",
    [
        torch.nn.Linear(1, 1),
        torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.GELU(), torch.nn.Linear(1, 1)),
        torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.ReLU()),
        torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)),
        torch.nn.Sequential(
            *[
                torch.nn.Linear(1, 1),
                torch.nn.ReLU(),
                torch.nn.Linear(1, 1),
                torch.nn.Tanh(),
                torch.nn.Linear(1, 1),
            ]
        ),
    ],
)
def test_other_modules_are_refused(module):
    with pytest.raises(InputError, match="network: "):
        from_torch(module)


def test_activations_without_module_are_refused():
    with pytest.raises(InputError, match="has activation square; accepted: relu, tanh"):
        to_torch(MLP(NET.weights, NET.biases, "square"))
