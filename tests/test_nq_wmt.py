"""The shortcuts on the real questions and translations: counted as they say, without the answers to what is asked."""

from __future__ import annotations

from minigpt import recorded
from minigpt.experiments.nq_wmt import by_dictionary, counted_elsewhere, dictionary, most_frequent_of, words
from minigpt.zeroshot.questions import Question, most_frequent
from minigpt.zeroshot.translation import Sentence

PAIRS = [
    Sentence("", "le chat dort", "the cat sleeps"),
    Sentence("", "le chien dort", "the dog sleeps"),
    Sentence("", "le chat mange", "the cat eats"),
    Sentence("", "un chien mange", "a dog eats"),
]


def questions(*pairs: tuple[str, str]) -> list[Question]:
    return [Question("", asked, (answer,)) for asked, answer in pairs]


def test_a_dictionary_comes_out_of_pairs():
    found = dictionary(PAIRS)
    assert found | {"chat": "cat", "chien": "dog", "dort": "sleeps", "mange": "eats"} == found
    assert words("Où est-il ?") == ["Où", "est", "-", "il", "?"]


def test_the_dictionary_has_not_seen_the_sentence():
    said = by_dictionary([*PAIRS, Sentence("", "zut", "blast")])
    assert said[-1] == "zut"  # in its own half alone, so it stays as it is
    assert len(said) == 5


def test_the_most_frequent_answer_is_counted_elsewhere_or_here():
    asked = questions(("who a", "Ann"), ("who b", "Bob"), ("who c", "Ann"), ("who d", "Bob"), ("when e", "1"))
    assert counted_elsewhere(asked) == ["Bob", "Ann", "Bob", "Ann", ""]
    assert most_frequent(asked)[0] == "Ann" and most_frequent_of(asked) == "Ann"


def test_what_is_recorded_hangs_together():
    found = recorded.load("nq_wmt")
    shortcuts = [one["value"] for one in found["nq"]["shortcuts"].values()]
    assert shortcuts[1] > max(shortcuts[0], shortcuts[2])  # counted on the questions themselves: an upper bound
    assert abs(sum(found["nq"]["by_type"].values()) - 1) < 0.001
    for name in ("wmt14-en-fr", "wmt14-fr-en"):
        assert found[name]["sentences"] == 2998
        assert all(one["n"] == 2998 for splits in found[name]["bleu"].values() for one in splits.values())
