"""Downloads that stall, break off, change or go on; pins, archives, the mirror; the registry."""

from __future__ import annotations

import base64
import bz2
import hashlib
import io
import json
import os
import shutil
import struct
import tarfile
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from minigpt import data, download, registry
from minigpt.data import DataSet, DownloadError, RemoteFile
from minigpt.errors import UsageError
from minigpt.lock import Locked, locked

BODY = bytes(range(256)) * 2000  # 512 kB
SHA = hashlib.sha256(BODY).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves BODY in the way that the path names, or the file put into `files` under it; keeps what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.ranges: list[str | None] = []
        self.files: dict[str, bytes] = {}
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
        body = self.server.files.get(how, BODY[:-1] + b"?" if how == "changed" else BODY)
        etag = f'"{hashlib.sha1(body).hexdigest()}"'
        start = int(asked[6:-1]) if asked and how != "no-ranges" else 0
        if self.headers.get("If-Range", etag) != etag:
            start = 0
        if start >= len(body):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.send_header("ETag", etag)
        if how in ("md5", "wrong-md5"):
            stated = body if how == "md5" else b"something else"
            self.send_header("Content-MD5", base64.b64encode(hashlib.md5(stated).digest()).decode())
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
    monkeypatch.setattr(download, "STALL_SECONDS", 0.3)
    server.ranges.clear()
    server.files.clear()


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
    assert any("that do not match its sha256" in line for line in lines)


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
        ("changed", "has changed: what arrived is 512,000 bytes that do not match its sha256"),
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


def test_a_full_disk_is_told_before_it_is_full(registered, monkeypatch):
    registered("good")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(1, 1, 100_000))
    with pytest.raises(DownloadError, match="needs 0.00 GB in .*MINIGPT_CACHE"):
        data.get("set")


# ---- Files whose sha256 nobody published


def test_the_first_download_is_pinned(registered, tmp_path):
    registered("good", sha256="")
    (path,) = data.get("set")
    assert (path.parent / "body.bin.sha256").read_text() == f"{SHA}  body.bin\n"
    assert everything_under(tmp_path) == ["body.bin", "body.bin.sha256"]
    path.unlink()
    registered("changed", sha256="")
    with pytest.raises(DownloadError, match="has changed: .* do not match the sha256 pinned when it first came"):
        data.get("set")
    registered("good", sha256="")
    assert data.get("set") == [path]


def test_a_damaged_pinned_file_is_had_anew(registered):
    registered("good", sha256="")
    (path,) = data.get("set")
    path.write_bytes(BODY[:-1])
    assert data.get("set")[0].read_bytes() == BODY


def test_a_file_in_the_mirror_is_pinned_too(registered, tmp_path, monkeypatch):
    registered("missing", sha256="")
    mirror = tmp_path / "mirror" / "set" / "body.bin"
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes(BODY)
    monkeypatch.setenv("MINIGPT_DATA", str(tmp_path / "mirror"))
    assert data.get("set") == [mirror]
    mirror.write_bytes(BODY[::-1])
    with pytest.raises(DownloadError, match="404"):
        data.get("set")
    assert sorted(p.name for p in mirror.parent.iterdir()) == ["body.bin"]


def test_what_the_server_states_is_checked(registered):
    registered("md5", sha256="")
    (path,) = data.get("set")
    shutil.rmtree(path.parent)
    registered("wrong-md5", sha256="")
    with pytest.raises(DownloadError, match="do not match the MD5 that the server states"):
        data.get("set")
    registered("wrong-md5")  # a published sha256 counts for more
    assert data.get("set")[0].read_bytes() == BODY


def test_without_a_checksum_the_size_must_be_right(monkeypatch, server):
    file = RemoteFile("body.bin", len(BODY) + 1, "", (server.url("good"),))
    monkeypatch.setitem(data.REGISTRY, "set", DataSet("set", "", "", (file,)))
    with pytest.raises(DownloadError, match="512,000 bytes instead of 512,001"):
        data.get("set")


@pytest.mark.parametrize("same", [True, False])
def test_a_rest_is_only_taken_from_the_same_file(registered, server, same, monkeypatch):
    """Half of one file and half of another would be told by no checksum here."""
    monkeypatch.setattr(download, "TRIES", 1)
    registered("breaks", sha256="")
    with pytest.raises(DownloadError, match="broke off"):
        data.get("set")
    server.files["later"] = BODY if same else BODY[::-1]
    registered("later", sha256="")
    assert data.get("set")[0].read_bytes() == server.files["later"]
    assert server.ranges == [None, "bytes=200000-"]


def test_a_rest_of_unknown_origin_is_not_taken(registered, server):
    registered("good", sha256="")
    part = data.cache_dir() / "data" / "set" / "body.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"?" * 1000)
    assert data.get("set")[0].read_bytes() == BODY


# ---- Files that come in archives


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def archived(monkeypatch, server):
    """Puts a set of two files that come in one archive into the registry."""

    def register(body: bytes, names=("in/a.txt", "in/b.txt"), sha256_of_a: str = "") -> None:
        server.files["archive"] = body
        archive = RemoteFile("archive", len(body), hashlib.sha256(body).hexdigest(), (server.url("archive"),))
        files = tuple(
            RemoteFile(Path(name).name, 0, sha256, made_of=(archive,), make=registry.member(name))
            for name, sha256 in zip(names, (sha256_of_a, ""))
        )
        monkeypatch.setitem(data.REGISTRY, "set", DataSet("set", "", "", files))

    return register


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_files_out_of_an_archive(archived, pack, server, tmp_path):
    archived(pack({"in/a.txt": b"one" * 10**6, "in/b.txt": b"two", "in/c.txt": b"three"}))
    a, b = data.get("set")
    assert a.read_bytes() == b"one" * 10**6 and b.read_bytes() == b"two" and len(server.ranges) == 1
    assert everything_under(tmp_path) == ["a.txt", "a.txt.sha256", "b.txt", "b.txt.sha256"]
    b.write_bytes(b"2")
    assert data.get("set")[1].read_bytes() == b"two" and len(server.ranges) == 2


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_that_holds_something_else(archived, pack, tmp_path):
    archived(pack({"in/a.txt": b"one"}))
    with pytest.raises(DownloadError, match="b.txt was unpacked from archive to something else .*b.txt.*report"):
        data.get("set")
    archived(pack({"in/a.txt": b"one", "in/b.txt": b"two"}), sha256_of_a="0" * 64)
    with pytest.raises(DownloadError, match="a.txt was unpacked from archive to 3 bytes that do not match its sha256"):
        data.get("set")
    archived(b"no archive at all")
    with pytest.raises(DownloadError, match="was unpacked from archive to something else"):
        data.get("set")
    assert not [name for name in everything_under(tmp_path) if name.endswith(".tmp")]


def test_text_of_an_r_data_file(tmp_path):
    words = [f"line {i} é".encode() for i in range(150)]
    column = struct.pack(">ii", 16, 150) + b"".join(struct.pack(">ii", 0x40009, len(w)) + w for w in words)
    other = struct.pack(">ii", 16, 1) + struct.pack(">ii", 0x40009, 4) + b"name"
    file = tmp_path / "file.rda"
    file.write_bytes(bz2.compress(b"RDX3\nX\n" + other + column))
    assert b"".join(registry.strings_of_rda(file)) == b"\n".join(words)
    file.write_bytes(bz2.compress(other))
    with pytest.raises(ValueError, match="no column of text"):
        list(registry.strings_of_rda(file))


def test_stories_of_the_news(tmp_path):
    """Story files are named by the SHA-1 of their address and end in highlights."""
    urls = ["http://web/b.html", "http://web/a.html"]
    names = [hashlib.sha1(url.encode()).hexdigest() for url in urls]
    story = "(CNN)  First “line”.\n\nSecond line .\n\n@highlight\n\nOne\n\n@highlight\n\nTwo of\nit\n"
    files = (tmp_path / "urls", tmp_path / "cnn.tgz", tmp_path / "dm.tgz")
    files[0].write_text("\n".join(urls) + "\n")
    files[1].write_bytes(tarred({f"cnn/stories/{names[1]}.story": story.encode(), "cnn/stories/0.story": b"x"}))
    files[2].write_bytes(tarred({f"dailymail/stories/{names[0]}.story": b"@highlight\n\nOnly"}))
    first, second = (json.loads(line) for line in b"".join(registry.news_stories(*files)).splitlines())
    assert first == {"id": names[0], "article": "", "highlights": ["Only"]}
    assert second["article"] == "(CNN)  First “line”.\nSecond line ." and second["highlights"] == ["One", "Two of it"]
    with pytest.raises(KeyError):
        list(registry.news_stories(files[0], files[1]))


# ---- The registry


def test_the_registry_is_well_formed():
    for name, entry in data.REGISTRY.items():
        assert entry.name == name and entry.licence and entry.files and entry.what
        assert set(entry.train) <= {file.name for file in entry.files}
        for file in (*entry.files, *entry.downloads):
            assert bool(file.made_of) == (file.make is not None) and not (file.made_of and file.urls)
            assert len(file.sha256) == 64 or (not file.sha256 and (file.made_of or name.endswith("-tensorflow")))
            assert all(url.startswith(("https://", "http://")) for url in file.urls)
            assert file.urls or file.made_of or (entry.how and file.size and file.sha256)
        for file in entry.downloads:
            assert not any(url.startswith("http:") for url in file.urls) or file.sha256, "unprotected and unchecked"
    with pytest.raises(UsageError, match="did you mean 'tinyshakespeare'"):
        data.get("tinyshakespear")


def test_every_set_of_the_paper_is_there():
    language_modeling = ["lambada", "cbt", "wikitext-2", "wikitext-103", "ptb", "enwik8", "text8", "1bw"]
    for name in [*language_modeling, "winograd", "coqa", "cnn_dm", "wmt14-fr-en", "nq-open"]:
        assert data.find(name).paper.startswith("section 3.")
    for name in ("gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl"):
        config, weights = data.find(name).files
        assert len(weights.urls) > 1 and weights.sha256 and config.sha256
        assert [file.name for file in data.find(f"{name}-tensorflow").files][-1].startswith("model.ckpt.data")


def test_a_set_that_may_not_be_passed_on(tmp_path, monkeypatch):
    with pytest.raises(DownloadError, match=r"Linguistic Data Consortium.*Put it at \$MINIGPT_DATA/ptb/ptb.test.txt"):
        data.get("ptb")
    place = tmp_path / "ptb" / "ptb.test.txt"
    place.parent.mkdir()
    place.write_text("another edition")
    monkeypatch.setenv("MINIGPT_DATA", str(tmp_path))
    lines: list[str] = []
    with pytest.raises(DownloadError, match="Put it at"):
        data.get("ptb", lines.append)
    assert "ptb.test.txt is not used: it holds 15 bytes that do not match its sha256" in lines[0]


def test_everything_about_a_set(registered):
    about = data.describe("cnn_dm")
    assert "Table 4" in about and "158.6 MB" in about and "hf-mirror.com" in about and "pinned at first" in about
    assert "LDC99T42" in data.describe("ptb") and "$MINIGPT_DATA/ptb" in data.describe("ptb")
    registered("good", sha256="")
    data.get("set")
    assert f"sha256 {SHA}, pinned when it first came" in data.describe("set")
    with pytest.raises(UsageError, match="did you mean 'cnn_dm'"):
        data.describe("cnndm")


@pytest.mark.skipif(
    not os.environ.get("MINIGPT_DATA_FOR_TESTS"), reason="set MINIGPT_DATA_FOR_TESTS to a folder of real data"
)
def test_the_registry_matches_a_folder_of_real_data(monkeypatch):
    monkeypatch.setenv("MINIGPT_DATA", os.environ["MINIGPT_DATA_FOR_TESTS"])
    assert sum(data.present(name) for name in data.REGISTRY) > 10
    for name in filter(data.present, data.REGISTRY):
        lines: list[str] = []
        data.get(name, lines.append)
        assert all(line.endswith("checked") and os.environ["MINIGPT_DATA"] in line for line in lines), lines
