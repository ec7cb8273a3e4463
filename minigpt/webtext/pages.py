"""Step 4: the pages behind the links, from an archive of the web (WARC files, as Common Crawl and the Internet Archive
keep them). Reading is warcio's work. What is not a page is counted: another type, an error of the server, a broken
record, too large, nested without end.
"""

from __future__ import annotations

import codecs
import io
import mmap
import re
from collections.abc import Iterable, Iterator
from contextlib import redirect_stderr
from pathlib import Path

from minigpt.webtext.links import normalise
from minigpt.webtext.records import Drop, Link, Page

MAX_BYTES = 2_000_000  # of HTML; a longer page is a data set or an attack, rarely a text
MAX_DEPTH = 500  # elements within elements; browsers themselves stop at 512
_GZIP = b"\x1f\x8b\x08"  # first bytes of a packed record
_TYPES = ("warcinfo", "response", "resource", "request", "metadata", "revisit", "conversion", "continuation")
# Elements that need no closing tag: pages leave it out, and that nests nothing.
_LEAVES = frozenset(
    "area base br col embed hr img input link meta param source track wbr p li dt dd td th tr option tbody thead tfoot "
    "colgroup optgroup rb rt rp script style".split()
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)


def read_warc(paths: Iterable[Path]) -> Iterator[tuple[str, int, str, bytes] | Drop]:
    """(address, status, content type, body) of every response in some WARC files, packed or not.

    Where a record is broken, reading goes on at the next place that looks like the start of one. At most `MAX_BYTES` +
    1 bytes of a body are unpacked, so that a small record cannot fill the memory.
    """
    for path in paths:
        if not Path(path).stat().st_size:
            yield Drop("file is empty", Path(path).name)
            continue
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            start, at = _GZIP if data[:3] == _GZIP else b"WARC/1.", 0
            while at >= 0:
                at = yield from _records_from(file, at, Path(path).name)
                at = data.find(start, at + 1) if at >= 0 else -1  # broken there: on from the next start


def _records_from(file, at: int, name: str):
    """The records from byte `at` on; returns where a broken one lies, or -1 at the end of the file."""
    from warcio.archiveiterator import ArchiveIterator

    file.seek(at)
    where, any_yet = at, False
    try:
        archive, odd = ArchiveIterator(file), 0
        while True:
            with redirect_stderr(io.StringIO()):  # warcio prints what it finds odd; here it is counted
                record = next(archive, None)
            if archive.err_count > odd:
                odd = archive.err_count
                yield Drop("broken record", f"{name}, byte {where}: its length is wrong")
            if record is None:
                if at == 0 and not any_yet:
                    yield Drop("broken record", f"{name}: holds no record")
                return -1
            where, any_yet = archive.offset, True
            if not (record.rec_headers.get_header("Content-Length") or "").isdigit() or record.rec_type not in _TYPES:
                raise ValueError("a record of unknown length would swallow all that follow")
            yield from _response(record, f"{name}, byte {where}")
    except Exception:  # warcio lets through whatever its parsers and zlib raise; any of it means: not a record
        yield Drop("broken record", f"{name}, byte {where}")
        return where


def _response(record, where: str):
    """What a record holds, if it is the answer of a server; requests and notes of the crawler are passed over."""
    url = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<>")
    if record.rec_type == "revisit":
        yield Drop("revisit: an earlier record has the page", url[:200])
    elif record.rec_type == "response" and url.lower().startswith(("http:", "https:")):
        body = record.content_stream().read(MAX_BYTES + 1)
        if record.http_headers is None or (len(body) <= MAX_BYTES and getattr(record.raw_stream, "limit", 0) > 0):
            yield Drop("broken record", f"{where}: cut short")
            return
        code = record.http_headers.get_statuscode()
        yield url, int(code) if code.isdigit() else 0, record.http_headers.get_header("Content-Type") or "", body


def linked_pages(paths: Iterable[Path], links: Iterable[Link] | None) -> Iterator[Page | Drop]:
    """The pages that a link leads to, with its karma; without links, every page. Links without a page come last."""
    wanted = None if links is None else {link.key: link for link in links}
    seen = set()
    for found in read_warc(paths):
        if isinstance(found, Drop):
            yield found
            continue
        url, status, kind, body = found
        key = normalise(url)
        if wanted is not None and key not in wanted:
            yield Drop("nobody linked to it", url[:200])
            continue
        seen.add(key)
        yield to_page(url, status, kind, body, wanted[key].karma if wanted else 0)
    for key, link in (wanted or {}).items():
        if key not in seen:
            yield Drop("linked, but not in the archive", link.url[:200])


def to_page(url: str, status: int, kind: str, body: bytes, karma: int) -> Page | Drop:
    """A server's answer as a page, or why it is none."""
    what = url[:200]
    if status != 200:
        return Drop(f"status {status}", what)
    if kind and not kind.lower().split(";")[0].strip() in ("text/html", "application/xhtml+xml"):
        return Drop("not HTML", what)
    if len(body) > MAX_BYTES:
        return Drop("too large", what)
    if not body.strip():
        return Drop("empty", what)
    if b"\0" in body and not body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return Drop("not text", what)
    html = decode(body, kind)
    if depth(html) > MAX_DEPTH:
        return Drop("nested too deep", what)
    return Page(url, karma, html)


def decode(body: bytes, kind: str = "") -> str:
    """The characters of a page: by its byte order mark, the header, its own words, as UTF-8, and else as Windows-1252.

    >>> decode("<p>na\u00efve".encode("cp1252")), decode("<meta charset=big5>\u6c34".encode("big5"))[-1]
    ('<p>naïve', '水')
    """
    utf16 = (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")
    for mark, name in ((codecs.BOM_UTF8, "utf-8-sig"), *utf16):
        if body.startswith(mark):
            return body.decode(name, errors="replace")
    said = [_CHARSET.search(kind.encode("utf-8", "replace")), _CHARSET.search(body[:2048])]
    said = [found.group(1).decode("ascii", "replace").lower() for found in said if found]
    for name in (*said, "utf-8", "cp1252"):
        try:
            name = "cp1252" if name in ("iso-8859-1", "latin-1", "latin1", "ascii") else name  # as browsers have it
            if codecs.lookup(name)._is_text_encoding:
                return body.decode(name)
        except (LookupError, ValueError):
            continue
    return body.decode("utf-8", errors="replace")


def depth(html: str) -> int:
    """How deep elements are nested at most, counted by their tags alone, so that it is safe on any input.

    >>> depth("<div><p>one<p>two<div>three</div></div>")
    2
    """
    now = deepest = 0
    for closing, name in _TAG.findall(html):
        if name.lower() not in _LEAVES:
            now = max(0, now - 1) if closing else now + 1
            deepest = max(deepest, now)
    return deepest
