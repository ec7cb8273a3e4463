"""Memorization: the filter's promise, n-grams against their definition, overlap against exact sets, the command."""

from __future__ import annotations

import bz2
import doctest
import gzip
import hashlib
import importlib
import json
import lzma
import math
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from minigpt import cli, data, zeroshot
from minigpt.errors import UsageError
from minigpt.memorization import BloomFilter, bloom, compare, files, items, ngrams, overlap, parallel, texts
from minigpt.memorization.bloom import hash_keys, rows_for
from minigpt.memorization.ngrams import find_ngrams
from minigpt.tinyweb import documents
from minigpt.zeroshot.task import Task

PARTS = ("__init__", "bloom", "ngrams", "compare", "texts")
NASTY = [
    "", " ", "...", "To be, or NOT to be: that is the question.", "one two three four five six seven eight",
    "It's 3 PM — naïve café, ½ x_y a__b  don't\tstop\n\nnow",
    "你好 世界 🙂 नमस्ते שלום 한국어 İstanbul ΑΣ ΑΣΑ ß ﬁ", "a\x00b \ud800 c",
    "word " * 50, "x" * 300, "1,000,000 and 3.14",
]  # fmt: skip


def random_hashes(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(2**64, size=count, dtype=np.uint64)


@pytest.mark.parametrize("part", PARTS)
def test_examples_in_docstrings(part):
    name = "minigpt.memorization" + ("" if part == "__init__" else f".{part}")
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0 and found.attempted


# ---- the filter ----


def test_the_papers_filter_takes_27_rows_and_38_bits():
    rows, bits = rows_for(10_000_000, 1e-8)
    assert rows == 27 and 38.3 < rows * bits / 10_000_000 < 38.36


@pytest.mark.parametrize("capacity", [1, 2, 10, 1000, 123_457, 10**9])
@pytest.mark.parametrize("rate", [0.5, 0.3, 1e-2, 1e-4, 1e-8])
def test_the_fewest_bits_that_keep_the_promise(capacity, rate):
    rows, bits = rows_for(capacity, rate)
    error = lambda r: (-math.expm1(capacity * math.log1p(-1 / r))) ** rows if r > 1 else 1.0  # noqa: E731
    assert error(bits) <= rate * (1 + 1e-6)
    assert bits == 1 or error(bits - max(1, bits // 10**6)) > rate * (1 - 1e-6)
    for other in (rows - 1, rows + 1):  # another number of rows takes as many bits or more, but for a rounding
        if other:
            share = rate ** (1 / other)
            assert other * -1 / math.expm1(math.log1p(-share) / capacity) > 0.97 * rows * (bits - 1)


@pytest.mark.parametrize(
    "capacity, rate, words",
    [(0, 0.1, "capacity"), (-3, 0.1, "capacity"), (1.5, 0.1, "capacity"), (True, 0.1, "capacity"), (10, 0, "between 0"),
     (10, 1, "between 0"), (10, -0.1, "between 0"), (10, math.nan, "between 0"), (10**12, 1e-9, "64 bits")],
)  # fmt: skip
def test_impossible_filters_are_refused_in_one_sentence(capacity, rate, words):
    with pytest.raises(ValueError, match=words) as refusal:
        BloomFilter(capacity, rate)
    assert "\n" not in str(refusal.value)


def test_no_key_is_ever_missed():
    known = BloomFilter(3000, 0.01)
    keys = [f"key {i}" for i in range(9000)]  # three times what it is made for
    known.update(iter(keys))
    known.add("one more")
    assert known.contains(keys).all() and "one more" in known and all(key in known for key in keys[:50])


@pytest.mark.parametrize("rate", [0.3, 1e-2, 1e-3, 1e-5])
@pytest.mark.parametrize("capacity", [50, 1000, 60_000])
def test_the_error_is_that_of_the_formula(capacity, rate):
    """Over several filters, for those of a small one differ; within five standard errors."""
    wrong = asked = expected = 0
    for seed in range(8 if capacity == 60_000 else 40):
        known = BloomFilter(capacity, rate)
        known.add_hashes(random_hashes(capacity, seed))
        strangers = random_hashes(400_000 if capacity == 60_000 else 20_000, 1000 + seed)
        wrong, asked = wrong + int(known.find_hashes(strangers).sum()), asked + len(strangers)
        expected += len(strangers) * known.expected_error()
    assert abs(wrong - expected) < 5 * math.sqrt(expected) + 1
    # what it expects of itself is on average what the formula says
    spread = 5 / math.sqrt(capacity * (8 if capacity == 60_000 else 40)) * -math.log(rate)
    assert abs(expected / asked / rate - 1) < spread + 0.02


def test_structured_keys_pass_no_more_often_than_random_ones():
    """Keys that differ in one character or in the order of their words are as different as any."""
    known = BloomFilter(50_000, 1e-3)
    known.update(f"the {i} cat sat on mat {i % 7}" for i in range(50_000))
    others = [f"cat the {i} sat on mat {i % 7}" for i in range(200_000)] + [f"{i} the" for i in range(200_000)]
    wrong, expected = int(known.contains(others).sum()), len(others) * known.expected_error()
    assert abs(wrong - expected) < 5 * math.sqrt(expected)


def test_same_bits_in_every_process():
    known = BloomFilter(1000, 1e-4)
    known.update(NASTY)
    digest = hashlib.sha256(known.bits).hexdigest()
    assert digest == PINNED
    code = (
        "import hashlib; from minigpt.memorization import BloomFilter\n"
        f"f = BloomFilter(1000, 1e-4); f.update({NASTY!r}); print(hashlib.sha256(f.bits).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONHASHSEED": "7"})
    assert done.stdout.strip() == digest, done.stderr


PINNED = "2a16d90d82ca5e2c83b314bb884e96321efcf89acc3acb99d43dceba9236b6f3"  # on every machine and Python


def test_pieces_joined_are_the_whole():
    keys = [f"key {i}" for i in range(5000)]
    whole, one, two = (BloomFilter(5000, 1e-6, "names") for _ in range(3))
    whole.update(keys)
    one.update(keys[:3000])
    two.update(keys[2000:])
    assert np.array_equal((one | two).bits, whole.bits) and not np.array_equal(one.bits, whole.bits)
    one |= two
    assert np.array_equal(one.bits, whole.bits)


@pytest.mark.parametrize("other", [BloomFilter(999, 0.01), BloomFilter(1000, 0.02), BloomFilter(1000, 0.01, "8-grams")])
def test_filters_of_two_shapes_are_not_joined(other):
    with pytest.raises(ValueError, match="can be joined") as refusal:
        BloomFilter(1000, 0.01) | other
    assert "\n" not in str(refusal.value)
    with pytest.raises(TypeError):
        BloomFilter(1000, 0.01) | {"a set"}


def test_saved_and_loaded(tmp_path):
    known = BloomFilter(500, 1e-8, "8-grams")
    known.update(NASTY)
    known.save(tmp_path / "a.bloom")
    again = BloomFilter.load(tmp_path / "a.bloom")
    assert np.array_equal(again.bits, known.bits) and again.contains(NASTY).all()
    assert (again.capacity, again.error_rate, again.about) == (500, 1e-8, "8-grams")
    assert [path.name for path in tmp_path.iterdir()] == ["a.bloom"]
    again.add("more")  # what was loaded can be filled on
    (again | known).save(tmp_path / "a.bloom")


def damaged(path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "cut":
        del data[-10:]
    elif how == "cut to nothing":
        data.clear()
    elif how == "longer":
        data += b"more"
    elif how == "a bit":
        data[-1000] ^= 8
    elif how == "a text":
        data[:] = b"Call me Ishmael. " * 100
    elif how == "another shape":
        data = data.replace(b'\\"capacity\\": 5000', b'\\"capacity\\": 4000')
    elif how == "another format":
        data = data.replace(b"Bloom filter 1", b"Bloom filter 9")
    path.write_bytes(data)


@pytest.mark.parametrize(
    "how", ["cut", "cut to nothing", "longer", "a bit", "a text", "another shape", "another format"]
)
def test_what_is_no_whole_filter_is_refused_in_one_sentence(tmp_path, how):
    path = tmp_path / "a.bloom"
    known = BloomFilter(5000, 1e-4)
    known.update(map(str, range(5000)))
    known.save(path)
    damaged(path, how)
    with pytest.raises(ValueError, match="a.bloom.*build it again") as refusal:
        BloomFilter.load(path)
    assert "\n" not in str(refusal.value)


def test_a_models_weights_are_no_filter(tmp_path):
    from safetensors.numpy import save_file

    save_file({"bits": np.zeros((3, 5), dtype=np.uint8)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="no Bloom filter"):
        BloomFilter.load(tmp_path / "model.safetensors")
    with pytest.raises(FileNotFoundError, match="gone"):
        BloomFilter.load(tmp_path / "gone.bloom")


def test_a_full_disk_leaves_nothing_half(tmp_path, monkeypatch):
    known = BloomFilter(500, 1e-8)
    known.save(tmp_path / "a.bloom")
    before = (tmp_path / "a.bloom").read_bytes()
    known.add("more")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bloom.os, "fsync", full)
    with pytest.raises(OSError, match="a.bloom"):
        known.save(tmp_path / "a.bloom")
    assert (tmp_path / "a.bloom").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("capacity, rate", [(20, 0.1), (1000, 1e-2), (50_000, 1e-8)])
def test_it_says_when_its_promise_no_longer_holds(capacity, rate):
    full = [BloomFilter(capacity, rate) for _ in range(20)]
    for seed, known in enumerate(full):
        hashes = random_hashes(capacity, seed)
        known.add_hashes(np.concatenate([hashes, hashes[:10]]))  # the same key again does not count
        assert not known.exceeded and known.warning() == ""
        assert abs(known.expected_keys() / capacity - 1) < 0.5
        known.add_hashes(random_hashes(2 * capacity, 100 + seed))
        assert known.exceeded and f"{capacity:,} keys" in known.warning() and "larger capacity" in known.warning()
    assert (full[0] | full[1]).exceeded  # whoever put them in


def test_a_filter_with_every_bit_set_does_not_divide_by_zero():
    known = BloomFilter(2, 0.5)
    known.add_hashes(random_hashes(1000))
    assert known.exceeded and "about inf" in known.warning() and known.expected_error() == 1


# ---- n-grams ----


@pytest.mark.parametrize("n", [1, 2, 3, 8, 20])
def test_stretches_are_the_strings(n):
    texts = NASTY + list(documents(20))
    for group in (texts, texts[:1], texts[3:5]):
        grams = find_ngrams(group, n)
        strings = [ngrams.ngrams(text, n) for text in group]
        flat = [string for found in strings for string in found]
        assert grams.counts.tolist() == [len(found) for found in strings]
        assert [grams.text(i, i) for i in range(len(flat))] == flat
        assert np.array_equal(grams.hashes(), hash_keys(flat))


def test_the_hash_of_a_key_does_not_depend_on_its_neighbours():
    keys = [*NASTY, "ascii", "ascii 你", " ascii", "ascii ", "\x00", "\x00\x00"]
    assert np.array_equal(hash_keys(keys), np.concatenate([hash_keys([key]) for key in keys]))
    assert len(set(hash_keys(keys).tolist())) == len(keys)


@pytest.mark.parametrize("n", [1, 3, 8])
@pytest.mark.parametrize("size", [20, 64, 257])
def test_a_long_document_has_in_pieces_the_same_ngrams_once(monkeypatch, n, size):
    monkeypatch.setattr(ngrams, "PIECE", size)
    dice = random.Random(size * n)
    for text in [*NASTY, *documents(15), " ".join(NASTY), "你好，世界。" * 40, "a " + "b" * 1000 + " c d"]:
        cuts = sorted(dice.randrange(len(text) + 1) for _ in range(3))
        parts = [text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)])]
        found = list(ngrams.pieces(parts, n))
        if "b" * 300 in text or "x" * 300 in text:  # a word longer than a piece is cut
            continue
        assert [gram for piece in found for gram in ngrams.ngrams(piece, n)] == ngrams.ngrams(text, n)


def test_a_very_long_word_and_a_very_long_part_come_to_an_end(monkeypatch):
    monkeypatch.setattr(ngrams, "PIECE", 50)
    assert sum(map(len, ngrams.pieces(["x" * 10_000], 8))) >= 10_000
    assert len(list(ngrams.pieces(["aaaaaaaaaaaaaaaaaaaaaaaaaaaaa " * 100], 30))) < 200


@pytest.mark.parametrize("n", [0, -1, 2.0, True, "8", None])
def test_impossible_n_is_refused(n):
    with pytest.raises(ValueError, match="number of words") as refusal:
        overlap(["a"], ["b"], n=n)
    assert "\n" not in str(refusal.value)


# ---- overlap ----


def exact(train, test, n):
    """Of each test text: how many n-grams it has, and which of them are in the training texts, by sets of strings."""
    known = {gram for text in train for gram in ngrams.ngrams(text, n)}
    return [[gram in known for gram in ngrams.ngrams(text, n)] for text in test]


@pytest.mark.parametrize("n", [1, 3, 8])
@pytest.mark.parametrize("piece", [40, 2**16])
def test_overlap_is_that_of_exact_sets(monkeypatch, n, piece):
    monkeypatch.setattr(ngrams, "PIECE", piece)
    train, test = [*documents(300)], [*documents(60, split="test"), *NASTY[:8], "no", "nothing of this is known at all"]
    wanted = exact(train, test, n)
    found = overlap(train, test, n)
    assert [d.ngrams for d in found.documents] == [len(hits) for hits in wanted]
    assert [d.found for d in found.documents] == [sum(hits) for hits in wanted]
    assert [d.last_found for d in found.documents] == [bool(hits and hits[-1]) for hits in wanted]
    assert found.found == sum(map(sum, wanted)) and 0 < found.found < found.ngrams
    assert found.short == [d.name for d, hits in zip(found.documents, wanted) if not hits]
    shares = [sum(hits) / len(hits) for hits in wanted if hits]
    assert found.mean_share == pytest.approx(sum(shares) / len(shares))


@pytest.mark.parametrize("piece", [40, 2**16])
def test_runs_are_the_longest_stretches(monkeypatch, piece):
    monkeypatch.setattr(ngrams, "PIECE", piece)
    train, test = [*documents(300)], [*documents(60, split="test")]
    known = overlap(train, test, 4)
    for document, text, hits in zip(known.documents, test, exact(train, test, 4)):
        words, stretches, start = ngrams.normal_words(text), [], None
        for i, hit in enumerate([*hits, False]):
            if hit and start is None:
                start = i
            elif not hit and start is not None:
                stretches.append(words[start : i + 3])
                start = None
        stretches.sort(key=len, reverse=True)
        assert [run.words for run in document.runs] == [len(one) for one in stretches[: compare.RUNS]]
        assert all(run.text.split() in stretches for run in document.runs)
    lengths = [run.words for _, run in known.runs]
    assert lengths == sorted(lengths, reverse=True) and lengths[0] > 4


def test_a_long_run_is_told_in_full_and_shown_in_part(monkeypatch):
    text = " ".join(f"word{i}" for i in range(5000))
    for piece in (1000, 2**16):
        monkeypatch.setattr(ngrams, "PIECE", piece)
        (document,) = overlap([text], ["Before. " + text + " After."]).documents
        assert len(document.runs) == 1 and document.runs[0].words == 5000
        assert document.runs[0].text.split() == text.split()[: compare.RUN_WORDS]
        assert document.ngrams == 4995 and document.found == 4993 and not document.last_found


def test_a_filter_is_taken_in_place_of_texts():
    known = BloomFilter(1000, 1e-8, compare.about_ngrams(8))
    compare.fill(known, ["one two three four five six seven eight nine"])
    assert overlap(known, ["two three four five six seven eight nine ten"]).found == 1
    with pytest.raises(ValueError, match="8-grams, not 5-grams"):
        overlap(known, ["x"], n=5)
    with pytest.raises(ValueError, match="another kind"):
        overlap(BloomFilter(10, 0.1), ["x"])
    small = BloomFilter(1, 1e-8, compare.about_ngrams(1))
    compare.fill(small, [" ".join(map(str, range(400)))], 1)
    with pytest.warns(UserWarning, match="made for 1 keys"):
        overlap(small, ["x"], n=1)


@pytest.mark.parametrize(
    "train, test, words",
    [("one text", ["a"], "list of strings"), (["a b"], "one text", "list of strings"), ([], ["a"], "no 1-gram"),
     (["", "..."], ["a"], "no 1-gram"), (["a", 3], ["a"], "text number 2"), (["a"], ["a", None], "text number 2")],
)  # fmt: skip
def test_wrong_texts_are_refused(train, test, words):
    with pytest.raises(ValueError, match=words):
        overlap(train, test, n=1)


def test_a_generator_of_texts_does():
    assert overlap(iter(["a b c"]), (text for text in ["b c d"]), n=2).found == 1
    assert overlap(["a b"], [], n=2).share == 0 and overlap(["a b"], ["a"], n=2).mean_share == 0


# ---- files ----


def zstd(data: bytes) -> bytes:
    """Two frames, as tools write that pack in parallel."""
    pack = pytest.importorskip("zstandard").ZstdCompressor(write_checksum=True).compress
    return pack(data[: len(data) // 2]) + pack(data[len(data) // 2 :])


PACKINGS = [bytes, gzip.compress, bz2.compress, lzma.compress, zstd]
TEXT = "".join(f"Line {i} of a naïve text, 你好.\n" for i in range(6000))


def read(*paths, broken=None) -> list[tuple[str, str]]:
    return [(name, "".join(parts)) for name, parts in texts.read_documents(texts.find_files(paths), broken)]


@pytest.mark.parametrize("pack", PACKINGS)
def test_text_is_read_from_every_packing_whatever_the_name(tmp_path, pack):
    path = tmp_path / "a.txt"
    path.write_bytes(pack(b"\xef\xbb\xbf" + TEXT.encode()))
    assert read(path) == [(str(path), TEXT)]


@pytest.mark.parametrize("pack", PACKINGS[1:])
@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_a_damaged_packing_is_refused(tmp_path, pack, damage):
    path = tmp_path / "a.txt"
    noise = random.Random(0)
    data = bytearray(pack("".join(chr(97 + noise.randrange(26)) for _ in range(200_000)).encode()))
    if damage == "cut":
        data = data[: len(data) * 3 // 4]
    else:
        for at in range(len(data) // 2, len(data) // 2 + 40):
            data[at] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ValueError, match="a.txt") as refusal:
        read(path)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("pack", [bytes, zstd])
def test_json_lines_are_documents_and_broken_ones_are_counted(tmp_path, pack):
    path = tmp_path / "a.jsonl.zst"
    lines = ['{"text": "one", "id": 7}', "", '{"text": 3}', "[1]", '{"body": "x"}', "{", '{"text": "tw\\u00f6\\ud800"}']
    path.write_bytes(pack("\n".join(lines).encode()))
    broken = Counter()
    assert read(path, broken=broken) == [(f"{path}:1", "one"), (f"{path}:7", "tw\u00f6\ud800")]
    assert broken == {str(path): 4}


@pytest.mark.parametrize(
    "name, data, words",
    [("a.jsonl", b"no json\nat all\n", "key \"text\""), ("a.txt", b"caf\xe9 au lait", "not UTF-8"),
     ("a.txt", b"ends in \xe4\xbd", "not UTF-8"), ("a.bin", b"a\x00b", "not text"),
     ("a.warc", b"WARC/1.0\r\n", "minigpt webtext")],
)  # fmt: skip
def test_what_is_no_text_is_refused(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=words) as refusal:
        read(tmp_path / name)
    assert name in str(refusal.value) and "\n" not in str(refusal.value)


def test_folders_are_gone_through_in_order(tmp_path):
    for name in ("b/2.txt", "b/1.txt", "a.txt", ".hidden", "b/.tmp"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert [text for _, text in read(tmp_path)] == ["a.txt", "b/1.txt", "b/2.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="holds no file"):
        texts.find_files([tmp_path / "empty"])


@pytest.fixture
def corpus(tmp_path):
    """A training folder of three kinds of file, and test sets of two."""
    train, test = list(documents(240)), list(documents(40, split="test"))
    folder = tmp_path / "train"
    folder.mkdir()
    (folder / "a.txt").write_text("\n".join(train[:80]))
    (folder / "b.jsonl.gz").write_bytes(gzip.compress(jsonl(train[80:160])))
    (folder / "c.jsonl").write_bytes(jsonl(train[160:]))
    (tmp_path / "test.jsonl").write_bytes(jsonl([*test, "too short"]))
    (tmp_path / "test.txt").write_text(" ".join(test) + " " + train[3])
    return tmp_path, ["\n".join(train[:80]), *train[80:]], test


def jsonl(found: list[str]) -> bytes:
    return "".join(json.dumps({"text": text}) + "\n" for text in found).encode()


@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("batch", [3000, 2**19])
def test_files_give_what_texts_give(corpus, monkeypatch, processes, batch):
    folder, train, test = corpus
    if processes > 1 and not parallel.can_fork():
        pytest.skip("no processes can share a filter here")
    monkeypatch.setattr(compare, "BATCH", batch)
    monkeypatch.setattr(ngrams, "PIECE", 2000)
    found = files.compare_files(
        [folder / "train"], [folder / "test.jsonl", folder / "test.txt"], n=5, processes=processes, quiet=True
    )
    wanted = overlap(train, [*test, "too short"], n=5)
    lines = found.tests[str(folder / "test.jsonl")]
    for ours, theirs in zip(lines.documents, wanted.documents, strict=True):
        assert ours.name == f"{folder / 'test.jsonl'}:{theirs.name}"
        assert (ours.ngrams, ours.found, ours.runs, ours.last_found) == (
            theirs.ngrams, theirs.found, theirs.runs, theirs.last_found
        )  # fmt: skip
    whole = BloomFilter(found.train_ngrams, 1e-8, "5-grams")
    compare.fill(whole, train, 5)
    assert np.array_equal(found.known.bits, whole.bits)  # whoever filled it
    (text,) = found.tests[str(folder / "test.txt")].documents
    assert text.found == sum(map(sum, exact(train, [(folder / "test.txt").read_text()], 5)))
    assert text.runs[0].words >= len(ngrams.normal_words(documents_text(3)))


def documents_text(number: int) -> str:
    return list(documents(number + 1))[number]


def test_a_worker_that_dies_is_told(monkeypatch):
    if not parallel.can_fork():
        pytest.skip("no processes can share a filter here")
    batch = [compare.Piece("a", True, "text")]
    with pytest.raises(ChildProcessError, match="fewer --processes"):
        list(parallel.run(_die, [batch] * 3, 8, processes=2))


def _die(batch, n):
    os._exit(1)


def test_batches_are_not_read_far_ahead():
    if not parallel.can_fork():
        pytest.skip("no processes can share a filter here")
    read = []

    def batches():
        for number in range(40):
            read.append(number)
            yield [compare.Piece("a", True, "one two three")]

    done = parallel.run(compare.count_batch, batches(), 2, processes=2)
    assert next(done) == 2 and len(read) <= 6
    assert sum(done) == 78


# ---- the command ----


def command(capsys, *arguments) -> tuple[int, str, str]:
    status = cli.main(["overlap", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_the_command_keeps_its_filter_and_takes_it_again(corpus, capsys):
    folder = corpus[0]
    known, test = folder / "known.bloom", folder / "test.jsonl"
    first = command(
        capsys, "--train", folder / "train", "--test", test, folder / "test.txt", "--filter", known, "--out",
        folder / "a.json", "--processes", 1,
    )  # fmt: skip
    assert first[0] == 0 and first[2] == "" and "words in a row" in first[1] and "too short to say" in first[1]
    again = command(capsys, "--filter", known, "--test", test, folder / "test.txt", "--out", folder / "b.json")
    assert again == (0, first[1], "")
    one, two = (json.loads((folder / name).read_text()) for name in ("a.json", "b.json"))
    assert one["tests"] == two["tests"] and one["train"]["ngrams"] >= one["filter"]["different_ngrams"] > 0
    assert one["tests"][str(test)]["too_short"] == [f"{test}:41"] and one["provenance"]["command"]
    found = one["tests"][str(test)]
    assert found["found"] == sum(document["found"] for document in found["by_document"])
    assert found["overlap"] == round(found["found"] / found["ngrams"], 6)
    status, out, err = command(capsys, "--filter", known, "--test", test, "--n", 5)
    assert status == 1 and "8-grams, not 5-grams" in err and err.count("\n") == 1


BAD = [
    (["--test", "t.txt"], 2, "--train"),
    (["--train", "a.txt"], 2, "--test"),
    (["--train", "a.txt", "--test", "gone.txt"], 1, "no file or folder gone.txt"),
    (["--train", "gone", "--test", "t.txt"], 1, "no file or folder gone"),
    (["--train", "empty.txt", "--test", "t.txt"], 1, "training files"),
    (["--train", "a.txt", "--test", "empty.txt"], 1, "test files"),
    (["--train", "a.txt", "--test", "folder"], 1, "holds no file"),
    (["--train", "a.txt", "--test", "t.txt", "--n", "0"], 2, "number of words"),
    (["--train", "a.txt", "--test", "t.txt", "--n", "x"], 2, "--n"),
    (["--train", "a.txt", "--test", "t.txt", "--error-rate", "0"], 2, "between 0 and 1"),
    (["--train", "a.txt", "--test", "t.txt", "--error-rate", "1"], 2, "between 0 and 1"),
    (["--train", "a.txt", "--test", "t.txt", "--error-rate", "nan"], 2, "between 0 and 1"),
    (["--train", "a.txt", "--test", "t.txt", "--processes", "0"], 2, "processes"),
    (["--train", "a.txt", "--test", "t.txt", "--filter", "a.txt"], 2, "exists"),
    (["--train", "a.txt", "--test", "t.txt", "--filter", "no/such/folder.bloom", "--processes", "1"], 1, "no/such"),
    (["--filter", "a.txt", "--test", "t.txt"], 1, "no Bloom filter at all"),
    (["--filter", "gone.bloom", "--test", "t.txt"], 1, "gone.bloom"),
    (["--filter", "a.txt", "--test", "t.txt", "--error-rate", "0.1"], 2, "leave --error-rate out"),
    (["--tinyweb", "--test", "t.txt"], 2, "--tinyweb"),
    (["--tinyweb", "-3"], 2, "--tinyweb"),
    (["--tinyweb", "--error-rate", "0"], 1, "between 0 and 1"),
    (["--trian", "a.txt", "--test", "t.txt"], 2, "did you mean --train"),
]


@pytest.mark.parametrize("arguments, status, words", BAD, ids=lambda value: str(value)[:60])
def test_bad_input_is_one_line(tmp_path, monkeypatch, capsys, arguments, status, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text(TEXT[:3000])
    (tmp_path / "t.txt").write_text(TEXT[:3000])
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "folder").mkdir()
    found, out, err = command(capsys, *arguments)
    assert found == status and words in err and err.count("\n") == 1 and "Traceback" not in err
    assert not list(tmp_path.glob("**/*.tmp"))


def put_results(folder, monkeypatch) -> tuple[Path, list[str]]:
    """LAMBADA as a data set of the test's own, and what `minigpt eval` leaves of it, with scores that are known."""
    passages = [f"The {i} hens of mill {i} were seen on day {i} by Ann {i} times" for i in range(20)]
    monkeypatch.setenv("MINIGPT_DATA", str(folder / "data"))
    monkeypatch.setattr(data, "REGISTRY", {})
    (folder / "data" / "lambada").mkdir(parents=True)
    lines = [json.dumps({"text": text}) for text in passages]
    (folder / "data" / "lambada" / "lambada_test.jsonl").write_text("\n".join(lines))
    task = zeroshot.make("lambada", texts="raw")
    how = {"options": task.choice, "examples": 18}
    (folder / "r.json").write_text(json.dumps({"provenance": {"tasks": {"lambada": how, "wikitext2": {}}}}))
    kept = [{"nats": {"raw": math.log(2 + i)}, "reached": {"raw": ["word"] if i < 5 else []}} for i in range(20)]
    records = [{"task": "lambada", "id": i, "key": "", "record": one} for i, one in enumerate(kept)]
    records = [{"model": {}}, {"task": "lambada", "protocol": {}}, *reversed(records)]
    (folder / "r.records.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    return folder / "r.json", passages


def test_scores_with_and_without_the_overlapping_examples(tmp_path, monkeypatch, capsys):
    results, passages = put_results(tmp_path, monkeypatch)
    part = " ".join(passages[7].split()[:8])  # one 8-gram of its eight
    (tmp_path / "t.txt").write_text("\n".join([*passages[:2], part]))
    words = ("--train", tmp_path / "t.txt", "--scores", results)
    status, out, err = command(capsys, *words, "--out", tmp_path / "o.json")
    assert status == 0 and err == ""
    found = json.loads((tmp_path / "o.json").read_text())["tasks"]["lambada"]
    groups = found["groups"]
    assert [groups[name]["accuracy"]["n"] for name in groups] == [18, 15, 3, 2]
    assert groups["all examples"]["accuracy"]["value"] == pytest.approx(5 / 18, abs=1e-6)
    assert groups["without any overlap"]["accuracy"]["value"] == 0.2  # 3 of 15
    geometric = math.exp(sum(math.log(2 + i) for i in (0, 1, 7)) / 3)
    assert groups["with some"]["perplexity"]["value"] == pytest.approx(geometric, rel=1e-5)
    assert found["mean_overlap"] == pytest.approx((1 + 1 + 1 / 8) / 18, abs=1e-6)
    assert "without any overlap" in out and "0.2 [" in out
    for more, word in ((("--tasks", "nq"), "has no results of 'nq'"), (("--tasks", "wikitext2"), "wikitext2 has no examples"),
                       (("--test", results), "or a results file")):  # fmt: skip
        status, out, err = command(capsys, *words, *more)
        assert status == 2 and word in err and err.count("\n") == 1
    status, out, err = command(capsys, "--train", tmp_path / "t.txt", "--scores", tmp_path / "t.txt")
    assert status == 1 and "no file of results" in err and err.count("\n") == 1
    results.write_text(results.read_text().replace('"examples": 18', '"examples": 20'))
    (tmp_path / "r.records.jsonl").write_text('{"model": {}}\n')
    status, out, err = command(capsys, *words)
    assert status == 1 and "0 records are there" in err and err.count("\n") == 1


def test_every_task_of_examples_says_what_to_look_up():
    whole = {"wikitext2", "wikitext103", "ptb", "enwik8", "text8", "1bw", "tinyweb-unseen"}
    assert {name for name in zeroshot.TASKS if zeroshot.kind(name).text is Task.text} == whole
    item = zeroshot.make("tinyweb-pronoun").examples(None, 1)[0]
    assert zeroshot.make("tinyweb-pronoun").text(item) == item.prompt + item.answer + item.rest


def test_a_saved_filter_that_is_too_full_is_told(tmp_path, capsys):
    known = BloomFilter(1, 0.5, compare.about_ngrams(8))
    known.add_hashes(random_hashes(500))
    known.save(tmp_path / "full.bloom")
    (tmp_path / "t.txt").write_text(TEXT[:900])
    status, out, err = command(
        capsys, "--filter", tmp_path / "full.bloom", "--test", tmp_path / "t.txt", "--out", tmp_path / "a.json"
    )
    assert status == 0 and "made for 1 keys" in err and err.count("\n") == 1
    assert json.loads((tmp_path / "a.json").read_text())["filter"]["different_ngrams"] is None


def test_more_processes_than_the_system_allows_are_refused(monkeypatch):
    monkeypatch.setattr(parallel, "can_fork", lambda: False)
    assert parallel.cores() == 1
    with pytest.raises(UsageError, match="leave --processes out"):
        parallel.check_processes(2)


# ---- tinyweb's tasks ----


def test_overlap_of_the_tasks_items(capsys):
    from minigpt.tinyweb.tasks import TASKS, items as make

    found = items.task_overlap(pages=300, n_items=12, n=4)
    train = list(documents(300))
    assert list(found) == list(TASKS)
    for task, one in found.items():
        wanted = exact(train, [items.item_text(item) for item in make(task, 12)], 4)
        assert [d.found for d in one.documents] == [sum(hits) for hits in wanted]
        assert items.last_share(one) == sum(hits[-1] for hits in wanted) / 12
        assert items.item_text(make(task, 1)[0]).startswith(make(task, 1)[0].prompt)
    text = items.table(found)
    assert all(f"\n{task}" in "\n" + text for task in TASKS) and "the last one" in text
    assert command(capsys, "--tinyweb", 20, "--n", 3)[0] == 0


# ---- the same under datatrove ----


@pytest.mark.parametrize("engine", ["local", "ray"])
def test_datatrove_gives_the_same_result(corpus, engine):
    pytest.importorskip("datatrove", reason="the extra webtext-cluster is not installed")
    if engine == "ray":
        ray = pytest.importorskip("ray", reason="the extra webtext-cluster is not installed")
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    from minigpt.memorization import datatrove

    folder = corpus[0]
    test = [folder / "test.jsonl", folder / "test.txt"]
    try:
        found = datatrove.run(folder / "out", [folder / "train"], test, n=5, engine=engine)
        again = datatrove.run(folder / "out", [folder / "train"], test, n=5, engine=engine)
    finally:
        if engine == "ray":
            ray.shutdown()
    wanted = files.compare_files([folder / "train"], test, n=5, quiet=True)
    assert np.array_equal(found.known.bits, wanted.known.bits)
    assert found.to_dict() == wanted.to_dict() == again.to_dict()


# ---- the recorded experiment ----


def test_examples_of_the_experiment():
    from minigpt.experiments import overlap as experiment

    found = doctest.testmod(experiment)
    assert found.failed == 0 and found.attempted


def test_edit_distance_is_that_of_the_plain_table():
    from minigpt.experiments.overlap import edit_distance

    dice = random.Random(5)
    for _ in range(60):
        one, other = (dice.choices("abc", k=dice.randrange(9)) for _ in range(2))
        table = [[i + j if not i * j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
        for i in range(1, len(one) + 1):
            for j in range(1, len(other) + 1):
                changed = table[i - 1][j - 1] + (one[i - 1] != other[j - 1])
                table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, changed)
        assert edit_distance(one, other) == table[-1][-1]


def test_a_text_is_looked_up_in_the_others():
    from minigpt.experiments.overlap import Reference, by_text, spread

    real = Reference(["a b c d", "x a b c", "a", "q q q q"], 2)
    assert [real.share_in_others(hashes, i) for i, hashes in enumerate(real.hashes)][:2] == [2 / 3, 2 / 3]
    assert real.share_in_others(real.hashes[3], 3) == 0  # what a text has twice is not in another
    (asked,) = by_text(["c d, and a b"], 2)
    assert real.share_in_others(asked, 0) == 1 / 4 and real.share_in_others(asked, 1) == 2 / 4
    found = spread([0.0, 0.5, 1.0, float("nan"), 0.0])
    assert found["texts"] == 4 and found["without_any"] == 0.5 and found["mean_percent"] == 37.5


def test_grades_of_a_threshold():
    from minigpt.experiments.overlap import grades

    assert grades([1.0, 0.2], [0.3, 0.0], 0.25) == {"precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert grades([0.1], [0.0], 0.9) == {"precision": 1.0, "recall": 0.0, "f1": 0.0}


def test_articles_of_wikitext_are_cut_at_their_titles():
    from minigpt.experiments.overlap import articles

    text = " \n = One = \n \n Text \n = 1 = \n . \n \n = = Part = = \n \n More . \n \n = Two = \n \n End . \n"
    assert [piece.split("\n")[0] for piece in articles(text)] == [" = One = ", " = Two = "]


def test_pronouns_are_sorted_by_the_reading_that_stands_in_train(monkeypatch):
    from minigpt.experiments import overlap as experiment

    monkeypatch.setattr(experiment, "SIZES", ("0.25M",))
    right = experiment.tasks.items("pronoun", 8)
    wrong = [next(one for one in item.candidates if one != item.answer) for item in right]
    pages = [items.item_text(right[0]), right[1].prompt + wrong[1] + right[1].rest, right[2].prompt]
    monkeypatch.setattr(experiment, "documents", lambda n, seed: iter(pages))
    found = experiment.pronoun(8, 3)["models"]["0.25M"]
    assert found["all"]["n"] == 8 == sum(group["n"] for name, group in found.items() if name != "all")
    assert found["more in the right one"]["n"] >= 1 and found["more in the wrong one"]["n"] >= 1


def test_more_sets_are_compared_where_they_are_at_hand(tmp_path, monkeypatch):
    from minigpt.experiments import overlap as experiment

    assert not any("103" in name for name in experiment.own_parts()) or data.present("wikitext-103")
    shown = " ".join(f"w{i % 50}" for i in range(1000))  # the last part stands in the first
    (tmp_path / "text8").write_text(shown)
    monkeypatch.setattr(data, "present", lambda name: name == "text8")
    monkeypatch.setattr(data, "get", lambda name: [tmp_path / name])
    ((name, (train, test)),) = experiment.own_parts().items()
    assert name.startswith("text8") and len(train[0]) == len(shown) * 9 // 10 and shown.endswith(test[0])
    found = experiment.compared(train, test)
    assert found["found"] == found["exact"] > 0 and found["percent"] > 90
    monkeypatch.setattr(experiment, "EXACT", 100)
    assert experiment.compared(train, test)["exact"] is None
