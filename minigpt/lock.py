"""A lock that two processes cannot both hold, and that a killed one does not leave behind."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt


class Locked(Exception):
    """Another process holds the lock."""


@contextmanager
def locked(path: str | os.PathLike) -> Iterator[None]:
    """Holds the lock file `path`, or raises `Locked` at once. The operating system lets go of it when the process ends,
    however it ends; the empty file itself stays, for to remove it would let two in."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise Locked(os.fspath(path)) from error
        yield
    finally:
        os.close(file)
