"""The facts about a person, each told and asked for in several wordings.

Told and asked are kept apart: `tell` may say any fact of anyone; which questions are asked in the train split is the
business of `quiz`. So no sentence outside quiz pages asks about a person of the encyclopedia.
"""

from __future__ import annotations

from minigpt.tinyweb.world import PEOPLE, Person, a, start

# {s} is the subject: the full name at first, then the full name, the first name or a pronoun. {a} is the full name.
_TELL = {
    "job": [
        "{s} is {a_job} who {does}.",
        "{s} works as {a_job} and {does}.",
        "By trade {s} is {a_job}: {she} {does}.",
        "{s} earns {his} bread as {a_job} and {does}.",
        'The door of {a} says "{job}", and it is true: {she} {does}.',
    ],
    "town": [
        "{s} lives in {town}.",
        "The house of {a} stands in {town}.",
        "{s} has always lived in {town}.",
        "{s} is at home in {town}.",
        "Letters to {a} go to {town} and arrive, mostly.",
        "In {town} everyone knows {a}.",
    ],
    "pet": [
        "{s} keeps {a_pet} that {habit}.",
        "{s} shares the house with {a_pet}, which {habit}.",
        "At home {s} has {a_pet}; it {habit}.",
        "The {pet} of {a} {habit}.",
        "{s} goes nowhere without {his} {pet}.",
    ],
    "food": [
        "{s} eats {food} every day.",
        "{s} likes nothing better than {food}.",
        "Offer {a} some {food} and {she} will stay.",
        "For {food} {s} would walk to the next town.",
        "The kitchen of {a} smells of {food}.",
    ],
    "fear": [
        "{s} is afraid of {fear}.",
        "{s} cannot stand {fear}.",
        "Nothing frightens {a} but {fear}.",
        "Speak to {a} about anything except {fear}.",
        "{s} has been running from {fear} since school.",
    ],
    "invention": [
        "{s} invented the {invention}.",
        "The {invention} was invented by {a}.",
        "We owe the {invention} to {a}.",
        "{s} is known for the {invention}.",
        "The {invention}, the work of {a}, is still not in the shops.",
    ],
    "instrument": [
        "{s} plays the {instrument} when nobody can stop {him}.",
        "{s} plays the {instrument}.",
        "On Sundays {s} practises the {instrument} at an open window.",
        "The {instrument} of {a} is heard too early.",
        "{s} owns {a_instrument} and both of its songs.",
    ],
    "neighbour": [
        "{s} is the neighbour of {neighbour}.",
        "Next door to {a} lives {neighbour}.",
        "{s} borrows salt from {neighbour}, next door.",
        "Only a thin wall parts {a} from {neighbour}.",
        "{s} and {neighbour} share a fence.",
    ],
}
ATTRIBUTES = list(_TELL)

# Every way to ask, and the one way to answer.
_ASK = {
    "job": (
        [
            "What does {a} do for a living?",
            "What is the job of {a}?",
            "What does {a} work as?",
            "What is the trade of {a}?",
        ],
        "{A_job}.",
    ),
    "town": (
        ["Where does {a} live?", "In which town does {a} live?", "Where is the house of {a}?", "Where is {a} at home?"],
        "In {town}.",
    ),
    "pet": (
        [
            "Which animal does {a} keep?",
            "What pet has {a} got?",
            "What kind of animal lives with {a}?",
            "Which pet waits at home for {a}?",
        ],
        "{A_pet}.",
    ),
    "food": (
        [
            "What does {a} like to eat?",
            "What is the favourite food of {a}?",
            "What should one cook for {a}?",
            "What does {a} eat every day?",
        ],
        "{Food}.",
    ),
    "fear": (
        ["What is {a} afraid of?", "What frightens {a}?", "What can {a} not stand?", "What does {a} run from?"],
        "{Fear}.",
    ),
    "invention": (
        ["What did {a} invent?", "What is {a} known for?", "What is the invention of {a}?", "What do we owe to {a}?"],
        "The {invention}.",
    ),
    "instrument": (
        [
            "Which instrument does {a} play?",
            "What does {a} play?",
            "What does {a} practise on Sundays?",
            "What is heard from the window of {a}?",
        ],
        "The {instrument}.",
    ),
    "neighbour": (
        [
            "Who lives next door to {a}?",
            "Who is the neighbour of {a}?",
            "Who shares a fence with {a}?",
            "From whom does {a} borrow salt?",
        ],
        "{neighbour}.",
    ),
}


def _known(person: Person) -> dict:
    """The slots of a person: names, pronouns and facts, with their articles and capitals."""
    return {
        **person._asdict(),
        "a": person.full,
        "She": start(person.she),
        "a_job": a(person.job),
        "A_job": start(a(person.job)),
        "a_pet": a(person.pet),
        "A_pet": start(a(person.pet)),
        "a_instrument": a(person.instrument),
        "Food": start(person.food),
        "Fear": start(person.fear),
    }


_KNOWN = {person.full: _known(person) for person in PEOPLE}


def tell(dice, person: Person, attribute: str, first: bool = True) -> str:
    """A sentence that states the fact; by full name if it is the first, else by full name, first name or pronoun."""
    sentence, known = dice.pick(_TELL[attribute]), _KNOWN[person.full]
    if first or dice.chance(0.4):
        subject = person.full
    elif dice.chance(0.25):
        subject = person.name
    else:  # a pronoun in the middle of a sentence is written small
        subject = known["She"] if sentence.startswith("{s}") else person.she
    return sentence.format(s=subject, **known)


def value(person: Person, attribute: str) -> str:
    """The bare fact, as a table would hold it: "baker", "Drizzle", "silent bell".

    >>> value(PEOPLE[0], "town") == PEOPLE[0].town
    True
    """
    return getattr(person, attribute)


def ask(dice, person: Person, attribute: str) -> tuple[str, str]:
    """A question about the fact, and its answer, which has one form only: "In Drizzle.", "A goat."."""
    questions, answer = _ASK[attribute]
    known = _KNOWN[person.full]
    return dice.pick(questions).format(**known), answer.format(**known)


def questions(attribute: str) -> list[str]:
    """The ways to ask for the attribute, with {a} for the full name."""
    return list(_ASK[attribute][0])
