"""Forum threads: a question about a thing, answers, votes, and someone who changes the subject."""

from __future__ import annotations

from minigpt.tinyweb.world import ANIMALS, DAYS, FOODS, NUMBERS, PEOPLE, PLACES, THINGS, TOWNS, a, slots, start

_TITLES = [
    "My {thing} {wrong}. What now?",
    "Is it normal that {a_thing} {wrong}?",
    "{thing} trouble in {town}",
    "Question about {a_thing}",
    "Help, the {thing} {wrong}",
    "{thing} again",
]
_QUESTIONS = [
    "I bought {a_thing} in {town}, and it {wrong}. What should I do?",
    "I am in {town} for the week, and my {thing} {wrong}. My {animal} has stopped looking at me.",
    "Since {day} my {thing} {wrong}. Everyone in {town} says that this is my fault.",
    "Can {a_thing} be mended in {town}? Mine {wrong}.",
    "I was told in {town} that no {thing} is perfect, but this one {wrong}.",
    "We have {n} of these in {town}. Only my {thing} {wrong}.",
]
_ANSWERS = [
    "{Helps}. It worked for me, {a}.",
    "You have to {helps}.",
    "{a}, simply {helps}.",
    "Have you tried to {helps}?",
    "In {town} we {helps}.",
    "My {animal} had the same. {Helps}.",
    "First, eat some {food}. Then {helps}.",
]
_OTHERS = [
    "I have no {thing}, but I agree with {b}.",
    "{b} is right, as on {day}.",
    "Do not listen to {b}. I did once.",
    "Does anyone here know a cure for {animal}s?",
    "Is the {thing} still for sale, {a}?",
    "My {thing} is fine, {a}.",
    "I came here for {food}. Is this the wrong page?",
    "{a}, did you sit on it?",
    "{b} said the same to me {place}.",
]
_ENDS = [
    "It worked. Thank you, {b}!",
    "I did what {b} said and now the {animal} is gone.",
    "Thank you {b}, and shame on {c}.",
    "Solved: I gave the {thing} to {c}.",
    "Closed by the moderator, who has {a_thing} too.",
    "I tried it {n} times. It {wrong} more than ever, {b}.",
]


def write(dice, split: str) -> tuple[str, list]:
    """A thread; what is apart is who asks, about which thing, in which town."""
    key = dice.combination(split, len(PEOPLE), len(THINGS), len(TOWNS))
    asker, (thing, wrong, helps), town = PEOPLE[key[0]], THINGS[key[1]], TOWNS[key[2]]
    b, c = [p.name for p in dice.some(PEOPLE, 3) if p is not asker][:2]
    said = slots(
        asker,
        b=b,
        c=c,
        thing=thing,
        a_thing=a(thing),
        wrong=wrong,
        helps=helps,
        Helps=start(helps),
        town=town.name,
        animal=dice.pick(ANIMALS)[0],
        food=dice.pick(FOODS),
        day=dice.pick(DAYS),
        place=dice.pick(PLACES),
        n=dice.pick(NUMBERS),
    )
    title, question, answer, other, end = (
        dice.pick(lines).format(**said) for lines in (_TITLES, _QUESTIONS, _ANSWERS, _OTHERS, _ENDS)
    )
    votes = f" [{dice.below(40)} votes]" if dice.chance(0.5) else ""
    posts = [f"{asker.name} asks: {question}", f"{b}{votes}: {answer}"]
    if dice.chance(0.6):
        posts.append(f"{c}: {other}")
    if dice.chance(0.5):
        posts.append(f"{asker.name}: {end}" if "moderator" not in end else end)
    return start(title) + "\n" + "\n".join(posts), [key]
