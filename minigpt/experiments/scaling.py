"""A scaling law for the loss, fitted to training curves. Chapter 15.

The form is that of Hoffmann et al. (2022): with N parameters, after D tokens, loss = E + A / N^a + B / D^b.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np


class Law(NamedTuple):
    """loss(N, D) = E + A / N^a + B / D^b, N and D in millions, the loss in nats a token."""

    E: float  # what no model can get below
    A: float
    a: float
    B: float
    b: float
    error: float  # the root mean square of what is left over

    def loss(self, millions: float, tokens: float) -> float:
        """What the law says of a model with so many million parameters after so many million tokens."""
        return self.E + self.A * millions**-self.a + self.B * tokens**-self.b


def fit_law(points: Iterable[tuple[float, float, float]]) -> Law:
    """The law that comes nearest to the points (N, D, loss), by least squares; E, A and B are not negative.

    For given exponents the law is a straight sum, so the exponents are tried on a grid and the rest is solved for.

    >>> law = fit_law([(n, d, 0.5 + n**-0.5 + 2 / d) for n in (1, 2, 4) for d in (1, 3, 9)])
    >>> round(law.E, 3), round(law.a, 2), round(law.b, 2)
    (0.5, 0.5, 1.0)
    """
    from scipy.optimize import nnls

    n, d, loss = np.array(list(points), dtype=float).T
    best = Law(0.0, 0.0, 0.0, 0.0, 0.0, np.inf)
    for a in np.arange(0.05, 1.51, 0.05):
        for b in np.arange(0.05, 1.51, 0.05):
            (E, A, B), left = nnls(np.stack([np.ones_like(n), n**-a, d**-b], axis=1), loss)
            error = left / np.sqrt(len(loss))
            if error < best.error - 1e-12:
                best = Law(*map(float, (E, A, round(a, 2), B, round(b, 2), error)))
    return best
