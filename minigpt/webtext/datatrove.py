"""The same steps as blocks of datatrove, for corpora that one process cannot do: many tasks on one machine, or on a
cluster under Ray.

    pip install "minigpt-book[webtext-cluster]"
    python -m minigpt.webtext.datatrove --posts RS_*.xz --pages *.warc.gz --out runs/a --engine ray --workers 64

The steps up to the heuristics look at one page at a time: a task a WARC file does them. The last two compare a page
with all that came before, so one task does them over what the others wrote, in the order of the files; the result is
byte for byte that of `minigpt webtext`. That task needs about 11 kB of memory a page, 90 GB for WebText's eight
million. (What outgrows one machine needs datatrove's own MinHash blocks, which spread the comparison over tasks, too.)
Workers need to see one file system. A task that was ended is run again, those that were done are not: give the same
command again.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep
from datatrove.utils.typeshelper import StatHints

from minigpt.data import sha256_of
from minigpt.errors import UsageError
from minigpt.webtext import pipeline
from minigpt.webtext.pages import linked_pages
from minigpt.webtext.records import Drop, Link, Page, read_records, to_line

ALONE = ("wikipedia", "extract", "language", "heuristics")  # steps that look at one page at a time
TOGETHER = ("exact", "near")  # steps that need all pages
_MISSING = "linked, but not in the archive"  # which a task that sees one archive cannot know


class _Block(PipelineStep):
    """What our blocks have in common: they count what they keep and drop as datatrove's own filters do."""

    def count(self, found: Iterable[Page | Drop]) -> Iterator[Page]:
        for record in found:
            self.stat_update(StatHints.total)
            if isinstance(record, Drop):
                self.stat_update(StatHints.dropped, f"dropped_{record.reason}")
            else:
                self.stat_update(StatHints.forwarded)
                yield record


class ReadPages(_Block):
    """The pages in this task's share of the WARC files that a link leads to."""

    name, type = "minigpt pages", "READER"

    def __init__(self, files: list[str], links: str | None):
        super().__init__()
        self.files, self.links = files, links

    def run(self, data=None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        links = read_records(Path(self.links), Link) if self.links else None
        found = linked_pages(self.files[rank::world_size], links)
        here = (f for f in found if not (isinstance(f, Drop) and f.reason == _MISSING))
        yield from map(to_document, self.count(here))


class OurStep(_Block):
    """One of the pipeline's steps on pages, by its name."""

    type = "FILTER"

    def __init__(self, step: str, settings: pipeline.Settings):
        super().__init__()
        self.name, self.step, self.settings = f"minigpt {step}", step, settings

    def run(self, data, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        steps = {step.name: step for step in pipeline.make_steps([], ["-"], replace(self.settings, skip=()))}
        yield from map(to_document, self.count(steps[self.step].run(map(to_page, data))))


class ReadParts(_Block):
    """All pages that the tasks before wrote, in order."""

    name, type = "minigpt parts", "READER"

    def __init__(self, folder: str):
        super().__init__()
        self.folder = folder

    def run(self, data=None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        for path in sorted(Path(self.folder).glob("*.jsonl")):
            yield from map(to_document, self.count(read_records(path, Page)))


class WritePages(_Block):
    """This task's pages as a file of the pipeline's own format, which gets its name when it is complete."""

    name, type = "minigpt writer", "WRITER"

    def __init__(self, folder: str):
        super().__init__()
        self.folder = folder

    def run(self, data, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        Path(self.folder).mkdir(parents=True, exist_ok=True)
        pages = self.count(map(to_page, data))
        pipeline.write_lines(Path(self.folder) / f"{rank:05d}.jsonl", map(to_line, pages))
        yield from ()


def to_document(page: Page) -> Document:
    return Document(text=page.text or page.html, id=page.url, metadata={"karma": page.karma, "html": not page.text})


def to_page(document: Document) -> Page:
    html = document.metadata["html"]
    return Page(document.id, document.metadata["karma"], document.text if html else "", "" if html else document.text)


def run(
    out: Path, posts: Iterable[Path], pages: Iterable[Path], settings: pipeline.Settings = pipeline.Settings(),
    engine: str = "local", workers: int = 2,
) -> Path:  # fmt: skip
    """Runs all steps but the tokens; returns the file of the pages that are left.

    Args:
        engine: "local" (processes of this machine) or "ray" (the cluster that `ray.init` finds or starts).
        workers: tasks at a time.

    Raises:
        UsageError: another engine.
        OSError: a task failed; its log is named.
    """
    if engine not in ("local", "ray"):
        raise UsageError(f"there is no engine {engine!r}; there are: local, ray")
    out, posts, files = Path(out).absolute(), list(posts), [str(Path(path).absolute()) for path in pages]
    links = None
    if posts:
        pipeline.run(pipeline.make_steps(posts, [], settings), out)
        links = str(out / "steps" / "03_links.jsonl")
    folder = out / f"{engine}-{_key(files, links, settings)[:12]}"  # datatrove marks tasks as done whatever their input
    use = lambda names: [OurStep(name, settings) for name in names if name not in settings.skip]  # noqa: E731
    parts, whole = str(folder / "parts"), str(folder / "whole")
    execute(
        [ReadPages(files, links), *use(ALONE), WritePages(parts)], len(files), workers, engine, folder / "logs_parts"
    )
    execute([ReadParts(parts), *use(TOGETHER), WritePages(whole)], 1, 1, engine, folder / "logs_whole")
    return folder / "whole" / "00000.jsonl"


def _key(files: list[str], links: str | None, settings: pipeline.Settings) -> str:
    """Changes with the input and the settings."""
    sums = [sha256_of(path) for path in (*files, *([links] if links else []))]
    return hashlib.sha256(f"{pipeline.FORMAT} {settings} {sums}".encode()).hexdigest()


def execute(blocks: list[PipelineStep], tasks: int, workers: int, engine: str, logs: Path) -> None:
    """Runs the tasks of a pipeline that are not done; raises if one of them could not be done."""
    if engine == "ray":
        import ray
        from datatrove.executor.ray import RayPipelineExecutor

        if not ray.is_initialized():
            ray.init(include_dashboard=False, log_to_driver=False)
        executor = RayPipelineExecutor(
            pipeline=blocks, tasks=tasks, workers=workers, logging_dir=str(logs), mem_per_cpu_gb=1, log_first=False
        )
    else:
        from datatrove.executor import LocalPipelineExecutor

        executor = LocalPipelineExecutor(
            pipeline=blocks, tasks=tasks, workers=min(workers, tasks), logging_dir=str(logs)
        )
    executor.run()
    if failed := executor.get_incomplete_ranks(skip_completed=True):
        raise OSError(f"{len(failed)} of {tasks} tasks failed, the first is number {failed[0]}; see {logs / 'logs'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", nargs="*", default=[], help="dumps of Reddit's submissions; none: every page counts")
    parser.add_argument("--pages", nargs="+", required=True, help="WARC files")
    parser.add_argument("--out", required=True, help="folder, seen by all workers")
    parser.add_argument("--engine", default="local", choices=("local", "ray"))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="tasks at a time")
    a = parser.parse_args()
    print(run(a.out, a.posts, a.pages, engine=a.engine, workers=a.workers))


if __name__ == "__main__":
    from minigpt.webtext import datatrove  # so that workers find the blocks under their real name

    datatrove.main()
