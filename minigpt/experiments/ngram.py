"""N-gram models on real English, plays and a novel, by characters, by tokens and by words. Chapter 02.

    minigpt data get tinyshakespeare
    minigpt data get moby-dick
    python -m minigpt.experiments.ngram

Of each text, cut at its blank lines, the last tenth is the test. END stands for the blank line after each piece.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

from minigpt import Tokenizer, data, recorded
from minigpt.metrics import bits_per_character, perplexity
from minigpt.ngram import NGram, cut_words

SETS = {"plays": "tinyshakespeare", "novel": "moby-dick"}
CHARACTERS, WORDS = range(1, 11), range(1, 6)  # orders


def split(name: str) -> tuple[list[str], list[str]]:
    """The pieces of a text to learn from, and those to be tested on."""
    pieces = [piece for piece in data.get(name, print)[0].read_text(encoding="utf-8").split("\n\n") if piece.strip()]
    cut = len(pieces) * 9 // 10
    return pieces[:cut], pieces[cut:]


def nats_of(train: list[str], test: list[str], cut: Callable[[str], list], **settings) -> tuple[float, int, int]:
    """(nats of the test, its units, unknown ones among them) by a model of the units that `cut` makes."""
    model = NGram.train(map(cut, train), **settings)
    pieces = [cut(piece) for piece in test]
    return sum(map(model.nats, pieces)), sum(len(piece) + 1 for piece in pieces), sum(map(model.unknown, pieces))


def measure() -> dict:
    """Bits a character by characters, by tokens and by words; perplexity a word with each smoothing."""
    found: dict = {}
    for name, source in SETS.items():
        train, test = split(source)
        size = sum(len(piece) + 2 for piece in test)
        tok = Tokenizer.train(train, 4096)
        here = found[name] = {"characters": size, "bits a character": {}, "perplexity a word": {}}
        for unit, cut, orders, vocabulary in (
            ("characters", list, CHARACTERS, None),
            ("tokens", tok.encode, WORDS, range(tok.vocab_size)),
            ("words", cut_words, WORDS, None),
        ):
            runs = [nats_of(train, test, cut, n=n, vocabulary=vocabulary) for n in orders]
            here["bits a character"][unit] = [round(bits_per_character(nats, size), 3) for nats, *_ in runs]
            here[f"unknown {unit} in %"] = round(100 * runs[0][2] / runs[0][1], 2)
        for smoothing, settings in (("Kneser-Ney", {}), ("add 1", {"add_k": 1}), ("add 0.01", {"add_k": 0.01})):
            runs = [nats_of(train, test, cut_words, n=n, **settings) for n in WORDS]
            here["perplexity a word"][smoothing] = [round(perplexity(*run[:2]), 1) for run in runs]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", help="default: ngram.json among the recorded runs")
    args = parser.parse_args()
    result = measure()
    print(result)
    checksums = {file.name: file.sha256 for name in SETS.values() for file in data.find(name).files}
    recorded.save("ngram", {**result, "provenance": recorded.provenance(data=checksums)}, args.out)


if __name__ == "__main__":
    main()
