"""Monomials of degree at most three in the scaled coordinates of a cell, and how products of them are collected."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

DEGREE = 3


@dataclass(frozen=True)
class Monomials:
    """Index tables; a polynomial is an array with the monomials on its first axis, lower degrees first.

    Parameters
    ----------
    variables : int
        p.
    words : tuple of tuple of int
        Each monomial as the non-decreasing sequence of its variables: (0, 0, 1) is t0^2 t1.
    """

    variables: int
    words: tuple[tuple[int, ...], ...]

    def __len__(self) -> int:
        return len(self.words)

    def of_degree(self, degree: int) -> slice:
        """Where the monomials of a degree stand."""
        return self._slices[degree]

    @functools.cached_property
    def _slices(self) -> tuple[slice, ...]:
        degrees = [len(word) for word in self.words]
        starts = [degrees.index(degree) for degree in range(DEGREE + 1)]
        return tuple(slice(a, b) for a, b in zip(starts, [*starts[1:], len(degrees)], strict=True))

    def index(self, word: tuple[int, ...]) -> int:
        """Where a product of variables, in any order, stands."""
        return self.words.index(tuple(sorted(word)))

    def multiply(self, a: np.ndarray, b: np.ndarray, degree_a: int, degree_b: int) -> np.ndarray:
        """Product of two homogeneous polynomials, as the array of the monomials of degree_a + degree_b."""
        if self.variables == 1:
            return a * b
        of_a, of_b = self.of_degree(degree_a), self.of_degree(degree_b)
        target = self.of_degree(degree_a + degree_b)
        result = np.zeros((target.stop - target.start, *np.broadcast_shapes(a.shape[1:], b.shape[1:])))
        for i, word_a in enumerate(self.words[of_a]):
            for j, word_b in enumerate(self.words[of_b]):
                result[self.index(word_a + word_b) - target.start] += a[i] * b[j]
        return result


@functools.cache
def monomials(variables: int) -> Monomials:
    """The monomials in p variables.

    Examples
    --------
    >>> monomials(2).words[:6], len(monomials(3))
    (((), (0,), (1,), (0, 0), (0, 1), (1, 1)), 20)
    """
    words = [w for degree in range(DEGREE + 1) for w in combinations_with_replacement(range(variables), degree)]
    return Monomials(variables, tuple(words))
