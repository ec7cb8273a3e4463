"""The same count as blocks of datatrove, for training texts that one machine does not read in a day: a task a file.

    pip install "minigpt-book[webtext-cluster]"
    python -m minigpt.memorization.datatrove --train corpus/*.jsonl.zst --test test.jsonl --out runs/a --engine ray

Each task counts the n-grams of its files, then puts them into a filter of its own; the filters are joined, and the
joined one, bit for bit that of `minigpt overlap`, is asked for each test file. A task needs the memory of one filter,
the join that of two: 35 GB each at the size of WebText. The blocks run as well under datatrove's executor for Slurm.
Workers need to see one file system. A task that was ended is run again, those that were done are not: give the same
command again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from datatrove.data import Document as Text
from datatrove.pipeline.base import PipelineStep
from datatrove.utils.typeshelper import StatHints

from minigpt import recorded
from minigpt.data import sha256_of
from minigpt.memorization.bloom import BloomFilter, rows_for
from minigpt.memorization.compare import Document, Overlap, Run, about_ngrams, batches, count_batch, fill, find
from minigpt.memorization.files import Comparison, table
from minigpt.memorization.ngrams import check_n
from minigpt.memorization.texts import find_files, read_documents
from minigpt.webtext.datatrove import execute


class ReadTexts(PipelineStep):
    """The documents of this task's share of the files."""

    name, type = "minigpt texts", "READER"

    def __init__(self, files: list[str]):
        super().__init__()
        self.files = files

    def run(self, data=None, rank: int = 0, world_size: int = 1) -> Iterator[Text]:
        broken: Counter = Counter()
        for name, parts in read_documents(map(Path, self.files[rank::world_size]), broken):
            self.stat_update(StatHints.total)
            yield Text(text="".join(parts), id=name)
        self.stat_update("broken lines", value=broken.total())


class _LastStep(PipelineStep):
    """A block that ends a pipeline: what it finds out of a task's documents is a file with the task's number."""

    type = "WRITER"

    def __init__(self, folder: str, n: int = 8):
        super().__init__()
        self.folder, self.n = Path(folder), n

    def run(self, data, rank: int = 0, world_size: int = 1) -> Iterator[Text]:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.work(data, self.folder / f"{rank:05d}")
        yield from ()

    def work(self, data: Iterable[Text], path: Path) -> None:
        raise NotImplementedError


class CountNgrams(_LastStep):
    """How many n-grams this task's documents have."""

    name = "minigpt count n-grams"

    def work(self, data: Iterable[Text], path: Path) -> None:
        found = batches(((text.id, [text.text]) for text in data), self.n)
        recorded.write_atomic(path, str(sum(count_batch(batch, self.n) for batch in found)))


class FillFilter(_LastStep):
    """A filter of the n-grams of this task's documents, of the shape that all of them together need."""

    name = "minigpt fill filter"

    def __init__(self, folder: str, n: int, capacity: int, error_rate: float):
        super().__init__(folder, n)
        self.capacity, self.error_rate = capacity, error_rate

    def work(self, data: Iterable[Text], path: Path) -> None:
        known = BloomFilter(self.capacity, self.error_rate, about_ngrams(self.n))
        fill(known, (text.text for text in data), self.n)
        known.save(path)


class AskFilter(_LastStep):
    """What a saved filter has of each of this task's documents, a line of JSON each."""

    name = "minigpt ask filter"

    def __init__(self, folder: str, n: int, saved: str):
        super().__init__(folder, n)
        self.saved = saved

    def work(self, data: Iterable[Text], path: Path) -> None:
        known = BloomFilter.load(self.saved)
        found = find(known, ((text.id, [text.text]) for text in data), self.n)
        recorded.write_atomic(path, "".join(json.dumps(asdict(document)) + "\n" for document in found))


def run(
    out: Path, train: Iterable[Path], test: Iterable[Path], n: int = 8, error_rate: float = 1e-8,
    engine: str = "local", workers: int = 2,
) -> Comparison:  # fmt: skip
    """What `minigpt.memorization.files.compare_files` gives, by tasks.

    Args:
        out: a folder that all workers see; the joined filter is kept there.
        engine: "local" (processes of this machine) or "ray" (the cluster that `ray.init` finds or starts).
        workers: tasks at a time.

    Raises:
        UsageError: another engine.
        ValueError: n or the error rate is impossible, or no training document has n words.
        OSError: a task failed; its log is named.
    """
    check_n(n)
    rows_for(1, error_rate)
    files, tests = ([str(path.absolute()) for path in find_files(paths)] for paths in (train, test))
    sums = [sha256_of(path) for path in (*files, *tests)]
    key = hashlib.sha256(f"{n} {error_rate} {files} {tests} {sums}".encode()).hexdigest()[:12]
    folder = Path(out).absolute() / f"{engine}-{key}"  # datatrove marks tasks as done whatever their input
    counts, parts, found, whole = (folder / name for name in ("counts", "parts", "found", "whole.bloom"))
    run_all = lambda blocks, tasks, name: execute(blocks, tasks, workers, engine, folder / f"logs_{name}")  # noqa: E731

    run_all([ReadTexts(files), CountNgrams(str(counts), n)], len(files), "count")
    total = sum(int(path.read_text()) for path in sorted(counts.glob("[0-9]*")))
    if not total:
        raise ValueError(f"no document of the training files has {n} words, so there is nothing to compare with")
    run_all([ReadTexts(files), FillFilter(str(parts), n, total, error_rate)], len(files), "fill")
    known = join(sorted(parts.glob("[0-9]*")), whole)
    run_all([ReadTexts(tests), AskFilter(str(found), n, str(whole))], len(tests), "ask")
    overlaps = {path: Overlap(n, read_found(found / f"{i:05d}")) for i, path in enumerate(tests)}
    return Comparison(known, files, total, overlaps, Counter())


def join(parts: list[Path], whole: Path) -> BloomFilter:
    """One filter from those of all tasks, saved."""
    if whole.is_file():
        return BloomFilter.load(whole)
    known = BloomFilter.load(parts[0])
    for path in parts[1:]:
        known |= BloomFilter.load(path)
    known.save(whole)
    return known


def read_found(path: Path) -> list[Document]:
    """What a task found."""
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [Document(**{**one, "runs": [Run(*run) for run in one["runs"]]}) for one in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", nargs="+", type=Path, required=True, help="files and folders, as of minigpt overlap")
    parser.add_argument("--test", nargs="+", type=Path, required=True, help="files and folders, each file a test set")
    parser.add_argument("--n", type=int, default=8, help="words of an n-gram (8)")
    parser.add_argument("--error-rate", type=float, default=1e-8, help="of the filter (1e-8)")
    parser.add_argument("--out", type=Path, required=True, help="folder, seen by all workers")
    parser.add_argument("--engine", default="local", choices=("local", "ray"))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="tasks at a time")
    a = parser.parse_args()
    found = run(a.out, a.train, a.test, a.n, a.error_rate, a.engine, a.workers)
    print(table(found))
    recorded.save("overlap", {**found.to_dict(), "provenance": recorded.provenance()}, a.out / "overlap.json")


if __name__ == "__main__":
    from minigpt.memorization import datatrove  # so that workers find the blocks under their real name

    datatrove.main()
