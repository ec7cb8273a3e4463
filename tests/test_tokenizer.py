"""The tokenizer: against tiktoken and transformers, against its own slow twins, and against bad input."""

from __future__ import annotations

import ast
import doctest
import hashlib
import json
import lzma
import os
import random
import time
import unicodedata
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigpt.tokenizer as module
from minigpt.tokenizer import (
    BYTE_ORDER,
    WORD_PATTERN,
    Tokenizer,
    count_words,
    spell,
    split_words,
    train_merges,
    train_merges_simple,
    unspell,
)

quick = settings(max_examples=150, deadline=None)
ROOT = Path(__file__).resolve().parent.parent
# Text that always is at hand: this package and the licence, code and prose with many ties among rare pairs.
REAL = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in ["minigpt/tokenizer.py", "LICENSE"])

NASTY = [
    "",
    " ",
    "Hello world",
    "it's we'll they've I'd you're I'm don't IT'S WE'LL 'tis ''s '",
    "  two  spaces   three\n\n\nlines\r\n\r\ttabs\t\t end  ",
    "猫坐在垫子上。中文，日本語のテキスト、한국어",
    "👩‍👩‍👧‍👦 👍🏽 🇩🇪 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ☃️",
    "שלום עולם مرحبا بالعالم \u202eabc\u202c",
    "e\u0301 a\u0308\u0323 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2003\u2028\u2029\u202f\u205f\u3000\u180e\u200b\u2060\ufeff",
    "a\x85b \x85 c\ufeffd\ufeff \ufeff",
    "\x00\x00 \x00a\x00",
    "½ ² Ⅷ ٣ १२ 1234567890 3.14 1,000",
    "\U0010ffff\uffff\ufffd\ue000",
    "<|endoftext|> <|endoftext|",
    "\n" * 50 + "x" + " " * 50 + "y" + "\n \n" * 9,
    "ÀÉÎ ß ﬁ ĳ Ǆ ʰ ª º µ İi",
]


@pytest.fixture(scope="module")
def gpt2():
    return Tokenizer.gpt2()


@pytest.fixture(scope="module")
def merge_lines():
    """GPT-2's merges, read here with nothing of the tokenizer's own."""
    data = lzma.decompress((ROOT / "minigpt/assets/gpt2/vocab.bpe.xz").read_bytes())
    assert hashlib.sha256(data).hexdigest() == "1ce1664773c50f3e0cc8842619a93edc4624525b728b188a9e0be33b7726adc5"
    return [tuple(line.split()) for line in data.decode().splitlines()[1:]]


@pytest.fixture(scope="module")
def vocabulary(merge_lines):
    """encoder.json, made anew: its checksum proves that the order of bytes and merges is GPT-2's."""
    shown = [i for i in range(256) if chr(i).isprintable() and chr(i) not in " \xa0\xad"]
    characters = [chr(i) for i in shown] + [chr(256 + i) for i in range(256 - len(shown))]
    tokens = characters + ["".join(pair) for pair in merge_lines] + ["<|endoftext|>"]
    text = json.dumps({token: i for i, token in enumerate(tokens)})
    digest = "196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783"
    assert hashlib.sha256(text.encode()).hexdigest() == digest
    return {token: i for i, token in enumerate(tokens)}


@pytest.fixture(scope="module")
def tiktoken_gpt2(vocabulary):
    import tiktoken

    shown = [i for i in range(256) if chr(i).isprintable() and chr(i) not in " \xa0\xad"]
    hidden = [i for i in range(256) if i not in shown]
    byte = {chr(i): i for i in shown} | {chr(256 + n): i for n, i in enumerate(hidden)}
    ranks = {bytes(byte[c] for c in token): i for token, i in vocabulary.items() if i != 50256}
    pattern = r"'s|'t|'re|'ve|'m|'ll|'d| ?[\p{L}]+| ?[\p{N}]+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"  # of GPT-2's encoder.py
    return tiktoken.Encoding("gpt2", pat_str=pattern, mergeable_ranks=ranks, special_tokens={"<|endoftext|>": 50256})


@pytest.fixture(scope="module")
def transformers_gpt2(vocabulary, merge_lines):
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("tokenizers")
    return transformers.GPT2TokenizerFast(vocab=vocabulary, merges=merge_lines)


@pytest.fixture(scope="module")
def small():
    return Tokenizer.train([REAL], 600)


# ---- GPT-2's tokenizer


def test_gpt2_tokens_are_those_of_encoder_json(gpt2, vocabulary):
    assert gpt2.vocab_size == 50257 and gpt2.eot == 50256 and len(gpt2.merges) == 50000
    assert {spell(token) if i != gpt2.eot else "<|endoftext|>": i for i, token in enumerate(gpt2.tokens)} == vocabulary


@pytest.mark.parametrize("text", NASTY)
def test_gpt2_equals_tiktoken_and_transformers(gpt2, tiktoken_gpt2, transformers_gpt2, text):
    ids = gpt2.encode(text)
    assert ids == tiktoken_gpt2.encode_ordinary(text)
    assert gpt2.encode(text, allow_special=True) == tiktoken_gpt2.encode(text, allowed_special="all")
    assert gpt2.encode(text, allow_special=True) == transformers_gpt2(text)["input_ids"]
    assert gpt2.decode(ids) == text
    assert [i for word in gpt2.steps(text) for i in map(gpt2.tokens.index, word[-1].tokens)] == ids


@quick
@given(st.one_of(st.text(), st.text(alphabet=" \n\t\x85\xa0'sdma1é!<|>猫", max_size=40)))
def test_gpt2_equals_the_others_on_any_unicode(gpt2, tiktoken_gpt2, transformers_gpt2, text):
    ids = gpt2.encode(text)
    assert ids == tiktoken_gpt2.encode_ordinary(text)
    assert ids == transformers_gpt2(text, split_special_tokens=True)["input_ids"]
    assert gpt2.decode(ids) == text and gpt2.decode_bytes(ids) == text.encode()


def test_every_character_on_its_own(gpt2, tiktoken_gpt2):
    for start in range(0, 0x110000, 0x4000):
        text = " ".join(chr(i) for i in range(start, start + 0x4000) if not 0xD800 <= i < 0xE000)
        ids = gpt2.encode(text)
        assert ids == tiktoken_gpt2.encode_ordinary(text) and gpt2.decode(ids) == text


def test_special_token(gpt2):
    text = "a<|endoftext|><|endoftext|> b<|endoftext|>"
    assert gpt2.eot not in gpt2.encode(text)
    assert gpt2.encode(text, allow_special=True) == [64, 50256, 50256, 275, 50256]
    assert gpt2.decode([50256]) == "<|endoftext|>"


@pytest.mark.parametrize("gap", ["\n", " ", "\u3000", " \n"])
@pytest.mark.parametrize("after", ["", "x", "!", "\x1cx", "12"])
def test_long_gaps_are_cut_where_words_end(gpt2, tiktoken_gpt2, monkeypatch, gap, after):
    monkeypatch.setattr(module, "_LONG_GAP", 5)
    for n in [1, 4, 5, 6, 9, 10, 11, 30]:
        text = "ab" + gap * n + after + gap * 12 + after
        assert gpt2.encode(text) == tiktoken_gpt2.encode_ordinary(text)


@pytest.mark.parametrize("unit", ["a", " ", "\n", "é", "!", "1", "猫", "👍", " x", "\x00"])
def test_a_megabyte_of_one_letter(gpt2, unit):
    text = unit * (1_000_000 // len(unit.encode()))
    began = time.perf_counter()
    for variant in [text, "x" + text + "x"]:
        assert gpt2.decode(gpt2.encode(variant)) == variant
    assert time.perf_counter() - began < 20


def test_decode(gpt2):
    cat = gpt2.encode("猫")
    assert len(cat) == 3 and gpt2.decode(cat[:1]) == "\ufffd" and gpt2.decode_bytes(cat[:2]) == "猫".encode()[:2]
    assert gpt2.decode(cat[1:] + cat) == "\ufffd\ufffd猫"
    assert gpt2.decode([]) == ""
    assert gpt2.token_bytes(262) == b" the"
    torch = pytest.importorskip("torch")
    assert gpt2.decode(torch.tensor([15496, 995])) == "Hello world"
    for bad in [50257, -1, 10**30]:
        with pytest.raises(ValueError, match=rf"token id {bad} is not in the vocabulary: its ids run from 0 to 50256"):
            gpt2.decode([1, bad])
    for bad in [[1.5], ["1"], [[1]], [None]]:
        with pytest.raises(TypeError, match="flat sequence of whole numbers"):
            gpt2.decode(bad)


def test_lone_surrogates_are_refused_by_name(gpt2, small):
    def train(text):
        return Tokenizer.train([text], 300)

    for call in [gpt2.encode, small.encode, gpt2.steps, Tokenizer.from_chars, train]:
        with pytest.raises(ValueError, match=r"lone surrogate, U\+D83D, at position 2"):
            call("ab\ud83d")
    mended = "ab\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # the remedy in the message
    assert mended == "ab😀"
    with pytest.raises(TypeError, match="must be a string, not bytes"):
        gpt2.encode(b"ab")


# ---- Training


def last_tokens(tok, text):
    return [token for word in tok.steps(text) for token in word[-1].tokens]


def test_words_join_to_the_text():
    for text in NASTY:
        for categories in (True, False):
            assert "".join(split_words(text, categories)) == text


def test_fast_pattern_finds_the_same_words():
    regex = pytest.importorskip("regex")
    for text in [*NASTY, REAL]:
        assert regex.findall(module._FAST_WORD_PATTERN, text) == regex.findall(WORD_PATTERN, text)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.text("ab", min_size=1, max_size=12).map(str.encode), st.integers(1, 3), max_size=8))
def test_fast_trainer_equals_slow_on_words_full_of_ties(words):
    assert train_merges(words, 20) == train_merges_simple(words, 20)


@quick
@given(st.dictionaries(st.binary(min_size=1, max_size=10), st.integers(1, 5), max_size=20), st.integers(0, 40))
def test_fast_trainer_equals_slow_on_any_bytes(words, num_merges):
    assert train_merges(words, num_merges) == train_merges_simple(words, num_merges)


@pytest.mark.parametrize("categories", [True, False])
def test_fast_trainer_equals_slow_on_real_text(categories):
    words = count_words([REAL[:12_000], NASTY[5], NASTY[15]], categories)
    merges = train_merges(words, 300)
    assert len(merges) == 300
    assert merges == train_merges_simple(words, 300)
    shuffled = list(words.items())
    random.Random(1).shuffle(shuffled)
    assert merges == train_merges(dict(shuffled), 300)


def test_tie_goes_to_the_smaller_ids():
    # a b, c d and e f occur twice each: a b first for its ids, whatever the order of the words
    assert train_merges({b"ef": 2, b"cd": 2, b"ab": 2}, 3) == [(64, 65), (66, 67), (68, 69)]
    assert train_merges({b"ef": 3, b"cd": 2, b"ab": 2}, 1) == [(68, 69)]


def test_hugging_face_learns_the_same_merges():
    """An independent trainer with the same rule for ties."""
    hf = pytest.importorskip("tokenizers")
    byte_level = hf.pre_tokenizers.ByteLevel
    other = hf.Tokenizer(hf.models.BPE())
    other.pre_tokenizer = byte_level(add_prefix_space=False)
    trainer = hf.trainers.BpeTrainer(vocab_size=1256, initial_alphabet=byte_level.alphabet(), show_progress=False)
    other.train_from_iterator([REAL], trainer)
    theirs = [tuple(map(unspell, pair)) for pair in json.loads(other.to_str())["model"]["merges"]]
    assert Tokenizer.train([REAL], 1257).merges == theirs


@pytest.mark.parametrize("categories", [True, False])
def test_encoding_equals_a_replay_of_the_merges(categories):
    tok = Tokenizer.train([REAL], 700, categories=categories)
    ids = {token: i for i, token in enumerate(tok.tokens[:-1])}
    assert len(ids) == 699
    for text in [*NASTY, REAL[:6000]]:
        assert [ids[token] for word in tok.steps(text) for token in word[-1].tokens] == tok.encode(text)
        replayed = []  # another way: every merge of the training, in its order, over the whole word
        for word in split_words(text[:400], categories):
            tokens = list(word.encode().translate(module.BYTE_IDS))
            for rank, (left, right) in enumerate(tok.merges):
                tokens = module.replace_pair(tokens, (ids[left], ids[right]), 256 + rank)
            replayed += tokens
        assert replayed == tok.encode(text[:400])


KNOWN = st.characters(exclude_categories=["Cs", "Cn"])  # assigned characters: every library has the same class for them


@quick
@given(st.text(st.sampled_from("aab \n.")), st.text(st.sampled_from("abc \n.")), st.booleans(), st.integers(0, 20))
def test_encoding_equals_the_steps_for_any_training_text(train, text, categories, num_merges):
    merges = train_merges(count_words([train], categories), num_merges)
    tokens = [bytes([byte]) for byte in BYTE_ORDER]
    for left, right in merges:
        tokens.append(tokens[left] + tokens[right])
    tok = Tokenizer([(tokens[left], tokens[right]) for left, right in merges], categories=categories)
    assert last_tokens(tok, text) == [tok.token_bytes(i) for i in tok.encode(text)]


@quick
@given(st.text(KNOWN))
def test_steps_equal_encode_on_any_assigned_character(gpt2, small, text):
    for tok in (gpt2, small):
        assert last_tokens(tok, text) == [tok.token_bytes(i) for i in tok.encode(text)]
        assert tok.decode(tok.encode(text)) == text


def test_show_work_names_rank_and_tokens(gpt2):
    assert gpt2.show_work(" the").splitlines() == [
        "Ġthe",
        "    bytes         Ġ t h e",
        "    merge     0   Ġt h e",
        "    merge     2   Ġt he",
        "    merge     6   Ġthe",
    ]


def test_the_category_rule_is_a_switch():
    texts = ["dog. dog! dog? the dog of the cat of the dog.\n" * 20]
    on, off = Tokenizer.train(texts, 267), Tokenizer.train(texts, 267, categories=False)
    for token in on.tokens[256:-1]:
        assert len({unicodedata.category(character)[0] for character in token.decode().removeprefix(" ")}) == 1
    assert any(b" " in token[1:] for token in off.tokens)
    assert off.decode(off.encode(texts[0])) == on.decode(on.encode(texts[0])) == texts[0]
    assert off.encode(texts[0]) != on.encode(texts[0])
    lines = Tokenizer.train(["a.\n\nb? c\n" * 9], 263, categories=False)
    assert b"a.\n" in lines.tokens and not any(b"\n" in token[:-1] for token in lines.tokens)


def test_layout_is_that_of_gpt2(small, gpt2):
    assert small.tokens[:256] == gpt2.tokens[:256] and small.tokens[-1] == b"<|endoftext|>"
    assert small.vocab_size == 600 == 256 + len(small.merges) + 1 and small.eot == 599
    assert Tokenizer.train(["x"], 257).encode("Aé") == [32, 127, 102]


def test_long_texts_are_cut_where_words_end(monkeypatch):
    text = (REAL[:3000] + "\n\n\n  x" + "y" * 300 + " \n" * 200 + "\x85 's") * 2
    for categories in (True, False):
        for size in [1, 7, 100, 5000]:
            batches = list(module._batches([text, "", text], categories, size))
            assert "".join("".join(batch) for batch in batches) == text * 2
            counted = sum((module._count_batch(batch, categories) for batch in batches), start=module.Counter())
            assert counted == module.Counter(split_words(text, categories) * 2)


def test_texts_are_read_as_a_stream():
    """When the first batch has been counted, little more than it has been read."""
    read = 0

    def texts():
        nonlocal read
        for i in range(300):
            read += 1
            yield f"word{i} " * 10_000

    batches = module._batches(texts(), True)
    counted = module._map_in_order(len, batches, 1)
    next(counted)
    assert read < 60
    next(module._map_in_order(len, module._batches(texts(), True), 2))
    assert read < 300


def test_processes_do_not_change_the_result():
    texts = [REAL * 60, "a b c", REAL[:1000]]
    assert len(list(module._batches(texts, True))) > 1
    alone = count_words(texts)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12+ on fork beside threads
        assert count_words(iter(texts), processes=2) == alone
        assert Tokenizer.train(iter(texts), 500, processes=2) == Tokenizer.train(texts, 500)
    with pytest.raises(ValueError, match="processes is 0"):
        count_words(texts, processes=0)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_worker_that_dies_ends_in_one_sentence():
    with pytest.raises(ChildProcessError, match="a worker process ended early; in a script, train under"):
        list(module._map_in_order(os._exit, [3, 3, 3], 2))


def test_rare_words_are_dropped_aloud_and_only_past_the_limit():
    common = "the cat sat on the mat " * 1000
    rare = [" ".join(f"{a}{b}" for b in "qwertyuiop") for a in "abcdefghijklmnopqrstuvwxyz"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exact = count_words([common, *rare])
    assert exact[b" the"] == 1999 and exact[b"the"] == 1 and len(exact) == 7 + 26 * 10
    with pytest.warns(UserWarning, match="more than 100 different words: dropped the"):
        bounded = count_words([common, *rare], max_words=100)
    assert bounded == {word: times for word, times in exact.items() if times > 1}
    with pytest.raises(ValueError, match="more than 100 different lines"):
        count_words(["\n".join(rare * 5 + [str(i) for i in range(200)])], categories=False, max_words=100)


@pytest.mark.parametrize("letter", ["a", " ", "\n", "é"])
def test_training_on_a_megabyte_of_one_letter(letter):
    began = time.perf_counter()
    words = count_words([letter * 1_000_000])
    merges = train_merges(words, 15)
    assert len(merges) == 15 and time.perf_counter() - began < 30
    assert merges == train_merges_simple({letter.encode() * (1 << 16): 1}, 15)


def test_training_refuses_what_it_cannot_do():
    for size in [256, 1, 0, -5, 2_000_000]:
        with pytest.raises(ValueError, match=rf"vocab_size is {size}; it must be at least 257"):
            Tokenizer.train(["some text"], size)
    for empty in [[], [""], ["", ""]]:
        with pytest.raises(ValueError, match="no text to train"):
            Tokenizer.train(empty, 300)
    with pytest.raises(ValueError, match=r"yields 3 merges; use vocab_size 260 or less, or more text"):
        Tokenizer.train(["abcd"], 300)
    assert Tokenizer.train(["abcd"], 260).encode("abcd") == [258]
    with pytest.raises(TypeError, match=r"pass \[text\]"):
        Tokenizer.train("a single string", 300)
    with pytest.raises(TypeError, match="must be a string, not int"):
        Tokenizer.train(["a", 5], 300)


# ---- Characters


def test_characters():
    tok = Tokenizer.from_chars("héllo 猫\n")
    assert (tok.kind, tok.vocab_size, tok.eot, tok.characters) == ("char", 7, None, "\n hloé猫")
    assert tok.decode(tok.encode("猫 hello\n".replace("e", "é"))) == "猫 héllo\n"
    assert tok.token_bytes(tok.vocab_size - 1) == "猫".encode()
    with pytest.raises(ValueError, match=r"the character 'x' \(U\+0078\) is not among the 7"):
        tok.encode("hx")
    with pytest.raises(ValueError, match="<"):
        tok.encode("<|endoftext|>", allow_special=True)
    with pytest.raises(ValueError, match="token id 7"):
        tok.decode([7])
    with pytest.raises(ValueError, match="it is empty"):
        Tokenizer.from_chars("")
    with pytest.raises(ValueError, match="no merges to show"):
        tok.steps("h")


# ---- Files


def some_tokenizers():
    return [
        Tokenizer.train([REAL], 400),
        Tokenizer.train([REAL], 400, categories=False),
        Tokenizer.train(["x"], 257),
        Tokenizer.from_chars('tab\t quote" \\ \x00 \x85\u2028 猫 😀'),
        Tokenizer.gpt2(),
    ]


@pytest.mark.parametrize("tok", some_tokenizers(), ids=repr)
def test_save_and_load(tok, tmp_path):
    file = tok.save(tmp_path / "deep" / "folder")
    assert file == tmp_path / "deep" / "folder" / "minigpt_tokenizer.json"
    again = Tokenizer.load(tmp_path / "deep" / "folder")
    assert again == tok and again == Tokenizer.load(file) and hash(again) == hash(tok) and repr(again) == repr(tok)
    assert again.tokens == tok.tokens
    text = "a quote" if tok.kind == "char" else REAL[:500]
    assert again.encode(text) == tok.encode(text)
    assert tok.save(tmp_path / "mine.json") == tmp_path / "mine.json" and Tokenizer.load(tmp_path / "mine.json") == tok
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    if tok.merges:
        assert "\n" + f'"{spell(tok.merges[0][0])} {spell(tok.merges[0][1])}"' in file.read_text(encoding="utf-8")


def test_equality():
    tokenizers = some_tokenizers()
    for i, one in enumerate(tokenizers):
        assert [one == other for other in tokenizers] == [i == j for j in range(len(tokenizers))]
    assert tokenizers[0] != "text"


def test_damaged_and_foreign_files_are_refused_in_one_sentence(tmp_path, small):
    file = small.save(tmp_path)
    good = json.loads(file.read_text(encoding="utf-8"))
    text = file.read_text(encoding="utf-8")
    bad = [b"", b"\x00\xff\x80", text[: len(text) // 2].encode(), b"[]", b"null", b"{}", b"[" * 100_000]
    changes = [
        {"format": "other"},
        {"version": 2},
        {"kind": "words"},
        {"vocab_size": 599},
        {"categories": 1},
        {"merges": good["merges"][1:]},
        {"merges": ["a b", "a b"], "vocab_size": 259},
        {"merges": ["a b c"], "vocab_size": 258},
        {"merges": ["a \u4e00"], "vocab_size": 258},
        {"merges": ["ab c"], "vocab_size": 258},
        {"merges": None},
        {"kind": "char", "characters": "aa", "vocab_size": 2},
        {"kind": "char", "characters": "", "vocab_size": 0},
        {"kind": "char", "characters": 5},
        {"kind": "char", "characters": ["ab"], "vocab_size": 1},
        {"kind": "char", "characters": "\ud800", "vocab_size": 1},
    ]
    bad += [json.dumps({**good, **change}).encode() for change in changes]
    for content in bad:
        file.write_bytes(content)
        with pytest.raises(ValueError, match="is no tokenizer that can be read") as caught:
            Tokenizer.load(tmp_path)
        assert "\n" not in str(caught.value) and str(file) in str(caught.value)
    file.write_text(json.dumps({**good, "version": 2}), encoding="utf-8")
    with pytest.raises(ValueError, match="version is 2"):
        Tokenizer.load(file)
    with pytest.raises(FileNotFoundError, match="there is no tokenizer at"):
        Tokenizer.load(tmp_path / "nothing")


def test_a_failed_save_leaves_the_old_file(tmp_path, small, monkeypatch):
    file = small.save(tmp_path)
    before = file.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Tokenizer.from_chars("abc").save(tmp_path)
    assert file.read_bytes() == before and [path.name for path in tmp_path.iterdir()] == [file.name]


def test_damaged_package_data_is_noticed(tmp_path, monkeypatch):
    file = tmp_path / "vocab.bpe.xz"
    file.write_bytes(lzma.compress(b"#version: 0.2\na b\n"))
    monkeypatch.setattr(module, "_MERGES_FILE", file)
    with pytest.raises(ValueError, match="wrong sha256"):
        module._gpt2.__wrapped__()


# ---- The module itself


def test_examples_in_the_docstrings():
    result = doctest.testmod(module)
    assert result.attempted > 15 and result.failed == 0


def test_slow_libraries_are_imported_only_when_used():
    body = ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body
    at_the_top = {alias.name for node in body if isinstance(node, ast.Import) for alias in node.names}
    at_the_top |= {node.module for node in body if isinstance(node, ast.ImportFrom)}
    assert "json" in at_the_top and not at_the_top & {"tiktoken", "regex", "torch", "numpy", "concurrent.futures"}


@pytest.mark.skipif("MINIGPT_DATA" not in os.environ, reason="MINIGPT_DATA is not set: no downloaded texts to try on")
def test_real_data(gpt2, tiktoken_gpt2):
    folder = Path(os.environ["MINIGPT_DATA"])
    text = (folder / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8")
    assert gpt2.encode(text) == tiktoken_gpt2.encode_ordinary(text)
    words = count_words([text[:60_000]])
    assert train_merges(words, 400) == train_merges_simple(words, 400)
