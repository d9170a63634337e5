"""Networks of random Fourier features for shift-invariant PSD relations (*fourier-rank*).

r(x, y) = V E cos(ξ·(x - y)) with ξ from the spectral measure: the network with the 2m sine units of m drawn
frequencies, sqrt(V/m) (cos ξ·x, sin ξ·x), has an expected error of order 1/sqrt(m). A drawn sample is no more than a
candidate: its error is certified afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from relverify.errors import InputError
from relverify.networks.mlp import MLP

MAX_FREQUENCIES = 20_000
Sampler = Callable[[np.random.Generator, int, int], np.ndarray]


def fourier_network(frequencies: np.ndarray, mass: float = 1.0) -> MLP:
    """The network of the features of given frequencies.

    Parameters
    ----------
    frequencies : ndarray, shape (m, p)
    mass : float
        V = r(x, x).

    Returns
    -------
    MLP
        One hidden layer of 2m sine units, 2m outputs.

    Examples
    --------
    >>> net = fourier_network(np.array([[0.0], [2.0]]))
    >>> phi = net(np.array([[0.25], [1.0]]))
    >>> bool(abs(phi[0] @ phi[1] - (1 + math.cos(1.5)) / 2) < 1e-15), net.hidden_units
    (True, 4)
    """
    frequencies = np.asarray(frequencies, dtype=np.float64)
    if frequencies.ndim != 2 or not 1 <= len(frequencies) <= MAX_FREQUENCIES or not np.isfinite(frequencies).all():
        raise InputError("frequencies", "is not accepted", f"shape (m, p), m from 1 to {MAX_FREQUENCIES}, finite")
    if not 0 < mass < math.inf:
        raise InputError("mass", f"{mass} is not accepted", "a number > 0")
    m = len(frequencies)
    # cos(z) = sin(z + π/2); the rounding of π/2 is certified with the network
    biases = np.concatenate([np.full(m, math.pi / 2), np.zeros(m)])
    scale = math.sqrt(mass / m)
    return MLP((np.concatenate([frequencies, frequencies]), scale * np.eye(2 * m)), (biases, np.zeros(2 * m)), "sin")


def normal(ell: float) -> Sampler:
    """The spectral measure of the Gaussian kernel exp(-|x-y|²/(2 ell²)): normal with deviation 1/ell."""
    return lambda generator, m, p: generator.standard_normal((m, p)) / ell


def student(nu: float, ell: float) -> Sampler:
    """The spectral measure of the Matérn kernel of smoothness nu: Student's t with 2 nu degrees of freedom over ell."""

    def sample(generator: np.random.Generator, m: int, p: int) -> np.ndarray:
        scale = np.sqrt(2 * nu / generator.chisquare(2 * nu, size=(m, 1)))
        return generator.standard_normal((m, p)) * scale / ell

    return sample


def drawn_network(sampler: Sampler, m: int, p: int, seed: int = 0, mass: float = 1.0) -> MLP:
    """A network of m frequencies drawn by a seed.

    Parameters
    ----------
    sampler : callable
        Given a generator, m and p, draws frequencies of shape (m, p): :func:`normal`, :func:`student`, or your own.
    m, p : int
        Frequencies, and numbers a side.
    seed : int
    mass : float
        V = r(x, x).

    Examples
    --------
    >>> drawn_network(normal(0.5), 8, 2, seed=1).widths
    (16,)
    """
    if not 1 <= m <= MAX_FREQUENCIES:
        raise InputError("m", f"{m} is out of range", f"1 to {MAX_FREQUENCIES}")
    return fourier_network(sampler(np.random.default_rng(seed), m, p), mass)
