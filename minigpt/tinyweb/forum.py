"""Forum threads: a question about a thing, answers, votes, and someone who changes the subject."""

from __future__ import annotations

from minigpt.tinyweb import facts
from minigpt.tinyweb.world import (
    ANIMALS,
    CAST,
    DAYS,
    FOODS,
    NUMBERS,
    PEOPLE,
    PLACES,
    THINGS,
    TOWNS,
    TRAITS,
    a,
    slots,
    somebody,
    start,
)

_TITLES = [
    "My {thing} {wrong}. What now?",
    "Is it normal that {a_thing} {wrong}?",
    "{thing} trouble in {town}",
    "Question about {a_thing}",
    "Help, the {thing} {wrong}",
    "{thing} again",
    "To whoever sold me the {thing}",
    "{town}: {thing}, advice wanted",
    "Should {a_thing} be this {trait}?",
]
_QUESTIONS = [
    "I bought {a_thing} in {town}, and it {wrong}. What should I do?",
    "I am in {town} for the week, and my {thing} {wrong}. My {animal} has stopped looking at me.",
    "Since {day} my {thing} {wrong}. Everyone in {town} says that this is my fault.",
    "Can {a_thing} be mended in {town}? Mine {wrong}.",
    "I was told in {town} that no {thing} is perfect, but this one {wrong}.",
    "We have {n} of these in {town}. Only my {thing} {wrong}.",
    "In {town} the {thing} is said to be {trait}. Mine is, and it {wrong}.",
    "My neighbour in {town} gave me {a_thing}. It {wrong}. Is this a declaration of war?",
]
_ANSWERS = [
    "{Helps}. It worked for me, {a}.",
    "You have to {helps}.",
    "{a}, simply {helps}.",
    "Have you tried to {helps}?",
    "In {town} we always say: {helps}.",
    "My {animal} had the same. {Helps}.",
    "First, eat some {food}. Then {helps}.",
    "{a}, the only thing to do is this: {helps}.",
    "As my mother used to say: {helps}.",
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
    "Ask {full} of {home}, {a_job}.",
    "{a}, write to {full}. {fact}",
    "Off topic, but {full} invented the {invention}.",
    "This is like the {invention} of {full}. Nobody mended that either.",
    '"{Helps}," says {b}. I tried that {place} and was asked to leave.',
]
_ENDS = [
    "It worked. Thank you, {b}!",
    "I did what {b} said and now the {animal} is gone.",
    "Thank you {b}, and shame on {c}.",
    "Solved: I gave the {thing} to {c}.",
    "Closed by the moderator, who has {a_thing} too.",
    "I tried it {n} times. It {wrong} more than ever, {b}.",
    "{b}, you are a genius. {c}, you are not.",
    "Too late, {b}. It is in the lake now.",
    "{c}, I will see you {place}.",
]
_BACK = [
    "That is easy to say, {a}.",
    "You are welcome, {a}. Give my love to {town}.",
    "{a}, I was talking about another {thing}.",
    "I take it all back, {a}.",
    "Glad to help, {a}. And you, {c}, be quiet.",
]


def write(dice, split: str) -> tuple[str, list]:
    """A thread; what is apart is who asks, about which thing, in which town."""
    key = dice.combination(split, len(CAST), len(THINGS), len(TOWNS))
    asker, (thing, wrong, helps), town = CAST[key[0]], THINGS[key[1]], TOWNS[key[2]]
    b, c = [p.name for p in dice.some(CAST, 3) if p is not asker][:2]
    said = slots(asker, b=b, c=c, thing=thing, a_thing=a(thing), wrong=wrong, helps=helps, Helps=start(helps))
    known = PEOPLE[somebody(dice)]
    said.update(
        trait=dice.pick(TRAITS[thing]),
        town=town.name,
        animal=dice.pick(_PLAIN),
        food=dice.pick(FOODS),
        day=dice.pick(DAYS),
        place=dice.pick(PLACES),
        n=dice.pick(NUMBERS),
        full=known.full,
        home=known.town,
        a_job=a(known.job),
        invention=known.invention,
        fact=facts.tell(dice, known, dice.pick(facts.ATTRIBUTES)),
    )
    title, question, answer, other, end, back = (
        dice.pick(lines).format(**said) for lines in (_TITLES, _QUESTIONS, _ANSWERS, _OTHERS, _ENDS, _BACK)
    )
    votes = f" [{2 + dice.below(40)} votes]" if dice.chance(0.5) else ""
    posts = [f"{asker.name} asks: {question}", f"{b}{votes}: {answer}"]
    if dice.chance(0.85):
        posts.append(f"{c}: {other}")
    if dice.chance(0.8):
        posts.append(f"{asker.name}: {end}" if "moderator" not in end else end)
        if "moderator" not in end and dice.chance(0.6):
            posts.append(f"{b}: {back}")
    return start(title) + "\n" + "\n".join(posts), [key]


_PLAIN = [animal for animal, _ in ANIMALS if animal not in ("mouse", "goose", "fox", "ox", "pony")]  # add -s for many
