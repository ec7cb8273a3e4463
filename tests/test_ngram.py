"""minigpt.ngram: equal to a plain reference, probabilities that add up to 1, any text, and fast."""

from __future__ import annotations

import math
import random
import time
from collections import Counter, defaultdict

import numpy as np
import pytest

from minigpt import ngram
from minigpt.ngram import END, UNKNOWN, NGram, cut_words
from minigpt.tokenizer import Tokenizer

TEXTS = ["the hen sat. the hen ate!", "猫坐在垫子上 猫", "🙂 the owl 🙂🙂", "", "a", "the hen sat on the owl\n\nthe end"]


def reference(documents: list[list], n: int, V: int):
    """p(word, the words before it), by dictionaries: Kneser and Ney's formula as chapter 02 writes it."""
    times = [Counter() for _ in range(n + 1)]
    for document in documents:
        row = [END, *document, END]
        for i in range(1, len(row)):
            for k in range(1, min(n, i + 1) + 1):
                times[k][tuple(row[i - k + 1 : i + 1])] += 1
    counts = [{} for _ in range(n)] + [dict(times[n])]
    for k in range(1, n):
        before = defaultdict(set)
        for gram in times[k + 1]:
            before[gram[1:]].add(gram[0])
        counts[k] = {g: times[k][g] if k > 1 and g[0] == END else len(before[g]) for g in times[k]}
    discounts = [0.0]
    for k in range(1, n + 1):
        ones, twos = (list(counts[k].values()).count(i) for i in (1, 2))
        discounts.append(ones / (ones + 2 * twos) if ones and twos else 0.5)

    def p(word, history) -> float:
        history = tuple(history)[-(n - 1) :] if n > 1 else ()
        result = 1 / V
        for k in range(1, len(history) + 2):
            context = history[len(history) - k + 1 :]
            after = {gram[-1]: count for gram, count in counts[k].items() if gram[:-1] == context}
            if after:
                kept = max(after.get(word, 0) - discounts[k], 0)
                result = (kept + discounts[k] * len(after) * result) / sum(after.values())
        return result

    return p


def random_documents(seed: int) -> list[list[str]]:
    dice = random.Random(seed)
    return [dice.choices("abcd", [5, 3, 1, 1], k=dice.randrange(9)) for _ in range(30)]


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_kneser_ney_is_the_reference(n, seed):
    documents = random_documents(seed)
    model = NGram.train(documents, n)
    p = reference(documents, n, model.vocab_size)
    for document in (list("abcab"), list("ddzd"), [], documents[3], list("zz")):
        known = [word if word in model.words else UNKNOWN for word in document]
        row = [END, *known, END]
        expected = [math.log(p(row[i], row[:i])) for i in range(1, len(row))]
        assert model.log_probabilities(document) == pytest.approx(expected, abs=1e-9)
        assert model.nats(document) == pytest.approx(-sum(expected))


@pytest.mark.parametrize("add_k", [0, 0.01, 1])
@pytest.mark.parametrize("n", [1, 2, 4])
def test_add_k_is_its_formula(n, add_k):
    documents = random_documents(2)
    model = NGram.train(documents, n, add_k=add_k)
    counts = defaultdict(Counter)
    for document in documents:
        row = [END, *document, END]
        for i in range(1, len(row)):
            counts[tuple(row[max(0, i - n + 1) : i])][row[i]] += 1
    row = [END, *"abbazc", END]
    got = np.exp(model.log_probabilities(row[1:-1]))
    for i in range(1, len(row)):
        after = counts[tuple(row[max(0, i - n + 1) : i])]
        total = after.total() + add_k * model.vocab_size
        expected = (after[row[i]] + add_k) / total if after.total() else 1 / model.vocab_size
        assert got[i - 1] == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 2, 3, 6])
@pytest.mark.parametrize("settings", [{}, {"add_k": 0.1}, {"min_count": 2}, {"vocabulary": ["the", " hen"]}])
def test_probabilities_add_up_and_agree_with_the_likelihood(n, settings):
    documents = [cut_words(text) for text in TEXTS]
    model = NGram.train(documents, n, **settings)
    for document in [*documents, cut_words("nobody sat 狗 🦉"), ["the"] * 30]:
        log_p = model.log_probabilities(document)
        assert len(log_p) == len(document) + 1
        for i, word in enumerate([*document, END]):
            p = model.probabilities(document[:i])
            assert p.shape == (model.vocab_size,) and p.min() > 0
            assert p.sum() == pytest.approx(1, abs=1e-9)
            at = model.words.index(word) if word in model.words else 1
            assert math.log(p[at]) == pytest.approx(log_p[i], abs=1e-9)
        assert model.probabilities(document, start=False).sum() == pytest.approx(1, abs=1e-9)


def test_all_sentences_together_have_probability_one():
    model = NGram.train([list("ab"), list("aab"), list("b")], 3, add_k=0)  # counts alone: only short sentences
    total = 0.0
    for length in range(5):
        for number in range(2**length):
            words = ["ab"[number >> i & 1] for i in range(length)]
            total += math.exp(-model.nats(words))
    assert total == pytest.approx(1)


def test_context_does_not_reach_over_documents():
    together = NGram.train([["x", "y"], ["z"]], 2)
    assert "z" not in [word for word, p in together.likeliest(["y"], 1)]
    assert together.likeliest(["y"], 1)[0][0] == END


def test_a_name_is_expected_after_its_first_word_only():
    lines = ["Kettle Hill a", "Kettle Hill b", "Kettle Hill c", "the hen", "a hen", "my hen"]
    documents = [line.split() for line in lines]
    model = NGram.train(documents, 2)
    hill, hen = model.words.index("Hill"), model.words.index("hen")
    new = model.probabilities(["old"], start=False)
    assert new[hen] > new[hill] and model.probabilities(["Kettle"], start=False)[hill] > 0.6


def test_unknown_words():
    model = NGram.train([list("aab"), list("abz")], 2, min_count=2)
    assert model.words == [END, UNKNOWN, "a", "b"]
    assert model.unknown(list("abcz")) == 2
    assert model.nats(["c"]) == model.nats(["z"]) < math.inf
    plain = NGram.train([list("ab")], 2)
    assert plain.unknown("abz") == 1 and math.isfinite(plain.nats(list("z")))


def test_tokens_leave_nothing_unknown():
    tok = Tokenizer.train(TEXTS * 3, 290)
    model = NGram.train([tok.encode(text) for text in TEXTS], 3, vocabulary=range(tok.vocab_size))
    new = tok.encode("新しい text 🦉 which nobody has read")
    assert model.unknown(new) == 0 and math.isfinite(model.nats(new))
    assert tok.decode(model.sample(max_words=30, seed=1))


def test_empty_texts():
    for n in (1, 3):
        model = NGram.train([[], []], n)
        assert model.words == [END, UNKNOWN]
        assert model.nats([]) < 0.7 and model.sample(seed=0) == []
        assert model.probabilities([]).sum() == pytest.approx(1)
    with_words = NGram.train([["a"], []], 3)
    assert len(with_words.log_probabilities([])) == 1


def test_sampling_is_seeded_and_follows_the_probabilities():
    model = NGram.train([list("ab"), list("ab"), list("ac"), list("b")], 2)
    assert model.sample(seed=5) == model.sample(seed=5)
    firsts = Counter((model.sample(max_words=1, seed=seed) or [END])[0] for seed in range(2000))
    p = model.probabilities()
    p = dict(zip(model.words, p / (1 - p[1])))
    for word in (END, "a", "b", "c"):
        assert firsts[word] / 2000 == pytest.approx(p[word], abs=0.04)
    assert UNKNOWN not in firsts
    assert model.sample(["a"], max_words=0, seed=1) == []


@pytest.mark.parametrize("text", [*TEXTS, "The hen's 2 eggs.\n", "  a\tb\r\n ", "x_1 naïve e\u0301", "\x00\x1c\u3000"])
def test_cut_words_loses_nothing(text):
    assert "".join(cut_words(text)) == text


def test_discount():
    assert ngram.discount(np.array([1, 1, 1, 2, 5])) == pytest.approx(3 / 5)
    for counts in ([], [3, 4], [1, 1], [2, 2]):
        assert ngram.discount(np.array(counts, dtype=int)) == 0.5


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (([["a"]], 0), "n=0"),
        (([["a"]], 2, {"min_count": 0}), "min_count=0"),
        (([["a"]], 2, {"add_k": -1}), "-1"),
        (([], 2), "no document"),
        (("a text", 2), "one string"),
    ],
)
def test_wrong_settings_are_refused_in_one_sentence(arguments, part):
    documents, n, *settings = arguments
    with pytest.raises(ValueError) as error:
        NGram.train(documents, n, **(settings[0] if settings else {}))
    assert part in str(error.value) and "\n" not in str(error.value)


def test_megabytes_are_counted_in_seconds():
    dice = np.random.default_rng(0)
    words = [f" w{i}" for i in range(20_000)]
    draws = (20_000 * dice.random(400_000) ** 6).astype(int)  # a few words often, many rarely
    documents = [[words[i] for i in row] for row in draws.reshape(-1, 50)]
    assert sum(len(word) for row in documents for word in row) > 1_500_000
    started = time.process_time()
    NGram.train(documents, 5)
    assert time.process_time() - started < 10  # about 1 s
