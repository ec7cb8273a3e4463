"""The steps in their order, each with a file of its own, so that a run that was ended anywhere goes on from there.

A step takes records one after another and gives each back, or a `Drop` that says why it was removed. What it kept is
written to `OUT/steps/NN_name.jsonl`; when that file is complete, and only then, it gets its name, and a receipt
`NN_name.json` beside it: the counts, the checksum of the file, and a key. The key is the checksum of all that the file
depends on: the step, its settings, the versions of the libraries, the file before it. A step whose receipt has the
right key, and whose file is whole, is not run again.

Paper: section 2.1.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

from minigpt.data import sha256_of
from minigpt.errors import UsageError, unknown
from minigpt.lock import locked
from minigpt.recorded import write_atomic
from minigpt.webtext import dedup, extract, heuristics, language, links, pages, posts, wikipedia
from minigpt.webtext.funnel import Count, Funnel
from minigpt.webtext.records import Link, Page, Post, read_records, to_line

FORMAT = 1  # raised when a step's rule changes, so that what older code wrote is made anew


@dataclass(frozen=True)
class Settings:
    """What can be chosen.

    Args:
        min_karma: of a post, for its link to count.
        near: share of five-word pieces in common from which on two texts are the same.
        rules: bounds of the heuristics.
        skip: names of steps to leave out, to see what goes wrong without them.
    """

    min_karma: int = posts.MIN_KARMA
    near: float = dedup.THRESHOLD
    rules: heuristics.Rules = heuristics.Rules()
    skip: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.near <= 1:
            raise UsageError(f"--near must be above 0 and at most 1, not {self.near:g}")
        for name in self.skip:
            if name not in SKIPPABLE:
                raise UsageError(f"{unknown('step to skip', name, SKIPPABLE)}")


@dataclass(frozen=True)
class Step:
    """One step: what it does to the records, what they are before and after, and what it depends on besides them."""

    number: int
    name: str
    unit: str
    run: Callable[[Iterable], Iterator]
    takes: type | None
    gives: type
    files: tuple[Path, ...] = ()
    settings: dict = field(default_factory=dict)
    libraries: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        return f"{self.number:02d}_{self.name}"


SKIPPABLE = ("karma", "wikipedia", "language", "heuristics", "exact", "near")


def make_steps(post_files: Iterable[Path], warc_files: Iterable[Path], settings: Settings = Settings()) -> list[Step]:
    """The steps for these files: of posts alone the first three, of pages alone all but these."""
    post_files, warc_files = tuple(map(Path, post_files)), tuple(map(Path, warc_files))
    least = settings.min_karma if "karma" not in settings.skip else -(10**9)
    steps = []
    if post_files:
        read = lambda _: posts.karma(posts.read_posts(post_files), least)  # noqa: E731
        steps = [
            Step(1, "karma", "posts", read, None, Post, post_files, {"least": least}),
            Step(2, "outbound", "posts", links.outbound, Post, Post),
            Step(3, "links", "links", links.merge, Post, Link),
        ]
    if warc_files:
        find = partial(pages.linked_pages, warc_files) if post_files else lambda _: pages.linked_pages(warc_files, None)
        takes = Link if post_files else None
        rules = asdict(settings.rules)
        steps += [
            Step(4, "pages", "pages", find, takes, Page, warc_files, libraries=("warcio",)),
            Step(5, "wikipedia", "pages", wikipedia.not_wikipedia, Page, Page),
            Step(6, "extract", "pages", extract.extract, Page, Page, libraries=("trafilatura", "lxml")),
            Step(7, "language", "pages", language.english, Page, Page, libraries=("pycld2",)),
            Step(8, "heuristics", "pages", partial(heuristics.clean, rules=settings.rules), Page, Page, (), rules),
            Step(9, "exact", "pages", dedup.exact, Page, Page),
            Step(10, "near", "pages", partial(dedup.near, threshold=settings.near), Page, Page, (),
                 {"near": settings.near}, ("datasketch",)),
        ]  # fmt: skip
    return [step for step in steps if step.name == "karma" or step.name not in settings.skip]


def in_memory(steps: list[Step]) -> tuple[Funnel, list]:
    """Runs the steps without any file, for what is small; the funnel and the records that are left."""
    records, counts = iter(()), []
    for step in steps:
        counts.append(Count(step.name, step.unit))
        records = counts[-1].watch(step.run(records))
    left = list(records)
    return Funnel(counts), left


def run(steps: list[Step], out: Path, report: Callable[[str], None] = lambda line: None) -> Funnel:
    """Runs the steps that have not been run, one after another, and writes `OUT/funnel.json`.

    Raises:
        Locked: another process is at work in `out`.
        FileNotFoundError, OSError: a file of posts or pages is not there, or the disk fails.
    """
    out = Path(out)
    folder = out / "steps"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(out / ".lock"):
        for left in folder.glob(".*.tmp"):  # of a process that was killed
            left.unlink()
        _remove_others(folder, {step.stem for step in steps})
        source, before, counts = None, "", []
        for step in steps:
            count, before = _run_step(step, folder, source, before, report)
            source = folder / f"{step.stem}.jsonl"
            counts.append(count)
        funnel = Funnel(counts)
        write_atomic(out / "funnel.json", json.dumps(funnel.to_dict(), indent=1, ensure_ascii=False) + "\n")
    return funnel


def _remove_others(folder: Path, stems: set[str]) -> None:
    """Removes what steps left that are not run this time, for the folder to be what this command says."""
    for path in sorted(folder.glob("[0-9][0-9]_*.json*")):
        if path.stem not in stems and path.stem != "11_tokens":
            path.unlink()


def _run_step(step: Step, folder: Path, source: Path | None, before: str, report) -> tuple[Count, str]:
    """Runs a step on the file of the one before, or finds that it has been run; its counts, and its file's checksum."""
    path, receipt = folder / f"{step.stem}.jsonl", folder / f"{step.stem}.json"
    key = step_key(step, before)
    done = read_receipt(receipt, key)
    if done and path.is_file() and sha256_of(path) == done["sha256"]:
        report(f"{step.name}: done before")
        return Count(**done["count"]), done["sha256"]
    began, cpu = time.perf_counter(), time.process_time()
    records = read_records(source, step.takes) if step.takes and source else iter(())
    count = Count(step.name, step.unit)
    digest = write_lines(path, map(to_line, count.watch(step.run(records))))
    write_receipt(receipt, {"key": key, "sha256": digest, "count": asdict(count)})
    seconds = time.perf_counter() - began
    cpu = round(time.process_time() - cpu, 3)
    log(folder, {"step": step.name, "came": count.came, "kept": count.kept, "seconds": round(seconds, 3), "cpu": cpu})
    report(f"{step.name}: {count.kept:,} of {count.came:,} {step.unit} kept, {seconds:.1f} s")
    return count, digest


def step_key(step: Step, before: str) -> str:
    """The checksum of all that a step's file depends on."""
    depends = {
        "format": FORMAT, "step": step.name, "before": before, "settings": step.settings,
        "files": [sha256_of(path) for path in step.files],
        "libraries": {name: version(name) for name in step.libraries},
    }  # fmt: skip
    return hashlib.sha256(json.dumps(depends, sort_keys=True).encode()).hexdigest()


def read_receipt(path: Path, key: str) -> dict | None:
    """What a receipt says, None if there is none for this key."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if found["key"] == key and "sha256" in found else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_receipt(path: Path, receipt: dict) -> None:
    write_atomic(path, json.dumps(receipt, indent=1, ensure_ascii=False) + "\n")


def write_lines(path: Path, lines: Iterable[str]) -> str:
    """Writes a file under a temporary name and renames it when it is complete; returns its sha256."""
    temporary, digest = path.with_name(f".{path.name}.{os.getpid()}.tmp"), hashlib.sha256()
    try:
        with open(temporary, "wb") as file:
            for line in lines:
                data = line.encode()
                digest.update(data)
                file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return digest.hexdigest()


def log(folder: Path, entry: dict) -> None:
    """Adds a line to `OUT/log.jsonl`; the only file of a run that is not the same each time, for it holds times."""
    with open(folder.parent / "log.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
