"""What can be said of LAMBADA's 5,153 passages without a model, and the whole path run with a small one. Chapter 10.

    minigpt data get lambada
    python -m minigpt.experiments.cloze

The small model is one of tinyweb; it never saw real English, so that its scores only prove that the path runs.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from minigpt import Tokenizer, data, recorded, tinyweb
from minigpt.zeroshot import make
from minigpt.zeroshot.lambada import STOP_WORDS, Passage
from minigpt.zeroshot.run import evaluate
from minigpt.zeroshot.task import Reader, share

NAME = re.compile(r"(?<=[a-z,;] )[A-Z]\w+")  # a capital where no sentence begins
WORD = re.compile(r"\w+(?:['’]\w+)*")

# When is the answer among the words before it? It depends on what a word is.
OCCURS: dict[str, Callable[[str, str], bool]] = {
    "words with their apostrophes": lambda before, word: word in WORD.findall(before),
    "runs of letters and digits": lambda before, word: word in re.findall(r"\w+", before),
    "the same, capitals ignored": lambda before, word: word.lower() in re.findall(r"\w+", before.lower()),
    "any place in the text": lambda before, word: word in before,
}


def names(before: str) -> list[str]:
    return NAME.findall(before)


def content(before: str) -> list[str]:
    """The words that are no stop words, in small letters."""
    return [word for word in map(str.lower, WORD.findall(before)) if word not in STOP_WORDS]


def commonest(words: Sequence[str]) -> str:
    """The most frequent of them, of equal ones the first."""
    return max(words, key=Counter(words).__getitem__, default="")


SHORTCUTS: dict[str, Callable[[str], str]] = {
    "first name": lambda before: next(iter(names(before)), ""),
    "last name": lambda before: next(reversed(names(before)), ""),
    "most frequent name": lambda before: commonest(names(before)),
    "most frequent name, of equal ones the last": lambda before: commonest(names(before)[::-1]),
    "first word": lambda before: next(iter(content(before)), ""),
    "last word": lambda before: next(reversed(content(before)), ""),
    "most frequent word": lambda before: commonest(content(before)),
}


def without_a_model(passages: Sequence[Passage], tokenizer: Tokenizer) -> dict:
    """Counts of the answers, and the shares that shortcuts get right (capitals ignored)."""
    pairs = [(before, answer.removeprefix(" ")) for before, answer in passages]
    answers = Counter(word.lower() for _, word in pairs)
    (most, _), = answers.most_common(1)
    lengths = Counter(len(tokenizer.encode(" " + word)) for _, word in pairs)
    random = [content(before).count(word.lower()) / max(1, len(content(before))) for before, word in pairs]
    return {
        "passages": len(pairs),
        "answers_by_tokens": {str(n): lengths[n] for n in sorted(lengths)},
        "stop_words": sum(word.lower() in STOP_WORDS for _, word in pairs),
        "with_a_capital": sum(word[0].isupper() for _, word in pairs),
        "no_plain_words": [word for _, word in pairs if not re.fullmatch(r"\w+", word)],
        "different_answers": len(answers),
        "tokens_before": round(sum(len(tokenizer.encode(before)) for before, _ in pairs) / len(pairs), 1),
        "occurs": {name: share([float(test(*pair)) for pair in pairs]) for name, test in OCCURS.items()},
        "shortcuts": {
            "most frequent answer of all": share([float(word.lower() == most) for _, word in pairs]) | {"answer": most},
            "random word (expected)": {"value": round(sum(random) / len(random), 6)},
            **{
                name: share([float(rule(before).lower() == word.lower()) for before, word in pairs])
                for name, rule in SHORTCUTS.items()
            },
        },
        "names_only": {
            name: share([float(SHORTCUTS[name](before) == word) for before, word in pairs if word[0].isupper()])
            for name in ("first name", "most frequent name")
        },
    }  # fmt: skip


def path(limit: int | None) -> dict:
    """All rungs and texts with one of tinyweb's models, as `minigpt eval` runs them."""
    model, tokenizer = tinyweb.load_model()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results.json"
        result = evaluate(model, tokenizer, [make("lambada")], out, name=f"tinyweb-{tinyweb.DEFAULT_SIZE}", limit=limit)
    how = result["provenance"]["tasks"]["lambada"]
    return {"model": result["model"], "metrics": result["tasks"]["lambada"], "how": how}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, help="the first so many passages only")
    parser.add_argument("--out", help="default: cloze.json among the recorded runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    gpt2 = Tokenizer.gpt2()
    passages = make("lambada").examples(Reader(gpt2, 1024), args.limit)
    counts = without_a_model(passages, gpt2)
    for name, value in counts.items():
        print(name, value, flush=True)
    ladder = path(args.limit)
    for name, value in ladder["metrics"].items():
        print(name, value, flush=True)
    checksums = {file.name: file.sha256 for file in data.find("lambada").files}
    provenance = recorded.provenance(limit=args.limit, data=checksums)
    recorded.save("cloze", {"lambada": counts, "path": ladder, "provenance": provenance}, args.out)


if __name__ == "__main__":
    main()
