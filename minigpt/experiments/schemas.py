"""What the 273 Winograd schemas hold, and both scores of a model on them and on their switched half. Chapter 11.

    minigpt data get winograd winograd-labels
    python -m minigpt.experiments.schemas [MODEL] [--out FILE]

MODEL is what `minigpt eval` takes; without one it is tinyweb-2.8M, which never read English: its scores are no result,
they prove that the path runs. The labels are Trichelair's and others' (2018): in which schemas a candidate goes
together with the rest of the sentence by itself (associative), and in which the two candidates may change places
(switchable), with the switched sentence. Paper: section 3.4, Figure 3.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Sequence

from minigpt import data, recorded
from minigpt.cli import load_model
from minigpt.model import GPT
from minigpt.tokenizer import Tokenizer
from minigpt.zeroshot.scoring import score
from minigpt.zeroshot.task import Reader, share
from minigpt.zeroshot.winograd import SMALL, Schema, Wsc273


def key(*parts: str) -> str:
    """The letters of a sentence alone: the files differ in blanks, capitals and full stops."""
    return re.sub(r"[^a-z]", "", "".join(parts).lower())


def labels(schemas: Sequence[Schema]) -> tuple[list[bool], dict[int, Schema]]:
    """Which schemas are associative, and those that may be switched, switched: place -> schema.

    Raises:
        ValueError: a label's sentence is none of the schemas.
    """
    files = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in data.get("winograd-labels")}
    place = {key(schema.before, schema.rest): i for i, schema in enumerate(schemas)}

    def parts(sentence: str) -> tuple[str, str]:
        before, _, rest = sentence.partition("[")
        return " ".join(before.split()), " " + " ".join(rest.partition("]")[2].split())

    def placed(entry: dict) -> int:
        if (found := place.get(key(*parts(entry["sentence"])))) is None:
            raise ValueError(f"no schema reads {entry['sentence']!r}; get winograd and winograd-labels again")
        return found

    associative = [False] * len(schemas)
    for entry in files["WSC_associative_label.json"]:
        associative[placed(entry)] = bool(entry["is_associative"])
    switched = {}
    for entry in files["WSC_switched_label.json"]:
        if entry["is_switchable"]:
            schema = schemas[placed(entry)]
            before, rest = parts(entry["sentence_switched"])
            for name in (entry["answer0"], entry["answer1"]):
                if name.split()[0] not in SMALL + tuple(small.lower() for small in SMALL):
                    before = re.sub(rf"\b{re.escape(name.strip().lower())}\b", name.strip(), before)
            other = next(one for one in schema.candidates if one != schema.answer)
            rest = rest if rest[1] not in ".,;:!?" else rest[1:]
            switched[placed(entry)] = Schema(before, schema.candidates, rest, other)
    return associative, switched


def bare(candidate: str) -> str:
    """A candidate without what changes with its place: capitals, article, genitive."""
    return re.sub(r"^(the|a|an|my|his|her|their) |'s?$", "", candidate.strip().lower())


def twins(schemas: Sequence[Schema]) -> list[tuple[Schema, Schema]]:
    """The pairs of neighbours that have the same candidates and opposite answers."""
    pairs, i = [], 0
    while i + 1 < len(schemas):
        one, other = schemas[i], schemas[i + 1]
        same = [{bare(c) for c in schema.candidates} for schema in (one, other)]
        found = same[0] == same[1] and bare(one.answer) != bare(other.answer)
        pairs += [(one, other)] * found
        i += 1 + found
    return pairs


def first_named(schema: Schema) -> str | None:
    """The candidate that the sentence names first; None if it does not name both in so many words."""
    found = [schema.before.lower().find(bare(one)) for one in schema.candidates]
    return None if min(found) < 0 or found[0] == found[1] else schema.candidates[found[1] < found[0]]


def holdings(schemas: Sequence[Schema], associative: Sequence[bool], switchable: Sequence[int]) -> dict:
    """What there is to count in the file itself."""
    gpt2 = Tokenizer.gpt2()
    tokens = [[len(gpt2.encode(c)) for c in schema.candidates] for schema in schemas]
    longer = [schema.candidates[b > a] == schema.answer for schema, (a, b) in zip(schemas, tokens) if a != b]
    named = [(schema, first) for schema in schemas if (first := first_named(schema))]
    return {
        "schemas": len(schemas),
        "pairs of twins": len(twins(schemas)),
        "pairs that differ before the pronoun": sum(key(a.before) != key(b.before) for a, b in twins(schemas)),
        "nothing but a full stop after it": sum(schema.rest.strip() == "." for schema in schemas),
        "associative": sum(associative),
        "switchable": len(switchable),
        "both": sum(associative[i] for i in switchable),
        "tokens of a candidate": dict(sorted(Counter(n for pair in tokens for n in pair).items())),
        "candidates of unequal length": len(longer),
        "tokens of the rest": dict(sorted(Counter(len(gpt2.encode(schema.rest)) for schema in schemas).items())),
        "shortcuts": {
            "the first of the file": share([schema.answer == schema.candidates[0] for schema in schemas]),
            "the one named first": share([schema.answer == first for schema, first in named]),
            "the longer one": share(longer),
        },
    }


def choices(model: GPT, reader: Reader, task: Wsc273, schemas: Sequence[Schema]) -> list[dict]:
    """A record of each schema, as `minigpt eval` keeps them."""
    asked = [task.requests(schema, reader) for schema in schemas]
    return [task.record(*one, reader) for one in zip(schemas, asked, score(model, asked))]


def scores(records: Sequence[dict]) -> dict:
    return {how: share([one[how] == one["answer"] for one in records]) for how in ("partial", "full")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="tinyweb-2.8M")
    parser.add_argument("--out", help="default: schemas.json among the recorded runs")
    args = parser.parse_args()
    begun = time.perf_counter()
    model, tokenizer = load_model(args.model)
    task = Wsc273()
    reader = task.reader(tokenizer, model.config.block_size)
    schemas = task.examples(reader, None)
    associative, switched = labels(schemas)
    records = choices(model, reader, task, schemas)
    turned = dict(zip(switched, choices(model, reader, task, list(switched.values()))))
    result = {
        "file": holdings(schemas, associative, list(switched)),
        "model": args.model,
        "scores": {
            "all": scores(records),
            "associative": scores([one for one, marked in zip(records, associative) if marked]),
            "others": scores([one for one, marked in zip(records, associative) if not marked]),
            "switchable": scores([records[i] for i in switched]),
            "switched": scores(list(turned.values())),
        },
        # with the candidates in each other's place, the same answer is the other one
        "same answer when switched": {
            how: share([one[how] == records[i][how] for i, one in turned.items()]) for how in ("partial", "full")
        },
        "seconds": round(time.perf_counter() - begun, 1),
    }
    recorded.save("schemas", {**result, "provenance": recorded.provenance(seed=0)}, args.out)


if __name__ == "__main__":
    main()
