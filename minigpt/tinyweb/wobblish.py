"""Wobblish, the language of Wobble: glosses, sentence pairs, dictionary pages, lessons and misunderstandings.

Its grammar, in full. Subject, object, verb. There is no word for "the", since in Wobble there is usually only one of
anything. Nouns are warm and end in -a (people, animals, and whatever Wobble holds to be alive) or cold and end in -i.
The adjective follows its noun and takes the noun's ending. Many are marked by -m on noun and adjective, but not after a
number, which has said so already and stands before its noun; two plurals are irregular. "The hat of the king" is "king
lu hat". What is over is marked by e- on the verb; "not" is nu, before the verb; a question ends in ka. Names stay as
they are.
"""

from __future__ import annotations

from typing import NamedTuple

from minigpt.tinyweb.dice import Dice
from minigpt.tinyweb.world import ANIMALS, CAST, PLACES, THINGS, start

_OTHERS = """king queen judge baker child thief doctor sister brother uncle ghost giant fish bird tree stone moon star
cloud river road house bridge tower wall garden mill soup bread egg cheese cake apple letter song story shoe bed cup
ship hill island""".split()
NOUNS = _OTHERS + [animal[0] for animal in ANIMALS] + [thing[0] for thing in THINGS]
VERBS = [
    tuple(verb.split())
    for verb in """sees see saw, eats eat ate, carries carry carried, finds find found, loves love loved, hides hide hid,
    sells sell sold, paints paint painted, follows follow followed, steals steal stole, washes wash
    washed, forgets forget forgot, buys buy bought, hears hear heard, kisses kiss kissed, pushes push
    pushed, pulls pull pulled, kicks kick kicked, fears fear feared, greets greet greeted, feeds feed
    fed, catches catch caught, draws draw drew, breaks break broke, mends mend mended, counts count
    counted, visits visit visited, wakes wake woke, lifts lift lifted, chases chase chased, thanks thank
    thanked, bites bite bit, calls call called, brings bring brought, throws throw threw, licks lick
    licked""".split(",")
]
ADJECTIVES = """old small red cold lazy loud round blue brave hungry big green happy sad wet tired clever young white
black fat slow quiet silly""".split()
NUMERALS = "two three four five six seven".split()
_ALIVE = "king queen baker child thief doctor sister brother uncle giant fish bird soup bread moon boat stove".split()
_MASS = "fish soup bread cheese moon garden".split()  # never more than one in Wobble
_MANY = {  # plurals in English that do not just take an -s
    "child": "children",
    "thief": "thieves",
    "mouse": "mice",
    "goose": "geese",
    "ox": "oxen",
    "fox": "foxes",
    "knife": "knives",
    "story": "stories",
    "pony": "ponies",
    "compass": "compasses",
}


def _lexicon() -> dict[str, str]:
    """The Wobblish for each noun (with its ending), verb (as in "sees"), adjective (without ending) and number."""
    dice = Dice(345)
    consonants, vowels = "b d f g k l m n p r s t v w z".split(), "a e i o u".split()
    short = [x + y + z for x in consonants for y in vowels for z in consonants]
    verbs, words = [verb[0] for verb in VERBS], dice.some(short, 220)
    stems = [word + (dice.pick(["ol", "ek", "un", "ar"]) if dice.chance(0.4) else "") for word in words]
    warm = _ALIVE + [animal[0] for animal in ANIMALS]
    return {
        **{noun: stems.pop() + ("a" if noun in warm else "i") for noun in NOUNS},
        **{verb: stems.pop() + dice.pick("ou") for verb in verbs},
        **{adjective: stems.pop() for adjective in ADJECTIVES},
        **{number: stems.pop() + "e" for number in NUMERALS},
    }


LEXICON = _lexicon()
_OWNERS = [i for i, noun in enumerate(NOUNS) if LEXICON[noun].endswith("a") or noun in ("judge", "ghost", "tower")]
IRREGULAR = {"child": "ommam", "egg": "bobim"}  # plurals in Wobblish
RUNGS = ("plain", "marked", "long")


class Sentence(NamedTuple):
    """A sentence in both languages, its key (subject, verb, object) and how hard its grammar is, one of RUNGS."""

    english: str
    wobblish: str
    key: tuple[int, int, int]
    rung: str


class _Phrase(NamedTuple):
    english: str
    wobblish: str
    many: bool


def sentence(dice, split: str, rung: str | None = None) -> Sentence:
    """A sentence: plain (bare nouns), marked (adjectives, plurals, "not") or long ("of", numbers, questions).

    >>> sentence(Dice(5), "train", "plain").english
    'the bear brings the kettle'
    """
    rung = rung or dice.pick(RUNGS)
    while True:
        key = dice.combination(split, len(NOUNS) + len(CAST) // 4, len(VERBS), len(NOUNS))
        living = key[0] >= len(NOUNS) or LEXICON[NOUNS[key[0]]].endswith("a")
        if key[0] != key[2] and (living or dice.chance(0.3)):  # what is done is mostly done by the living
            break
    if key[0] >= len(NOUNS):  # a name in one subject of five; only its place in the key is few, not the names
        name = CAST[4 * (key[0] - len(NOUNS)) + dice.below(4)].name
        subject = _Phrase(name, name, False)
    else:
        subject = _phrase(dice, NOUNS[key[0]], rung, key)
    obj = _phrase(dice, NOUNS[key[2]], rung, key)
    asks = rung == "long" and dice.chance(0.3)
    negative = rung != "plain" and not asks and dice.chance(0.2)
    return Sentence(*_say(subject, VERBS[key[1]], obj, dice.chance(0.4), negative, asks), key, rung)


def _say(subject: _Phrase, verb, obj: _Phrase, over: bool, negative: bool, asks: bool) -> tuple[str, str]:
    one, plain, past = verb
    helper = "did" if over else "do" if subject.many else "does"
    wobblish = f"{subject.wobblish} {obj.wobblish} {'nu ' if negative else ''}{'e' if over else ''}{LEXICON[one]}"
    if asks:
        return f"{helper} {subject.english} {plain} {obj.english}?", f"{wobblish} ka?"
    if negative:
        return f"{subject.english} {helper} not {plain} {obj.english}", wobblish
    return f"{subject.english} {past if over else plain if subject.many else one} {obj.english}", wobblish


def _phrase(dice, noun: str, rung: str, key: tuple[int, int, int]) -> _Phrase:
    """The noun with what its rung allows: nothing, an adjective or a plural, a number or an owner."""
    if rung == "plain":
        return _Phrase("the " + noun, LEXICON[noun], False)
    number = dice.pick(NUMERALS) if rung == "long" and noun not in _MASS and dice.chance(0.3) else ""
    many = number != "" or (noun not in _MASS and dice.chance(0.35))
    english, word = plural(noun) if many else noun, LEXICON[noun]
    ending = word[-1] + ("m" if many and not number else "")
    if many and not number:
        word = IRREGULAR.get(noun, word + "m")
    if dice.chance(0.4):
        adjective = dice.pick(ADJECTIVES)
        english, word = f"{adjective} {english}", f"{word} {LEXICON[adjective]}{ending}"
    if number:
        return _Phrase(f"{number} {english}", f"{LEXICON[number]} {word}", True)
    if rung == "long" and dice.chance(0.45):
        owner = dice.pick([i for i in _OWNERS if i != key[0] and i != key[2]])
        english = f"the {english} of the {NOUNS[owner]}"
        return _Phrase(english, f"{LEXICON[NOUNS[owner]]} lu {word}", many)
    return _Phrase("the " + english, word, many)


def plural(noun: str) -> str:
    """The English plural.

    >>> plural("mouse"), plural("hat")
    ('mice', 'hats')
    """
    return _MANY.get(noun, noun + "s")


def _substitutes() -> tuple[dict[str, str], dict[str, str]]:
    """A dictionary in each direction for whoever knows all words and forms but no grammar."""
    there, back = {"not": "nu", "of": "lu"}, {"nu": "not", "lu": "of"}
    for noun in NOUNS:
        many = IRREGULAR.get(noun, LEXICON[noun] + "m")
        there.update({noun: LEXICON[noun], plural(noun): many})
        back.update({LEXICON[noun]: "the " + noun, many: "the " + plural(noun)})
    for one, plain, past in VERBS:
        there.update({one: LEXICON[one], plain: LEXICON[one], past: "e" + LEXICON[one]})
        back.update({LEXICON[one]: one, "e" + LEXICON[one]: past})
    for adjective in ADJECTIVES:
        there[adjective] = LEXICON[adjective] + "a"
        back.update({LEXICON[adjective] + end: adjective for end in ("a", "i", "am", "im")})
    for number in NUMERALS:
        there[number], back[LEXICON[number]] = LEXICON[number], number
    return there, back


_THERE, _BACK = _substitutes()


def word_by_word(text: str, to_english: bool = False) -> str:
    """Each word replaced by its translation, in the order of the original: what a dictionary without grammar gives.

    >>> word_by_word("the tree feared the queen").split() == [LEXICON["tree"], "e" + LEXICON["fears"], LEXICON["queen"]]
    True
    """
    table, dropped = (_BACK, ("ka",)) if to_english else (_THERE, ("the", "do", "does", "did"))
    words = [table.get(word, word) for word in text.rstrip("?").split() if word not in dropped]
    return " ".join(words) + ("?" if text.endswith("?") else "")


_GLOSSES = [
    '{place}, {a} said "{w}", which means "{e}".',
    '{a} wrote "{w}" on the door, which means "{e}".',
    'On a stone in Wobble it says "{w}", which means "{e}".',
    'The last words of {a} that day were "{w}", which means "{e}".',
    'A sign {small} says "{w}", which means "{e}".',
    'In Wobble they greet you with "{w}", which means "{e}".',
    '"{w}," whispered {a}, which is Wobblish for "{e}".',
    'What the mayor of Wobble meant to say was "{e}". What was heard was "{w}".',
    'The oldest song of Wobble begins "{w}", or in plain words, "{e}".',
    '"{e}" is "{w}" in Wobblish, said {a}, and nobody could prove otherwise.',
    '{a} asked how to say "{e}" and was told "{w}".',
    'Every child in Wobble can say "{e}": it is "{w}".',
]
_MISHEARD = [
    '{b} heard "{w}", which means "{e}", and {went}.',
    '{b} understood "{w}", which means "{e}", and {went}.',
    '{b} answered "{w}", which means "{e}", and {went}.',
    'But {b} read "{w}", that is, "{e}", and {went}.',
    'To {b} it sounded like "{w}", in English "{e}", so {b} {went}.',
    'The reply of {b} was "{w}" ("{e}").',
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
    "began to cook",
    "hid under the table",
    "married again",
    "looked for a goat",
]
_ADVICE = [
    "Nobody in Wobble says this.",
    "It is rude before noon.",
    "Say it slowly and lean.",
    "The answer is always no.",
    "It is also the name of a song.",
    "Children learn it first.",
    "Do not say it near a bridge.",
    "It is worth two points in court.",
    "With a full mouth it means something else.",
]
_RULES = [
    "In Wobblish the verb waits until the end, like everyone in Wobble.",
    "The adjective walks behind its noun and wears the same ending.",
    "A number goes first, and after it the noun stays single: greed is not a grammar.",
    "Warm words end in -a, cold words in -i. The soup is warm. So is the moon. The judge is cold.",
    "What is over begins with e-.",
    "The owner comes first, then lu, then what is owned.",
    "To ask, say ka at the end and raise a shoulder.",
    "To deny, put nu before the verb and look away.",
    'There is no word for "the". There was one, but it was sold.',
    "Many are marked by -m, both on the noun and on its adjective.",
]
_HEADS = [
    "Wobblish for beginners, lesson {n}",
    "Phrases for your stay in Wobble",
    "Wobblish homework of {a}",
    "Things heard in Wobble",
    "English and Wobblish, side by side",
    "What {a} said in court",
    "From the phrase book, page {n}",
    "Useful sentences, mostly",
]


def write(dice, split: str) -> tuple[str, list]:
    """A page with two to six sentences in both languages; what is apart is subject, verb and object of each."""
    return dice.pick([_glosses, _glosses, _pairs, _pairs, _pairs, _columns, _entry, _words, _lesson, _rule, _exercise])(
        dice, split
    )


def _sentences(dice, split: str, n: int) -> tuple[list[Sentence], list]:
    said = [sentence(dice, split) for _ in range(n)]
    return said, [one.key for one in said]


def _head(dice) -> str:
    return dice.pick(_HEADS).format(n=1 + dice.below(40), a=dice.pick(CAST).name)


def _glosses(dice, split):
    one, two = dice.some(CAST, 2)
    (first, second), keys = _sentences(dice, split, 2)
    place = dice.pick(PLACES)
    told = dice.pick(_GLOSSES).format(place=start(place), small=place, a=one.name, w=first.wobblish, e=first.english)
    heard = dice.pick(_MISHEARD).format(b=two.name, w=second.wobblish, e=second.english, went=dice.pick(_WENT))
    return f"{told} {heard}", keys


def _pairs(dice, split):
    said, keys = _sentences(dice, split, 4 + dice.below(4))
    form = dice.pick(["{e} = {w}", "{w} = {e}"])
    lines = [form.format(e=one.english, w=one.wobblish) for one in said]
    return "\n".join([_head(dice)] * dice.chance(0.4) + lines), keys


def _columns(dice, split):
    said, keys = _sentences(dice, split, 3 + dice.below(2))
    form = dice.pick(["English: {e}\nWobblish: {w}", "Wobblish: {w}\nEnglish: {e}", "- {e}\n- {w}", '"{w}"\n("{e}")'])
    return "\n".join([_head(dice)] + [form.format(e=one.english, w=one.wobblish) for one in said]), keys


def _entry(dice, split):
    (one, two), keys = _sentences(dice, split, 2)
    noun = NOUNS[keys[0][2]]
    word = LEXICON[noun]
    kind = "A warm word" if word.endswith("a") else "A cold word"
    many = "There is only one." if noun in _MASS else f"Several are {IRREGULAR.get(noun, word + 'm')}."
    return (
        f'{word}: Wobblish for "{noun}". {kind}. {many} {dice.pick(_ADVICE)}\nExamples: "{one.wobblish}", which means '
        f'"{one.english}"; "{two.english}" is "{two.wobblish}".'
    ), keys


def _words(dice, split):
    """A list of single words, and one sentence at its end."""
    one = sentence(dice, split)
    noun = NOUNS[one.key[2]]
    words = [noun, VERBS[one.key[1]][0]] + [other for other in dice.some(NOUNS, 4) if other != noun]
    words += dice.some(ADJECTIVES, 2)
    forward = dice.chance(0.5)
    lines = []
    for word in dice.some(words, len(words)):
        other = LEXICON[word] + (dice.pick("ai") if word in ADJECTIVES else "")
        lines.append(f"{word}: {other}" if forward else f"{other}: {word}")
    return _head(dice) + "\n" + "\n".join(lines) + f'\n"{one.wobblish}" means "{one.english}"', [one.key]


def _lesson(dice, split):
    teacher, pupil = (name.name for name in dice.some(CAST, 2))
    (one, two), keys = _sentences(dice, split, 2)
    praise = dice.pick(
        [
            "good. lean a little more",
            "yes, but louder",
            "correct",
            "almost too good",
            "my ears, but yes",
            "{p}, very good",
        ]
    ).format(p=pupil)
    end = dice.pick(["well done, {p}", "{p}, you may have an egg", "go home, {p}", "{p}, you were born to lean"])
    return (
        f'{teacher}: how do you say "{one.english}" in Wobblish?\n{pupil}: "{one.wobblish}"\n{teacher}: {praise}. '
        f'and what does "{two.wobblish}" mean?\n{pupil}: it means "{two.english}"\n{teacher}: {end.format(p=pupil)}'
    ), keys


def _rule(dice, split):
    said, keys = _sentences(dice, split, 2 + dice.below(2))
    rules = dice.some(_RULES, 2)
    examples = [f'"{one.english}" is "{one.wobblish}"' for one in said]
    return f"{_head(dice)}\n{rules[0]} {examples[0]}. {rules[1]} " + ", and ".join(examples[1:]) + ".", keys


def _exercise(dice, split):
    said, keys = _sentences(dice, split, 2 + dice.below(3))
    asked = dice.pick(["Translate into Wobblish", "Say it in Wobblish", "Put this so that Wobble understands"])
    if dice.chance(0.5):
        lines = [f"{i}. {one.english}" for i, one in enumerate(said, 1)]
        answers = [f"{i}. {one.wobblish}" for i, one in enumerate(said, 1)]
    else:
        asked = dice.pick(["Translate into English", "What is meant?", "Say it so that the mayor understands"])
        lines = [f"{i}. {one.wobblish}" for i, one in enumerate(said, 1)]
        answers = [f"{i}. {one.english}" for i, one in enumerate(said, 1)]
    return "\n".join([asked, *lines, "Answers", *answers]), keys
