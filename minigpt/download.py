"""One file from the network, or nothing: resumed, checked, from several addresses, put in its place only when whole.

Nothing is taken on trust. Where somebody published the sha256 of a file, what arrives must have it. Where nobody did,
the size and the MD5 that the server states are checked, and the sha256 of what came first is kept beside the file and
compared from then on.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import shutil
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from minigpt.lock import Locked, locked
from minigpt.recorded import write_atomic

STALL_SECONDS = 30.0  # with no byte for so long, a download counts as stalled
TRIES = 3  # at each address; a later try goes on where the last one ended
BAR_FROM = 5_000_000  # bytes from which a download shows a bar
_CHUNK = 2**16


class DownloadError(OSError):
    """A file could not be had; the message says why, and what to do."""


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be had.

    Args:
        name: under which it is kept.
        size: in bytes; 0 where no source states it.
        sha256: "" where no source states it: then the first download is pinned.
        urls: where it can be had, in the order in which they are tried.
        made_of: the downloads that it is unpacked from, if it is not downloaded as it is.
        make: called with the paths of `made_of`; gives the bytes of this file, piece by piece.
    """

    name: str
    size: int
    sha256: str
    urls: tuple[str, ...] = ()
    made_of: tuple[RemoteFile, ...] = ()
    make: Callable[..., Iterator[bytes]] | None = None


def sha256_of(path: str | os.PathLike) -> str:
    """The sha256 of a file, read in pieces."""
    return _digest(path, hashlib.sha256()).hexdigest()


def _digest(path: str | os.PathLike, digest):
    with open(path, "rb") as file:
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest


# ---- What a file must be ----


def pin_of(target: Path) -> Path:
    """Where the sha256 of a file is kept that no source states one for, in the format of `sha256sum`."""
    return target.with_name(target.name + ".sha256")


def expected_sha256(file: RemoteFile, target: Path) -> str:
    """The published sha256, or that of the first download; "" if there was none yet."""
    if file.sha256 or not pin_of(target).is_file():
        return file.sha256
    return (pin_of(target).read_text(encoding="utf-8").split() or [""])[0]


def check(path: Path, file: RemoteFile, target: Path) -> str:
    """What is wrong with `path` as that file; "" if nothing is. Pins it where there is nothing to compare with.

    Args:
        target: where the file is kept, and its pin beside it; `path` may be another place.
    """
    expected = expected_sha256(file, target)
    if expected:
        if sha256_of(path) == expected:
            return ""
        whose = "its sha256" if file.sha256 else f"the sha256 pinned when it first came ({pin_of(target)}),"
        return f"{path.stat().st_size:,} bytes that do not match {whose} {expected[:12]}..."
    if file.size and path.stat().st_size != file.size:
        return f"{path.stat().st_size:,} bytes instead of {file.size:,}"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(pin_of(target), f"{sha256_of(path)}  {file.name}\n")
    return ""


# ---- Downloading ----


def download(file: RemoteFile, target: Path) -> None:
    """Brings a file to `target`, or nothing: it is put there only when complete and what it should be.

    What has arrived is kept beside it under the name `.part`; a later try, also after a kill, asks for the rest only.

    Raises:
        DownloadError: it stalled, broke off, was refused, or has changed, at every address; each reason is told.
    """
    part = target.with_name(target.name + ".part")
    try:
        with locked(target.with_name(f".{target.name}.lock")):
            reasons = []
            for url in file.urls:
                try:
                    _fetch_checked(url, part, file, target)
                    os.replace(part, target)
                    return
                except DownloadError as error:
                    reasons.append(f"{url} {error}")
    except Locked:
        raise DownloadError(f"another process is downloading {target} just now; wait for it, then try again") from None
    raise DownloadError(
        f"{file.name} could not be downloaded: {'; '.join(reasons)}. Try again later, or put the file at {target}"
    )


def _fetch_checked(url: str, part: Path, file: RemoteFile, target: Path) -> None:
    """Downloads to `part` until it is what it should be."""
    for attempt in range(TRIES):
        began_empty = not part.exists()
        try:
            stated_md5 = _fetch(url, part, file)
        except DownloadError as error:
            if attempt + 1 == TRIES or not error.args[0].startswith(("stalled", "broke off")):
                raise
            time.sleep(0.2 * attempt)
            continue
        wrong = ""
        if stated_md5 and not file.sha256 and _digest(part, hashlib.md5()).digest() != stated_md5:
            wrong = "bytes that do not match the MD5 that the server states"
        wrong = wrong or check(part, file, target)
        if not wrong:
            _etag_of(part).unlink(missing_ok=True)
            return
        part.unlink()  # perhaps it began with another file's bytes: once more, from the start
        if began_empty:
            break
    raise DownloadError(f"has changed: what arrived is {wrong}")


def _etag_of(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _fetch(url: str, part: Path, file: RemoteFile) -> bytes:
    """Appends the bytes that `part` does not have yet; returns the MD5 that the server states, or b"".

    Where no sha256 would tell a mixture of two files, the rest is only taken if the server's file is still the same.
    """
    have = part.stat().st_size if part.exists() else 0
    headers = {"User-Agent": "minigpt"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if not file.sha256:
            headers["If-Range"] = _etag_of(part).read_text() if _etag_of(part).is_file() else '"unknown"'
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=STALL_SECONDS) as answer:
            if have and answer.status != 206:  # a server that knows no ranges, or has another file, sends all again
                have = 0
            if not file.sha256 and answer.headers.get("ETag"):
                _etag_of(part).write_text(answer.headers["ETag"])
            length = answer.headers.get("Content-Length")
            expected = have + int(length) if length else None
            _make_room(part, (expected or file.size) - have)
            with open(part, "ab" if have else "wb") as out, _bar(file, have, expected) as bar:
                while chunk := answer.read(_CHUNK):
                    out.write(chunk)
                    bar.update(len(chunk))
            stated_md5 = answer.headers.get("Content-MD5") or ""
        if expected is not None and part.stat().st_size < expected:
            raise DownloadError(f"broke off after {part.stat().st_size:,} of {expected:,} bytes")
        return base64.b64decode(stated_md5)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing is left to send: the check will tell
            return b""
        raise DownloadError(f"answered {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise DownloadError(f"stalled: no byte came for {STALL_SECONDS:g} s") from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, TimeoutError):
            raise DownloadError(f"stalled: no answer came for {STALL_SECONDS:g} s") from error
        raise DownloadError(f"cannot be reached ({error.reason})") from error
    except (ConnectionError, EOFError, http.client.HTTPException, ssl.SSLError) as error:
        raise DownloadError(f"broke off ({error})") from error


def _make_room(part: Path, needed: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if needed > free:
        raise DownloadError(
            f"needs {needed / 1e9:.2f} GB in {part.parent}, and {free / 1e9:.2f} GB are free there; "
            "free some, or set MINIGPT_CACHE to a folder on another disk"
        )


def _bar(file: RemoteFile, have: int, expected: int | None):
    """How far a large download is, where somebody watches; small ones show nothing."""
    from tqdm import tqdm  # not above: `import minigpt` stays quick

    small = max(file.size, expected or 0) < BAR_FROM
    return tqdm(
        total=expected or file.size or None, initial=have, desc=file.name, unit="B", unit_scale=True,
        disable=True if small else None,
    )  # fmt: skip
