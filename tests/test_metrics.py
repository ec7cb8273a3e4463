"""minigpt.metrics: known values, units that turn into each other, published rules, and intervals that cover."""

from __future__ import annotations

import importlib
import math
import random
import sys
import types

import numpy as np
import pytest

from minigpt import metrics
from minigpt.metrics import bootstrap_interval, cross_entropy, entropy, exact_match, f1, wilson_interval

# ---- likelihood ----


def test_one_likelihood_in_every_unit():
    nats, text = 55.5, "Grüße an die 猫 🐈"
    words, characters, size = len(text.split()), len(text), len(text.encode())
    bits = metrics.nats_to_bits(nats)
    assert metrics.bits_to_nats(bits) == pytest.approx(nats)
    assert metrics.perplexity(nats, words) == pytest.approx(2 ** (bits / words))
    assert metrics.bits_per_byte(nats, size) * size == pytest.approx(bits)
    assert metrics.bits_per_character(nats, characters) * characters == pytest.approx(bits)
    by_characters = metrics.perplexity(nats, characters)
    assert by_characters ** (characters / words) == pytest.approx(metrics.perplexity(nats, words))


def test_uniform_choice_has_its_size_as_perplexity():
    assert metrics.perplexity(7 * math.log(50_257), 7) == pytest.approx(50_257)


@pytest.mark.parametrize("rate", [metrics.perplexity, metrics.bits_per_byte, metrics.bits_per_character])
def test_an_empty_text_has_no_rate(rate):
    with pytest.raises(ValueError, match="empty"):
        rate(0.0, 0)


def test_entropy_is_the_least_cross_entropy():
    dice = random.Random(0)
    for _ in range(50):
        p, q = ([dice.random() ** 3 for _ in range(6)] for _ in range(2))
        p, q = ([x / sum(values) for x in values] for values in (p, q))
        assert 0 <= entropy(p) <= math.log(6) + 1e-12
        assert cross_entropy(p, q) >= entropy(p) - 1e-12
    assert entropy([0.25] * 4) == pytest.approx(math.log(4))
    assert entropy([1.0, 0.0]) == 0.0


def test_what_is_excluded_and_occurs_costs_infinitely_much():
    assert cross_entropy({"a": 0.5, "b": 0.5}, {"a": 1.0}) == math.inf
    assert cross_entropy({"a": 1.0, "b": 0.0}, {"a": 0.5, "c": 0.5}) == pytest.approx(math.log(2))


@pytest.mark.parametrize(
    ("p", "q"), [({"a": 1.0}, [1.0]), ([0.5, 0.5], [1.0]), ([0.5, 0.6], [0.5, 0.5]), ([1.0], [0.9]), ([], []),
                 ([1.5, -0.5], [0.5, 0.5])],
)  # fmt: skip
def test_what_is_no_distribution_is_refused(p, q):
    with pytest.raises(ValueError) as error:
        cross_entropy(p, q)
    assert "\n" not in str(error.value)


# ---- answers ----


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Candle.", "candle"),
        ("  an   old\tlamp\n", "old lamp"),
        ("a-b", "ab"),  # signs are taken out before articles are
        ("A", ""),
        ("theatre, another, Anna", "theatre another anna"),
        ("«naïve» 猫。", "«naïve» 猫。"),  # only ASCII punctuation
        ("the the", ""),
        ("", ""),
    ],
)
def test_normalize_answer(text, expected):
    assert metrics.normalize_answer(text) == expected


def test_exact_match_and_f1():
    assert exact_match("The cat", "cat!") == 1.0 and exact_match("cat", ["dog", "cats"]) == 0.0
    assert f1("a cat sat", "the cat sat down") == pytest.approx(0.8)
    assert f1("cat cat cat", "cat") == pytest.approx(0.5)  # a word counts as often as it is in both
    assert f1("dog", "cat") == 0.0
    assert f1("", "the") == 1.0 and f1("", "cat") == 0.0 and f1("cat", "") == 0.0
    assert f1("cat", ["dog", "a cat"]) == 1.0
    assert f1("猫 坐", "猫") == pytest.approx(2 / 3)


def test_leave_one_out():
    assert metrics.leave_one_out(f1, "cat", ["cat", "cat", "dog"]) == 1.0  # one of the two is always left
    assert metrics.leave_one_out(exact_match, "dog", ["cat", "cat", "dog"]) == pytest.approx(2 / 3)
    assert metrics.leave_one_out(exact_match, "dog", ["dog"]) == 1.0


@pytest.mark.parametrize("score", [exact_match, f1])
def test_no_reference_is_refused(score):
    with pytest.raises(ValueError, match="at least one reference"):
        score("cat", [])


# ---- intervals ----


def test_wilson_interval_known_values():
    low, high = wilson_interval(81, 263)  # the example of Newcombe (1998), method 3
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson_interval(0, 10)[0] == 0.0 and wilson_interval(10, 10)[1] == 1.0
    narrow, wide = wilson_interval(5, 10, 0.5), wilson_interval(5, 10, 0.99)
    assert wide[0] < narrow[0] < 0.5 < narrow[1] < wide[1]


def test_wilson_interval_covers():
    dice = random.Random(1)
    hits = 0
    for _ in range(1000):
        low, high = wilson_interval(sum(dice.random() < 0.1 for _ in range(60)), 60)
        hits += low <= 0.1 <= high
    assert 0.92 < hits / 1000 < 0.98


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_wilson_interval_refuses(successes, n):
    with pytest.raises(ValueError, match="impossible"):
        wilson_interval(successes, n)


def test_bootstrap_interval_is_seeded_and_covers():
    values = np.random.default_rng(0).normal(3.0, 1.0, 200)
    first = bootstrap_interval(values, seed=1)
    assert first == bootstrap_interval(values, seed=1) and first != bootstrap_interval(values, seed=2)
    low, high = bootstrap_interval(values, resamples=2000)
    expected = 1.96 * values.std() / math.sqrt(200)
    assert low == pytest.approx(values.mean() - expected, abs=0.03)
    assert high == pytest.approx(values.mean() + expected, abs=0.03)


def test_bootstrap_interval_draws_whole_documents():
    rows = [(12.0, 4), (100.0, 50), (3.0, 1)] * 20
    low, high = bootstrap_interval(rows, metrics.ratio_of_sums)
    assert low < 115 / 55 < high
    assert bootstrap_interval([5.0]) == (5.0, 5.0)


def test_bootstrap_interval_refuses():
    with pytest.raises(ValueError, match="at least one document"):
        bootstrap_interval([])
    with pytest.raises(ValueError, match="between 0 and 1"):
        bootstrap_interval([1.0], confidence=95)


# ---- the answers' scores against others' code ----


def _answers(dice: random.Random) -> str:
    """An answer of few words, so that two of them often share some; with all that normalising takes out."""
    words = "the The a an cat Cat cats dog's (dog) 1,000 home. theatre - é! a-b".split()
    return " ".join(dice.choices(words, k=dice.randrange(6)))


def test_exact_match_f1_and_leave_one_out_are_those_of_the_published_evaluators(monkeypatch):
    """SQuAD's functions as lm-evaluation-harness has them, and its loop over CoQA's references."""
    squad = pytest.importorskip("lm_eval.tasks.qasper.metrics", reason="lm-eval is not installed: pip install lm-eval")

    def compute_f1(gold: str, prediction: str) -> float:
        """With CoQA's addition: without a word on one side, the score is whether both are without."""
        ours, theirs = squad.normalize_answer(prediction).split(), squad.normalize_answer(gold).split()
        return squad.f1_abstractive([prediction], [gold]) if ours and theirs else float(ours == theirs)

    module = types.ModuleType("transformers.data.metrics.squad_metrics")  # older releases of transformers have it
    module.compute_exact = lambda gold, prediction: float(
        squad.normalize_answer(gold) == squad.normalize_answer(prediction)
    )
    module.compute_f1 = compute_f1
    for name in ("transformers.data", "transformers.data.metrics"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    sys.modules.pop("lm_eval.tasks.coqa.utils", None)
    coqa = importlib.import_module("lm_eval.tasks.coqa.utils")
    dice, seen = random.Random(0), set()
    for _ in range(3000):
        prediction, references = _answers(dice), [_answers(dice) for _ in range(dice.randrange(1, 5))]
        assert metrics.normalize_answer(prediction) == squad.normalize_answer(prediction)
        theirs = coqa.compute_scores(references, prediction)
        assert metrics.leave_one_out(f1, prediction, references) == pytest.approx(theirs["f1"], abs=1e-12)
        assert metrics.leave_one_out(exact_match, prediction, references) == pytest.approx(theirs["em"], abs=1e-12)
        assert f1(prediction, references) == pytest.approx(max(compute_f1(one, prediction) for one in references))
        seen.add(theirs["f1"])
    assert len(seen) > 20
    sys.modules.pop("lm_eval.tasks.coqa.utils", None)
