"""What shortcuts reach on the real questions and the real translations that the paper tested on. Chapter 12.

    minigpt data get nq-open
    minigpt data get wmt14-fr-en
    python -m minigpt.experiments.nq_wmt [--limit 60]

No model is in these numbers: they say what a score has to be above before it means anything. The last part sends the
first questions and sentences through the smallest thing that can be called a model here, one of tinyweb that never
read a word of French or of the real world: its scores are no results, they prove that the path runs.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from minigpt import Tokenizer, data, recorded
from minigpt.cli import load_model
from minigpt.metrics import exact_match
from minigpt.zeroshot import make
from minigpt.zeroshot.questions import Question, most_frequent, question_type
from minigpt.zeroshot.run import evaluate
from minigpt.zeroshot.task import Reader, share
from minigpt.zeroshot.translation import Sentence, bleu, bleu_counts

MODEL = "tinyweb-2.8M"
ROUNDS = 5  # of expectation and maximization
MONTHS = "january february march april may june july august september october november december".split()
DATE = re.compile(rf"\b(?:{'|'.join(MONTHS)})\b|\b1\d\d\d\b|\b20\d\d\b", re.IGNORECASE)


# ---- Questions ----


def questions() -> dict:
    """Kinds of question and answer, and what the most frequent answers get right."""
    reader = Reader(Tokenizer.gpt2(), 1024)
    asked = make("nq").examples(reader, None)
    kinds = Counter(question_type(one.question) for one in asked)
    guesses = {
        "most frequent answer of all": [most_frequent_of(asked)] * len(asked),
        "most frequent answer of its type": most_frequent(asked),
        "the same, counted on the other half": counted_elsewhere(asked),
    }
    tokens = sorted(len(make("nq").requests(one, reader)[0].ids) for one in asked)
    return {
        "questions": len(asked),
        "by_type": {kind: round(n / len(asked), 4) for kind, n in kinds.most_common()},
        "answers_each": round(sum(len(one.answers) for one in asked) / len(asked), 2),
        "answer_with_a_date": share([any(DATE.search(answer) for answer in one.answers) for one in asked]),
        "asks_who": share([question_type(one.question) == "who" for one in asked]),
        "prompt_tokens": {"median": tokens[len(tokens) // 2], "most": tokens[-1]},
        "answer_of_type": dict(sorted({question_type(o.question): g for o, g in zip(asked, most_frequent(asked))}.items())),
        "shortcuts": {
            name: share([exact_match(guess, one.answers) for guess, one in zip(some, asked)])
            for name, some in guesses.items()
        },
    }  # fmt: skip


def most_frequent_of(asked: Sequence[Question]) -> str:
    """The answer that is right for most of these questions, the first in the alphabet of several."""
    counts = Counter(answer for one in asked for answer in set(one.answers))
    return min(counts, key=lambda answer: (-counts[answer], answer))


def counted_elsewhere(asked: Sequence[Question]) -> list[str]:
    """The most frequent answer of a question's type, counted on that half of the questions that it is not in."""
    best = []
    for half in (asked[::2], asked[1::2]):
        best.append({question_type(one.question): guess for one, guess in zip(half, most_frequent(half))})
    return [best[1 - i % 2].get(question_type(one.question), "") for i, one in enumerate(asked)]


# ---- Translations ----


def translations(name: str) -> dict:
    """BLEU of what needs no model: the source as it stands, another sentence's translation, a dictionary."""
    pairs = make(name).examples(Reader(Tokenizer.gpt2(), 1024), None)
    references = [one.reference for one in pairs]
    made = {
        "the source as it stands": [one.source for one in pairs],
        "the translation of another sentence": references[1:] + references[:1],
        "word by word, dictionary from the other half": by_dictionary(pairs),
    }
    tokens = sorted(len(make(name).requests(one, Reader(Tokenizer.gpt2(), 10**6))[0].ids) for one in pairs)
    return {
        "sentences": len(pairs),
        "prompt_tokens": {"median": tokens[len(tokens) // 2], "most": tokens[-1]},
        "bleu": {
            how: {split: bleu([bleu_counts(*both, split) for both in zip(texts, references)]) for split in splits(how)}
            for how, texts in made.items()
        },
        "example": {how: texts[0] for how, texts in made.items()} | {"reference": references[0]},
    }


def splits(how: str) -> tuple[str, ...]:
    """Ways to cut a text into words: all of sacrebleu's that fit, for the source; else its default."""
    return ("13a", "intl", "none") if how.startswith("the source") else ("13a",)


def by_dictionary(pairs: Sequence[Sentence]) -> list[str]:
    """Each word replaced by the likeliest one in a dictionary that was counted on the half that it is not in."""
    tables = [dictionary(half) for half in (pairs[::2], pairs[1::2])]
    return [
        " ".join(tables[1 - i % 2].get(word, word) for word in words(pair.source)) for i, pair in enumerate(pairs)
    ]


def words(text: str) -> list[str]:
    """Words and signs, capitals kept: names begin with one."""
    return re.findall(r"\w+|[^\w\s]", text)


def dictionary(pairs: Sequence[Sentence]) -> dict[str, str]:
    """The likeliest translation of each word by IBM's first model (Brown et al. 1993): any word may come of any."""
    split = [(words(pair.source), words(pair.reference)) for pair in pairs]
    table: dict[str, dict[str, float]] = {}
    for round_ in range(ROUNDS):
        counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for sources, targets in split:
            for target in targets:
                weights = [table[source][target] if round_ else 1.0 for source in sources]
                total = sum(weights)
                for source, weight in zip(sources, weights):
                    counts[source][target] += weight / total
        table = {}
        for source, found in counts.items():
            total = sum(found.values())
            table[source] = {target: count / total for target, count in found.items()}
    return {source: max(found, key=found.get) for source, found in table.items()}


# ---- The path ----


def path_runs(limit: int) -> dict:
    """What comes of sending the real sets through a model that knows nothing of them: proof that the path runs."""
    model, tokenizer = load_model(MODEL)
    tasks = [make(name) for name in ("nq", "wmt14-en-fr", "wmt14-fr-en")]
    with tempfile.TemporaryDirectory() as folder:
        result = evaluate(model, tokenizer, tasks, Path(folder) / "a.json", name=MODEL, limit=limit)
    how = result["provenance"]["tasks"]
    keep = ("protocol", "examples", "texts_cut", "seconds")
    heads = {"nq": "exact_match"}
    return {
        task: {"score": metrics[heads.get(task, "bleu")], **{key: how[task][key] for key in keep}}
        for task, metrics in result["tasks"].items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=60, help="examples of each set for the model")
    parser.add_argument("--out", help="default: nq_wmt.json among the recorded runs")
    args = parser.parse_args()
    result = {
        "nq": questions(),
        **{name: translations(name) for name in ("wmt14-en-fr", "wmt14-fr-en")},
        "path": {"model": MODEL, "tasks": path_runs(args.limit)},
    }
    checksums = {
        file.name: file.sha256 for name in ("nq-open", "wmt14-fr-en") for file in data.find(name).files
    }  # fmt: skip
    recorded.save("nq_wmt", {**result, "provenance": recorded.provenance(data=checksums)}, args.out)


if __name__ == "__main__":
    main()
