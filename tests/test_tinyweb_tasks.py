"""The eight kinds of task: nothing in them is in the train split, and no shortcut does better than chance."""

from __future__ import annotations

import doctest
import math
import re
from collections import Counter, defaultdict
from functools import cache

import pytest

from minigpt.tinyweb import cloze, dice, documents, news, pronoun, quiz, reading, story, tasks, wobblish
from minigpt.tinyweb.tasks import TASKS, items, key_fact

N = 1000
RUNGS = {
    "last_word": story.RUNGS, "cloze": cloze.RUNGS, "pronoun": pronoun.RUNGS, "reading": reading.RUNGS,
    "summary": news.RUNGS, "translation_en_wo": wobblish.RUNGS, "translation_wo_en": wobblish.RUNGS,
}  # fmt: skip
items = cache(items)


def by_rung(task: str) -> dict[str, list]:
    rungs = defaultdict(list)
    for item in items(task, N):
        rungs[item.rung].append(item)
    return rungs


@pytest.mark.parametrize("task", TASKS)
def test_items_are_as_they_should_be(task):
    for item in items(task, N):
        assert item.task == task and item.prompt and item.baselines and item.keys
        assert re.fullmatch(r" \S.*", item.answer) and not item.prompt.endswith(" "), item
        assert not re.search(r"[{}@]|  ", item.prompt + item.answer + item.rest), item
        assert len(item.prompt + item.answer + item.rest) < 850, item  # fits into 256 tokens
        assert len(set(item.candidates)) == len(item.candidates)
        if item.candidates and task != "summary":
            assert item.answer in item.candidates
    assert {item.rung for item in items(task, N)} == set(RUNGS.get(task, {item.rung for item in items(task, N)}))
    assert min(len(rung) for rung in by_rung(task).values()) >= (5 if task == "closed_book" else N // 4)


@pytest.mark.parametrize("task", TASKS)
def test_same_items_again_and_other_items_for_another_seed(task):
    assert tasks.items(task, 40) == items(task, N)[:40]
    assert tasks.items(task, 40, seed=1) != items(task, N)[:40]
    prompts = Counter(item.prompt for item in items(task, N))
    assert len(prompts) >= N // 2 - 5 if task == "pronoun" else len(prompts) >= N - 5


@pytest.mark.parametrize("arguments", [("rhymes", 3), ("cloze", -1), ("cloze", 2.0), ("cloze", True), ("cloze", 3, "a")])
def test_wrong_arguments_are_refused_in_one_sentence(arguments):
    with pytest.raises(ValueError) as refusal:
        tasks.items(*arguments)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("task", TASKS)
def test_every_combination_is_held_out(task):
    apart = quiz.never_asked if task == "closed_book" else dice.held_out
    assert all(apart(key) for item in items(task, N) for key in item.keys)


def scores(task: str, item, answer: str) -> list[bool]:
    if task != "summary":
        return [answer == item.answer]
    (who, thing), (true_who, true_thing) = key_fact(answer), key_fact(item.answer)
    return [who == true_who, thing == true_thing]


def chances(task: str, item, shortcut: str) -> list[float]:
    """The share of candidates that is right; for summary of names, and of things in the report."""
    if task == "cloze":
        return [1 / 3 if shortcut == "any with the trait" else 1 / 4]  # of those that the tale is about
    if task == "summary":
        body = item.prompt.split("\n")[1].lower()
        return [1 / len(item.candidates), 1 / len(set(re.findall(tasks._THING.pattern, body)))]
    return [1 / len(item.candidates)]


@pytest.mark.parametrize("task", ["last_word", "cloze", "pronoun", "reading", "summary"])
def test_no_shortcut_beats_chance(task):
    for rung, chosen in by_rung(task).items():
        for name in chosen[0].baselines:
            right = zip(*(scores(task, item, item.baselines[name]) for item in chosen))
            chance = zip(*(chances(task, item, name) for item in chosen))
            for hits, even in zip(right, chance):
                p = sum(even) / len(chosen)
                bound = p + 3.3 * math.sqrt(p * (1 - p) / len(chosen)) + 0.001
                assert sum(hits) / len(chosen) <= bound, (task, rung, name, sum(hits) / len(chosen), p)


def test_closed_book_is_not_guessed():
    for name in ("random candidate", "most frequent answer"):
        assert sum(item.baselines[name] == item.answer for item in items("closed_book", N)) < 0.12 * N


def bleu(pairs: list[tuple[str, str]], most: int) -> float:
    """Of a whole set of (written, reference), n-grams of up to `most` words, in per cent."""
    logs, written, reference = 0.0, sum(len(a.split()) for a, _ in pairs), sum(len(b.split()) for _, b in pairs)
    for n in range(1, most + 1):
        hits = total = 0
        for one, other in pairs:
            a, b = (Counter(tuple(w[i : i + n]) for i in range(len(w) - n + 1)) for w in (one.split(), other.split()))
            hits, total = hits + sum((a & b).values()), total + sum(a.values())
        logs += math.log(hits / total) / most if hits else -math.inf
    return 100 * math.exp(logs + min(0.0, 1 - reference / written))


@pytest.mark.parametrize("task", ["translation_en_wo", "translation_wo_en"])
def test_word_by_word_is_no_translation(task):
    for name in ("word by word", "as it stands"):
        written = [(item.baselines[name], item.answer) for item in items(task, N)]
        assert bleu(written, 4) < 5 and bleu(written, 2) < 60, name  # the words are right, their order is not
    assert bleu([(item.answer, item.answer) for item in items(task, N)], 4) == 100
    assert sum(item.baselines["word by word"] == item.answer for item in items(task, N)) < 0.01 * N
    few = [item.prompt.count("\n") for item in items(task, N)]
    assert set(few) == {4}


@pytest.mark.parametrize("task, most", [("last_word", 0.03), ("cloze", 0.06), ("pronoun", 0.05), ("reading", 0.06),
                                        ("summary", 0.02), ("closed_book", 0.04)])  # fmt: skip
def test_answers_are_balanced(task, most):
    answers = Counter(item.answer for item in items(task, N))
    assert answers.most_common(1)[0][1] < most * N, answers.most_common(3)


def test_cloze_names_four_equally_often():
    for item in items("cloze", N):
        assert len(item.candidates) == tasks.CLOZE_CANDIDATES
        counts = Counter(re.findall(r"\b[a-z]+\b", item.prompt))
        named = {c: counts[c.strip()] for c in item.candidates if counts[c.strip()]}
        assert len(named) == 4 and set(named.values()) == {2} and item.answer in named, (named, item)
        other = item.baselines.get("any with the trait", item.answer)
        assert other == item.answer or (item.rung == "trait" and other not in named)


def test_pronouns_come_in_pairs_with_opposite_answers():
    for one, other in zip(items("pronoun", N)[::2], items("pronoun", N)[1::2]):
        assert one.prompt == other.prompt and set(one.candidates) == {one.answer, other.answer}
        assert one.answer != other.answer and one.rest != other.rest


def test_story_comes_back_to_a_name_of_its_beginning():
    for item in items("last_word", N):
        assert item.prompt.count(item.answer.strip()) >= 1 and item.rest[0] in ".!\"'"
        if item.rung == "title":
            title = item.prompt.rsplit(" ", 1)[1]
            assert f"{title}{item.answer}" in item.prompt and item.prompt.count(f"{title} ") >= 1


def test_key_fact_of_every_summary():
    for item in items("summary", N):
        who, thing = key_fact(item.answer)
        assert " " + who in item.candidates and thing in item.prompt.lower()
    assert key_fact("Nothing happened.") == ("", "")


def eight_grams(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return [tuple(words[i : i + 8]) for i in range(len(words) - 7)]


@cache
def overlaps() -> dict[str, tuple[float, float]]:
    """Of each task: the share of its items' 8-grams found in 3 MB of train text, and of the last, with the answer."""
    ends = {"pronoun": lambda item: item.rest}  # where the answer can only be told by what follows it
    grams = {
        task: [eight_grams(item.prompt + item.answer + ends.get(task, lambda _: "")(item)) for item in items(task, N)]
        for task in TASKS
    }
    wanted = {gram for rows in grams.values() for row in rows for gram in row}
    known, size, train = set(), 0, documents(100_000)
    while size < 3_000_000:
        page = next(train)
        size += len(page)
        known.update(wanted.intersection(eight_grams(page)))
    shares = {}
    for task, rows in grams.items():
        every, last = [gram in known for row in rows for gram in row], [row[-1] in known for row in rows if row]
        shares[task] = sum(every) / len(every), sum(last) / len(last)
    return shares


@pytest.mark.parametrize("task", TASKS)
def test_answers_are_not_to_be_read_off_the_training_text(task):
    every, last = overlaps()[task]
    print(f"{task}: {every:.1%} of 8-grams in 3 MB of train text, {last:.1%} of those with the answer")
    assert last < 0.05 and every < 0.25


def test_examples_in_docstrings():
    assert doctest.testmod(tasks).failed == 0
