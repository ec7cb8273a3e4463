"""tinyweb as files that the pipeline reads like any other, and what the steps got right: tinyweb knows the truth.

The truth lies in a file of its own that no step reads; what a step removed is told from the files before and after it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from minigpt import tinyweb
from minigpt.data import sha256_of
from minigpt.errors import UsageError
from minigpt.tinyweb.web import Item, WebPage, web
from minigpt.webtext.dedup import normal_words
from minigpt.webtext.links import normalise
from minigpt.webtext.pipeline import read_receipt, write_receipt
from minigpt.webtext.records import Page, read_records

# Which labels a step is there to remove. Karma is a reader's opinion: it stands for quality.
TARGETS = {
    "karma": ("spam", "boilerplate", "broken"),
    "outbound": ("self", "image", "scheme", "inside"),
    "pages": ("broken",),
    "wikipedia": ("wikipedia",),
    "language": ("foreign",),
    "heuristics": ("spam", "boilerplate"),
}
POSTS, PAGES, TRUTH = "posts.jsonl", "pages.warc", "truth.jsonl"


def write_world(folder: Path, n: int, seed: int = 0) -> tuple[Path, Path, Path]:
    """n pages of tinyweb as a dump of posts, a WARC file, and the truth; the same bytes each time.

    Every 200th line of the dump is broken off, and every 300th record of the archive is damaged, as real ones are.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = tuple(folder / name for name in (POSTS, PAGES, TRUTH))
    key, receipt = _generator_key(n, seed), folder / "made.json"
    if read_receipt(receipt, key) and all(path.is_file() for path in paths):
        return paths
    for left in folder.glob(".*.tmp"):  # of a process that was killed
        left.unlink()
    temporary = [path.with_name(f".{path.name}.{os.getpid()}.tmp") for path in paths]
    try:
        with open(temporary[0], "wb") as posts, open(temporary[1], "wb") as warc, open(temporary[2], "wb") as truth:
            writer = _warc_writer(warc)
            lines = pages = 0
            for item in web(n, seed):
                for line in _post_lines(item):
                    lines += 1
                    posts.write(line if lines % 200 else line[: len(line) // 2] + b"\n")
                for line in _truth_lines(item):
                    truth.write(line)
                if item.page:
                    pages += 1
                    _write_record(writer, item.page, pages)
                    if pages % 300 == 0:
                        warc.write(b"WARC/1.0 response\r\nno header of a record looks like this\r\n\r\n")
        for old, new in zip(temporary, paths):
            os.replace(old, new)
        write_receipt(receipt, {"key": key, "sha256": [sha256_of(path) for path in paths]})
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)
    return paths


def _generator_key(n: int, seed: int) -> str:
    """Changes with what is asked for and with the code that writes it."""
    digest = hashlib.sha256(f"{n} {seed}".encode())
    for path in (Path(__file__), *sorted(Path(tinyweb.__file__).parent.glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _post_lines(item: Item) -> Iterator[bytes]:
    for post in item.posts:
        found = {"id": post.id, "url": post.url, "score": post.score, "title": post.title, "subreddit": "pond",
                 "is_self": post.is_self}  # fmt: skip
        yield (json.dumps(found) + "\n").encode()


def _truth_lines(item: Item) -> Iterator[bytes]:
    for post in item.posts:
        yield (json.dumps({"id": post.id, "label": post.label}) + "\n").encode()
    if item.page:
        page = item.page
        found = page._asdict()
        del found["html"]
        yield (json.dumps(found, ensure_ascii=False) + "\n").encode()


def _warc_writer(file):
    from warcio.warcwriter import WARCWriter

    return WARCWriter(file, gzip=False)


def _write_record(writer, page: WebPage, number: int) -> None:
    from warcio.statusandheaders import StatusAndHeaders

    headers = {
        "WARC-Date": "2017-12-01T00:00:00Z",
        "WARC-Record-ID": f"<urn:uuid:{uuid.UUID(bytes=hashlib.md5(str(number).encode()).digest())}>",
    }
    answer = StatusAndHeaders(f"{page.status} Answer", [("Content-Type", page.content_type)], protocol="HTTP/1.1")
    record = writer.create_warc_record(
        page.url, "response", payload=io.BytesIO(page.html), http_headers=answer, warc_headers_dict=headers
    )
    writer.write_record(record)


@dataclass(frozen=True)
class Score:
    """A step against the truth: how many it removed, how many it should have removed, and how many are both."""

    step: str
    removed: int
    wanted: int
    right: int

    @property
    def precision(self) -> float | None:
        return self.right / self.removed if self.removed else None

    @property
    def recall(self) -> float | None:
        return self.right / self.wanted if self.wanted else None

    def to_dict(self) -> dict:
        return {"step": self.step, "removed": self.removed, "wanted": self.wanted, "right": self.right,
                "precision": _round(self.precision), "recall": _round(self.recall)}  # fmt: skip


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def read_truth(path: Path) -> tuple[dict[str, str], dict[str, dict]]:
    """Labels of the posts by id, and what is known of the pages by the key of their address."""
    posts, pages = {}, {}
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            found = json.loads(line)
            if "id" in found:
                posts[found["id"]] = found["label"]
            else:
                pages[normalise(found["url"])] = found
    return posts, pages


def score(out: Path, truth: Path) -> list[Score]:
    """Every step that was run in `out` against the truth. Broken lines and records are not counted."""
    folder = Path(out) / "steps"
    labels, known = read_truth(truth)
    files = sorted(folder.glob("*.jsonl"))
    if not files:
        raise UsageError(f"{out} holds no steps; run the pipeline there first")
    scores, before = [], None
    for path in files:
        step = path.stem.split("_", 1)[1]
        after = _keys(path)
        if step == "karma":
            scores.append(_score(step, {i: label for i, label in labels.items() if label in _ABOUT_PAGES}, after))
        elif step == "outbound":
            scores.append(_score(step, {i: labels[i] for i in before if i in labels}, after))
        elif step in ("exact", "near"):
            scores.append(score_copies(step, [known[k] for k in before if k in known], after))
        elif step in TARGETS and before is not None:
            came = before if step != "pages" else [k for k in before if k in known]
            scores.append(_score(step, {k: known[k]["label"] for k in came if k in known}, after))
        before = after
    return scores


_ABOUT_PAGES = ("article", "exact copy", "near copy", "spam", "foreign", "wikipedia", "boilerplate", "broken")


def _keys(path: Path) -> dict[str, None]:
    """What identifies the records of a step's file, in order: a post's id, or the key of an address."""
    keys: dict[str, None] = {}
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            found = json.loads(line)
            keys[found["id"] if "id" in found else normalise(found["url"])] = None
    return keys


def _score(step: str, came: dict[str, str], after: dict[str, None]) -> Score:
    removed = [key for key in came if key not in after]
    right = sum(came[key] in TARGETS[step] for key in removed)
    return Score(step, len(removed), sum(label in TARGETS[step] for label in came.values()), right)


def score_copies(step: str, came: list[dict], after: dict[str, None]) -> Score:
    """A copy is wanted gone if a page of the same origin came before it: the origin itself, or another copy.

    Spam written after one pattern is no copy of another page, but no loss either: to remove it counts as right.
    """
    seen: Counter[str] = Counter()
    removed = wanted = right = 0
    for page in came:
        origin = page["text"] if step == "exact" and page["text"] else page["copy_of"] or page["url"]
        gone, copy = normalise(page["url"]) not in after, seen[origin] > 0
        copy = copy or (gone and page["label"] == "spam")
        removed, wanted, right = removed + gone, wanted + copy, right + (gone and copy)
        seen[origin] += 1
    return Score(step, removed, wanted, right)


def extraction(out: Path, truth: Path) -> dict[str, float]:
    """Words of the extracted texts against the pages' own, over all pages labelled "article".

    Precision: share of the extracted words that are the text's (the rest are menus and adverts); recall: share of the
    text's words that were extracted.
    """
    _, known = read_truth(truth)
    got = own = common = 0
    for page in read_records(Path(out) / "steps" / "06_extract.jsonl", Page):
        found = known.get(normalise(page.url))
        if found and found["label"] == "article":
            a, b = Counter(normal_words(page.text)), Counter(normal_words(found["text"]))
            got, own, common = got + a.total(), own + b.total(), common + (a & b).total()
    return {"precision": round(common / max(1, got), 4), "recall": round(common / max(1, own), 4)}


def remaining(out: Path, truth: Path, step: str = "10_near") -> dict[str, int]:
    """How many pages of each label are left after a step."""
    _, known = read_truth(truth)
    found = Counter(known[key]["label"] for key in _keys(Path(out) / "steps" / f"{step}.jsonl") if key in known)
    return dict(sorted(found.items()))


def table(scores: list[Score]) -> str:
    """The scores as text."""
    show = lambda value: "    -" if value is None else f"{value:5.2f}"  # noqa: E731
    rows = [f"{'step':<12} {'removed':>8} {'wrongly':>8} {'missed':>8}  precision  recall"]
    for s in scores:
        rows.append(
            f"{s.step:<12} {s.removed:>8,} {s.removed - s.right:>8,} {s.wanted - s.right:>8,}      "
            f"{show(s.precision)}   {show(s.recall)}"
        )
    return "\n".join(rows)
