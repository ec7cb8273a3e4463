"""Eight kinds of task, as items: what a model of tinyweb can be asked that no page of the train split told it.

    >>> item = items("last_word", 1)[0]
    >>> item.answer in item.candidates
    True

All items are made of the test split's combinations, in the very forms in which pages come. Each item has the answers of
some shortcuts beside it: a task that one of them solves would not show what it is meant to show.

The answer follows the prompt directly (it begins with its blank). Compare what a model writes: to the answer's first
word (last_word), to the answer up to the end of its line (reading, closed_book; F1 or exactly), by BLEU (translation),
by `key_fact` (summary). cloze and pronoun: the candidate for which candidate + rest is most likely, or, for pronoun by
Winograd's partial scoring, the one after which the rest is. Paper: sections 3.2 to 3.8.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from minigpt.tinyweb import cloze, facts, news, pronoun, quiz, reading, story, wobblish
from minigpt.tinyweb.dice import Dice
from minigpt.tinyweb.world import ANIMALS, CAST, PEOPLE, THINGS, TOWNS, TRAITS, fame

TASKS = (
    "last_word", "cloze", "pronoun", "reading", "summary", "translation_en_wo", "translation_wo_en", "closed_book",
)  # fmt: skip
CLOZE_CANDIDATES = 10
_NAME = re.compile(r"\b(" + "|".join(person.name for person in CAST) + r")\b")
_THING = re.compile(r"\b(" + "|".join(thing[0] for thing in THINGS) + r")\b", re.IGNORECASE)


class Item(NamedTuple):
    """A prompt and what should follow it."""

    task: str
    rung: str
    prompt: str
    answer: str
    candidates: tuple[str, ...]  # may be empty
    rest: str  # what follows the answer, where it helps to choose; may be empty
    baselines: dict[str, str]  # the answer of each shortcut
    keys: tuple[tuple[int, ...], ...]  # the combinations that the item is about, none of them in the train split


def items(task: str, n: int, seed: int = 0) -> list[Item]:
    """n items of the task, its rungs in turn; the first items are the same whatever n is.

    Raises:
        ValueError: the task does not exist, or n or seed is not a whole number from 0.
    """
    if task not in TASKS:
        raise ValueError(f"tinyweb has no task {task!r}; there are: {', '.join(TASKS)}")
    for name, value in (("n", n), ("seed", seed)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"the items of a task need a whole number from 0 for {name}, not {value!r}")
    dice = Dice(len(TASKS) * seed + TASKS.index(task))
    if task == "pronoun":  # two items at a time
        return [item for i in range((n + 1) // 2) for item in _pronoun(dice, i)][:n]
    if task == "closed_book":
        return _closed_book(dice, n)
    make = {"last_word": _last_word, "cloze": _cloze, "reading": _reading, "summary": _summary}
    return [make[task](dice, i) if task in make else _translation(dice, i, task) for i in range(n)]


def key_fact(text: str) -> tuple[str, str]:
    """Who and which thing a summary is about: the first name and the first thing in it, each "" if there is none.

    >>> key_fact("In the end Ada won with a kettle.")
    ('Ada', 'kettle')
    """
    who, thing = _NAME.search(text), _THING.search(text)
    return who[1] if who else "", thing[1].lower() if thing else ""


def _shortcuts(dice, text: str, candidates: tuple[str, ...]) -> dict[str, str]:
    """Which of the candidates is named first, last and most often in the text, and one at random."""
    found = {}
    for candidate in candidates:
        bare = re.sub(r"^(the|on) ", "", candidate.strip().lower())
        found[candidate] = [match.start() for match in re.finditer(rf"\b{re.escape(bare)}\b", text.lower())]
    named = [candidate for candidate in candidates if found[candidate]]
    return {
        "random candidate": dice.pick(candidates),
        "first mentioned": min(named, key=lambda candidate: found[candidate][0]),
        "last mentioned": max(named, key=lambda candidate: found[candidate][-1]),
        "most frequent": max(dice.some(named, len(named)), key=lambda candidate: len(found[candidate])),
    }


def _last_word(dice, i: int) -> Item:
    """The last name of a story."""
    rung = story.RUNGS[i % len(story.RUNGS)]
    tale = story.make(dice, "test", rung)
    candidates = tuple(" " + name for name in dict.fromkeys(_NAME.findall(tale.before)))
    shortcuts = _shortcuts(dice, tale.before, candidates)
    return Item("last_word", rung, tale.before, tale.name, candidates, tale.after, shortcuts, tuple(tale.keys))


def _cloze(dice, i: int) -> Item:
    """The last noun of a tale about four; six more of their kind are candidates, some of which have the trait."""
    rung = cloze.RUNGS[i % len(cloze.RUNGS)]
    tale = cloze.make(dice, "test", rung, 4)
    kind = [entry[0] for entry in (THINGS if tale.named[0] in [thing[0] for thing in THINGS] else ANIMALS)]
    absent = [noun for noun in dice.some(kind, len(kind)) if noun not in tale.named]
    like = [noun for noun in absent if tale.trait and tale.trait in TRAITS[noun]][:3]
    more = (like + [noun for noun in absent if noun not in like])[: CLOZE_CANDIDATES - len(tale.named)]
    candidates = tuple(" " + noun for noun in dice.some(tale.named + more, CLOZE_CANDIDATES))
    shortcuts = _shortcuts(dice, tale.before, candidates)
    if tale.trait:
        shortcuts["any with the trait"] = " " + dice.pick(like + [tale.noun.strip()])
    return Item("cloze", rung, tale.before, tale.noun, candidates, tale.after, shortcuts, tuple(tale.keys))


def _pronoun(dice, i: int) -> list[Item]:
    """A clause with its two special words: two items with opposite answers."""
    rung = pronoun.RUNGS[i % len(pronoun.RUNGS)]
    reason = pronoun.make(dice, "test", rung)
    prompt = reason.clause[0].upper() + reason.clause[1:] + " because"
    candidates = tuple(" " + one for one in reason.pair)
    shortcuts = {**_shortcuts(dice, prompt, candidates), "always the same of the two": min(candidates)}
    order = dice.some([0, 1], 2)  # the first item's answer is the first of the pair or the other
    return [
        Item("pronoun", rung, prompt, candidates[side], candidates, f" {reason.true_of[side]}.",
             {**shortcuts, "random candidate": dice.pick(candidates)}, tuple(reason.keys))
        for side in order
    ]  # fmt: skip


def _reading(dice, i: int) -> Item:
    """The last question of a dialogue about a passage; up to two questions before it are answered."""
    rung = reading.RUNGS[i % len(reading.RUNGS)]
    page = reading.make(dice, "test", rung)
    kinds = [kind for kind in reading.KINDS if any(q.kind == kind for q in page.questions)]
    kind = dice.pick(kinds)
    asked = next(q for q in page.questions if q.kind == kind)
    before = [q for q in page.questions if q is not asked][: dice.below(3)]
    lines = [page.passage, *(f"Q: {q.question}\nA: {q.answer}" for q in before), f"Q: {asked.question}\nA:"]
    candidates = tuple(" " + candidate for candidate in asked.candidates)
    prompt = "\n".join(lines)
    shortcuts = _shortcuts(dice, prompt, candidates)
    return Item("reading", rung, prompt, " " + asked.answer, candidates, "", shortcuts, tuple(page.keys))


def _summary(dice, i: int) -> Item:
    """What comes after "TL;DR:"; compare by `key_fact`."""
    rung = news.RUNGS[i % len(news.RUNGS)]
    report = news.make(dice, "test", rung)
    headline, body = report.text.split("\n")
    names = tuple(" " + name for name in dict.fromkeys(_NAME.findall(report.text)))
    things = tuple(" " + thing.lower() for thing in dict.fromkeys(_THING.findall(body)))
    sentences = re.split(r"(?<=[.?!]) (?=[\"A-Z])", body)
    who, what = _shortcuts(dice, report.text, names), _shortcuts(dice, body, things)
    shortcuts = {name: f"{who[name]} with{what[name]}" for name in who}
    shortcuts |= {"lead sentence": " " + sentences[0], "random sentence": " " + dice.pick(sentences)}
    shortcuts |= {"headline": " " + headline}
    prompt = report.text + "\nTL;DR:"
    return Item("summary", rung, prompt, " " + report.summary, names, "", shortcuts, tuple(report.keys))


def _translation(dice, i: int, task: str) -> Item:
    """Four pairs of sentences from the train split, then the one to translate."""
    to_english = task == "translation_wo_en"
    rung = wobblish.RUNGS[i % len(wobblish.RUNGS)]
    last = wobblish.sentence(dice, "test", rung)
    shown = [(s.english, s.wobblish) for s in [*(wobblish.sentence(dice, "train") for _ in range(4)), last]]
    pairs = [(w, e) if to_english else (e, w) for e, w in shown]
    asked, answer = pairs.pop()
    prompt = "\n".join([f"{one} = {other}" for one, other in pairs] + [f"{asked} ="])
    shortcuts = {"word by word": " " + wobblish.word_by_word(asked, to_english), "as it stands": " " + asked}
    return Item(task, rung, prompt, " " + answer, (), "", shortcuts, (last.key,))


def _closed_book(dice, n: int) -> list[Item]:
    """Questions never asked in the train split, each after three that may be; all keys in turn, so that few return."""
    keys = quiz.held_out_keys()
    keys = dice.some(keys, len(keys))
    return [_question(dice, keys[i % len(keys)]) for i in range(n)]


def _question(dice, key: tuple[int, int]) -> Item:
    who, what = key
    shots = [quiz.ask(dice, quiz.draw(dice, "train")) for _ in range(3)]
    question, answer = quiz.ask(dice, key)
    prompt = "\n".join([f"Q: {q}\nA: {said}" for q, said in shots] + [f"Q: {question}\nA:"])
    rung = fame(who) if who < len(PEOPLE) else "towns"
    every = [" " + said for said in _ANSWERS[who < len(PEOPLE), what]]
    shortcuts = {"random candidate": dice.pick(every), "most frequent answer": Counter(every).most_common(1)[0][0]}
    return Item("closed_book", rung, prompt, " " + answer, tuple(dict.fromkeys(every)), "", shortcuts, (key,))


def _answers() -> dict[tuple[bool, int], list[str]]:
    """All answers to the questions about an attribute of people, and of towns."""
    dice, answers = Dice(0), {}
    for what in range(len(facts.ATTRIBUTES)):
        answers[True, what] = [quiz.ask(dice, (who, what))[1] for who in range(len(PEOPLE))]
    for what in {what for who, what in quiz.held_out_keys() if who >= len(PEOPLE)}:
        answers[False, what] = [quiz.ask(dice, (len(PEOPLE) + town, what))[1] for town in range(len(TOWNS))]
    return answers


_ANSWERS = _answers()
