"""News: a headline, an event among sentences of colour with other names in them, sometimes summed up after "TL;DR:".

The rung of a ladder is the number of other names on the page, 0 to 3. The report of the event stands anywhere among
the sentences, so that the first sentence holds the one who did it no more often than chance allows. With two others or
more, one of them has done something too, and only the headline tells which of the two events the news is about.
Held out: who, with which thing, in which town. One page in three has a summary, so that a model does not come to say
"TL;DR:" unasked.
"""

from __future__ import annotations

from typing import NamedTuple

from minigpt.tinyweb.story import cast
from minigpt.tinyweb.world import ANIMALS, CAST, DAYS, FOODS, JOBS, NUMBERS, PLACES, THINGS, TOWNS, a, slots, start

RUNGS = ("0 others", "1 other", "2 others", "3 others")


class News(NamedTuple):
    """A report with its headline, and its summary."""

    text: str
    summary: str
    keys: list[tuple[int, ...]]


# Headlines, reports, summaries of an event.
_EVENTS = [
    (
        ["{town} loses to {a_thing}", "Chess: {town} beaten", "Shock result at the chess board of {town}"],
        [
            "{a} beat the team of {town} at chess with the help of {a_thing}.",
            "With {a_thing} on {his} side, {a} won the chess match against {town}.",
        ],
        ["{a} won with {a_thing}.", "{a} used {a_thing} to win at chess."],
    ),
    (
        ["New museum in {town}", "Museum opens in {town}", "At last, a museum for {town}"],
        [
            "A museum with a single {thing} was opened in {town} by {a}, who is also the guide.",
            "{a} opened a museum in {town} with {a_thing} in it and nothing else.",
        ],
        ["{a} opened a museum for {a_thing}.", "{a} opened the {thing} museum."],
    ),
    (
        ["Mystery in {town} solved", "Now we know what the noise was", "The noise under {town} has a name"],
        [
            "The noise under {town} was {a} all along, who plays the {thing} at night.",
            "It was {a} who made the noise in {town}, by hitting {a_thing} in the dark.",
        ],
        ["{a} made the noise with {a_thing}.", "{a} and {a_thing} were the noise."],
    ),
    (
        ["Wedding in {town} called off", "No wedding in {town} after all", "Cake left over in {town}"],
        [
            "{a} was to marry in {town} but fell in love with {a_thing} {place}.",
            "The wedding in {town} was off when {a} said that {she} would rather have {a_thing}.",
        ],
        ["{a} loves {a_thing}.", "{a} left a wedding for {a_thing}."],
    ),
    (
        ["{thing} stolen in {town}", "Thief in {town} caught", "Empty hook in the town hall of {town}"],
        [
            "{a} took {a_thing} from the town hall of {town} and left {food} in its place.",
            "The {thing} of {town} was stolen by {a}, who could not say why.",
        ],
        ["{a} stole the {thing}.", "{a} took the {thing} of {town}."],
    ),
    (
        ["{town} gets a new {thing}", "A gift for {town}", "{town} says thank you, for once"],
        [
            "{a} gave the town of {town} {a_thing} that never sleeps.",
            "The town of {town} was given {a_thing} by {a} and does not know where to put it.",
        ],
        ["{a} gave {town} {a_thing}.", "{a} gave away {a_thing}."],
    ),
    (
        ["Record in {town}", "{town} in the book of records", "Longer than anyone before"],
        [
            "{a} balanced {a_thing} on {his} nose for {n} hours in {town}.",
            "For {n} hours {a} held {a_thing} on {his} little finger in {town}.",
        ],
        ["{a} balanced {a_thing}.", "{a} set a record with {a_thing}."],
    ),
    (
        ["Court: who owns the {thing}?", "{town} court decides at last", "Judge in {town} wakes up and rules"],
        [
            "The court of {town} ruled that the {thing} belongs to {a}, because {she} asked first.",
            "In {town} the judge gave the {thing} to {a} and went back to sleep.",
        ],
        ["{a} may keep the {thing}.", "{a} got the {thing} in court."],
    ),
    (
        ["Strange thing seen over {town}", "Lights in the sky of {town}", "Something flew over {town}"],
        [
            "{a} saw {a_thing} fly over {town} on {day} and waved.",
            "On {day} {a_thing} passed over the roofs of {town} and was seen by {a}.",
        ],
        ["{a} saw a flying {thing}.", "{a} saw {a_thing} in the sky."],
    ),
    (
        ["Sale of the year in {town}", "Good day for shops in {town}", "Deal in {town} after long talks"],
        [
            "{a} sold a used {thing} in {town} for {n} eggs.",
            "For {n} eggs and a song, {a} parted with {his} {thing} in {town}.",
        ],
        ["{a} sold {a_thing}.", "{a} got eggs for {a_thing}."],
    ),
    (
        ["Accident in {town}", "Small accident, large crowd in {town}", "Ouch, says {town}"],
        [
            "{a} sat down on {a_thing} in {town}. The {thing} is doing well.",
            "In {town} {a} was hit by {a_thing} while asleep.",
        ],
        ["{a} had an accident with {a_thing}.", "{a} was hurt by {a_thing}."],
    ),
    (
        ["Festival in {town} saved", "{festival} can begin", "{town} dances after all"],
        [
            "{a} lent {his} {thing} to {festival} in {town}, which could begin at last.",
            "Thanks to {a} and {his} {thing}, {festival} in {town} could begin.",
        ],
        ["{a} lent {a_thing} to {festival}.", "{a} saved the feast with {a_thing}."],
    ),
    (
        ["Science: discovery in {town}", "Experts in {town} amazed", "{town} makes a discovery"],
        [
            "{a} of {town} has proved that {a_thing} can think, if only about {food}.",
            "In {town} {a} found out what goes on inside {a_thing}.",
        ],
        ["{a} studied {a_thing}.", "{a} knows how {a_thing} thinks."],
    ),
    (
        ["New law in {town}", "{town} votes", "Council of {town} makes up its mind"],
        [
            "In {town} nobody may own {a_thing} any more, except {a}.",
            "The council of {town} has asked {a} to hand in {his} {thing}.",
        ],
        ["The law is about {a} and {a_thing}.", "The council of {town} wrote a law for {a} and the {thing}."],
    ),
    (
        ["Missing: {a_thing}", "Search in {town} goes on", "{town} looks under every bed"],
        [
            "{a} lost {a_thing} in {town} and will pay {n} eggs to whoever finds it.",
            "Since {day} {a} has been looking for {his} {thing} in {town}.",
        ],
        ["{a} lost {a_thing}.", "{a} wants {his} {thing} back."],
    ),
    (
        ["Art prize goes to {town}", "Is this art? {town} says yes", "{town} opens its first gallery"],
        [
            "{a} painted {a_thing} so well in {town} that people tried to use it.",
            "The picture of {a_thing} by {a} hangs in {town}, upside down.",
        ],
        ["{a} painted {a_thing}.", "{a} made a picture of {a_thing}."],
    ),
]
# Sentences of colour: without a name, and with one.
_COLOUR = [
    "The weather was mixed.",
    "A minute of silence was held and enjoyed.",
    "The town band played the wrong song with feeling.",
    "Children under {n} were asked to explain it.",
    "The story has been confirmed by {n} geese.",
    "Some {n} people watched, most of them by mistake.",
    "A passing {animal} took no notice.",
    "The mayor could not be woken.",
    "Traffic stood still for {n} minutes, as it always does.",
    "They handed out free {food} until someone tasted it.",
    "The {animal} that saw it all will speak on {day}.",
    "It is the second time since {day}.",
    "Nobody was hurt, and nobody was thanked.",
    "Experts are divided, and one of them is missing.",
    "The queue reached as far as the mill.",
    "A book about it is out already and is too long.",
    "Old people say that it used to be better.",
    "The price of {food} went up at once.",
    "{n2} geese left in protest.",
    "The rain stopped to look.",
]
_NAMED = [
    "{b} sold tickets, though it was free.",
    "Only {b} cried, but {b} cries often.",
    "A statue is planned {place}, if {b} can hold still.",
    "According to {b}, {a_animal} could have done it.",
    "{b}, {a_job}, called it a great day.",
    "{b} says that it was better in the old days.",
    "Experts were asked, but {b} answered first.",
    '"I was {place} and heard nothing," said {b}.',
    "{b} lost a bet and {n} eggs.",
    "The speech of {b} was cut short by {a_animal}.",
    "{b} slept through it {place}.",
    "Flowers were thrown, and some of them hit {b}.",
    '"I am not surprised," said {b}, who looked surprised.',
    "{b} asked for {food} and was given some.",
    "{b}, {a_job}, wants to know who will clean up.",
    "Only {b} was against it, as usual.",
    "Next week the same is expected of {b}.",
    "{b} was there with {n} cousins.",
    "A photograph shows {b} with the mouth open.",
    "As so often, {b} came too late.",
]


def write(dice, split: str) -> tuple[str, list]:
    """A report with 0 to 3 other names; one in three ends with a summary."""
    news = make(dice, split, dice.pick(RUNGS))
    return news.text + ("\nTL;DR: " + news.summary if dice.chance(0.35) else ""), news.keys


def make(dice, split: str, rung: str) -> News:
    """A report of the rung; what is apart is who, with which thing, in which town, also of a second event."""
    others = RUNGS.index(rung)
    keys = cast(dice, split, dice.below(len(TOWNS)), 2 if others >= 2 else 1, own=True, mixed=False)
    known = [key[0] for key in keys]
    rest = [person for person in dice.some(CAST, 5) if CAST.index(person) not in known][:others]
    (headlines, reports, summaries), (_, reports2, _) = dice.some(_EVENTS, 2)
    said = _said(dice, keys[0])
    lines = [dice.pick(reports).format(**said)]
    if others >= 2:
        lines.append(dice.pick(reports2).format(**_said(dice, keys[1])))
        rest.pop()
    names = [_fill(dice, line, person.name) for line, person in zip(dice.some(_NAMED, len(rest)), rest)]
    plain = [_fill(dice, line, "") for line in dice.some(_COLOUR, 1 + dice.below(3))]
    lines = dice.some(lines + names + plain, len(lines) + len(names) + len(plain))
    headline = start(dice.pick(headlines).format(**said))
    return News(
        headline + "\n" + " ".join(start(line) for line in lines), dice.pick(summaries).format(**said), keys
    )


def _said(dice, key: tuple[int, ...]) -> dict:
    thing, town = THINGS[key[1]][0], TOWNS[key[2]]
    return slots(
        CAST[key[0]],
        thing=thing,
        a_thing=a(thing),
        town=town.name,
        festival=town.festival,
        food=dice.pick(FOODS),
        day=dice.pick(DAYS),
        place=dice.pick(PLACES),
        n=dice.pick(NUMBERS),
    )


def _fill(dice, line: str, b: str) -> str:
    animal, n = dice.pick(ANIMALS)[0], dice.pick(NUMBERS)
    return line.format(
        b=b,
        a_job=a(dice.pick(JOBS)[0]),
        animal=animal,
        a_animal=a(animal),
        food=dice.pick(FOODS),
        day=dice.pick(DAYS),
        place=dice.pick(PLACES),
        n=n,
        n2=start(n),
    )
