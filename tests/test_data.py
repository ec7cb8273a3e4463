"""Downloads that stall, break off, change or go on; the mirror; the registry."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from minigpt import data
from minigpt.data import DataSet, DownloadError, RemoteFile
from minigpt.errors import UsageError
from minigpt.lock import Locked, locked

BODY = bytes(range(256)) * 2000  # 512 kB
SHA = hashlib.sha256(BODY).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves BODY in the way that the path names; keeps what ranges it was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, how: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{how}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        how, asked = self.path[1:], self.headers.get("Range")
        self.server.ranges.append(asked)
        if how == "missing":
            return self.send_error(404)
        body = BODY[:-1] + b"?" if how == "changed" else BODY
        start = int(asked[6:-1]) if asked and how != "no-ranges" else 0
        if start >= len(body):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        body = body[start:]
        if how == "stalls":
            self.wfile.write(body[:1000])
            self.wfile.flush()
            time.sleep(2)
        elif how == "breaks":  # each time after 200 kB
            self.wfile.write(body[:200_000])
        elif how == "breaks-at-once":
            self.close_connection = True
        else:
            self.wfile.write(body)


@pytest.fixture(scope="module")
def server():
    server = Server()
    yield server
    server.shutdown()


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch, server):
    monkeypatch.setenv("MINIGPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MINIGPT_DATA", raising=False)
    monkeypatch.setattr(data, "STALL_SECONDS", 0.3)
    server.ranges.clear()


@pytest.fixture
def registered(monkeypatch, server):
    """Puts a data set of one file into the registry, served in the ways named."""

    def register(*how: str, sha256: str = SHA) -> None:
        file = RemoteFile("body.bin", len(BODY), sha256, tuple(server.url(h) for h in how))
        monkeypatch.setitem(data.REGISTRY, "set", DataSet("set", "a test", "none", (file,)))

    return register


def everything_under(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.rglob("*") if p.is_file() and not p.name.endswith(".lock"))


def test_download_once_then_from_the_cache(registered, server, tmp_path):
    registered("good")
    assert not data.present("set")
    (path,) = data.get("set")
    assert path.read_bytes() == BODY and path.is_relative_to(tmp_path) and data.present("set")
    assert data.get("set") == [path] and len(server.ranges) == 1
    assert everything_under(tmp_path) == ["body.bin"]


def test_a_damaged_file_in_the_cache_is_had_anew(registered):
    registered("good")
    (path,) = data.get("set")
    path.write_bytes(b"damaged")
    lines: list[str] = []
    assert data.get("set", lines.append)[0].read_bytes() == BODY
    assert any("does not match its checksum" in line for line in lines)


def test_a_broken_download_goes_on_where_it_ended(registered, server):
    registered("breaks")
    assert data.get("set")[0].read_bytes() == BODY
    assert server.ranges == [None, "bytes=200000-", "bytes=400000-"]


def test_a_killed_download_goes_on(registered, server, tmp_path):
    registered("good")
    part = data.cache_dir() / "data" / "set" / "body.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY[:1234])
    assert data.get("set")[0].read_bytes() == BODY and server.ranges == ["bytes=1234-"]


@pytest.mark.parametrize("left", [b"?" * 1000, BODY[:-5] + b"?????", BODY + b"?"])
def test_a_part_of_something_else_is_thrown_away(registered, left):
    registered("good")
    part = data.cache_dir() / "data" / "set" / "body.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(left)
    assert data.get("set")[0].read_bytes() == BODY


def test_a_server_without_ranges(registered):
    registered("no-ranges")
    part = data.cache_dir() / "data" / "set" / "body.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY[:99])
    assert data.get("set")[0].read_bytes() == BODY


@pytest.mark.parametrize(
    "how, says",
    [
        ("stalls", "stalled: no byte came for 0.3 s"),
        ("breaks-at-once", "broke off after 0 of 512,000 bytes"),
        ("changed", "has changed: 512,000 bytes arrived that do not match the sha256"),
        ("missing", "answered 404"),
    ],
)
def test_what_went_wrong_is_told_apart(registered, tmp_path, how, says):
    registered(how)
    with pytest.raises(DownloadError, match=f"body.bin could not be downloaded: .*{says}.*put the file at"):
        data.get("set")
    assert "body.bin" not in everything_under(tmp_path)


def test_no_network(registered, monkeypatch):
    monkeypatch.setitem(
        data.REGISTRY, "set", DataSet("set", "", "", (RemoteFile("f", 1, SHA, ("http://127.0.0.1:9/f",)),))
    )
    with pytest.raises(DownloadError, match="cannot be reached"):
        data.get("set")


def test_the_next_mirror_is_tried(registered):
    registered("missing", "changed", "good")
    assert data.get("set")[0].read_bytes() == BODY


def test_minigpt_data_comes_first_and_only_if_it_matches(registered, server, tmp_path, monkeypatch):
    registered("good")
    mirror = tmp_path / "mirror" / "set" / "body.bin"
    mirror.parent.mkdir(parents=True)
    monkeypatch.setenv("MINIGPT_DATA", str(tmp_path / "mirror"))
    mirror.write_bytes(BODY)
    assert data.get("set") == [mirror] and server.ranges == []
    mirror.write_bytes(BODY + b"!")
    assert data.get("set") != [mirror] and mirror.read_bytes() == BODY + b"!"


def test_two_downloads_of_one_file_at_once(registered):
    registered("good")
    folder = data.cache_dir() / "data" / "set"
    folder.mkdir(parents=True)
    with locked(folder / ".body.bin.lock"), pytest.raises(DownloadError, match="another process is downloading"):
        data.get("set")
    assert data.get("set")[0].read_bytes() == BODY


def test_a_lock_dies_with_its_process(tmp_path):
    if not hasattr(os, "fork"):
        pytest.skip("needs fork")
    ready, told = os.pipe()
    child = os.fork()
    if not child:
        with locked(tmp_path / "lock"):
            os.write(told, b"x")
            time.sleep(60)
    os.read(ready, 1)
    with pytest.raises(Locked), locked(tmp_path / "lock"):
        pass
    os.kill(child, 9)
    os.waitpid(child, 0)
    with locked(tmp_path / "lock"):
        pass


def test_an_unpacked_file_is_checked_before_and_after(registered, server, monkeypatch):
    half = hashlib.sha256(BODY[::2]).hexdigest()

    def entry(sha256):
        file = RemoteFile("half.bin", 0, sha256, (server.url("good"),), unpack=lambda b: b[::2], raw_sha256=SHA)
        monkeypatch.setitem(data.REGISTRY, "set", DataSet("set", "", "", (file,)))

    entry(half)
    assert data.get("set")[0].read_bytes() == BODY[::2]
    entry("0" * 64)
    with pytest.raises(DownloadError, match="unpacked to something else"):
        data.get("set")


def test_text_of_an_r_data_file():
    import bz2
    import struct

    words = [f"line {i} é".encode() for i in range(150)]
    column = struct.pack(">ii", 16, 150) + b"".join(struct.pack(">ii", 0x40009, len(w)) + w for w in words)
    other = struct.pack(">ii", 16, 1) + struct.pack(">ii", 0x40009, 4) + b"name"
    assert data.strings_of_rda(bz2.compress(b"RDX3\nX\n" + other + column)) == b"\n".join(words)
    with pytest.raises(ValueError, match="no column of text"):
        data.strings_of_rda(bz2.compress(other))


def test_the_registry_is_well_formed():
    for name, entry in data.REGISTRY.items():
        assert entry.name == name and entry.licence and entry.files
        assert set(entry.train) <= {file.name for file in entry.files}
        for file in entry.files:
            assert len(file.sha256) == 64 and file.size > 0 and all(url.startswith("https://") for url in file.urls)
            assert (file.unpack is None) == (not file.raw_sha256)
    with pytest.raises(UsageError, match="did you mean 'tinyshakespeare'"):
        data.get("tinyshakespear")


@pytest.mark.skipif(
    not os.environ.get("MINIGPT_DATA_FOR_TESTS"), reason="set MINIGPT_DATA_FOR_TESTS to a folder of real data"
)
def test_the_registry_matches_a_folder_of_real_data(monkeypatch):
    monkeypatch.setenv("MINIGPT_DATA", os.environ["MINIGPT_DATA_FOR_TESTS"])
    for name in data.REGISTRY:
        lines: list[str] = []
        data.get(name, lines.append)
        assert all(line.endswith("checked") and os.environ["MINIGPT_DATA"] in line for line in lines), lines
