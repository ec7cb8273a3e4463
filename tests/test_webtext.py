"""The WebText pipeline: each step's rule, broken input that must not end a run, and a run that is killed anywhere."""

from __future__ import annotations

import bz2
import doctest
import gzip
import importlib
import io
import json
import lzma
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from minigpt import Tokenizer
from minigpt.cli import main
from minigpt.errors import UsageError
from minigpt.tinyweb import skins
from minigpt.tinyweb.web import LABELS, web
from minigpt.training.shards import read_shards
from minigpt.webtext import (
    build,
    dedup,
    extract,
    heuristics,
    language,
    links,
    pages,
    pipeline,
    posts,
    shards,
    switches,
    truth,
    wikipedia,
)
from minigpt.webtext.records import Drop, Page, Post, read_records

ENGLISH = (
    "The mill stands where the river turns. Every spring somebody paints the door, and every autumn the rain takes the "
    "paint away again. Nobody minds, since the painter is the baker's cousin and works for bread. The wheel has not "
    "turned for years, but children say that it whispers at night when the moon is thin. "
)
PARTS = (
    "posts links pages wikipedia extract language heuristics dedup records funnel pipeline shards truth switches "
    "build".split()
)


def kept(found) -> list:
    return [record for record in found if not isinstance(record, Drop)]


def reasons(found) -> list[str]:
    return [record.reason for record in found if isinstance(record, Drop)]


def dump(*found: dict) -> bytes:
    return b"".join(json.dumps(post).encode() + b"\n" for post in found)


def warc(*answers: tuple[str, bytes], packed: bool = True) -> bytes:
    """A WARC file of HTML pages."""
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    out = io.BytesIO()
    writer = WARCWriter(out, gzip=packed)
    for url, body in answers:
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
        writer.write_record(writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=headers))
    return out.getvalue()


@pytest.mark.parametrize("name", [*(f"webtext.{part}" for part in PARTS), "tinyweb.web"])
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(f"minigpt.{name}")).failed == 0


# ---- tinyweb as web ----


def test_web_is_the_same_each_time_and_begins_alike():
    few, more = list(web(20, seed=5)), list(web(60, seed=5))
    assert few == more[: len(few)]
    assert list(web(20, seed=6)) != few


def test_web_has_every_label_and_true_copies():
    found = [item.page for item in web(400) if item.page]
    assert {page.label for page in found} == set(LABELS)
    known = {page.url: page for page in found}
    assert len(known) == len(found)
    for page in found:
        if page.label == "exact copy":
            assert page.text == known[page.copy_of].text
        elif page.label == "near copy":
            assert page.copy_of in known
        if page.label == "article" and b'charset="iso' not in page.html:
            assert page.text.split()[-1].strip('".') in page.html.decode().replace("&amp;", "&").replace("&lt;", "<")


def test_web_refuses_what_is_no_number():
    with pytest.raises(ValueError, match="whole number"):
        web(-1)


# ---- posts ----


def zstd(data: bytes) -> bytes:
    """Two frames, as tools write that pack in parallel, with one between them that is to be skipped."""
    pack = pytest.importorskip("zstandard").ZstdCompressor(write_checksum=True).compress
    skipped = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    return pack(data[: len(data) // 2]) + skipped + pack(data[len(data) // 2 :])


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstd])
def test_posts_are_read_from_every_packing_whatever_the_name(tmp_path, pack):
    path = tmp_path / "RS.dump"
    post = {"id": "1", "url": "http://a.org/é", "score": 5, "title": "水 😀"}
    path.write_bytes(pack(dump(*[post] * 9)))
    assert list(posts.read_posts([path])) == [Post("1", "http://a.org/é", 5, "水 😀", "", False)] * 9


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstd])
@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_broken_dump_is_counted_and_the_next_is_read(tmp_path, pack, damage):
    noise = np.random.default_rng(0)
    many = [{"id": str(i), "url": f"http://a.org/{noise.integers(10**9)}", "score": 3} for i in range(3000)]
    data = bytearray(pack(dump(*many)))
    if damage == "cut":
        data = data[: len(data) // 2]
    else:
        for at in range(len(data) // 2, len(data) // 2 + 40):
            data[at] ^= 0xFF
    (tmp_path / "a").write_bytes(data)
    (tmp_path / "b").write_bytes(dump({"id": "last", "url": "http://b.org", "score": 1}))
    found = list(posts.read_posts([tmp_path / "a", tmp_path / "b"]))
    assert found[-1].id == "last"
    assert any(isinstance(f, Drop) for f in found)


def test_lines_that_are_no_posts_are_counted(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(
        b'{"url": "http://a.org"}\n{"id": 1, "url": null, "score": 4}\n[1, 2]\n{"a":\n\xff\xfe\n\n'
        + b"[" * 100_000 + b'\n{"id": "x", "url": "http://a.org/\\ud800", "score": 3}\n'
    )  # fmt: skip
    found = list(posts.read_posts([path]))
    assert reasons(found) == ["broken record"] * 6
    assert kept(found)[0].url == "http://a.org/?"


def test_an_empty_dump_has_no_posts(tmp_path):
    (tmp_path / "a.xz").write_bytes(b"")
    assert list(posts.read_posts([tmp_path / "a.xz"])) == []


def test_karma_is_at_least_three():
    found = list(posts.karma(Post(str(k), "http://a.org", k, "", "", False) for k in (2, 3, 4)))
    assert [p.score for p in kept(found)] == [3, 4] and reasons(found) == ["below 3 karma"]


# ---- links ----


@pytest.mark.parametrize("url, reason", [
    ("http://a.org/x", ""), ("https://a.org", ""), ("HTTPS://A.ORG/x.html?y=1", ""), ("http://reddits.org/", ""),
    ("ftp://a.org/x", "not http"), ("javascript:alert(1)", "not http"), ("magnet:?x", "not http"),
    ("", "malformed address"), ("/r/pond", "malformed address"), ("http://", "malformed address"),
    ("http://a.org:x/", "malformed address"), ("http://[::1", "malformed address"),
    ("http://localhost/", "malformed address"),
    ("http://www.reddit.com/r/x", "inside Reddit"), ("https://i.imgur.com/a", "picture or film"),
    ("http://a.org/b.JPG", "picture or film"), ("http://a.org/b.jpg.html", ""),
])  # fmt: skip
def test_outbound(url, reason):
    assert links.why_not_outbound(url) == reason


def test_spellings_of_a_link_are_one_with_the_best_karma():
    spellings = [
        "http://a.org/b",
        "https://www.A.org/b/",
        "http://a.org:80/b#c",
        "http://a.org/b?utm_source=x&fbclid=1",
    ]
    found = list(links.merge(Post(str(i), url, i, "", "", False) for i, url in enumerate(spellings)))
    assert reasons(found) == ["same link again"] * 3
    assert [(link.url, link.karma, link.posts) for link in kept(found)] == [("http://a.org/b", 3, 4)]
    assert links.normalise("http://a.org/b?id=1") != links.normalise("http://a.org/b?id=2")


# ---- pages ----


@pytest.mark.parametrize("packed", [True, False])
def test_a_broken_record_is_counted_and_the_next_is_read(tmp_path, packed):
    parts = [warc((f"http://a.org/{i}", f"<p>{i} {ENGLISH}".encode()), packed=packed) for i in range(4)]
    middle = bytearray(parts[1])
    middle[20:60] = os.urandom(40)
    (tmp_path / "a.warc").write_bytes(parts[0] + bytes(middle) + parts[2] + parts[3][: len(parts[3]) // 2])
    found = list(pages.read_warc([tmp_path / "a.warc"]))
    assert [f[0] for f in kept(found)] == ["http://a.org/0", "http://a.org/2"]
    assert len(reasons(found)) >= 2


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08", b"no WARC at all", b"\x1f\x8b\x08" * 500, os.urandom(5000)])
def test_what_is_no_warc_is_counted(tmp_path, content):
    (tmp_path / "a.warc.gz").write_bytes(content)
    found = list(pages.read_warc([tmp_path / "a.warc.gz"]))
    assert found and not kept(found)


def test_pages_that_are_none():
    say = lambda *a: pages.to_page("http://a.org", *a, 3)  # noqa: E731
    assert say(404, "text/html", b"x").reason == "status 404"
    assert say(200, "image/png", b"x").reason == "not HTML"
    assert say(200, "text/html", b" \n").reason == "empty"
    assert say(200, "text/html", b"\x89PNG\0\0").reason == "not text"
    assert say(200, "text/html", b"x" * (pages.MAX_BYTES + 1)).reason == "too large"
    assert say(200, "text/html; charset=nonsense", "é".encode()).html == "é"


def test_a_bomb_of_nested_elements_is_counted_quickly():
    began = time.perf_counter()
    for bomb in (skins.nested(100_000), b"<b><i>" * 150_000, b"<div" * 400_000):
        assert pages.to_page("http://a.org", 200, "text/html", bomb, 3).reason == "nested too deep"
    assert time.perf_counter() - began < 5
    assert pages.depth("<p>" * 10_000) == 0  # never closed, and nests nothing


def test_a_record_that_unpacks_to_gigabytes_is_cut(tmp_path):
    (tmp_path / "a.warc.gz").write_bytes(warc(("http://a.org", b"<p>" + b" " * 50_000_000)))
    assert (tmp_path / "a.warc.gz").stat().st_size < 100_000
    assert reasons(pages.linked_pages([tmp_path / "a.warc.gz"], None)) == ["too large"]


# ---- text ----


def test_extraction_leaves_menus_and_survives_anything():
    html = skins._modern(_dice(), "The mill", skins.paragraphs("\n".join([ENGLISH] * 3)))
    text = extract.extract_text(f"<html><body>{html}</body></html>")
    assert "river turns" in text and "cookies" not in text and "Sponsored" not in text
    odd = ["", "<", "\x00\x01", "<html>" * 400, "<!DOCTYPE", "&#xd800;&#0;", "<p>" + "a" * 100_000, "\ufffe\udcff<p>x"]
    assert len(list(extract.extract(Page("http://a.org", 3, html) for html in odd))) == len(odd)


def _dice():
    from minigpt.tinyweb.dice import Dice

    return Dice(3)


def test_wikipedia_goes_and_who_speaks_of_it_stays():
    found = list(wikipedia.not_wikipedia([
        Page("https://en.wikipedia.org/wiki/Mill", 3, "<p>x"),
        Page("https://de.m.wikipedia.org/wiki/M", 3, "<p>x"),
        Page("https://a.org/mill", 3, "<p>x<small>From Wikipedia, the free encyclopedia</small>"),
        Page("https://a.org/mill2", 3, 'Retrieved from "<a href="#">https://en.wikipedia.org/w/index.php"'),
        Page("https://notwikipedia.org.example/", 3, "<p>I read Wikipedia."),
    ]))  # fmt: skip
    assert [p.url for p in kept(found)] == ["https://notwikipedia.org.example/"]


def test_languages():
    text = "昨天晚上，市长的猫睡在了最重要的文件上面。没有人知道那座桥为什么是蓝色的，但是大家都喜欢它。"
    assert language.language_of(ENGLISH) == "en" and language.language_of(text) == "zh"
    assert language.language_of(ENGLISH + " « Je ne suis pas un parapluie » 😀") == "en"
    assert language.language_of("😀😀😀") == "un" and language.language_of("") == "un"


def test_heuristics_keep_text_and_name_the_rule():
    assert heuristics.why_not_text(ENGLISH) == ""
    assert heuristics.why_not_text(ENGLISH + "😀 水") == ""
    assert heuristics.why_not_text("Short.") == "too short"
    assert heuristics.why_not_text("12 % of 3.4 and 5 = 17 / " * 20) == "too few letters"
    assert heuristics.why_not_text("Home About Jobs Shop " * 20) == "one word over and over"
    assert heuristics.why_not_text("We like it here.\n" * 40) == "one word over and over"


def test_exact_copies_differ_in_case_and_marks_alone():
    texts = [ENGLISH, ENGLISH.upper(), ENGLISH.replace(",", ";\n"), ENGLISH + "New.", "水 😀", "水"]
    found = list(dedup.exact(Page(f"http://a.org/{i}", 3, "", t) for i, t in enumerate(texts)))
    assert [p.url[-1] for p in kept(found)] == ["0", "3", "4"]
    again = [Page("http://a.org", 3, "", "one"), Page("https://www.a.org/", 3, "", "two")]
    assert reasons(dedup.exact(again)) == ["same address again"]


def test_near_copies_go_and_others_stay():
    other = "A goose came to the door and asked for the mayor. The mayor was out. So it left a long letter about bread."
    texts = [ENGLISH, ENGLISH.replace("spring", "summer").replace("Nobody minds, ", ""), other]
    found = list(dedup.near(Page(f"http://a.org/{i}", 3, "", t) for i, t in enumerate(texts)))
    assert [p.url[-1] for p in kept(found)] == ["0", "2"] and reasons(found) == ["nearly the same text"]


def test_minhash_is_the_same_on_every_machine():
    assert [int(v) for v in dedup.signature(ENGLISH).hashvalues[:3]] == MINHASH


MINHASH = [119709056, 17373244, 74776786]


# ---- the pipeline ----


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A built corpus of 400 pages, its folder, and the words that its steps reported."""
    out = tmp_path_factory.mktemp("webtext") / "out"
    said = []
    built = build.build(out, tinyweb=400, tokenizer="bpe", vocab_size=400, report=said.append)
    return out, built, said


def files(out: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file() and p.name != "log.jsonl"
    }


def test_funnel_adds_up_and_is_the_same_in_memory(world):
    out, built, _ = world
    counts = built.funnel.steps
    assert [
        c.step for c in counts
    ] == "karma outbound links pages wikipedia extract language heuristics exact near".split()
    for before, after in zip(counts, counts[1:]):
        assert after.came == before.kept or after.step == "pages"
    steps = pipeline.make_steps([out / "tinyweb" / truth.POSTS], [out / "tinyweb" / truth.PAGES])
    funnel, left = pipeline.in_memory(steps)
    assert funnel == built.funnel
    assert left == list(read_records(out / "steps" / "10_near.jsonl", Page))
    assert json.loads((out / "funnel.json").read_text(encoding="utf-8")) == built.funnel.to_dict()


def test_steps_are_right_about_tinyweb(world):
    out, built, _ = world
    scores = {s.step: s for s in built.scores}
    for step, precision, recall in (
        ("outbound", 1, 1), ("pages", 1, 0.9), ("wikipedia", 1, 0.7), ("language", 0.98, 0.98), ("heuristics", 0.8, 0.3),
        ("exact", 1, 0.25), ("near", 0.95, 0.7),
    ):  # fmt: skip
        assert scores[step].precision >= precision and scores[step].recall >= recall, scores[step]
    words = truth.extraction(out, out / "tinyweb" / truth.TRUTH)
    assert words["precision"] > 0.9 and words["recall"] > 0.98


def test_tokens_are_the_texts(world):
    out, built, _ = world
    tokenizer = Tokenizer.load(out / "tokens")
    texts = [page.text for page in read_records(out / "steps" / "10_near.jsonl", Page)]
    for split in ("train", "val"):
        ids = np.concatenate(read_shards(out / "tokens", split, tokenizer.vocab_size))
        assert len(ids) == built.tokens[split]
        found = tokenizer.decode(ids.tolist()).split("<|endoftext|>")
        assert found[:-1] == [t for t in texts if shards.is_validation(t) == (split == "val")] and found[-1] == ""


def test_a_second_run_does_nothing(world):
    out, _, _ = world
    before = {p: p.stat().st_mtime_ns for p in out.rglob("*") if p.parent.name in ("steps", "tokens", "tinyweb")}
    said = []
    build.build(out, tinyweb=400, tokenizer="bpe", vocab_size=400, report=said.append)
    assert all("done before" in line for line in said) and len(said) == 11
    assert before == {
        p: p.stat().st_mtime_ns for p in out.rglob("*") if p.parent.name in ("steps", "tokens", "tinyweb")
    }


def test_only_what_depends_on_a_change_is_run_again(world, tmp_path):
    import shutil

    out = tmp_path / "copy"
    shutil.copytree(world[0], out)
    (out / "steps" / "08_heuristics.jsonl").write_bytes(b"damaged")
    said = []
    build.build(out, tinyweb=400, tokenizer="bpe", vocab_size=400, report=said.append)
    assert [line.split(":")[0] for line in said if "done before" not in line] == ["heuristics"]
    assert files(out) == files(world[0])
    said.clear()
    build.build(out, tinyweb=400, tokenizer="bpe", vocab_size=400, report=said.append,
                settings=pipeline.Settings(skip=("near",)))  # fmt: skip
    assert [line.split(":")[0] for line in said if "done before" not in line] == ["tokens"]
    assert not (out / "steps" / "10_near.jsonl").exists()


def test_a_killed_run_goes_on_and_gives_the_same_bytes(world, tmp_path):
    """Killed again and again, each time a little later, until it gets through."""
    out, kills = tmp_path / "out", 0
    command = [sys.executable, "-m", "minigpt", "webtext", "--tinyweb", "400", "--tokenizer", "bpe",
               "--vocab-size", "400",
               "--out", str(out)]  # fmt: skip
    for stop in ("karma", "extract", "exact", None):
        run = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        for line in run.stderr:
            if stop and line.startswith(stop + ":"):
                time.sleep(0.01)
                run.send_signal(signal.SIGKILL)
                kills += 1
                break
        run.stderr.close()
        assert run.wait(60) == (-signal.SIGKILL if stop else 0)
    assert kills == 3 and files(out) == files(world[0])


def test_two_runs_in_one_folder_are_refused(world):
    from minigpt.lock import locked

    with locked(world[0] / ".lock"), pytest.raises(ValueError, match="another process"):
        build.build(world[0], tinyweb=400, tokenizer="bpe", vocab_size=400)


def test_training_takes_the_shards(world):
    from minigpt.training.corpus import prepare
    from minigpt.training.settings import load_settings

    tokens = prepare(load_settings("tinyweb-0.67M", {"data": str(world[0] / "tokens")}))
    assert len(tokens) == world[1].tokens["train"] and tokens.tokenizer.vocab_size == world[1].tokens["vocab_size"]


# ---- all the ways to switch the filters ----


def test_every_way_is_what_the_pipeline_leaves(world):
    files = [world[0] / "tinyweb" / name for name in (truth.POSTS, truth.PAGES, truth.TRUTH)]
    ways = switches.count_switches(*files)
    assert len(ways["left"]) == len(ways["texts"]) == 2 ** len(pipeline.SKIPPABLE)
    _, known = truth.read_truth(files[2])
    many = [("karma", "exact", "near"), ("wikipedia", "language", "heuristics")]
    for skip in [(), ("near",), ("karma",), ("exact",), *many]:
        on = sum(1 << bit for bit, name in enumerate(ways["switches"]) if name not in skip)
        _, left = pipeline.in_memory(pipeline.make_steps(files[:1], files[1:2], pipeline.Settings(skip=skip)))
        pages_left = [known[links.normalise(page.url)] for page in left]
        assert ways["left"][on] == [sum(page["label"] == label for page in pages_left) for label in ways["labels"]]
        wanted = [page for page in pages_left if page["label"] in ("article", "exact copy", "near copy")]
        assert ways["texts"][on] == len({page["copy_of"] or page["url"] for page in wanted})
    assert sum(ways["archive"]) == 400 and max(ways["texts"]) <= ways["wanted"]


# ---- the command ----


@pytest.mark.parametrize("arguments, words", [
    ([], "nothing to read"),
    (["--posts", "nowhere.xz"], "nowhere.xz is not there"),
    (["--pages", "."], ". is a folder"),
    (["--tinyweb", "-4"], "from 1"),
    (["--tinyweb", "5", "--posts", "x"], "leave out"),
    (["--tinyweb", "5", "--near", "2"], "--near"),
    (["--tinyweb", "5", "--skip", "karm"], "did you mean 'karma'"),
    (["--tinyweb", "5", "--tokenizer", "nosuch"], "no tokenizer"),
    (["--tinyweb", "5", "--min_karma", "3"], "did you mean --min-karma"),
])  # fmt: skip
def test_wrong_use_is_one_sentence(tmp_path, capsys, arguments, words):
    assert main(["webtext", "--out", str(tmp_path / "out"), *arguments]) == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert words in error and error.startswith("minigpt: ")


def test_a_folder_of_other_things_is_refused(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("precious")
    assert main(["webtext", "--tinyweb", "5", "--out", str(tmp_path)]) == 2
    assert "holds other things" in capsys.readouterr().err and [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_no_page_left_is_told(tmp_path, capsys):
    (tmp_path / "a.warc.gz").write_bytes(b"")
    assert main(["webtext", "--pages", str(tmp_path / "a.warc.gz"), "--out", str(tmp_path / "out")]) == 1
    assert "no page is left" in capsys.readouterr().err


def test_posts_alone_give_links_and_sites(tmp_path, capsys):
    (tmp_path / "RS.json").write_bytes(
        dump(*({"id": str(i), "url": f"http://a.org/{i % 2}", "score": 4} for i in range(3)))
    )
    assert main(["webtext", "--posts", str(tmp_path / "RS.json"), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "sites.txt").read_text() == "2 a\n"
    assert not (tmp_path / "out" / "tokens").exists() and "same link again" in capsys.readouterr().out


def test_chinese_and_emoji_come_through(tmp_path):
    body = f"<html><body><article><h1>水</h1><p>{ENGLISH}水 means water 😀.</p><p>{ENGLISH}</p></article></body></html>"
    (tmp_path / "a.warc.gz").write_bytes(warc(("http://例え.jp/水", body.encode())))
    built = build.build(tmp_path / "out", pages=[tmp_path / "a.warc.gz"])
    ids = np.concatenate(
        read_shards(tmp_path / "out" / "tokens", "train") + read_shards(tmp_path / "out" / "tokens", "val")
    )
    assert "水 means water 😀." in Tokenizer.gpt2().decode(ids.tolist()) and built.tokens["documents"] == 1


@pytest.mark.parametrize("name, left", [("warc/cc.warc.gz", 1), ("warc/example.warc.gz", 0)])
def test_real_archives(tmp_path, name, left):
    path = Path(os.environ.get("MINIGPT_DATA_FOR_TESTS") or os.environ.get("MINIGPT_DATA", "")) / name
    if not path.is_file():
        pytest.skip(f"{name} is not in a folder of real data")
    funnel, found = pipeline.in_memory(pipeline.make_steps([], [path], pipeline.Settings()))
    assert funnel.steps[0].kept >= 1 and len(found) == left


def test_import_stays_light():
    heavy = ("trafilatura", "lxml", "warcio", "pycld2", "datasketch", "scipy", "ray", "datatrove")
    code = f"import sys, minigpt.webtext.build; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_settings_name_the_nearest_step():
    with pytest.raises(UsageError, match="near"):
        pipeline.Settings(skip=("nera",))


# ---- the same steps under datatrove ----


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_datatrove_gives_the_same_bytes(world, tmp_path, engine):
    pytest.importorskip("datatrove", reason="the extra webtext-cluster is not installed")
    if engine == "ray":
        ray = pytest.importorskip("ray", reason="the extra webtext-cluster is not installed")
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    from minigpt.webtext import datatrove

    whole = (world[0] / "tinyweb" / truth.PAGES).read_bytes()
    cut = whole.index(b"WARC/1.0\r\nWARC-Date", len(whole) // 2)
    files = [tmp_path / "a.warc", tmp_path / "b.warc"]
    for path, data in zip(files, (whole[:cut], whole[cut:])):
        path.write_bytes(data)
    try:
        found = datatrove.run(tmp_path / "out", [world[0] / "tinyweb" / truth.POSTS], files, engine=engine)
    finally:
        if engine == "ray":
            ray.shutdown()
    assert found.read_bytes() == (world[0] / "steps" / "10_near.jsonl").read_bytes()
