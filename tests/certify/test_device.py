"""Where products are computed: the choice, the same verdicts, and devices that round in another way."""

import os

import numpy as np
import pytest

from relverify.certify import device
from relverify.certify.device import Factor, Host, choose_device, trusted
from relverify.certify.engine import certify, matrix_certificate
from relverify.certify.matrix import pair_bounds, side
from relverify.certify.result import as_dict
from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation
from relverify.rigor.decide import Verdict

torch = pytest.importorskip("torch", reason="torch is not installed")
GAUSS = parse_relation("exp(-2*(x-y)^2)")


def network(seed, p, d, name="tanh"):
    rng = np.random.default_rng(seed)
    return MLP((rng.normal(size=(8, p)), rng.normal(size=(d, 8)) / 8), (rng.normal(size=8), rng.normal(size=d)), name)


def needs_cuda():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")


def on(monkeypatch, chosen):
    monkeypatch.setattr("relverify.certify.engine.choose_device", lambda *_: chosen)


def test_both_ways_give_the_same_entries():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(3, 5, 4, 7)), rng.normal(size=(2, 6, 3, 7))
    i, j = rng.integers(0, 5, size=9), rng.integers(0, 6, size=9)
    flat = rng.integers(0, 9 * 4 * 3, size=50)
    parts = [(0, slice(2)), (2, slice(1)), (1, 1)]
    owner = Host()
    there = list(device.Torch("cpu").entries(Factor(owner, a, i), Factor(owner, b, j), flat, parts))
    here = list(Host().entries(Factor(owner, a, i), Factor(owner, b, j), flat, parts))
    assert [v.shape for v in there] == [v.shape for v in here] == [(2, 50), (1, 50), (50,)]
    assert all(np.allclose(v, w, rtol=1e-13, atol=1e-13) for v, w in zip(there, here, strict=True))


def test_copies_are_kept_as_long_as_the_cells():
    place, owner, flat, zero = device.Torch("cpu"), Host(), np.arange(4), np.zeros(1, dtype=int)
    a = np.eye(2)[None]
    for _ in range(2):
        list(place.entries(Factor(owner, a, zero), Factor(owner, a, zero), flat))
    assert len(place._copies) == 1 and len(place._copies[owner]) == 1
    del owner
    assert len(place._copies) == 0


@pytest.mark.parametrize("name", ["cpu (torch)", "cuda"])
def test_verdicts_agree(monkeypatch, name):
    """The path through torch runs on its CPU device everywhere, and on a GPU where there is one."""
    if name == "cuda":
        needs_cuda()
    there = choose_device("cuda", 2) if name == "cuda" else device.Torch("cpu")
    phi, psi = network(1, 2, 3), network(2, 2, 3, "relu")
    relation = parse_relation("sin(x1+2*y2)*x2*y1")
    for given in ({"within": "1.2"}, {"eps": "3"}, {"eps": "1/10"}):
        here = matrix_certificate(relation, phi, psi, "[-1,1]^2", max_cells=100_000, device="cpu", **given)
        with monkeypatch.context() as patch:
            on(patch, there)
            other = matrix_certificate(relation, phi, psi, "[-1,1]^2", max_cells=100_000, **given)
        assert (here.verdict, here.reason) == (other.verdict, other.reason)
        if here.upper is None:
            assert other.upper is None and here.verdict is Verdict.REFUTED
        else:
            assert max(here.lower, other.lower) <= min(here.upper, other.upper)
            assert abs(float((here.upper - other.upper).p)) <= 1e-9 * float((here.upper - other.upper).q)
        assert here.device == "cpu" and other.device == there.name == as_dict(other)["device"]


class Backwards(Host):
    """Adds products one after the other from the last to the first, without a fused operation."""

    name = "backwards"

    def entries(self, a, b, flat, parts=device.WHOLE):
        for of_a, of_b in parts:
            left = a.array[of_a][..., a.where, :, None, :]
            right = b.array[of_b][..., b.where, None, :, :]
            total = np.add.accumulate((left * right)[..., ::-1], axis=-1)[..., -1]
            yield total.reshape(*total.shape[:-3], -1)[..., flat]


def test_any_order_of_summation_gives_valid_bounds():
    """Weights that cancel to 2**-40 of their size: what the order changes is inside the bound of the rounding."""
    rng = np.random.default_rng(5)
    w = rng.normal(size=(1, 30)) * 2.0**40
    w = np.concatenate([w, -w * (1 + 2.0**-40)], axis=1)
    phi = MLP((np.concatenate([np.ones((30, 1)), np.ones((30, 1))]), w), (np.zeros(60), np.zeros(1)), "tanh")
    psi = MLP(([[1.0]], [[1.0]]), ([0.0], [0.0]), "tanh")
    grid = np.linspace(-1, 1, 9)[:, None]
    cells = side(phi, psi, grid[:-1], grid[1:], 8), side(psi, phi, grid[:-1], grid[1:], 8)
    block = np.zeros(64, dtype=int)
    pairs = device_pairs(block)
    symbols = GAUSS.x_symbols + GAUSS.y_symbols
    bounds = [pair_bounds(GAUSS.expr, symbols, *cells, pairs, d) for d in (Host(), Backwards())]
    for one, two in (bounds, bounds[::-1]):
        # |e| at a centre is at least the computed value less its rounding
        assert np.all(np.abs(one.centre) - one.rounding <= two.bound)
    assert trusted(Host()) and trusted(Backwards()) and trusted(device.Torch("cpu"))


def device_pairs(block):
    from relverify.certify.matrix import Pairs

    row, column = np.divmod(np.arange(64), 8)
    return Pairs(np.array([0]), np.array([0]), block, row, column)


class Reduced(Host):
    """Multiplies in float32, as tensor cores do in other modes."""

    def entries(self, a, b, flat, parts=device.WHOLE):
        single = [f._replace(array=f.array.astype(np.float32).astype(np.float64)) for f in (a, b)]
        return super().entries(*single, flat, parts)


def test_a_device_of_reduced_precision_is_not_trusted():
    assert not trusted(Reduced())


def test_asking_for_cuda_without_one_is_refused():
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device here")
    for run in (matrix_certificate, certify):
        with pytest.raises(InputError, match="device: cuda is not available here"):
            run(GAUSS, network(0, 1, 2), None, "[0,1]", device="cuda")
    with pytest.raises(InputError, match="'tpu' is unknown; accepted: auto, cpu or cuda"):
        choose_device("tpu", 2)


def test_auto_without_a_gpu_is_the_cpu(monkeypatch):
    monkeypatch.setattr(device, "_plausible", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto", 6).name == choose_device("auto", 2).name == "cpu"
    found = certify(GAUSS, network(0, 1, 2), None, "[0,1]", eps="100")
    assert found.device == "cpu" and found.verdict is Verdict.PROVED


def test_emulated_products_are_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(device, "_plausible", lambda: True)
    monkeypatch.setitem(os.environ, device.EMULATION, "1")
    with pytest.raises(InputError, match="does not multiply in float64"):
        choose_device("cuda", 4)
    assert choose_device("auto", 4).name == "cpu"


def test_a_device_that_fails_the_trial_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(device, "_plausible", lambda: True)
    monkeypatch.setattr(device, "Torch", lambda _: Reduced())
    with pytest.raises(InputError, match="miss their rounding bound"):
        choose_device("cuda", 4)
    assert choose_device("auto", 4).name == "cpu"
