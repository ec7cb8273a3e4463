"""All of it in one call: what the command `minigpt webtext` does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from minigpt.errors import UsageError
from minigpt.lock import Locked, locked
from minigpt.recorded import write_atomic
from minigpt.webtext import pipeline, shards, truth
from minigpt.webtext.funnel import Funnel
from minigpt.webtext.links import sites
from minigpt.webtext.records import Link, read_records


@dataclass(frozen=True)
class Built:
    """What came of a run: the funnel, the counts of tokens (None without pages), and, of tinyweb, the scores."""

    funnel: Funnel
    tokens: dict | None
    scores: list[truth.Score] | None


def build(
    out: Path, posts: Iterable[Path] = (), pages: Iterable[Path] = (), *, tinyweb: int = 0, seed: int = 0,
    settings: pipeline.Settings = pipeline.Settings(), tokenizer: str = "gpt2", vocab_size: int = 4096,
    report: Callable[[str], None] = lambda line: None,
) -> Built:  # fmt: skip
    """Token shards in `OUT/tokens` from dumps of posts and WARC files, or from `tinyweb` pages of the book's own world.

    From posts alone come the links (`OUT/steps/03_links.jsonl`) and their sites (`OUT/sites.txt`); from pages alone,
    all of them are taken as linked to. What an earlier run in `out` has done with the same input and settings is not
    done again.

    Raises:
        UsageError: nothing to read, or what is named is no file, or `out` holds other things.
        ValueError: another process is at work in `out`, or no page is left.
    """
    out, posts, pages = Path(out), [Path(p) for p in posts], [Path(p) for p in pages]
    _check(out, posts, pages, tinyweb)
    labels = None
    try:
        if tinyweb:
            out.mkdir(parents=True, exist_ok=True)
            with locked(out / ".lock"):
                first, second, labels = truth.write_world(out / "tinyweb", tinyweb, seed)
            posts, pages = [first], [second]
        steps = pipeline.make_steps(posts, pages, settings)
        funnel = pipeline.run(steps, out, report)
        if posts:
            _write_sites(out)
        tokens = None
        if pages:
            if not funnel.steps[-1].kept:
                raise ValueError(
                    f"no page is left to make tokens of; {out / 'funnel.json'} says which step removed them"
                )
            last = out / "steps" / f"{steps[-1].stem}.jsonl"
            tokens = shards.write_tokens(out, last, tokenizer, vocab_size, report)
    except Locked:
        raise ValueError(f"another process is at work in {out}; wait for it, or give another --out") from None
    return Built(funnel, tokens, truth.score(out, labels) if labels else None)


def _check(out: Path, posts: list[Path], pages: list[Path], tinyweb: int) -> None:
    if tinyweb and (posts or pages):
        raise UsageError("--tinyweb writes its own posts and pages; leave out --posts and --pages")
    if not (tinyweb or posts or pages):
        raise UsageError("there is nothing to read; give --posts and --pages, or --tinyweb 2000 to try it")
    if tinyweb < 0:
        raise UsageError(f"--tinyweb must be a number of pages from 1, not {tinyweb}")
    for path in (*posts, *pages):
        if not path.is_file():
            raise UsageError(f"{path} is {'a folder; name the files in it' if path.is_dir() else 'not there'}")
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} is a file; give --out the name of a folder")
    if out.is_dir() and any(out.iterdir()) and not any((out / name).exists() for name in ("steps", "tinyweb", ".lock")):
        raise UsageError(f"{out} holds other things; give --out the name of a new folder, or of an earlier run of this")


def _write_sites(out: Path) -> None:
    """How many links go to each site, most first, as in the list that was published with GPT-2."""
    counts = sites(read_records(out / "steps" / "03_links.jsonl", Link))
    rows = sorted(counts.items(), key=lambda row: (-row[1], row[0]))
    write_atomic(out / "sites.txt", "".join(f"{number} {name}\n" for name, number in rows))
