"""Tales for children, about animals or about things that wake up at night, in which one of them must be the one.

Two to four of them are named equally often; then comes a sentence that fits only one:

- "habit": what it always does, as everybody knows ("one of them goes home sideways, and that is the crab").
- "trait": what it is like, as everybody knows; others are like that too, but not in this tale ("only one of them was
  small enough for the job, and that was the newt").
- "told": what was said of it earlier in the tale decides (who slept where, who brought what).

As in the Children's Book Test an item leaves out the noun of that sentence, and the candidates are of its kind. Held
out: who with the sentence it fits (the ending of a trait or habit; the place, food, thing or day of what was told).
"""

from __future__ import annotations

from typing import NamedTuple

from minigpt.tinyweb.dice import held_out
from minigpt.tinyweb.world import ANIMALS, DAYS, FOODS, NUMBERS, PLACES, THINGS, TOWNS, TRAITS, a, start

RUNGS = ("habit", "trait", "told")
_DRAW = ("habit", "trait", "told", "told")


class Tale(NamedTuple):
    """A tale up to its last noun, that noun, what follows it, those named in the tale, and the trait if one decides."""

    before: str
    noun: str
    after: str
    named: list[str]
    trait: str
    keys: list[tuple[int, ...]]


_OPEN = [
    "Once upon a time {all} lived {place} in {town}.",
    "In {town} there was a club, and its members were {all}.",
    "{All} set out from {town} to see the sea.",
    "One {day} {all} met {place}.",
    "Long ago {all} shared one blanket in {town}.",
    "When {town} was asleep, {all} woke up.",
    "{All} had been friends since the great flood of {town}.",
    "Nobody in {town} knew that {all} could talk.",
    "It was a dark night {place}, and {all} were still up.",
    "A small raft left {town} with {all} on board.",
    "At {festival}, {all} sat at one table.",
    "The king of {town} sent for {all}.",
]
_CALM = [
    "The moon was as round as a cheese.",
    "It had rained for {n} days.",
    "Nobody had slept, and everybody was polite.",
    "Somewhere a shutter went bang.",
    "They played cards until {n}.",
    "There was nothing to eat but {food}.",
    "The wind told a long story.",
    "So they waited, and waited some more.",
    "Then the fire went out.",
    "They had {n} buttons and no shirt.",
    "A star fell into the soup.",
    "The church struck {n} and then lost count.",
    "It was the kind of night in which things happen.",
    "All at once they heard a knock.",
    "It began to snow, very slowly.",
    "That was {n} years ago, or {n2}.",
]
# What each does in a tale in which a trait decides at the end: one names one, two name two.
_DOES = [
    "{The_x} told the one about the {n} geese.",
    "{The_x} looked out of the window.",
    "{The_x} said that it was {day}.",
    "{The_x} wanted {food} and got none.",
    "{The_x} hummed an old song.",
    "{The_x} had {n} reasons to go home and named them all.",
    "{The_x} dreamed of {food}.",
    "{The_x} asked if it was time yet.",
    "{The_x} wrote a letter to the mayor.",
    "{The_x} had been to {town2} and did not like it.",
    '"I have a plan," said {the_x}.',
    '"Is it far?" asked {the_x}.',
    "There was something on the mind of {the_x}.",
    "A draught woke {the_x}.",
    "{The_x} voted for {food}.",
    "{The_x} counted the others, and there were {n}.",
]
_DO = [
    "{The_x} and {the_y} talked about {food}.",
    "{The_x} sat down next to {the_y}.",
    "{The_x} asked {the_y} for the time.",
    "{The_x} and {the_y} had met before, in {town2}.",
    "{The_x} told {the_y} to be quiet, and was told the same.",
    '"After you," said {the_x} to {the_y}.',
    "{The_x} and {the_y} made a bed of leaves.",
    "{The_x} bet {the_y} {n} nuts that it would snow.",
]
# What is told of each, by kind, and how the last sentence asks for it. {v} is the place, food, thing or day.
_TOLD = {
    "place": (
        ["{The_x} slept {v}.", "{The_x} was put {v}.", "{The_x} hid {v}.", "{V} sat {the_x}.", "{The_x} lived {v}."],
        [
            "At midnight there was a cry {v}, and it came from the @",
            "In the morning somebody laughed {v}. It was the @",
            "When they looked {v}, they found the @",
            "The thunder struck {v}, to the surprise of the @",
            "The treasure lay {v} all along, right under the @",
            "Then the roof came down {v} and buried the @",
            "The queen came by and stopped {v}, for there she saw the @",
            "It was warm only {v}, to the delight of the @",
        ],
    ),
    "food": (
        ["{The_x} brought {v}.", "{The_x} ate nothing but {v}.", "{The_x} had asked for {v}.", "{The_x} cooked {v}."],
        [
            "In the end nothing was left but the {v}, and they thanked the @",
            "A trail of {v} on the floor led to the @",
            "The best dish was the {v}, so the prize went to the @",
            "Somebody smelled of {v}: it could only be the @",
            "The {v} had made everyone ill, except the @",
            "The king ordered more {v} and sent for the @",
            "Then the {v} began to smoke, and up jumped the @",
            "There was one bowl of {v} on the table, kept for the @",
        ],
    ),
    "thing": (
        ["{The_x} carried {a_v}.", "{The_x} owned {a_v}.", "{The_x} had borrowed {a_v}.", "{A_v} belonged to {the_x}."],
        [
            "When they needed the {v}, they ran to the @",
            "At dawn the {v} was gone, and so was the @",
            "The {v} saved them all, thanks to the @",
            "A thief reached for the {v} and woke the @",
            "Then somebody broke the {v} and ran from the @",
            "The judge kept the {v} as proof and fined the @",
            "There was a name on the {v}, and it was that of the @",
            "For want of a better king they crowned the owner of the {v}, that is, the @",
        ],
    ),
    "day": (
        ["{The_x} cooked on {v}.", "{The_x} kept watch on {v}.", "{V} was the turn of {the_x}.", "On {v} it was {the_x} who swept."],
        [
            "The wolf came on {v} and so met nobody but the @",
            "The chimney caught fire on {v} and woke the @",
            "It went wrong on {v}, and all of them blamed the @",
            "The king visited on {v} and shook hands with the @",
            "A parcel came on {v} and was opened by the @",
            "Nothing was stolen, except on {v}, under the nose of the @",
        ],
    ),
}  # fmt: skip
# How it ends when a trait decides: {t} is the trait.
_TRAIT_ENDS = [
    "Only one of them was {t} enough for the job, and that was the @",
    "Somebody here was much too {t} to be king. Everyone looked at the @",
    '"Which of you is the {t} one?" asked the wolf, and they pushed forward the @',
    "A voice from the sky asked for the {t} one, and so they woke the @",
    "The witch wanted something {t} for her shelf and chose the @",
    "There was a prize for being {t}, and nobody was surprised when it went to the @",
    "In the dark they felt something {t}, and it was the @",
    "The sign said: nothing {t} may pass. So they had to leave behind the @",
    "If only we had something {t}, they thought, and then they remembered the @",
    "One of them has always been {t}, and the story is named after it: the @",
    "The king liked it {t}, and so the crown was put on the @",
    '"I have never seen anyone so {t}," said the moon, and meant the @',
    "The giant was afraid of all that is {t}, and ran from the @",
    "They needed {a_t} friend that night, and they had one: the @",
    "Being so {t} was of use for once, and they praised the @",
    "The picture in the paper showed somebody {t}, most likely the @",
]
_HABIT_ENDS = [
    "One of them {habit}, as everyone knows, and that is the @",
    '"One of you {habit}," said the judge and pointed at the @',
    "In the morning it was clear that somebody here {habit}: the @",
    "Somebody {habit}, and in every tale that somebody is the @",
    "The wolf feared only the one that {habit}, which is the @",
    "It is always the same one that {habit}, they sighed, and looked at the @",
    "A knock, a cough, and in came the one that {habit}: the @",
    "Then the king asked who it is that {habit}, and they told him: the @",
    "There is a song about one that {habit}. It is about the @",
    "Nobody {habit} like the @",
]
_AFTER = [
    ".",
    ".",
    ", and that was that.",
    ", who bowed.",
    ", of all people.",
    " and nobody else.",
    ", who had not been listening.",
    ", who only said: oh.",
]
_KINDS = [[thing[0] for thing in THINGS], [animal[0] for animal in ANIMALS]]
_HABITS = {name: habit for name, habit, *_ in ANIMALS + THINGS}
_NAMES_ANOTHER = [  # the broom sweeps the dust next door, and a door may be in the tale
    name for kind in _KINDS for name in kind if any(noun in _HABITS[name].split() for noun in kind if noun != name)
]
_SPOTS = [place for place in PLACES if "stove" not in place]  # a stove may be in the tale itself
_WORDS = {"place": _SPOTS, "food": FOODS, "thing": [thing[0] for thing in THINGS], "day": DAYS}
_NOUNS = _KINDS[0] + _KINDS[1]


def write(dice, split: str) -> tuple[str, list]:
    """A tale of two, three or four."""
    tale = make(dice, split, dice.pick(_DRAW), 2 + dice.below(3), dice.below(3))
    return tale.before + tale.noun + tale.after, tale.keys


def make(dice, split: str, rung: str, size: int, reminders: int = 0) -> Tale:
    """A tale of the rung about `size` animals or things, each of them named twice before the last sentence.

    What was told is asked for `reminders` times more before that, of any of them.
    """
    if rung == "told":
        named, lines, last, trait, keys = _as_told(dice, split, size, reminders)
    else:
        named, lines, last, trait, keys = _known(dice, split, rung, size)
    for line in dice.some(_CALM, 1 + dice.below(3)):
        lines.insert(dice.below(len(lines) + 1), line)
    every = [dice.pick(["the {}", "the {}", "{}"]).format(name) for name in named]
    every = [a(name) if " " not in name else name for name in every]
    listed = ", ".join(every[:-1]) + " and " + every[-1]
    town = dice.pick(TOWNS)
    n, n2 = dice.some(NUMBERS, 2)
    said = {"town": town.name, "festival": town.festival, "all": listed, "All": start(listed), "n": n, "n2": n2}
    told = " ".join([*lines, last])
    for slot, words in (("day", DAYS), ("place", _SPOTS), ("food", FOODS)):
        said[slot] = dice.pick([word for word in words if word.lower() not in told.lower()])
    before, noun = " ".join([dice.pick(_OPEN), *lines, last]).format(**said).split("@")
    return Tale(before.rstrip(), " " + noun, dice.pick(_AFTER), named, trait, keys)


def _known(dice, split: str, rung: str, size: int):
    """Each does this or that, which tells nothing; then a sentence that fits one by its trait or its habit."""
    kind, ends = dice.pick(_KINDS), _TRAIT_ENDS if rung == "trait" else _HABIT_ENDS
    fits: list[int] = []
    while not fits:  # whoever it is, all who have such an ending are equally likely
        hero = dice.pick(kind)
        keys = [(RUNGS.index(rung), _NOUNS.index(hero), ending) for ending in range(len(ends))]
        fits = [key[2] for key in keys if held_out(key) == (split == "test")]
        traits = [trait for trait in TRAITS[hero] if sum(trait in TRAITS[noun] for noun in kind) > 2]
        if (rung == "trait" and not traits) or (rung == "habit" and hero in _NAMES_ANOTHER):
            fits = []
    ending = dice.pick(fits)
    trait = dice.pick(traits) if rung == "trait" else ""  # one that others of the kind have, but none in this tale
    others = [noun for noun in kind if noun != hero and trait not in TRAITS[noun]]
    named = dice.some([hero] + dice.some(others, size - 1), size)
    lines, rest = [], dice.some(named, size)
    one, two = dice.some(_DOES, size), dice.some(_DO, size)
    while rest:
        line, x = one.pop(), rest.pop()
        y = ""
        if rest and dice.chance(0.4):
            line, y = two.pop(), rest.pop()
        said = {"The_x": f"The {x}", "the_x": f"the {x}", "the_y": f"the {y}", "town2": dice.pick(TOWNS).name}
        said |= {"n": dice.pick(NUMBERS), "day": dice.pick(DAYS), "food": dice.pick(FOODS)}
        lines.append(line.format(**said))
    return named, lines, ends[ending].format(t=trait, a_t=a(trait or "-"), habit=_HABITS[hero]) + hero, trait, [keys[ending]]


def _as_told(dice, split: str, size: int, reminders: int):
    """Of each the same kind of thing is told; then a sentence that fits one by what was told of it, `reminders` before."""
    kind = dice.pick(_KINDS)
    what = dice.pick([what for what in _TOLD if what != "thing" or kind is _KINDS[1]])
    named, values, keys = [], [], []
    while len(named) < size:
        noun, value = dice.pick(kind), dice.below(len(_WORDS[what]))
        key = (RUNGS.index("told"), list(_TOLD).index(what), _NOUNS.index(noun), value)
        if held_out(key) == (split == "test") and noun not in named and _WORDS[what][value] not in values:
            named, values, keys = named + [noun], values + [_WORDS[what][value]], keys + [key]
    tells, ends = _TOLD[what]
    lines = []
    for noun, value in zip(named, values):
        said = {"The_x": f"The {noun}", "the_x": f"the {noun}", "v": value, "V": start(value)}
        lines.append(dice.pick(tells).format(**said, a_v=a(value), A_v=start(a(value))))
    lines = dice.some(lines, size)
    *before, last = dice.some(ends, 1 + reminders)
    for end in before:  # drawn like the last one, so that they tell nothing about it
        other = dice.below(size)
        lines.append(end.replace("{v}", values[other]).replace("@", f"{named[other]}."))
    hero = dice.below(size)
    return dice.some(named, size), lines, last.replace("{v}", values[hero]) + named[hero], "", keys
