"""Explanations with "because" and a pronoun that could be either of two: "The piano was not put into the jar because it
was too big. The piano, that is."

Two rungs, as in Winograd's schemas each with two special words that turn the answer round:

- "trait": what is known of the two nouns decides. "The feather fell on the anvil, and nobody slept because it was so
  heavy" can only be said of the anvil, whichever of the two comes first.
- "role": who did what decides, and what is known of the two says nothing. "Ada thanked Bibi because she had helped."

A page tells it with the pronoun and then says who is meant, or names the one in its place from the start. Held out: the
two nouns with the predicate (the schema, or the special word of a trait).
"""

from __future__ import annotations

from typing import NamedTuple

from minigpt.tinyweb.dice import held_out
from minigpt.tinyweb.world import (
    ANIMALS, CAST, DAYS, NUMBERS, OPPOSITE, PLACES, THINGS, TOWNS, TRAITS, start
)  # fmt: skip

RUNGS = ("trait", "role")
_ALL_THINGS = [thing[0] for thing in THINGS]
_ALL_ANIMALS = [animal[0] for animal in ANIMALS]
_NOUNS = _ALL_THINGS + _ALL_ANIMALS
_ADJECTIVES = list(OPPOSITE)


class Reason(NamedTuple):
    """A main clause about two, and what is true of one of them: the first of the pair or the other."""

    clause: str  # "the piano was not put into the jar"
    question: str  # "was the piano not put into the jar"
    pair: tuple[str, str]  # "the piano", "the jar", in the order of the clause
    pronoun: str
    true_of: tuple[str, str]  # "was made for giants", "was made for dolls"
    keys: list[tuple[int, ...]]


# Clause, the same as a question after "why", reasons in the first, reasons in the other. {A}, {B}: the two.
_PEOPLE = [
    (
        "{A} thanked {B}", "did {A} thank {B}",
        ["had been helped", "had been given {n} eggs"], ["had been very helpful", "had found the lost key"],
    ),
    (
        "{A} could not hear {B}", "could {A} not hear {B}",
        ["had wool in both ears", "was half asleep"], ["spoke too softly", "only ever whispered"],
    ),
    (
        "{A} lent {B} an umbrella", "did {A} lend {B} an umbrella",
        ["had two of them", "never minded the rain"], ["had left one at home", "had only a newspaper"],
    ),
    (
        "{A} paid {B} {n} eggs", "did {A} pay {B} {n} eggs",
        ["had lost the bet", "had broken a window"], ["had won the bet", "had done all the work"],
    ),
    (
        "{A} hid from {B}", "did {A} hide from {B}",
        ["was afraid of questions", "had broken the bell"], ["was asking everyone for money", "was in a terrible mood"],
    ),
    (
        "{A} asked {B} for the way", "did {A} ask {B} for the way",
        ["was lost", "had never been there before"], ["knew every corner", "had drawn the map"],
    ),
    (
        "{A} gave the last bun to {B}", "did {A} give the last bun to {B}",
        ["had eaten enough", "did not like buns"], ["had not eaten for {n} days", "looked pale and thin"],
    ),
    (
        "{A} could not see the stage behind {B}", "could {A} not see the stage behind {B}",
        ["was too short", "had lost a pair of glasses"], ["was too tall", "wore an enormous hat"],
    ),
    (
        "{A} woke {B}", "did {A} wake {B}",
        ["was bored", "could not sleep alone"], ["was snoring", "had slept for {n} days"],
    ),
    (
        "{A} said sorry to {B}", "did {A} say sorry to {B}",
        ["had been rude", "had sat on the wrong hat"], ["had been insulted", "was about to cry"],
    ),
    (
        "{A} carried {B} home", "did {A} carry {B} home",
        ["had the stronger back", "owed a favour"], ["had a sore foot", "had danced too long"],
    ),
    (
        "{A} scolded {B}", "did {A} scold {B}",
        ["had a bad temper", "had waited for {n} hours"], ["had come too late again", "had dropped the soup"],
    ),
    (
        "{A} believed {B}", "did {A} believe {B}",
        ["believed everyone", "was easy to fool"], ["had never told a lie", "had an honest face"],
    ),
    (
        "{A} beat {B} at chess", "did {A} beat {B} at chess",
        ["had cheated", "had practised for {n} years"], ["had fallen asleep", "had forgotten the rules"],
    ),
    (
        "{A} followed {B}", "did {A} follow {B}",
        ["did not know the way", "wanted to know the secret"], ["knew the way", "smelled of fresh bread"],
    ),
    (
        "{A} laughed at {B}", "did {A} laugh at {B}",
        ["was in high spirits", "laughed at everyone"], ["had soup on the nose", "wore two left shoes"],
    ),
]  # fmt: skip
_THINGS = [
    (
        "{A} did not fit into {B}", "did {A} not fit into {B}",
        ["stuck out on all sides", "was made for giants"], ["was made for dolls", "was already taken"],
    ),
    (
        "{A} rolled into {B}", "did {A} roll into {B}",
        ["had come loose", "could not be stopped"], ["stood in the way", "stood at the foot of the hill"],
    ),
    (
        "{A} was swapped for {B}", "was {A} swapped for {B}",
        ["was worn out", "had stopped working"], ["was on sale", "worked every time"],
    ),
    (
        "{A} was hidden behind {B}", "was {A} hidden behind {B}",
        ["was a secret", "was stolen"], ["was never moved", "hid everything behind it"],
    ),
    (
        "{A} was sold before {B}", "was {A} sold before {B}",
        ["stood in the window", "was what everyone wanted"], ["had a crack in it", "was left in the back room"],
    ),
    (
        "{A} was tied to {B}", "was {A} tied to {B}",
        ["kept running away", "would have blown away"], ["never moved", "was nailed to the floor"],
    ),
    (
        "{A} fell on {B}", "did {A} fall on {B}",
        ["had been hung up badly", "slipped off the shelf"], ["was lying right below", "lay in the wrong place"],
    ),
]  # fmt: skip
_BEASTS = [
    (
        "{A} chased {B}", "did {A} chase {B}",
        ["wanted its spoon back", "had nothing better to do"], ["had stolen a spoon", "had started it"],
    ),
    (
        "{A} ran away from {B}", "did {A} run away from {B}",
        ["was scared", "had a bad conscience"], ["was shouting", "wanted to sing to it"],
    ),
    (
        "{A} waited for {B}", "did {A} wait for {B}",
        ["had come too early", "did not dare to go alone"], ["had overslept", "was still in the bath"],
    ),
    (
        "{A} bit {B}", "did {A} bite {B}",
        ["had not had breakfast", "thought it was supper"], ["tasted of jam", "had stepped on its tail"],
    ),
    (
        "{A} shared its soup with {B}", "did {A} share its soup with {B}",
        ["had cooked too much", "was kind that day"], ["had none", "had been staring at it"],
    ),
    (
        "{A} could not catch {B}", "could {A} not catch {B}",
        ["had a stone in its shoe", "kept falling over"], ["had a head start", "had hidden in a hole"],
    ),
    (
        "{A} taught {B} to swim", "did {A} teach {B} to swim",
        ["had grown up by the lake", "was proud of its strokes"], ["kept going under", "had asked for lessons"],
    ),
    (
        "{A} let {B} go first", "did {A} let {B} go first",
        ["had good manners", "was not sure about the ice"], ["had a train to catch", "pushed so much"],
    ),
]  # fmt: skip
# Two who stand side by side: nothing in the clause tells them apart.
_BESIDE = [
    "{A} and {B} were left out in the rain",
    "{A} stood beside {B} all night",
    "{A} was drawn on the wall with {B}",
    "{A} and {B} came to the feast",
    "{A} was locked in with {B}",
    "{A} fell into the lake with {B}",
    "{A} was sent by post with {B}",
    "{A} shared a room with {B}",
    "{A} was weighed together with {B}",
    "{A} and {B} were on the front page",
    "{A} and {B} sat in the same bus",
    "{A} was painted next to {B}",
]
# What came of it, and the same as a question; why, only one of the two can tell.
_AND = [
    ("there was trouble", "was there trouble"),
    ("nobody said a word", "did nobody say a word"),
    ("everyone stared", "did everyone stare"),
    ("the judge was called", "was the judge called"),
    ("a song was written", "was a song written"),
    ("people laughed for {n} days", "did people laugh for {n} days"),
    ("the children were sent home", "were the children sent home"),
    ("a crowd gathered", "did a crowd gather"),
    ("the papers came", "did the papers come"),
    ("the mayor sighed", "did the mayor sigh"),
    ("{n} people complained", "did {n} people complain"),
    ("all {n} guests left early", "did all {n} guests leave early"),
    ("the band stopped playing", "did the band stop playing"),
    ("somebody fetched a doctor", "did somebody fetch a doctor"),
    ("visitors had to pay {n} eggs", "did visitors have to pay {n} eggs"),
    ("a new law was made", "was a new law made"),
]
_HOW = ["was so {t}", "was much too {t}", "was terribly {t}", "was rather {t}", "was {t} beyond words", "was {t} as ever"]
_ADVERBS = ["", "", "", " on {day}", " {place}", " in {town}", " that {day}", " last week", " that winter"]
_RESOLVED = [
    "{Right}, that is.",
    "{Right}, not {wrong}.",
    "Not {wrong}, mind you: {right}.",
    "It was {right} that {reason}.",
    "{Who} {reason}? {Right}.",
    "Of course it is {right} that {reason}, not {wrong}.",
    "(By that {right} is meant.)",
    "We mean {right}.",
    "That goes for {right} and not for {wrong}.",
    "Nobody would say that of {wrong}. It is {right} that {reason}.",
]
_TITLES = [
    "Because",
    "Heard in {town}",
    "Why, why, why",
    "Reasons given to the judge of {town}",
    "A short history of {town}",
    "Answers for tired parents",
    "What happened {place}",
    "Explanations, {day} edition",
]


def write(dice, split: str) -> tuple[str, list]:
    """Two to four explanations, each by pronoun and then resolved, or by name, or as question and answer."""
    units, keys = [], []
    for _ in range(2 + dice.below(3)):
        reason = make(dice, split, dice.pick(RUNGS))
        units.append(dice.pick([_resolved, _resolved, _named, _named, _asked, _contrast])(dice, reason))
        keys += reason.keys
    text = dice.pick([" ", "\n"]).join(units)
    if dice.chance(0.35):
        said = {"town": dice.pick(TOWNS).name, "place": dice.pick(PLACES), "day": dice.pick(DAYS)}
        text = dice.pick(_TITLES).format(**said) + "\n" + text
    return text, keys


def make(dice, split: str, rung: str) -> Reason:
    """A reason of the rung; what is apart is the two nouns with the schema, or with either special word."""
    reason = (_trait if rung == "trait" else _role)(dice, split)
    said = {"n": dice.pick(NUMBERS), "day": dice.pick(DAYS), "place": dice.pick(PLACES), "town": dice.pick(TOWNS).name}
    return Reason(
        *[text.format(**said) for text in reason[:2]],
        reason.pair,
        reason.pronoun,
        tuple(text.format(**said) for text in reason.true_of),
        reason.keys,
    )


def _trait(dice, split: str) -> Reason:
    """Two things or two animals side by side, and a trait that one has and the other lacks, for each of them."""
    pool = dice.pick([_ALL_THINGS, _ALL_ANIMALS])
    while True:
        one, two = dice.some(pool, 2)
        first = [trait for trait in TRAITS[one] if trait not in TRAITS[two]]
        other = [trait for trait in TRAITS[two] if trait not in TRAITS[one]]
        if not first or not other:
            continue
        traits = dice.pick(first), dice.pick(other)
        keys = [(*_pair(_NOUNS, one, two), _ADJECTIVES.index(trait)) for trait in traits]
        if all(held_out(key) == (split == "test") for key in keys):
            break
    says, asks = dice.pick(_AND)
    clause = dice.pick(_BESIDE).format(A="the " + one, B="the " + two) + dice.pick(_ADVERBS)
    how = dice.pick(_HOW)
    true_of = tuple(how.format(t=trait) for trait in traits)
    return Reason(f"{clause}, and {says}", asks, (f"the {one}", f"the {two}"), "it", true_of, keys)


def _role(dice, split: str) -> Reason:
    """Two people, things or animals, one of whom does something to the other, and a reason in either."""
    kind = dice.below(3)
    schemas = (_PEOPLE, _THINGS, _BEASTS)[kind]
    which = dice.below(len(schemas))
    while True:
        if kind == 0:
            one, two = dice.some(CAST, 2)
            if one.she != two.she:
                continue
            pair, pronoun, indexes = (one.name, two.name), one.she, _pair(CAST, one, two)
        else:
            nouns = dice.some((None, _ALL_THINGS, _ALL_ANIMALS)[kind], 2)
            pair, pronoun, indexes = tuple(f"the {noun}" for noun in nouns), "it", _pair(_NOUNS, *nouns)
        key = (kind, which, *indexes)
        if held_out(key) == (split == "test"):
            break
    clause, asks, first, other = schemas[which]
    named, filler = {"A": pair[0], "B": pair[1], "n": "{n}"}, dice.pick(_ADVERBS)
    true_of = dice.pick(first), dice.pick(other)
    return Reason(clause.format(**named) + filler, asks.format(**named), pair, pronoun, true_of, [key])


def _pair(nouns, one, two) -> tuple[int, int]:
    """The two as indexes, in the same order whichever comes first: both orders are held out together."""
    first, second = nouns.index(one), nouns.index(two)
    return min(first, second), max(first, second)


def _sides(dice, reason: Reason) -> tuple[str, str, str]:
    """Who is meant, who is not, and the reason."""
    side = dice.below(2)
    return reason.pair[side], reason.pair[1 - side], reason.true_of[side]


def _resolved(dice, reason: Reason) -> str:
    right, wrong, true = _sides(dice, reason)
    who = "What" if reason.pronoun == "it" else "Who"
    said = {"right": right, "Right": start(right), "wrong": wrong, "reason": true, "Who": who}
    return f"{start(reason.clause)} because {reason.pronoun} {true}. {dice.pick(_RESOLVED).format(**said)}"


def _named(dice, reason: Reason) -> str:
    right, _, true = _sides(dice, reason)
    if dice.chance(0.25):
        return f"Because {right} {true}, {reason.clause}."
    return f"{start(reason.clause)} because {right} {true}."


def _asked(dice, reason: Reason) -> str:
    right, _, true = _sides(dice, reason)
    return f"{start(reason.clause)}. Why {reason.question}? Because {right} {true}."


def _contrast(dice, reason: Reason) -> str:
    right, wrong, true = _sides(dice, reason)
    false = reason.true_of[reason.pair.index(wrong)]
    return f"{start(reason.clause)} because {right} {true}, and not because {wrong} {false}."
