"""What the package's errors have in common: one sentence that names the thing and the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UsageError(ValueError):
    """Something was asked for that cannot be meant so; the command line ends with status 2 on it, not 1."""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """A clause that says what there is instead of `name`.

    >>> unknown("key", "n_layers", ["n_head", "n_layer"])
    "there is no key 'n_layers'; did you mean 'n_layer'?"
    """
    known = list(known)
    near = difflib.get_close_matches(name.replace("-", "_"), known, n=1, cutoff=0.5)
    near = near or difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"there is no {kind} {name!r}; " + (
        f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
    )
