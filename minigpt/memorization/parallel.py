"""Several processes that fill one filter, or ask one: the memory is that of the filter, whatever their number."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from minigpt.errors import UsageError
from minigpt.memorization.bloom import BloomFilter
from minigpt.memorization.compare import Piece


def cores() -> int:
    """How many processes can work at a time here."""
    if not can_fork():
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def can_fork() -> bool:
    """Whether a process can share its memory with those that it starts; on Windows it cannot."""
    return "fork" in multiprocessing.get_all_start_methods()


def check_processes(processes: int) -> None:
    """Raises UsageError unless that many processes can share a filter here."""
    if isinstance(processes, bool) or not isinstance(processes, int) or processes < 1:
        raise UsageError(f"processes must be a whole number from 1, not {processes!r}")
    if processes > 1 and not can_fork():
        raise UsageError("this system lets no processes share a filter; leave --processes out")


class SharedFilter(BloomFilter):
    """A filter whose bits lie in memory that forked processes share. A row is locked while bits are set in it.

    Without the lock two processes could read a byte, each set its bit, and the second to write would undo the first.
    """

    def __init__(self, capacity: int, error_rate: float, about: str = ""):
        super().__init__(capacity, error_rate, about)
        shape = self.bits.shape
        self.bits = np.frombuffer(mmap.mmap(-1, self.bits.nbytes), dtype=np.uint8).reshape(shape)
        self.locks = [multiprocessing.get_context("fork").Lock() for _ in range(self.n_rows)]

    def set_bits(self, row: int, byte: np.ndarray, mask: np.ndarray) -> None:
        with self.locks[row]:
            super().set_bits(row, byte, mask)


_given: tuple = ()  # in a worker: what each task is called with first


def _begin(given: tuple) -> None:
    global _given
    _given = given
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's matter


def _run(task: Callable, batch: Sequence[Piece], n: int):
    return task(*_given, batch, n)


def run(task: Callable, batches: Iterable[Sequence[Piece]], n: int, processes: int = 1, given: tuple = ()) -> Iterator:
    """What task(*given, batch, n) returns for each batch, in order. A few batches are under way at a time, not all.

    Args:
        given: what the processes share, for example a `SharedFilter`; it is not copied.

    Raises:
        ChildProcessError: a process ended early, for lack of memory perhaps.
    """
    if processes == 1:
        yield from (task(*given, batch, n) for batch in batches)
        return
    from concurrent.futures import ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool

    fork, waiting = multiprocessing.get_context("fork"), deque()
    try:
        with ProcessPoolExecutor(processes, mp_context=fork, initializer=_begin, initargs=(given,)) as pool:
            for batch in batches:
                waiting.append(pool.submit(_run, task, batch, n))
                if len(waiting) > 2 * processes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
    except BrokenProcessPool:
        raise ChildProcessError("a worker process ended early (out of memory?); take fewer --processes") from None
