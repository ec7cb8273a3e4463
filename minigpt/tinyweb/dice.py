"""Chance, the same on every machine and every Python: only `random.Random(seed).random()`, never `choice` or `shuffle`.

How the standard library turns random numbers into choices has changed between versions; the stream of `random()` itself
is promised to stay. So every pick in tinyweb goes through this one small class.
"""

from __future__ import annotations

import random
from collections.abc import Sequence


class Dice:
    """A seeded source of picks.

    >>> Dice(1).pick(["soup", "jam", "toast"]) == Dice(1).pick(["soup", "jam", "toast"])
    True
    """

    def __init__(self, seed: int):
        self.random = random.Random(seed).random  # a number in [0, 1)

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1."""
        return int(self.random() * n)

    def pick(self, items: Sequence):
        """One of the items."""
        return items[int(self.random() * len(items))]

    def chance(self, p: float) -> bool:
        """True with probability p."""
        return self.random() < p

    def some(self, items: Sequence, k: int) -> list:
        """k different items, in the order in which they were drawn."""
        rest = list(items)
        for i in range(k):
            j = i + int(self.random() * (len(rest) - i))
            rest[i], rest[j] = rest[j], rest[i]
        return rest[:k]

    def combination(self, split: str, *sizes: int, last: int | None = None) -> tuple[int, ...]:
        """Indexes, one below each size (and then `last`, if given), drawn until they belong to the split."""
        wanted = split == "test"
        fixed = () if last is None else (last,)
        while True:
            key = tuple([int(self.random() * size) for size in sizes]) + fixed
            if held_out(key) == wanted:
                return key


def held_out(key: tuple[int, ...], one_in: int = 10) -> bool:
    """Whether a combination of indexes (say person, thing, town) is kept for the test split: about one in `one_in` is.

    Plain arithmetic, scrambled enough that no part of the key gives it away: each name, thing and town occurs on both
    sides, only their combinations are apart.

    >>> sum(held_out((a, b, 3)) for a in range(100) for b in range(100)) // 100
    10
    """
    state = 17
    for part in key:
        state = (state * 1103 + part * part * 7 + part * 31 + 389) % 9973
    return state % one_in == 0
