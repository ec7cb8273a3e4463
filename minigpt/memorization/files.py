"""All of it for files: what the command `minigpt overlap` does. Text is streamed; the memory is that of the filter."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from minigpt.errors import UsageError
from minigpt.memorization.bloom import BloomFilter, rows_for
from minigpt.memorization.compare import (
    Overlap,
    Piece,
    batches,
    check_kind,
    count_batch,
    fill_batch,
    find_batch,
    about_ngrams,
    merge,
)
from minigpt.memorization.ngrams import check_n
from minigpt.memorization.parallel import SharedFilter, check_processes, run
from minigpt.memorization.texts import find_files, read_documents

SHOWN = 20  # words of a run that a table shows


@dataclass
class Comparison:
    """What came of a run."""

    known: BloomFilter
    train_files: list[str]  # empty if a saved filter was taken
    train_ngrams: int  # all of them, repeated ones each time; 0 if a saved filter was taken
    tests: dict[str, Overlap]  # by file
    broken: Counter  # lines that are no JSON with a text, by file

    def to_dict(self) -> dict:
        known, different = self.known, self.known.expected_keys()
        n = next(iter(self.tests.values())).n
        return {
            "n": n,
            "filter": {
                "capacity": known.capacity, "error_rate": known.error_rate, "rows": known.n_rows,
                "bytes": known.bits.nbytes, "different_ngrams": None if math.isinf(different) else round(different),
                "expected_error": float(f"{known.expected_error():.3g}"), "warning": known.warning(),
            },
            "train": {"files": self.train_files, "ngrams": self.train_ngrams},
            "broken_lines": dict(self.broken),
            "tests": {name: to_dict(found) for name, found in self.tests.items()},
        }  # fmt: skip


def to_dict(found: Overlap) -> dict:
    """An overlap as JSON has it."""
    return {
        "documents": len(found.documents),
        "too_short": found.short,
        "ngrams": found.ngrams,
        "found": found.found,
        "overlap": round(found.share, 6),
        "mean_overlap": round(found.mean_share, 6),
        "by_document": [
            {
                "name": one.name, "ngrams": one.ngrams, "found": one.found, "last_found": one.last_found,
                "runs": [run._asdict() for run in one.runs],
            }
            for one in found.documents
        ],
    }  # fmt: skip


def compare_files(
    train: Iterable[str | Path] | None, test: Iterable[str | Path], *, n: int = 8, error_rate: float | None = None,
    saved: str | Path | None = None, processes: int = 1, quiet: bool | None = None,
) -> Comparison:  # fmt: skip
    """Which n-grams of the test files are also in the training files. Paper: section 4.

    Args:
        train: files and folders; they are read twice, first to count. None: take the filter in `saved`.
        test: files and folders, each file a test set.
        error_rate: of the filter; 1e-8 by default, as in the paper.
        saved: where to keep the filter for the next time, a new file; or where it is, if there is no `train`.
        processes: how many share the work.
        quiet: no progress bar; by default there is one on a terminal.

    Raises:
        UsageError: what is asked for cannot be meant so.
        ValueError, OSError: a file that cannot be read, or is not what it should be; no text of n words in `train`.
    """
    tests = find_files(test)
    broken: Counter = Counter()
    known, files, total = training_filter(
        train, n=n, error_rate=error_rate, saved=saved, processes=processes, quiet=quiet, broken=broken
    )
    found = {}
    for path in tests:
        pieces = _shown(batches(read_documents([path], broken), n), f"asking {path.name}", quiet)
        parts = chain.from_iterable(run(find_batch, pieces, n, processes, (known,)))
        found[str(path)] = Overlap(n, list(merge(parts, n)))
    if not any(one.ngrams for one in found.values()):
        raise ValueError(f"no document of the test files has {n} words, so there is nothing to compare")
    return Comparison(known, list(map(str, files)), total, found, broken)


def training_filter(
    train: Iterable[str | Path] | None, *, n: int = 8, error_rate: float | None = None,
    saved: str | Path | None = None, processes: int = 1, quiet: bool | None = None, broken: Counter | None = None,
) -> tuple[BloomFilter, list[Path], int]:  # fmt: skip
    """The filter of the training files, these files, and how many n-grams they have; or the one in `saved`.

    The arguments and what is raised are those of `compare_files`; `broken` counts, by file, lines that are no JSON.
    """
    saved = Path(saved) if saved else None
    _check(train, n, error_rate, saved, processes)
    if train is None:
        known = BloomFilter.load(saved)
        check_kind(known, n)
        return known, [], 0
    files = find_files(train)
    known, total = build(files, n, error_rate or 1e-8, processes, quiet, broken)
    if saved:
        known.save(saved)
    return known, files, total


def build(
    files: list[Path], n: int, error_rate: float, processes: int = 1, quiet: bool | None = None,
    broken: Counter | None = None,
) -> tuple[BloomFilter, int]:  # fmt: skip
    """A filter of the n-grams of some files, and how many there are, repeated ones counted each time."""
    pieces = _shown(batches(read_documents(files), n), "counting", quiet)
    total = sum(run(count_batch, pieces, n, processes))
    if not total:
        raise ValueError(f"no document of the training files has {n} words, so there is nothing to compare with")
    make = BloomFilter if processes == 1 else SharedFilter
    known = make(total, error_rate, about_ngrams(n))
    pieces = _shown(batches(read_documents(files, broken), n), "filling the filter", quiet)
    for _ in run(fill_batch, pieces, n, processes, (known,)):
        pass
    return known, total


def _check(train, n: int, error_rate: float | None, saved: Path | None, processes: int) -> None:
    try:
        check_n(n)
        rows_for(1, 1e-8 if error_rate is None else error_rate)
    except ValueError as error:
        raise UsageError(str(error)) from None
    check_processes(processes)
    if train is None and saved is None:
        raise UsageError("name the training text with --train, or a filter of it that was saved with --filter")
    if train is None and error_rate is not None:
        raise UsageError("a saved filter has an error rate of its own; leave --error-rate out")
    if train is not None and saved is not None and saved.exists():
        raise UsageError(f"{saved} exists: leave --train out to take the filter in it, or name another file")


def _shown(found: Iterable[list[Piece]], what: str, quiet: bool | None) -> Iterator[list[Piece]]:
    """The batches, and on a terminal how many characters went by."""
    from tqdm import tqdm

    with tqdm(desc=what, unit=" characters", unit_scale=True, disable=quiet, leave=False) as bar:
        for batch in found:
            yield batch
            bar.update(sum(len(piece.text) for piece in batch))


# ---- What is printed ----


def table(comparison: Comparison) -> str:
    """The figures of each test set, and the longest run that it shares with the training text."""
    known = comparison.known
    lines = [
        f"{known.expected_keys():,.0f} different {known.about} in a filter of {known.bits.nbytes / 1e6:,.1f} MB; of "
        f"those not in it, one in {1 / max(known.expected_error(), 1e-300):.2g} passes",
        "",
    ]
    rows = [("test set", "documents", "too short", known.about, "found", "in %", "without any")]
    for name, found in comparison.tests.items():
        clean = sum(1 for one in found.documents if one.ngrams and not one.found)
        cells = (len(found.documents), len(found.short), found.ngrams, found.found)
        rows.append((name, *(f"{cell:,}" for cell in cells), f"{100 * found.share:.2f}", f"{clean:,}"))
    lines += aligned(rows)
    for name, found in comparison.tests.items():
        for document, longest in found.runs[:1]:
            lines += ["", f"{name}: {longest.words} words in a row, in {document}:", f"  {shorten(longest.text)}"]
        if found.short:
            few = ", ".join(found.short[:3]) + (", ..." if len(found.short) > 3 else "")
            lines += ["", f"{name}: too short to say anything of them, {len(found.short):,} documents: {few}"]
    for name, count in comparison.broken.items():
        lines += ["", f"{name}: {count:,} lines are no JSON object with a text, and were left out"]
    return "\n".join(lines)


def aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Rows of cells as lines, the first column to the left and the others to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]


def shorten(text: str, most: int = SHOWN) -> str:
    """The first words of a text."""
    words = text.split()
    return " ".join(words[:most]) + (" ..." if len(words) > most else "")
