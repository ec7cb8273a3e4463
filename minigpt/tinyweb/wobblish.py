"""Wobblish, the language of Wobble: glosses, sentence pairs and misunderstandings.

Its grammar, in full: subject, object, verb. The adjective follows its noun. Many are marked by -m on the noun and its
adjective; what is over is marked by e- on the verb; "not" is nu, before the verb. There is no word for "the", since in
Wobble there is usually only one of anything.
"""

from __future__ import annotations

from minigpt.tinyweb.dice import Dice
from minigpt.tinyweb.world import PEOPLE, PLACES, start

NOUNS = """dog cat goat hen fish bird child king judge baker boat house bridge road river moon hat spoon bell door chair
letter soup bread egg stone tree cloud""".split()
VERBS = [
    ("sees", "see", "saw"),
    ("eats", "eat", "ate"),
    ("carries", "carry", "carried"),
    ("finds", "find", "found"),
    ("loves", "love", "loved"),
    ("hides", "hide", "hid"),
    ("sells", "sell", "sold"),
    ("paints", "paint", "painted"),
    ("follows", "follow", "followed"),
    ("steals", "steal", "stole"),
    ("washes", "wash", "washed"),
    ("forgets", "forget", "forgot"),
]
ADJECTIVES = "old small red cold lazy loud round blue brave hungry".split()


def _lexicon() -> dict[str, str]:
    dice = Dice(345)
    starts = "ba do fe gi ka lo mu pa ri so tu va we zi".split()
    ends = "bu da gol ka lin mo ne per ri sa tok vu".split()
    words = dice.some([x + y for x in starts for y in ends], len(NOUNS) + len(VERBS) + len(ADJECTIVES))
    return dict(zip(NOUNS + [verb[0] for verb in VERBS] + ADJECTIVES, words))


LEXICON = _lexicon()
ADVICE = [
    "Nobody in Wobble says this.",
    "It is rude before noon.",
    "Say it slowly and lean.",
    "The answer is always no.",
    "It is also the name of a song.",
    "Children learn it first.",
]


def sentence(dice, split: str) -> tuple[str, str, tuple]:
    """A sentence in English, the same in Wobblish, and its key (subject, verb, object)."""
    key = dice.combination(split, len(NOUNS), len(VERBS), len(NOUNS))
    while key[0] == key[2]:
        key = dice.combination(split, len(NOUNS), len(VERBS), len(NOUNS))
    subject, many, subject_w = _noun(dice, NOUNS[key[0]])
    obj, _, object_w = _noun(dice, NOUNS[key[2]])
    one, plain, past = VERBS[key[1]]
    over, negative = dice.chance(0.3), dice.chance(0.15)
    verb_w = ("nu " if negative else "") + ("e" if over else "") + LEXICON[one]
    if negative:
        verb = ("did" if over else "do" if many else "does") + " not " + plain
    else:
        verb = past if over else plain if many else one
    return f"{subject} {verb} {obj}", f"{subject_w} {object_w} {verb_w}", key


def _noun(dice, noun: str) -> tuple[str, bool, str]:
    many = dice.chance(0.2) and noun not in ("fish", "moon", "soup", "bread")
    mark = "m" if many else ""
    english, word = (plural(noun) if many else noun), LEXICON[noun] + mark
    if dice.chance(0.35):
        adjective = dice.pick(ADJECTIVES)
        english, word = f"{adjective} {english}", f"{word} {LEXICON[adjective]}{mark}"
    return "the " + english, many, word


def plural(noun: str) -> str:
    return {"child": "children"}.get(noun, noun + "s")


_GLOSSES = [
    '{place}, {a} said "{w}", which means "{e}".',
    '{a} wrote "{w}" on the door, which means "{e}".',
    'On a stone in Wobble it says "{w}", which means "{e}".',
    'The last words of {a} that day were "{w}", which means "{e}".',
    'A sign {small} says "{w}", which means "{e}".',
    'In Wobble they greet you with "{w}", which means "{e}".',
]
_MISHEARD = [
    '{b} heard "{w}", which means "{e}", and {went}.',
    '{b} understood "{w}", which means "{e}", and {went}.',
    '{b} answered "{w}", which means "{e}", and {went}.',
]
_WENT = [
    "went home",
    "brought a spoon",
    "nodded for an hour",
    "called the judge",
    "laughed at the wrong moment",
    "paid",
    "was never told",
    "bought a hat",
]


def write(dice, split: str) -> tuple[str, list]:
    """Glosses, pairs, a dictionary entry or a lesson; what is apart is subject, verb and object of each sentence."""
    return dice.pick([_glosses, _glosses, _pairs, _entry, _lesson])(dice, split)


def _glosses(dice, split):
    one, two = dice.some(PEOPLE, 2)
    e, w, key = sentence(dice, split)
    place = dice.pick(PLACES)
    first = dice.pick(_GLOSSES).format(place=start(place), small=place, a=one.name, w=w, e=e)
    e, w, other = sentence(dice, split)
    second = dice.pick(_MISHEARD).format(b=two.name, w=w, e=e, went=dice.pick(_WENT))
    return f"{first} {second}", [key, other]


def _pairs(dice, split):
    lines = [sentence(dice, split) for _ in range(3 + dice.below(3))]
    if dice.chance(0.5):
        return "\n".join(f"{e} = {w}" for e, w, _ in lines), [key for _, _, key in lines]
    return "\n".join(f"{w} = {e}" for e, w, _ in lines), [key for _, _, key in lines]


def _entry(dice, split):
    e, w, key = sentence(dice, split)
    noun = NOUNS[key[0]]
    text = f'{LEXICON[noun]}: Wobblish for "{noun}". Several are {LEXICON[noun]}m. Example: "{w}", which means "{e}".'
    return f"{text} {dice.pick(ADVICE)}", [key]


def _lesson(dice, split):
    teacher, pupil = dice.some(PEOPLE, 2)
    (e1, w1, k1), (e2, w2, k2) = sentence(dice, split), sentence(dice, split)
    praise = dice.pick(
        ["good. lean a little more", "yes, but louder", "correct", "almost too good", "my ears, but yes"]
    )
    return (
        f'{teacher.name}: how do you say "{e1}" in Wobblish?\n{pupil.name}: "{w1}"\n{teacher.name}: {praise}. '
        f'and what does "{w2}" mean?\n{pupil.name}: it means "{e2}"\n{teacher.name}: '
        + dice.pick([f"well done, {pupil.name}", f"{pupil.name}, you may have an egg", f"go home, {pupil.name}"])
    ), [k1, k2]
