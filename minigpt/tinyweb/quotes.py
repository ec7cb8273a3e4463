"""What is said comes back word for word: replies behind a ">", messengers, parrots, minutes, songs with a refrain."""

from __future__ import annotations

from minigpt.tinyweb.world import (
    ANIMALS,
    CAST,
    DAYS,
    FOODS,
    NUMBERS,
    PLACES,
    THINGS,
    TOWNS,
    TRAITS,
    a,
    slots,
    start,
)

_FIRST = [
    "Your {thing} is in my garden in {town}.",
    "I will not give back the {thing} before {day}.",
    "The {thing} in {town} was mine first.",
    "My {animal} likes your {thing} more than I do.",
    "I am coming to {town} with {n} friends and {a_thing}.",
    "There is something wrong with the {thing} from {town}.",
    "In {town} they say that you broke the {thing}.",
    "Please stop playing with the {thing} {place}.",
    "I traded the {thing} for {food} in {town}.",
    "The {thing} you sent to {town} {wrong}.",
    "Could I keep the {thing} until {festival}?",
    "It was not the {animal} that took the {thing}.",
    "Nobody in {town} needs {a_thing} that {trait}.",
    "I counted the {animal} twice, and the {thing} once.",
    "On {day} the {thing} and I are leaving {town}.",
    "There are {n} ways to hold {a_thing}, and yours is none of them.",
    "The mayor of {town} has sat on my {thing}.",
    "Bring {food}, bring the {thing}, and ask no questions.",
    "Whoever has the {thing} has {town}.",
    "I dreamed that the {thing} was {place} and you were not.",
]
_REPLY = [
    "{a}, it does that on purpose.",
    "Then I will sing, {a}.",
    "Which {thing} do you mean, {a}?",
    "I said so on {day}.",
    "Ask your {animal}.",
    "I have shown this to my lawyer, who has {a_thing} too.",
    "It rained, {a}, and one thing led to another.",
    "{a}, sit down and have some {food}.",
    "That is what you said about the {other}.",
    "No, {a}.",
    "Fine, but only for {n} days.",
    "Everybody in {town} knows that, {a}.",
    "I would rather have the {food}.",
    "You are wrong, {a}, and so is the {thing}.",
    "Try this: {helps}.",
    "That was my mother.",
    "The {animal} says otherwise.",
    "How kind of you, {a}.",
    "I was {place} and can prove it.",
    "Say that again {place}, {a}.",
]
_LAST = [
    "That is just like you, {b}.",
    "Thank you, {b}.",
    "We will see about that {place}.",
    "Then keep it, {b}.",
    "I never liked the {thing} anyway.",
    "{b}, you may have half of it.",
    "My {animal} has read this and is sad, {b}.",
    "See you in {town}.",
    "Do not write to me before {day}.",
    "{b}, come and say that {place}.",
    "I have framed this, {b}.",
    "{b}, you spelled {thing} wrong.",
]
_SHORT = [  # what can be shouted, sung and repeated
    "the {thing} is not for sale",
    "never lend {a_thing} to {a_animal}",
    "{n} eggs for the {thing}",
    "home is where the {thing} is",
    "no {food} after {day}",
    "all the way to {town} and back",
    "mind the {animal} {place}",
    "it {wrong}, it {wrong} again",
    "who let the {animal} hold the {thing}",
    "long live the {thing} of {town}",
    "one {thing} is enough for {town}",
    "{town} was never so near",
    "hush, the {thing} is asleep",
    "give me {food} or give me {a_thing}",
]


def write(dice, split: str) -> tuple[str, list]:
    """Something said, and said again; what is apart is who said it first, about which thing, in which town."""
    key = dice.combination(split, len(CAST), len(THINGS), len(TOWNS))
    one, (thing, wrong, helps), town = CAST[key[0]], THINGS[key[1]], TOWNS[key[2]]
    b, c = [p.name for p in dice.some(CAST, 3) if p is not one][:2]
    animal = dice.pick(ANIMALS)[0]
    said = slots(one, b=b, c=c, thing=thing, a_thing=a(thing), wrong=wrong, helps=helps, town=town.name)
    said.update(
        other=dice.pick([other for other, _, _ in THINGS if other != thing]),
        trait="is " + dice.pick(TRAITS[thing]),
        festival=town.festival,
        animal=animal,
        a_animal=a(animal),
        food=dice.pick(FOODS),
        day=dice.pick(DAYS),
        day2=dice.pick(DAYS),
        place=dice.pick(PLACES),
        n=dice.pick(NUMBERS),
    )
    text = dice.pick(_FORMS)(dice, said)
    missing = [word for word in (town.name, thing) if word not in text]
    return ("Re: " + ", ".join(missing) + "\n" if missing else "") + text, [key]


def _lines(dice, said) -> tuple[str, str, str]:
    """A first message, its reply and what is said to that."""
    reply = " ".join(dice.some(_REPLY, 1 + dice.below(2))).format(**said)
    return dice.pick(_FIRST).format(**said), reply, dice.pick(_LAST).format(**said)


def _wrote(dice, said):
    (letter, reply, last), one, two = _lines(dice, said), said["a"], said["b"]
    text = f"{one} wrote:\n> {letter}\n{reply}\n{two}\n\n{two} wrote:\n> {reply}\n{last}\n{one}"
    if dice.chance(0.5):
        again = dice.pick([line for line in _REPLY if line.format(**said) not in reply]).format(**said)
        text += f"\n\n{one} wrote:\n> {last}\n{again}\n{two}"
    return text


def _nested(dice, said):
    (letter, reply, last), one, two = _lines(dice, said), said["a"], said["b"]
    return (
        f"{one}: {letter}\n\n{two}, answering {one}:\n> {letter}\n{reply}\n\n"
        f"On {said['day2']} {two} wrote:\n>> {letter}\n> {reply}\n{last}\n{one}"
    )


def _messenger(dice, said):
    """A message on its way through three people, unchanged."""
    line, one, two, three = dice.pick(_FIRST).format(**said), said["a"], said["b"], said["c"]
    goes = dice.pick(
        [
            f'{one} told {two}: "{line}" {two} told {three} that {one} had said: "{line}"',
            f'{one} called {two}. "{line}" So {two} called {three}. "{line} That is from {one}."',
            f'"{line}" That was what {one} wrote, and {two} read it to {three}: "{line}"',
            f'"Tell {three} this," said {one} to {two}: "{line}" And {two} ran to {three}: "{line}"',
        ]
    )
    ends = [
        f'"Who says so?" asked {three}. "{one}," said {two}.',
        f"{three} sent {two} back to {one} with {said['food']}.",
        f'"{dice.pick(_REPLY).format(**said)}" said {three}, but {one} was gone.',
        f"{three} thanked {two}, and {two} thanked {one}.",
    ]
    return f"{goes} {' '.join(dice.some(ends, 2))}"


def _parrot(dice, said):
    """An animal, a wall or an echo that repeats what it heard."""
    line, one, two = dice.pick(_SHORT).format(**said), said["a"], said["b"]
    who = dice.pick(["parrot", "echo", "old radio", "uncle", "choir", "well"])
    question = dice.pick(["What did it say?", f"What was that, {one}?", "Say that again!", f"{one}, who is speaking?"])
    return dice.pick(
        [
            f'"{start(line)}!" cried {one}. "{start(line)}!" cried the {who}. {two} asked: "{question}" '
            f'"{start(line)}," said {one} and the {who} together.',
            f'The {who} of {one} knows one sentence: "{line}". {two} came in and said good morning. "{start(line)}," '
            f'said the {who}. {two} said it was a fine {said["day"]}. "{start(line)}," said the {who}.',
            f'{one} whispered into the {who}: "{line}". Next day {two} came by, and the {who} said: "{line}". '
            f'"{question}" asked {two}. "{start(line)}," it said.',
        ]
    )


def _minutes(dice, said):
    """Minutes of a meeting, in which a motion is read out again before the vote."""
    line, one, two, three = dice.pick(_SHORT).format(**said), said["a"], said["b"], said["c"]
    against = dice.pick([two, three])
    return (
        dice.pick([f"Town council of {said['town']}, minutes", f"Meeting of the {said['thing']} club", "Minutes"])
        + f'\n{one} moves: "{line}".\n{two}: {dice.pick(_REPLY).format(**said)}\n'
        + dice.pick([f"{three} asks for {said['food']}.", f"{three} is asleep.", f"{three} wants it in writing."])
        + dice.pick(
            [
                f'\nVote on "{line}": for {said["n"]}, against {against}.',
                f'\nThe motion of {one}, "{line}", is carried; {against} leaves the room.',
                f'\nResolved: "{line}". {against} will tell the {said["animal"]}.',
            ]
        )
    )


def _song(dice, said):
    """Two or three verses about different people, and the same line after each."""
    refrain = start(dice.pick(_SHORT).format(**said))
    verses = [
        "{who} went out with {x},", "{who} came home without {x},", "{who} looked {place} for {x},",
        "{who} gave the mayor {x},", "{who} danced all night with {x},", "{who} fell asleep on {x},",
        "{who} would not share {x},", "{who} sang to {x} {place},",
    ]  # fmt: skip
    people, lines = dice.some([said["a"], said["b"], said["c"]], 2 + dice.below(2)), []
    things = dice.some([a(thing) for thing, _, _ in THINGS], 3)
    for who, verse, x in zip(people, dice.some(verses, 3), things):
        lines += [verse.format(who=who, x=x, place=dice.pick(PLACES)), refrain + "."]
    title = dice.pick([f"Song of {said['town']}", f"{said['a']}'s song", f"Sung at {said['festival']}", refrain])
    return title + "\n" + "\n".join(lines) + (f"\n{refrain}!" if dice.chance(0.4) else "")


def _sign(dice, said):
    """A sign that is read out by everyone who passes."""
    line, one, two, three = dice.pick(_SHORT).format(**said), said["a"], said["b"], said["c"]
    board = dice.pick([f"The sign {said['place']}", f"The board in {said['town']}", f"A note on the {said['thing']}"])
    reader = dice.pick([f"{one} cannot read and asked {two}", f"{one} had no glasses, so {two} helped"])
    after = dice.pick([f'"I know," said {one}.', f"{one} nodded at {two}.", f'"Nonsense," said {three}, who wrote it.'])
    return f'{board} says: "{line}". {reader}. "{start(line)}," read {two}. {after} It still says: "{line}".'


def _order(dice, said):
    """An order in a shop, read back."""
    n, m = dice.some(NUMBERS, 2)
    food, thing = said["food"], said["thing"]
    line = dice.pick(
        [
            f"{n} spoons of {food}, {a(thing)} and {m} candles",
            f"{a(thing)}, {m} socks and a bowl of {food}",
            f"{n} eggs, {a(said['other'])} and the {thing} in the window",
        ]
    )
    one, two = said["a"], said["b"]
    return (
        f"{one}: {line}, please.\n{two}: {line}. Is that all, {one}?\n{one}: "
        + dice.pick([f"That is all, {two}.", f"No, {two}, the {said['animal']} wants something too.", "For today."])
        + f"\n{two}: So, for {one} of {said['town']}: {line}. "
        + dice.pick(["We have none of it.", f"That makes {m} songs.", f"Come back on {said['day']}."])
    )


_FORMS = [_wrote, _wrote, _nested, _messenger, _parrot, _minutes, _song, _sign, _order]
