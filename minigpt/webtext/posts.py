"""Step 1: posts from the monthly dumps of Reddit, a JSON object a line, packed or not; and the filter by karma.

Paper, section 2.1: links from Reddit that "received at least 3 karma", a heuristic for whether other people found them
interesting, educational, or just funny.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Iterable, Iterator
from html import unescape
from pathlib import Path

from minigpt.webtext.records import Drop, Post

MIN_KARMA = 3
MAX_LINE = 2**24  # bytes; no post is so long, so what is longer is no post
_PACKED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
_ZSTD = b"\x28\xb5\x2f\xfd"


def open_packed(path: Path) -> io.BufferedIOBase:
    """The bytes of a file, unpacked from gzip, bzip2, xz or Zstandard. Its first bytes tell, not its name."""
    with open(path, "rb") as file:
        head = file.read(6)
    if head.startswith(_ZSTD):
        return io.BufferedReader(ZstdFile(path), 2**16)
    for magic, opener in _PACKED.items():
        if head.startswith(magic):
            return opener(path, "rb")
    return open(path, "rb")


class ZstdFile(io.RawIOBase):
    """A Zstandard file of any number of frames. It is an error if it ends within one; for the library it is none.

    The dumps of later years were packed with a window of 2 GB.
    """

    def __init__(self, path: Path) -> None:
        self.file, self.frame, self.rest, self.ready = open(path, "rb"), None, b"", b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        import zstandard

        while not self.ready:
            data = self.rest or self.file.read(2**16)
            if not data:
                if self.frame is not None:
                    raise EOFError("it ends too early")
                return 0
            try:
                if self.frame is None:
                    self.frame = zstandard.ZstdDecompressor(max_window_size=2**31).decompressobj()
                self.ready, self.rest = self.frame.decompress(data), b""
            except zstandard.ZstdError as error:
                raise EOFError(str(error)) from error
            if self.frame.eof:
                self.rest, self.frame = self.frame.unused_data, None
        size = min(len(buffer), len(self.ready))
        buffer[:size], self.ready = self.ready[:size], self.ready[size:]
        return size

    def close(self) -> None:
        self.file.close()
        super().close()


def read_posts(paths: Iterable[Path]) -> Iterator[Post | Drop]:
    """The posts of some dumps. A line that is no post, or a file that breaks off, becomes a `Drop`; reading goes on."""
    for path in paths:
        for number, line in _lines(path):
            where = f"{Path(path).name}, line {number}"
            if line is None:
                yield Drop("file broken: the rest cannot be unpacked", where)
            elif len(line) >= MAX_LINE and not line.endswith(b"\n"):
                yield Drop("broken record", where)
            elif line.strip():
                yield parse_post(line) or Drop("broken record", where)


def _lines(path: Path) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines, at most `MAX_LINE` long; None in place of the line at which unpacking failed."""
    number = 0
    with open_packed(path) as file:
        while True:
            number += 1
            try:
                line = file.readline(MAX_LINE)
            except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
                if isinstance(error, OSError) and error.errno:  # the disk's failure, not the file's
                    raise
                yield number, None
                return
            if not line:
                return
            yield number, line


def parse_post(line: bytes) -> Post | None:
    """A post from its line, None if the line is none.

    >>> parse_post(b'{"id": "87", "url": "http://a.org/?x=1&amp;y=2", "score": 183, "title": "A memo"}').url
    'http://a.org/?x=1&y=2'
    """
    try:
        found = json.loads(line)
        url, score = found["url"], found["score"]
        if not isinstance(url, str) or isinstance(score, bool) or not isinstance(score, int):
            return None
        return Post(
            str(found.get("id", "")), _clean(unescape(url)), score, _clean(str(found.get("title", ""))),
            str(found.get("subreddit", "")), bool(found.get("is_self", False)),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _clean(text: str) -> str:
    """Without halves of surrogate pairs, which JSON may hold and UTF-8 may not."""
    return text.encode("utf-8", errors="replace").decode("utf-8")


def karma(posts: Iterable[Post | Drop], least: int = MIN_KARMA) -> Iterator[Post | Drop]:
    """Keeps posts of at least that karma."""
    for post in posts:
        if isinstance(post, Drop) or post.score >= least:
            yield post
        else:
            yield Drop(f"below {least} karma", f"{post.score}: {post.url[:200]}")
