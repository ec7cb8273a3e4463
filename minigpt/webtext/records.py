"""What goes through the steps: posts, links and pages, each a line of JSON on disk; and `Drop`, what a step removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple


@dataclass(frozen=True)
class Post:
    """A submission to Reddit."""

    id: str
    url: str
    score: int
    title: str
    subreddit: str
    is_self: bool


@dataclass(frozen=True)
class Link:
    """An address that posts link to; `key` is the same for every spelling of it, `karma` that of its best post."""

    url: str
    key: str
    karma: int
    posts: int
    title: str


@dataclass(frozen=True)
class Page:
    """A page; `html` as it was crawled until the step that extracts its `text`."""

    url: str
    karma: int
    html: str = ""
    text: str = ""


class Drop(NamedTuple):
    """Something that a step removed: why, and what (an address, an id, a place in a file)."""

    reason: str
    what: str


def to_line(record: Post | Link | Page) -> str:
    """One line of JSON, the same bytes each time."""
    return json.dumps(asdict(record), ensure_ascii=False) + "\n"


def read_records(path: Path, kind: type) -> Iterator:
    """The records of a step's file."""
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            yield kind(**json.loads(line))
