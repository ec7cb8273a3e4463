"""How well a model does, as numbers with a unit: likelihood in its units, answers compared, and how far to trust them.

A text's **nats** are minus the natural logarithm of the probability that a model gives to all of it. Divided by a count
of words, bytes or characters they become every unit of the paper's Table 3; which count it was must always be said.
Paper: sections 2 and 3.1. The functions take the total and the count apart, since a corpus is summed first and divided
once.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import NormalDist

import numpy as np

NATS_PER_BIT = math.log(2)


# ---- Likelihood ----


def nats_to_bits(nats: float) -> float:
    """The same amount of information in bits.

    >>> nats_to_bits(math.log(8))
    3.0
    """
    return nats / NATS_PER_BIT


def bits_to_nats(bits: float) -> float:
    """The inverse of `nats_to_bits`."""
    return bits * NATS_PER_BIT


def perplexity(nats: float, count: int) -> float:
    """How many equally likely choices would be as hard to guess: e to the nats a unit.

    Args:
        nats: minus the log-likelihood of a whole text, or of many texts together.
        count: its units: words, tokens or characters. The result is a perplexity *per* such unit.

    Raises:
        ValueError: there is nothing to divide by.

    >>> round(perplexity(nats=10 * math.log(6), count=10), 6)  # ten throws of a die
    6.0
    """
    return math.exp(_per(nats, count))


def bits_per_byte(nats: float, n_bytes: int) -> float:
    """Bits for each byte of the text in UTF-8: the one unit that no tokenizer and no language changes.

    >>> round(bits_per_byte(nats=40.0, n_bytes=len("你好".encode())), 2)
    9.62
    """
    return nats_to_bits(_per(nats, n_bytes))


def bits_per_character(nats: float, n_characters: int) -> float:
    """Bits for each character (code point) of the text.

    >>> round(bits_per_character(nats=40.0, n_characters=len("你好")), 2)
    28.85
    """
    return nats_to_bits(_per(nats, n_characters))


def _per(nats: float, count: int) -> float:
    if count <= 0:
        raise ValueError(f"a rate needs at least one unit to divide by, not {count}: the text is empty")
    return nats / count


def entropy(p: Mapping | Sequence[float]) -> float:
    """The nats that an outcome of `p` costs on average when the model is `p` itself; no model does better.

    >>> round(nats_to_bits(entropy([0.5, 0.25, 0.25])), 6)
    1.5
    """
    return cross_entropy(p, p)


def cross_entropy(p: Mapping | Sequence[float], q: Mapping | Sequence[float]) -> float:
    """The nats that an outcome of `p` costs on average when the model is `q`; infinite where `q` excludes what occurs.

    Both are probabilities: mappings by outcome, or sequences in the same order.

    Raises:
        ValueError: one is a mapping and one is not, their lengths differ, or one is no distribution.

    >>> round(cross_entropy({"sun": 0.5, "rain": 0.5}, {"sun": 0.9, "rain": 0.1}), 3)
    1.204
    """
    if isinstance(p, Mapping) != isinstance(q, Mapping):
        raise ValueError("cross_entropy needs two mappings or two sequences, not one of each")
    if isinstance(p, Mapping):
        pairs = [(chance, q.get(outcome, 0.0)) for outcome, chance in p.items()]
    elif len(p) == len(q):
        pairs = list(zip(p, q))
    else:
        raise ValueError(f"the distributions have {len(p)} and {len(q)} outcomes; they must be the same ones")
    for given in (p, q):
        values = list(given.values() if isinstance(given, Mapping) else given)
        if min(values, default=-1) < 0 or abs(math.fsum(values) - 1) > 1e-6:
            raise ValueError("probabilities must not be negative, and must add up to 1")
    if any(chance > 0 and model == 0 for chance, model in pairs):
        return math.inf
    return math.fsum(-chance * math.log(model) for chance, model in pairs if chance > 0)


# ---- Answers ----


def normalize_answer(text: str) -> str:
    """An answer without what does not count: capitals, ASCII punctuation, the articles a, an, the, and extra spaces.

    The rule of SQuAD's published evaluator (Rajpurkar et al. 2016), which CoQA's (Reddy et al. 2019) takes over.

    >>> normalize_answer("The  Old Baker's dog!")
    'old bakers dog'
    """
    kept = "".join(character for character in text.lower() if character not in string.punctuation)
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", kept).split())


def exact_match(prediction: str, references: str | Sequence[str]) -> float:
    """1.0 if the prediction is one of the references after `normalize_answer`, else 0.0. Paper: section 3.8.

    >>> exact_match("the candle.", ["Candle", "a lamp"])
    1.0
    """
    return float(normalize_answer(prediction) in [normalize_answer(answer) for answer in _several(references)])


def f1(prediction: str, references: str | Sequence[str]) -> float:
    """How well the words agree: harmonic mean of precision and recall, of the best reference. Paper: section 3.5.

    Words are those of `normalize_answer`, with their numbers of times and without their order. If one side has no word,
    the score is 1.0 when neither has, else 0.0, as in CoQA's evaluator and SQuAD 2.0's.

    >>> round(f1("a red candle", ["the candle", "a lamp"]), 3)
    0.667
    """
    return max(_f1(prediction, answer) for answer in _several(references))


def _f1(prediction: str, reference: str) -> float:
    ours, theirs = normalize_answer(prediction).split(), normalize_answer(reference).split()
    if not ours or not theirs:
        return float(ours == theirs)
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs))


def leave_one_out(
    score: Callable[[str, Sequence[str]], float], prediction: str, references: Sequence[str]
) -> float:
    """The mean of `score` against all references but one, each left out in turn.

    CoQA's evaluator does so, because a person who is measured against the others has one reference fewer.

    >>> leave_one_out(exact_match, "candle", ["candle", "lamp"])
    0.5
    """
    references = _several(references)
    if len(references) == 1:
        return score(prediction, references)
    kept = [references[:i] + references[i + 1 :] for i in range(len(references))]
    return sum(score(prediction, others) for others in kept) / len(kept)


def _several(references: str | Sequence[str]) -> list[str]:
    references = [references] if isinstance(references, str) else list(references)
    if not references:
        raise ValueError("an answer needs at least one reference to be compared with")
    return references


# ---- How far to trust a number ----


def wilson_interval(successes: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Where the true share lies when `successes` of `n` independent items succeeded (Wilson 1927).

    Unlike the share plus and minus two standard errors, it stays within 0 and 1 and is of use for 0 of n.

    Raises:
        ValueError: the counts or the confidence are impossible.

    >>> [round(end, 3) for end in wilson_interval(0, 20)]
    [0.0, 0.161]
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"{successes} successes of {n} items are impossible")
    z = NormalDist().inv_cdf((1 + _confidence(confidence)) / 2)
    share = successes / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # At the two ends rounding would miss the exact 0 or 1.
    return (0.0 if successes == 0 else middle - reach), (1.0 if successes == n else middle + reach)


def ratio_of_sums(rows: np.ndarray) -> float:
    """Sum of the first column over sum of the second: the nats a word of a corpus, from rows (nats, words)."""
    return float(rows[:, 0].sum() / rows[:, 1].sum())


def bootstrap_interval(
    values: Sequence[float] | Sequence[Sequence[float]] | np.ndarray,
    statistic: Callable[[np.ndarray], float] | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Where a statistic lies when the documents are drawn again, with replacement (percentile bootstrap, Efron 1979).

    Args:
        values: one number, or one row of numbers, for each *document*. Words of one document are not independent, so
            it is documents that are drawn, each whole.
        statistic: of an array of drawn rows; the mean if not given. `ratio_of_sums` serves for nats a word.
        resamples, seed: how many draws, and where the random numbers start.

    Raises:
        ValueError: there is no value, or the confidence is impossible.

    >>> low, high = bootstrap_interval([2.0, 3.0, 4.0, 5.0, 6.0] * 20)
    >>> low < 4.0 < high
    True
    """
    rows = np.asarray(values, dtype=np.float64)
    if len(rows) == 0:
        raise ValueError("there is nothing to draw from: the interval needs at least one document")
    statistic = statistic or np.mean
    dice = np.random.default_rng(seed)
    found = [float(statistic(rows[dice.integers(len(rows), size=len(rows))])) for _ in range(resamples)]
    edge = (1 - _confidence(confidence)) / 2
    low, high = np.quantile(found, [edge, 1 - edge])
    return float(low), float(high)


def _confidence(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"the confidence must lie between 0 and 1, not {confidence}")
    return confidence
