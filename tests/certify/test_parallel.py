"""Threads: order of results, the same bounds for any number of them, memory that stays within what was asked."""

import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from relverify.certify import parallel, subdivide
from relverify.certify.engine import matrix_certificate
from relverify.certify.parallel import Pool, choose_threads, cores
from relverify.errors import InputError
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation


def network(seed, p, d, name, width=12):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(width, p)), rng.normal(size=(d, width)) / width
    return MLP(weights, (rng.normal(size=width), rng.normal(size=d)), name)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order(threads):
    with Pool(threads) as pool:
        for count in (0, 1, 2, 3, 40):
            assert list(pool.map(lambda k: k * k, iter(range(count)))) == [k * k for k in range(count)]


def test_work_is_done_by_other_threads_and_not_all_at_once():
    begun = []

    def work(k):
        begun.append(threading.current_thread().name)
        return k

    with Pool(2) as pool:
        results = pool.map(work, range(100))
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        results.close()
    assert len(begun) <= 3 + 2 * 2 and all(name.startswith("relverify") for name in begun)


def test_an_error_in_a_thread_is_raised_once_it_is_reached():
    with Pool(2) as pool, pytest.raises(ZeroDivisionError):
        list(pool.map(lambda k: 1 // (3 - k), range(10)))


def test_threads_with_other_arithmetic_are_refused(monkeypatch):
    monkeypatch.setattr(parallel, "check_arithmetic", lambda: False)
    with Pool(2) as pool, pytest.raises(InputError, match="IEEE 754"):
        list(pool.map(abs, range(10)))


def test_bad_numbers_of_threads_are_refused():
    assert choose_threads(None) == cores() and choose_threads(3) == 3
    for bad in (0, -1, 2000, 1.5, True, "2"):
        with pytest.raises(InputError, match="threads"):
            choose_threads(bad)


@pytest.mark.parametrize(("p", "text", "within"), [(1, "exp(-2*(x-y)^2)", "1.00001"), (2, "sin(x1+2*y2)*x2*y1", "1.1")])
def test_bounds_do_not_depend_on_the_number_of_threads(p, text, within, monkeypatch):
    monkeypatch.setattr(subdivide, "CHUNK", 256)
    phi, psi = network(1, p, 4, "tanh"), network(2, p, 4, "relu")
    box = "[-1,1]" if p == 1 else "[-1,1]^2"
    found = [
        matrix_certificate(parse_relation(text), phi, psi, box, within=within, max_cells=30_000, threads=t)
        for t in (1, 2, 3)
    ]
    assert len({(f.upper, f.lower, f.argmax, f.cells, f.reason) for f in found}) == 1
    assert found[0].cells > 4 * 256


MEASURE = """
import sys
import numpy as np
from relverify.certify.engine import matrix_certificate
from relverify.networks.mlp import MLP
from relverify.relations.parse import parse_relation

rng = np.random.default_rng(0)
draw = lambda *shape: rng.normal(size=shape)
nets = [MLP((draw(16, 2), draw(6, 16) / 16), (draw(16), draw(6)), "tanh") for _ in range(2)]
relation = parse_relation("cos(12*x1+11*y1)*cos(9*x2-12*y2)")  # large at many points
run = lambda cells: matrix_certificate(relation, *nets, "[-1,1]^2", within="1.0001", max_cells=cells, threads=2,
                                       memory=float(sys.argv[1]))

def peak():  # of this program alone: ru_maxrss begins at the peak of the process that started it
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))

run(5000)
base = peak()
found = run(int(sys.argv[2]))
print(peak() - base, found.cells)
"""


def taken(limit, cells):
    """Peak memory that a search takes beyond the libraries and a first small search, in bytes."""
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc/self/status, which is not here")
    text = subprocess.run(
        [sys.executable, "-c", MEASURE, str(limit), str(cells)], capture_output=True, text=True, check=True
    ).stdout
    size, done = (int(v) for v in text.split())
    assert done >= cells
    return size * 1024


def test_memory_stays_within_the_limit():
    assert taken(30e6, 1_000_000) <= 30e6


@pytest.mark.slow
def test_memory_is_used_where_it_is_allowed():
    """The limit binds: the same search takes more than it when it may."""
    assert taken(30e6, 3_000_000) <= 30e6 < taken(2e9, 3_000_000)
