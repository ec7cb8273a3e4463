"""Token shards of any texts: the same bytes for any number of processes, and what was done is not done again."""

from __future__ import annotations

import gzip
import json
import os

import pytest

from minigpt.errors import UsageError
from minigpt.tokenizer import Tokenizer
from minigpt.training import Settings, corpus, tokens
from minigpt.training.tokens import Piece, cut_into_parts, json_lines, make_tokens

TEXTS = [f"Text {i}: the cat sat on the mat, {'very ' * (i % 7)}often. 猫🙂\n\nEnd of {i}." for i in range(60)]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch):
    monkeypatch.setattr(tokens, "PART", 1500)


@pytest.fixture
def texts(tmp_path):
    """A folder of 60 texts: 5 files, 45 JSON lines, 10 packed ones."""
    folder = tmp_path / "texts"
    (folder / "deeper").mkdir(parents=True)
    for i, text in enumerate(TEXTS[:5]):
        (folder / "deeper" / f"{i}.txt").write_text(text, encoding="utf-8")
    lines = [json.dumps({"url": "x", "text": t}, ensure_ascii=bool(i % 2)) + "\n" for i, t in enumerate(TEXTS[5:])]
    (folder / "a.jsonl").write_text("".join(lines[:45]) + "\n", encoding="utf-8")
    with gzip.open(folder / "b.jsonl.gz", "wt", encoding="utf-8") as file:
        file.writelines(lines[45:])
    (folder / "notes.md").write_text("no text")
    return folder


def documents(folder) -> list[str]:
    """All texts in a folder of shards, sorted."""
    found, tokenizer = [], Tokenizer.load(folder)
    for shard in [*corpus.read_shards(folder, "train"), *corpus.read_shards(folder, "val")]:
        found += tokenizer.decode(shard.tolist()).split("<|endoftext|>")[:-1]
    return sorted(found)


def shard_bytes(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.tokens")}


def test_every_text_once_whatever_it_came_from(texts, tmp_path):
    count = make_tokens([texts], tmp_path / "out", validation=0.2, processes=1)
    assert documents(tmp_path / "out") == sorted(TEXTS)
    assert count["documents"] == 60 and count["train"] > count["val"] > 0
    read = corpus.prepare(Settings(data=str(tmp_path / "out"), block_size=8))
    assert len(read) == count["train"] and sum(map(len, read.val)) == count["val"]
    assert len(shard_bytes(tmp_path / "out")) > 6  # several parts, two shards each


def test_the_shards_are_the_same_for_any_number_of_processes(texts, tmp_path):
    for processes in (1, 2):
        make_tokens([texts], tmp_path / str(processes), validation=0.2, processes=processes)
    assert shard_bytes(tmp_path / "1") == shard_bytes(tmp_path / "2")


def test_the_same_texts_validate_however_the_input_is_cut(texts, tmp_path, monkeypatch):
    make_tokens([texts], tmp_path / "many", validation=0.2, processes=1)
    monkeypatch.setattr(tokens, "PART", 2**28)
    make_tokens([texts], tmp_path / "few", validation=0.2, processes=1)
    val = [
        sum((shard.tolist() for shard in corpus.read_shards(tmp_path / name, "val")), []) for name in ("many", "few")
    ]
    assert sorted(val[0]) == sorted(val[1]) and len(val[0]) > 10


def test_what_is_done_is_not_done_again(texts, tmp_path, monkeypatch):
    real, made = tokens.write_part, []

    def dies(number, *rest):
        made.append(number)
        if len(made) == 3:
            raise KeyboardInterrupt
        return real(number, *rest)

    monkeypatch.setattr(tokens, "write_part", dies)
    with pytest.raises(KeyboardInterrupt):
        make_tokens([texts], tmp_path / "out", validation=0.2, processes=1)
    assert not corpus._is_whole(tmp_path / "out")  # so that nobody trains on half of it
    said = []
    make_tokens([texts], tmp_path / "out", validation=0.2, processes=1, report=said.append)
    assert made[:4] == [0, 1, 2, 2] and len(made) == len(set(made)) + 1 and said[0].startswith("2 of ")
    assert documents(tmp_path / "out") == sorted(TEXTS)
    make_tokens([texts], tmp_path / "out", validation=0.2, processes=1)
    assert len(made) == len(set(made)) + 1


def test_a_line_belongs_where_it_begins(texts):
    path = texts / "a.jsonl"
    whole = list(json_lines(Piece(path, 0, path.stat().st_size), "text"))
    for size in (1, 7, 100, 333, 5000):
        cuts = [*range(0, path.stat().st_size, size), path.stat().st_size]
        if size == 1:
            cuts = cuts[:400] + cuts[-1:]
        assert [t for a, b in zip(cuts, cuts[1:]) for t in json_lines(Piece(path, a, b), "text")] == whole
    assert whole == TEXTS[5:50]


def test_parts_are_of_like_size(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"x" * 4000)
    for name, size in (("b.txt", 1000), ("c.txt", 400), ("d.txt", 400), ("e.txt", 9000)):
        (tmp_path / name).write_bytes(b"x" * size)
    parts = list(cut_into_parts(sorted(tmp_path.iterdir())))
    assert [sum(piece.end - piece.start for piece in part) for part in parts] == [1500, 1500, 1000, 1400, 400, 9000]


@pytest.mark.parametrize(
    "name, data, how, says",
    [
        ("a.jsonl", b'{"text": "a"}\n{"text": ', {}, "a line is not JSON"),
        ("a.jsonl", b'{"body": "a"}\n', {}, "has no text in 'text'.*--field"),
        ("a.jsonl", b'["a"]\n', {}, "has no text in 'text'"),
        ("a.jsonl", b'{"text": "\xff"}\n', {}, "not UTF-8|not JSON"),
        ("a.txt", b"\xff\xfe", {}, "not UTF-8"),
        ("a.txt", b"text", {"validation": 1.5}, "validation is a share"),
        ("a.pdf", b"text", {}, "neither .txt nor .jsonl"),
        ("a.txt", b"text", {"tokenizer": "chars"}, "tokenizer of characters"),
    ],
)
def test_bad_input_is_told(tmp_path, name, data, how, says):
    (tmp_path / name).write_bytes(data)
    Tokenizer.from_chars("abc").save(tmp_path / "chars")
    if "tokenizer" in how:
        how = {"tokenizer": str(tmp_path / "chars")}
    with pytest.raises(ValueError, match=says):
        make_tokens([tmp_path / name], tmp_path / "out", processes=1, **how)


def test_other_shards_are_not_overwritten(texts, tmp_path):
    make_tokens([texts], tmp_path / "out", validation=0.2, processes=1)
    before = shard_bytes(tmp_path / "out")
    with pytest.raises(UsageError, match="shards of other texts"):
        make_tokens([texts / "a.jsonl"], tmp_path / "out", validation=0.2, processes=1)
    os.remove(tmp_path / "out" / "parts.json")
    with pytest.raises(UsageError, match="not made by `minigpt tokens`"):
        make_tokens([texts], tmp_path / "out", processes=1)
    with pytest.raises(UsageError, match="is not there"):
        make_tokens([tmp_path / "no"], tmp_path / "other")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="has no .txt or .jsonl file"):
        make_tokens([tmp_path / "empty"], tmp_path / "other")
    assert shard_bytes(tmp_path / "out") == before
