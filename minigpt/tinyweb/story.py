"""Short stories that end with a name: it was told at the beginning, forgotten for a while, and must now come back.

Four rungs of a ladder, from a story with a single name to one in which only the thing that is spoken of tells whose name
comes back:

- "only": one person. The last word is the one name there is.
- "title": two or three people with titles; the last words are a title and the name that goes with it.
- "pronoun": a woman and a man; a "she" or "he" in the last sentence tells which of the two is named at its end.
- "thing": two or three people with a thing each; the last sentence is about one thing and ends with its owner.

Who comes back is drawn after everything else is written, so the first name, the last one and the most frequent one are
right no more often than chance. Held out: who, what, where.
"""

from __future__ import annotations

from typing import NamedTuple

from minigpt.tinyweb.world import ANIMALS, CAST, DAYS, FOODS, NUMBERS, PLACES, THINGS, TOWNS, a, slots, start

RUNGS = ("only", "title", "pronoun", "thing")
_DRAW = ("only", "title", "pronoun", "pronoun", "thing", "thing")
TITLES = ["Captain", "Doctor", "Professor", "Judge", "Old", "Little", "Cousin", "General", "Saint", "Chef"]
_HER_TITLES = ["Aunt", "Granny", "Madam", "Sister"]
_HIS_TITLES = ["Uncle", "Grandpa", "Sir", "Brother"]


class Story(NamedTuple):
    """A story up to its last name, that name (with its blank), and what follows it."""

    before: str
    name: str
    after: str
    keys: list[tuple[int, ...]]


_SETTINGS = [
    "It was {day} in {town}.",
    "In {town} people still tell this story.",
    "This happened in {town}, where such things happen.",
    "Once, in {town}, nobody could sleep.",
    "The year of the great soup was a strange one in {town}.",
    "{town} is a quiet place, but not that {day}.",
    "They say that {town} has forgotten it. It has not.",
    "One {day} the bells of {town} would not stop.",
    "There was snow in {town}, or perhaps it was flour.",
    "Early one {day} a cart from {town} lost a wheel.",
    "In {town} everything begins {place}.",
    "You may not know {town}, and {town} does not know you.",
    "On the road to {town} it was getting dark.",
    "The mayor of {town} was asleep when it began.",
    "At {festival} in {town} there is always trouble.",
    "Nothing had happened in {town} for {n} years.",
]
# Who has what.
_HAS = [
    "{a} had {a_thing}",
    "{a} had brought {a_thing}",
    "{a} came with {a_thing}",
    "{a} never let go of {his} {thing}",
    "{a} was fond of {his} {thing}",
    "{a} had borrowed {a_thing} and meant to keep it",
    "the {thing} was {a}'s",
    "the {thing} belonged to {a}",
    "{a} carried {a_thing} on {his} head",
    "{a} had won {a_thing} at cards",
    "{a} slept beside {his} {thing}",
    "{a} had painted {his} {thing} green",
    "{a} spoke softly to {his} {thing}",
    "{a} owned nothing but {a_thing}",
    "{a} would sell anything but {his} {thing}",
    "{a} had found {a_thing} {place}",
    "{a} had a cold and {a_thing}",
    "{a} was the one with the {thing}",
]
# Why a thing matters to everybody in the story; {all} are two or three names.
_ALL = [
    "{all} {both} wanted the last {thing} in the shop.",
    "{all} shared one {thing} and no jokes.",
    "{all} had built {a_thing} together and could not agree on the colour.",
    "A letter said that {a_thing} had been left to {all}.",
    "{all} stood around {a_thing} and said nothing.",
    "There was a prize for the best {thing}, and {all} meant to win it.",
    "The only {thing} for miles was found by {all}.",
    "{all} had been told never to touch the {thing}.",
    "It took {all} together to move the {thing}.",
    "Nobody had ever seen {all} without {a_thing} between them.",
    "{all} met by chance, and the talk soon came to {a_thing}.",
    "{all} were locked in a room with {a_thing} and {n} buns.",
    "The {thing} had a bad day, and so did {all}.",
]
_ONE = [
    "{a} lost {a_thing} {place}.",
    "{a} could not find the {thing}.",
    "The wind took the {thing} out of {a}'s hands.",
    "{a} made a secret {thing} and hid it {place}.",
    "Nobody knew that {a} kept {a_thing}.",
    "{a} had promised {a_thing} to the mayor.",
    "Every {day2} {a} carried {a_thing} round the square and would not say why.",
    "{a} was teaching {a_thing} to dance.",
    "{a} lent {a_thing} to a stranger with honest ears.",
    "{a} swore never to speak again, all because of {a_thing}.",
    "{a} had {a_thing} and {n} good ideas for it.",
    "The {thing} was all that {a} had saved from the flood.",
    "Somebody had left {a_thing} at {a}'s door.",
    "{a} dreamed of {a_thing} {n} nights in a row.",
    "{a} traded a good pair of shoes for {a_thing}.",
]
# What happens in between, without a name and with one or two.
_NOBODY = [
    "It rained for {n} days.",
    "Meanwhile {a_animal} did what it always does: it {habit}.",
    "They ate the {food}, washed the plates, and still nothing.",
    "The clocks struck {n}, one after the other.",
    "That year the soup was thin and the nights were long.",
    "Nothing happened, which took all of {day2}.",
    "A letter came, but the {animal} ate it.",
    "There was a smell of {food} in the air.",
    "Then the band played, and nobody could think.",
    "Somewhere a window was opened and closed again.",
    "The {animal} looked on and kept its own counsel.",
    "By {day2} even the geese had gone home.",
    "A stranger asked the way and got three answers.",
    "The wind turned {n} times before dinner.",
    "Far away somebody dropped a tray.",
    "They ate {food} in silence.",
    "It was too late for tea and too early for bed.",
    "The moon came up, took one look, and went behind a cloud.",
    "Children threw {food} at the town hall, as they do in spring.",
    "For {n} hours not a word was said.",
    "The baker closed early and would not say why.",
    "A small crowd came to watch, saw nothing, and was content.",
    "Snow fell {place}, but only there.",
    "The {animal} and its {n} cousins crossed the road.",
    "Someone had written {food} on the wall in large letters.",
    "The river rose, thought about it, and went down.",
    "On {day2} it was the turn of the potatoes.",
    "Every door {place} was open, and behind every door was another one.",
    "The old songs were sung, all {n} of them.",
    "Nobody looked {place}, because nobody ever does.",
    "A bus came, and the {animal} got on.",
    "The judge ruled that it was {day2}, and so it was.",
]
_SOMEBODY = [
    "{x} was busy with {food} and noticed nothing.",
    "{x} counted to {n}, twice, to be sure.",
    "Far away {a_animal} thought of {x} and slept on.",
    "{x} looked {place}, but there was only {a_animal}.",
    "{x} sat {place} and thought of {food}.",
    "{x} slept {place}, dreaming of {n} small dogs.",
    '"Everything passes," said {x}, and passed the {food}.',
    "{x} said that the {animal} had a kind face.",
    "On {day2} {x} stayed in bed on purpose.",
    '"Who ate all the {food}?" asked {x}.',
    "{x} laughed for no reason and then stopped.",
    "The {animal} bit {x}, but not hard.",
    "Somebody called for {x}, and it was only the wind.",
    "{x} fell asleep in the middle of a word.",
    "A man {place} took {x} for the new judge.",
    "{x} knew a poem about {food} and began it.",
    "{x} was seen {place}, walking backwards.",
    "All the same, {x} bought {food} for {n} people.",
    "It was {x} who first smelled smoke.",
    "{x} had {n} letters to write and wrote none.",
]
_TWO = [
    "{x} offered {y} some {food}, and {y} said no.",
    "{x} and {y} talked about the weather until it changed.",
    "{x} asked {y}, and {y} asked the {animal}.",
    '"Was that you, {y}?" asked {x}.',
    "{x} waved at {y}, who was looking the other way.",
    "{y} owed {n} eggs to {x}, but this was not the day.",
    "{x} told {y} a secret, and {y} told the {animal}.",
    '"Good morning, {x}," said {y}, though it was night.',
    "{x} stepped on the foot of {y} and blamed the {animal}.",
    "{y} sang, and {x} left the room.",
]
# Whose thing it is comes back on the way, when each has one: {a} and the {thing} of {a}.
_OWNED = [
    "{a} looked for {his} {thing} and found it.",
    "The {thing} of {a} was cold.",
    "Nobody dared to ask {a} about the {thing}.",
    '"Is this {thing} yours, {a}?" asked the {animal}.',
    "The {animal} took a liking to the {thing} and so to {a}.",
    "{a} put the {thing} down and picked it up again.",
    "The {thing} made a noise, and {a} blushed.",
    "A child pointed at the {thing} and waved at {a}.",
    "With the {thing} under one arm, {a} asked for {food}.",
    "Dust lay on the {thing}, but not on {a}.",
    "The {thing} had to stay outside, said the judge, and so had {a}.",
    "{a} sang a short song, and the {thing} did not mind.",
    "On {day2} the {thing} was washed by {a}.",
    "Who would steal the {thing} from {a}?",
]
# And who is a she and who is a he, when there is one of each.
_BY_PRONOUN = [
    "As {she} was tired, {a} sat down {place}.",
    "{She} had a cold, and so they gave {a} some {food}.",
    "When {she} was young, said {a}, there was more {food}.",
    "Before {she} could speak, somebody called for {a}.",
    "{His} feet were cold, and {a} said so.",
    "Without {his} hat nobody knew {a}.",
    "In {his} dreams, and only there, {a} could fly.",
    "Nobody had asked {him}, and yet {a} nodded.",
    "One of them had washed {his} ears, and that was {a}.",
    "{She} was the taller one, and the tall one was {a}.",
    "The {animal} liked {him}, that is, {a}.",
    "They gave {him} {n} spoons and a medal with the name of {a}.",
]
# How it ends when the thing tells who it is, or the title does, or there is nobody else.
_ENDS = [
    "At last the {thing} was given back to {a}.",
    "That evening the {thing} went home with {a}.",
    "Nobody had to ask, for the whole street knew the {thing} of {a}.",
    "Then a child fell over the {thing} and shouted for {a}.",
    "So they tied a ribbon to the {thing} and sent it to {a}.",
    "On {day3} the soup was served in the {thing}, to the shame of {a}.",
    "Somebody had to fetch the {thing}, and somebody was {a}.",
    "The mayor picked up the {thing}, read the label, and sent for {a}.",
    "Who had left the {thing} there? It was {a}.",
    '"Whose {thing} is this?" asked the judge, and up stood {a}.',
    "A tune came from the {thing}, and the one who blushed was {a}.",
    "Then the {thing} gave up, and everyone looked at {a}.",
    "The {animal} sat down on the {thing}, to the sorrow of {a}.",
    "And the {thing}? It stayed with {a}.",
    "So the prize for the best {thing} went to {a}.",
    "They agreed that the {thing} was happiest with {a}.",
    "A thief brought back the {thing} and said sorry to {a}.",
    "Someone hid the {thing}, and the one who cried was {a}.",
    "The {thing} had lost its label but still smelled of {a}.",
    "A bill came for the {thing}, and it was paid by {a}.",
    "The {thing} followed its owner home, and its owner was {a}.",
    "They hung a sign on the {thing}: property of {a}.",
    "The {thing} was sold for {n} eggs, and the eggs went to {a}.",
    "Long after the feast the {thing} still waited for {a}.",
    "The next letter about the {thing} was addressed to {a}.",
    "The police asked about the {thing}, and every finger pointed at {a}.",
    "In the dark someone tripped over the {thing} and cursed {a}.",
    "A song was made about the {thing} and its friend {a}.",
    'A voice cried: "Not the {thing}!" It was the voice of {a}.',
    "No one may touch the {thing} today without a word from {a}.",
    "If you ever find the {thing}, please take it to {a}.",
    "Ask anyone about the {thing}, and they will tell you about {a}.",
]
# How it ends when {she} is the one and {a} is the other.
_OTHER = [
    "In the end {she} gave the {thing} back to {a}.",
    "So {she} took the {thing} and shared it with {a}.",
    "On {day3} {she} left the {thing} at the door of {a}.",
    "Then {she} could not bear it and sent the {thing} to {a}.",
    "At last {she} wrapped the {thing} in paper and wrote on it: for {a}.",
    "Years later {she} still spoke of the {thing}, but never of {a}.",
    "Then {she} dropped the {thing} and blamed {a}.",
    "To this day {she} will not look at the {thing} without {a}.",
    "On the way home {she} lost the {thing} and lied about it to {a}.",
    "Of course {she} kept the {thing} and never wrote to {a}.",
    "So {she} sold the {thing} and gave half of the eggs to {a}.",
    "All winter {she} polished the {thing} and waited for {a}.",
    "By mistake {she} dropped the {thing} on the foot of {a}.",
    "From then on {she} lent the {thing} to everyone but {a}.",
    "That night {she} hid the {thing} in the bed of {a}.",
    "Without a word {she} pushed the {thing} over to {a}.",
]
# How it ends when {she} is {a}.
_SAME = [
    "In the end {she} wrote {her} own name on the {thing}: {a}.",
    "They thanked {him} for the {thing} and sang: long live {a}!",
    "So {she} looked at the {thing} and said to {him}self: well done, {a}.",
    "Since {she} named the {thing} after {him}self, it is called {a}.",
    "They gave {him} the {thing}, for it bore the name of {a}.",
    "So {she} signed for the {thing} with {her} full name, which is {a}.",
    "Who took the {thing}? Up went {her} hand, and they wrote down {a}.",
    "On {day3} they put up a statue of {him} with the {thing} and called it {a}.",
    "At last {she} carved {her} name into the {thing}, and it says {a}.",
    "The {thing} knew {him} at once and whispered: {a}.",
    "The mayor gave {him} the {thing} with the words: you have earned it, {a}.",
    "They found {her} name under the {thing}, in small letters: {a}.",
    "When {she} came in, even the {thing} seemed to say: good evening, {a}.",
    "It was {she} who had moved the {thing}, and the report says so: {a}.",
    "So {she} stood on the {thing} and shouted: remember me, I am {a}!",
    "Everyone blamed {him}, and so the {thing} was taken from {a}.",
]
_TAILS = ["After that they all had {food}.", "The {animal} knew it all along.", "It still {wrong}.", "Nobody was surprised."]


def write(dice, split: str) -> tuple[str, list]:
    """A story of any rung; now and then a sentence follows the last name."""
    story = make(dice, split, dice.pick(_DRAW))
    text = story.before + story.name + story.after
    if dice.chance(0.1):
        thing = THINGS[story.keys[0][1]]
        text += " " + dice.pick(_TAILS).format(food=dice.pick(FOODS), animal=dice.pick(ANIMALS)[0], wrong=thing[1])
    return text, story.keys


def make(dice, split: str, rung: str) -> Story:
    """A story of the rung; what is apart is each of its people with their thing and the town."""
    town = dice.below(len(TOWNS))
    size = 1 if rung == "only" else 2 if rung == "pronoun" else 2 + dice.below(2)
    keys = cast(dice, split, town, size, own=rung == "thing", mixed=rung == "pronoun")
    people, things = [CAST[key[0]] for key in keys], [THINGS[key[1]] for key in keys]
    names = [person.name for person in people]
    if rung == "title":
        names = titled(dice, people)
    said = _said(dice, things[0][0], TOWNS[town])
    lines = [dice.pick(_SETTINGS), _opening(dice, rung, said, people, names, things)]
    if dice.chance(0.3):
        lines.reverse()
    lines += _middle(dice, said, names, dice.below(9))
    if rung in ("thing", "pronoun"):
        lines += _reminders(dice, rung, said, people, things)
    hero = dice.below(size)  # drawn last: nothing above depends on it
    lines.append(_ending(dice, rung, said, people, things[hero][0], hero))
    text = start(" ".join(start(line) for line in lines).format(**said))
    before, after = text.split("@")
    *title, name = names[hero].split(" ")
    return Story(before.rstrip() + "".join(" " + word for word in title), " " + name, after, keys)


def cast(dice, split: str, town: int, size: int, own: bool, mixed: bool) -> list[tuple[int, ...]]:
    """Keys (who, thing, town) of `size` different people, with a thing for each or one for all; mixed: a woman, a man."""
    while True:
        keys = [dice.combination(split, len(CAST), len(THINGS), last=town)]
        tries = 0
        while len(keys) < size and tries < 200:
            tries += 1
            key = dice.combination(split, len(CAST), len(THINGS), last=town)
            alone = all(key[0] != other[0] and (key[1] != other[1]) == own for other in keys)
            if alone and not (mixed and CAST[key[0]].she == CAST[keys[0][0]].she):
                keys.append(key)
        if len(keys) == size:
            return keys


def titled(dice, people) -> list[str]:
    """The names of the people, each with a title that no other of them has."""
    titles = dice.some(TITLES, len(people))
    own = [dice.pick(_HER_TITLES if person.she == "she" else _HIS_TITLES) for person in people]
    chosen = []
    for person, title, other in zip(people, titles, own):
        chosen.append(f"{title if other in [c.split()[0] for c in chosen] or dice.chance(0.6) else other} {person.name}")
    return chosen


def _said(dice, thing: str, town) -> dict:
    animal, habit = dice.pick(ANIMALS)
    day, day2, day3 = dice.some(DAYS, 3)
    return {
        "thing": thing,
        "a_thing": a(thing),
        "town": town.name,
        "festival": town.festival,
        "animal": animal,
        "a_animal": a(animal),
        "habit": habit,
        "food": dice.pick(FOODS),
        "day": day,
        "day2": day2,
        "day3": day3,
        "place": dice.pick(PLACES),
        "n": dice.pick(NUMBERS),
    }


def _opening(dice, rung: str, said: dict, people, names: list[str], things) -> str:
    """Who has what, or who wants what."""
    if rung == "only":
        return dice.pick(_ONE).format(**{**said, **slots(people[0])})
    if rung != "thing":
        every = " and ".join(names) if len(names) == 2 else f"{names[0]}, {names[1]} and {names[2]}"
        return dice.pick(_ALL).format(**{**said, "all": every, "both": "both" if len(names) == 2 else "all"})
    clauses = [
        line.format(**{**said, **slots(person, thing=thing[0], a_thing=a(thing[0]))})
        for line, person, thing in zip(dice.some(_HAS, len(people)), people, things)
    ]
    if dice.chance(0.5):
        return " ".join(start(clause) + "." for clause in clauses)
    return ", ".join(clauses[:-1]) + dice.pick([", and ", " and ", ", while "]) + clauses[-1] + "."


def _middle(dice, said: dict, names: list[str], size: int) -> list[str]:
    """`size` sentences in between; who is named in them is drawn, so that no name comes back more than the others."""
    lines = []
    nobody, somebody, two = dice.some(_NOBODY, size), dice.some(_SOMEBODY, size), dice.some(_TWO, size)
    for i in range(size):
        roll = dice.random()
        if roll < 0.5:
            line, x, y = nobody[i], "", ""
        elif len(names) == 1 or roll < 0.8:
            line, x, y = somebody[i], dice.pick(names), ""
        else:
            line, (x, y) = two[i], dice.some(names, 2)
        fresh = {"food": dice.pick(FOODS), "place": dice.pick(PLACES), "n": dice.pick(NUMBERS)}
        lines.append(line.format(**{**said, **fresh, "x": x, "y": y}))
    return lines


def meanwhile(dice, names: list[str], size: int) -> list[str]:
    """`size` sentences of the kind that stories have in the middle, about these people."""
    return [start(line) for line in _middle(dice, _said(dice, dice.pick(THINGS)[0], dice.pick(TOWNS)), names, size)]


def _reminders(dice, rung: str, said: dict, people, things) -> list[str]:
    """Up to three sentences in which a thing, or a pronoun, brings back a name before the last sentence does."""
    lines = []
    for line in dice.some(_OWNED if rung == "thing" else _BY_PRONOUN, dice.below(4)):
        i = dice.below(len(people))
        fresh = {"food": dice.pick(FOODS), "place": dice.pick(PLACES), "n": dice.pick(NUMBERS)}
        if rung == "thing":
            fresh["thing"] = things[i][0]
        lines.append(line.format(**{**said, **fresh, **slots(people[i], His=start(people[i].his))}))
    return lines


def _ending(dice, rung: str, said: dict, people, thing: str, hero: int) -> str:
    """The last sentence, with "@" where the name belongs."""
    said = {**said, "thing": thing, "a": "@"}
    if rung != "pronoun":
        return dice.pick(_ENDS).format(**said)
    same = dice.chance(0.5)
    one = people[hero if same else 1 - hero]
    return dice.pick(_SAME if same else _OTHER).format(**{**said, "she": one.she, "him": one.him, "her": one.his})
