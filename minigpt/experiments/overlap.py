"""What section 4 of the paper and its Figure 5 say, done again with what is at hand; planted copies; what it costs.

    minigpt data get wikitext-2    (and tinyshakespeare, moby-dick, hcandersen, tinystories-sample, lambada,
                                    gpt2-samples; if there: wikitext-103, enwik8, text8)
    python -m minigpt.experiments.overlap [--only PART ...]

Chapter 13. The parts are in PARTS; those that are not measured again stay as they were recorded.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from minigpt import data, paper, recorded
from minigpt.experiments.published import SETTINGS, texts_of
from minigpt.memorization import BloomFilter, Overlap, overlap
from minigpt.memorization.bloom import rows_for
from minigpt.memorization.compare import about_ngrams, count, fill, find
from minigpt.memorization.files import shorten
from minigpt.memorization.items import item_text
from minigpt.memorization.ngrams import find_ngrams, grouped, ngrams, normal_words
from minigpt.metrics import bootstrap_interval
from minigpt.tinyweb import SIZES, documents, load_model, tasks
from minigpt.tinyweb.web import WebPage, web

SEED = 0
RATE = 1e-8  # the paper's
EXACT = 20_000_000  # characters of training text of which all n-grams are kept as strings, to compare with
SETS = ("wikitext-2", "tinyshakespeare", "moby-dick", "hcandersen", "tinystories-sample", "lambada", "gpt2-samples")
BOOKS = {"plays": "tinyshakespeare", "novel": "moby-dick", "tales": "hcandersen", "stories": "tinystories-sample"}
_TITLE = re.compile(r"(?<=^ \n) = [^=].*[^=] = (?=\n \n)", re.MULTILINE)


def text_of(name: str, file: int = 0) -> str:
    return data.get(name)[file].read_text(encoding="utf-8")


def nine_tenths(name: str) -> tuple[list[str], list[str]]:
    """A book's first nine tenths, and the rest, each as one document."""
    text = text_of(name)
    cut = text.index("\n", len(text) * 9 // 10)
    return [text[:cut]], [text[cut:]]


def articles(text: str) -> list[str]:
    """The articles of a WikiText file, each with its title."""
    starts = [match.start() for match in _TITLE.finditer(text)]
    return [text[begin:end] for begin, end in zip(starts, [*starts[1:], len(text)])]


# ---- Table 6 ----


def table_6() -> dict:
    """The paper's table for the sets at hand. WikiText-2's training part is not: its validation part stands for it."""
    test, valid = (articles(text_of("wikitext-2", file)) for file in (0, 1))
    books = {name: nine_tenths(source) for name, source in BOOKS.items()}
    library = [piece for train, rest in books.values() for piece in (*train, *rest)]
    lambada = [json.loads(line)["text"] for line in text_of("lambada").splitlines()]
    pages = list(documents(10_000, SEED))
    pairs = {
        "WikiText-2 test in its validation part": (valid, test),
        "WikiText-2 test in four books": (library, test),
        "LAMBADA test in four books": (library, lambada),
        "LAMBADA test in WikiText-2": (valid + test, lambada),
        "tinyweb test in tinyweb train": (pages, list(documents(1000, SEED, "test"))),
        **{f"{name}: the last tenth in the rest": pair for name, pair in books.items()},
        **own_parts(),
    }
    return {
        "rows": {name: compared(*pair) for name, pair in pairs.items()},
        "paper": {row: dict(zip(paper.TABLE_6.columns, values)) for row, values in paper.TABLE_6.rows.items()},
    }


def own_parts() -> dict[str, tuple[list[str], list[str]]]:
    """More of the paper's sets, each in its own training or validation part, if `minigpt data get` has fetched them."""
    found = {}
    if data.present("wikitext-103"):
        found["WikiText-103 test in its validation part"] = (
            articles(text_of("wikitext-103", 1)), articles(text_of("wikitext-103")))  # fmt: skip
    for name in filter(data.present, ("enwik8", "text8")):
        text = data.get(name)[0].read_bytes()
        train, test = (part.decode(errors="ignore") for part in (text[: len(text) * 9 // 10], text[-(len(text) // 20) :]))
        found[f"{name}: the last 5 % in the first 90 %"] = ([train], [test])
    return found


def compared(train: list[str], test: list[str], n: int = 8) -> dict:
    """The overlap of two parts, by the filter and, unless they are large, by exact sets of strings."""
    found = overlap(train, test, n, RATE)
    exact = None
    if sum(map(len, train)) <= EXACT:
        known = {gram for text in train for gram in ngrams(text, n)}
        exact = sum(gram in known for text in test for gram in ngrams(text, n))
    with_any = [document for document in found.documents if document.found]
    return {
        "train_ngrams": count(train, n),
        **figures(found),
        "exact": exact,
        "documents_with_any": len(with_any),
        "runs": [{"document": name, "words": run.words, "text": shorten(run.text, 30)} for name, run in found.runs[:3]],
    }


def figures(found: Overlap) -> dict:
    return {
        "documents": len(found.documents), "too_short": len(found.short), "ngrams": found.ngrams, "found": found.found,
        "percent": round(100 * found.share, 2), "mean_percent": round(100 * found.mean_share, 2),
    }  # fmt: skip


# ---- The filter's error ----


def errors() -> dict:
    """The filter's error against its formula, and section 4's check with a million random strings."""
    dice = np.random.default_rng(SEED)
    numbers = lambda size: dice.integers(2**64, size=size, dtype=np.uint64)  # noqa: E731
    rows = []
    for rate in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6):
        known = BloomFilter(100_000, rate)
        for load in (0.5, 1.0, 1.5):
            known.add_hashes(numbers(50_000))
            asked = 10_000_000
            wrong = sum(int(known.find_hashes(numbers(10**6)).sum()) for _ in range(asked // 10**6))
            formula = (-np.expm1(load * 100_000 * np.log1p(-1 / known.row_bits))) ** known.n_rows
            rows.append({"promised": rate, "load": load, "asked": asked, "passed": wrong, "formula": float(formula),
                         "exceeded": known.exceeded})  # fmt: skip
    texts = [text_of(name) for name in ("wikitext-2", *BOOKS.values())]
    known = BloomFilter(count(texts), RATE, about_ngrams(8))
    fill(known, texts)
    words, dice = sorted({word for text in texts for word in normal_words(text)}), random.Random(SEED)
    strings = (" ".join(dice.choices(words, k=8)) for _ in range(1_000_000))
    return {
        "by_rate": rows,
        "random_strings": {
            "what": "1,000,000 strings of 8 words drawn from the texts' vocabulary, asked of a filter of all of them",
            "capacity": known.capacity, "keys": round(known.expected_keys()), "error_rate": RATE,
            "passed": int(known.contains(strings).sum()), "expected": 1_000_000 * known.expected_error(),
        },
    }  # fmt: skip


# ---- Figure 5 ----


def figure_5() -> dict:
    """Real text and GPT-2's own against the same real text, as far as the published files allow.

    The paper asks how much of the samples, and of the real texts that they follow, stands in WebText's training part,
    which nobody outside has. The files hold stretches of WebText's *test* part (contexts, about 256 tokens each; 375
    different ones, some of them several times) and what the 1.5B model wrote after them (completions), 500 by each of
    three settings. So the reference is what there is: a text's n-grams are looked up in the *other* contexts. It is a
    hundred thousand times smaller than WebText, and 8-grams are hardly ever found, so n = 5 and 3 stand beside 8. What
    of a completion stands in its *own* context is told apart.
    """
    files = {path.name: path for path in data.get("gpt2-samples")}
    groups = {name: texts_of(files[f"conditional{end}.txt"]) for name, end in SETTINGS.items()}
    contexts = list(dict.fromkeys(text for texts in groups.values() for text in texts[::2]))
    result: dict = {"contexts": len(contexts), "words_of_contexts": sum(len(normal_words(text)) for text in contexts)}
    for n in (8, 5, 3):
        real = Reference(contexts, n)
        part = {"real": spread(real.share_in_others(hashes, i) for i, hashes in enumerate(real.hashes))}
        for setting, texts in groups.items():
            owners = [contexts.index(text) for text in texts[::2]]
            pairs = list(zip(by_text(texts[1::2], n), owners))
            part[setting] = spread(real.share_in_others(hashes, own) for hashes, own in pairs)
            own_share = (share_of(np.isin(hashes, real.hashes[own])) for hashes, own in pairs)
            part[f"{setting}, in its own context"] = spread(own_share)
        result[f"n = {n}"] = part
    rows = paper.FIGURE_5.rows
    return {**result, "paper": {name: dict(zip(paper.FIGURE_5.columns, row)) for name, row in rows.items()}}


class Reference:
    """The n-grams of some texts, with the number of texts that each of them stands in."""

    def __init__(self, texts: list[str], n: int):
        self.hashes = by_text(texts, n)
        distinct = np.concatenate([np.unique(hashes) for hashes in self.hashes])
        self.seen, self.texts_with = np.unique(distinct, return_counts=True)

    def share_in_others(self, hashes: np.ndarray, own: int) -> float:
        """Of these n-grams, how many stand in a text other than number `own`; NaN if there are none."""
        at = np.minimum(np.searchsorted(self.seen, hashes), len(self.seen) - 1)
        texts_with = np.where(self.seen[at] == hashes, self.texts_with[at], 0)
        return share_of(texts_with > np.isin(hashes, self.hashes[own]))


def share_of(hits: np.ndarray) -> float:
    return float(hits.mean()) if len(hits) else float("nan")


def by_text(texts: list[str], n: int) -> list[np.ndarray]:
    """The hashes of the n-grams of each text."""
    found = [find_ngrams(group, n) for group in grouped(texts)]
    return [part for grams in found for part in np.split(grams.hashes(), np.cumsum(grams.counts)[:-1])]


def spread(shares: Iterable[float]) -> dict:
    """How shares, of 0 to 1, are spread over texts: those with none, the mean, and the figure's curve in per cent."""
    known = np.array([share for share in shares if share == share])
    levels = (0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
    low, high = bootstrap_interval(known, seed=SEED)
    return {
        "texts": len(known),
        "without_any": round(float((known == 0).mean()), 4),
        "mean_percent": round(100 * float(known.mean()), 3),
        "ci95": [round(100 * low, 3), round(100 * high, 3)],
        "quantiles_percent": {str(q): round(100 * float(np.quantile(known, q)), 3) for q in levels},
    }


# ---- Planted copies ----


def planted(pages: int = 1500) -> dict:
    """Which of tinyweb's copies n-grams find, at which cost in false alarms, and how far a copy may be altered."""
    first = [item.page for item in web(pages, SEED) if item.page]
    originals = {page.url: page.text for page in first if page.label == "article"}
    copies = [page for page in first if page.label in ("exact copy", "near copy") and page.copy_of in originals]
    others = [item.page.text for item in web(pages, SEED + 1) if item.page and item.page.label == "article"]
    distances = [word_distance(page, originals) for page in copies]
    result: dict = {"originals": len(originals), "copies": len(copies), "other_articles": len(others), "by_n": {}}
    for n in (3, 5, 8, 13):
        known = BloomFilter(count(originals.values(), n), RATE, about_ngrams(n))
        fill(known, originals.values(), n)
        of_copies, of_others = shares_found(known, [page.text for page in copies], n), shares_found(known, others, n)
        curve = [{"threshold": t / 100, **grades(of_copies, of_others, t / 100)} for t in range(1, 101)]
        best = max(curve, key=lambda row: row["f1"])
        result["by_n"][str(n)] = {
            "others_mean": round(float(np.mean(of_others)), 4),
            "best": best,
            "curve": curve,
            "by_distance": by_distance(distances, of_copies, best["threshold"]),
            "altered": altered(known, list(originals.values())[:200], n, best["threshold"]),
        }
    return result


def shares_found(known: BloomFilter, texts: list[str], n: int) -> list[float]:
    return [document.share for document in find(known, ((str(i), [text]) for i, text in enumerate(texts)), n)]


def grades(of_copies: list[float], of_others: list[float], threshold: float) -> dict:
    """Precision, recall and their harmonic mean if all texts of at least that share are called copies."""
    hits, alarms = (sum(share >= threshold for share in found) for found in (of_copies, of_others))
    precision, recall = hits / (hits + alarms) if hits + alarms else 1.0, hits / len(of_copies)
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def word_distance(page: WebPage, originals: dict[str, str]) -> float:
    """How many words of the original were changed, added or left out, as a share of its words."""
    one, other = normal_words(originals[page.copy_of]), normal_words(page.text)
    return edit_distance(one, other) / len(one)


def edit_distance(one: list[str], other: list[str]) -> int:
    """The fewest words to change, add or leave out that make one list the other (Levenshtein 1966).

    >>> edit_distance("a hen sat on it".split(), "the hen sat down on it".split())
    2
    """
    numbers = {word: i for i, word in enumerate({*one, *other})}
    columns = np.array([numbers[word] for word in other], dtype=np.int64)
    steps = np.arange(len(other) + 1)
    row = steps.copy()  # row[j]: from the words so far to the first j of the other
    for word in one:
        changed = row[:-1] + (columns != numbers[word])
        new = np.concatenate([[row[0] + 1], np.minimum(changed, row[1:] + 1)])
        row = np.minimum.accumulate(new - steps) + steps  # adding words from the left
    return int(row[-1])


def by_distance(distances: list[float], found: list[float], threshold: float) -> list[dict]:
    """How many copies are found, by how far they are from their originals."""
    edges = (0, 1e-9, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 10)
    rows = []
    for low, high in zip(edges, edges[1:]):
        inside = [share for distance, share in zip(distances, found) if low <= distance < high]
        if inside:
            recall = sum(share >= threshold for share in inside) / len(inside)
            rows.append({"from": low, "to": high, "copies": len(inside), "recall": round(recall, 4),
                         "mean_share": round(float(np.mean(inside)), 4)})  # fmt: skip
    return rows


def altered(known: BloomFilter, texts: list[str], n: int, threshold: float) -> list[dict]:
    """The same with a known share of words replaced, each by a word of its own, so that no n-gram with it is known."""
    dice, rows = random.Random(SEED), []
    for percent in (0, 1, 2, 5, 10, 15, 20, 25, 30, 40, 50):
        swap = lambda word: "xyzzy" if dice.random() < percent / 100 else word  # noqa: B023, E731
        changed = [" ".join(map(swap, normal_words(text))) for text in texts]
        found = shares_found(known, changed, n)
        rows.append({
            "percent": percent, "mean_share": round(float(np.mean(found)), 4),
            "formula": round((1 - percent / 100) ** n, 4),
            "recall": round(sum(share >= threshold for share in found) / len(found), 4),
        })  # fmt: skip
    return rows


# ---- What overlap does to a score ----


def scores(n_items: int = 400, pages: int = 50_000) -> dict:
    """Scores of tinyweb's models on all items of a task, and without those of which any 8-gram is in train."""
    from minigpt.experiments.abilities import SCORES, answers

    known = filter_of_pages(pages)
    made = {task: tasks.items(task, n_items) for task in tasks.TASKS}
    touched = {task: np.array(shares_found(known, [item_text(item) for item in items], 8)) for task, items in made.items()}
    models = {}
    for size in SIZES:
        model, tokenizer = load_model(size)
        models[size] = {
            task: with_and_without(
                np.array([SCORES[task](item, a) for item, a in zip(items, answers(model, tokenizer, task, items))]),
                touched[task],
            )
            for task, items in made.items()
        }
    return {"items": n_items, "train_pages": pages, "models": models}


def filter_of_pages(pages: int) -> BloomFilter:
    """A filter of the 8-grams of tinyweb's first pages."""
    train = list(documents(pages, SEED))
    known = BloomFilter(count(train), RATE, about_ngrams(8))
    fill(known, train)
    return known


def pronoun(n_items: int = 400, pages: int = 50_000) -> dict:
    """The pronoun task by which of its two readings has more of its 8-grams in the training text.

    Where it is the right one, the training text may have given the answer away. Where both have as many, what overlaps
    is what the readings share, and gives nothing away.
    """
    from minigpt.experiments.abilities import SCORES, answers

    known, items = filter_of_pages(pages), tasks.items("pronoun", n_items)
    wrong = [next(one for one in item.candidates if one != item.answer) for item in items]
    right_share = np.array(shares_found(known, [item_text(item) for item in items], 8))
    wrong_share = np.array(shares_found(known, [i.prompt + one + i.rest for i, one in zip(items, wrong)], 8))
    alike = right_share == wrong_share
    groups = {
        "more in the right one": right_share > wrong_share, "as much in both": alike & (right_share > 0),
        "more in the wrong one": right_share < wrong_share, "none in either": alike & (right_share == 0),
    }  # fmt: skip
    models = {}
    for size in SIZES:
        found = answers(*load_model(size), "pronoun", items)
        score = np.array([SCORES["pronoun"](item, answer) for item, answer in zip(items, found)])
        models[size] = {"all": _mean(score), **{name: _mean(score[group]) for name, group in groups.items()}}
    return {"items": n_items, "train_pages": pages, "models": models}


def with_and_without(score: np.ndarray, touched: np.ndarray) -> dict:
    """The mean score of all items, of those without any overlap and of those with some; and, as in a small world nearly
    all have some, of the third with the least and of the third with the most."""
    order = np.argsort(touched, kind="stable")
    third = len(order) // 3
    return {
        "all": _mean(score),
        "without": _mean(score[touched == 0]),
        "with": _mean(score[touched > 0]),
        "least_third": _mean(score[order[:third]]),
        "most_third": _mean(score[order[-third:]]),
        "mean_overlap": round(float(touched.mean()), 4),
    }


def _mean(score: np.ndarray) -> dict:
    if not len(score):
        return {"n": 0}
    low, high = bootstrap_interval(score, seed=SEED)
    return {"value": round(float(score.mean()), 4), "ci95": [round(low, 4), round(high, 4)], "n": len(score)}


# ---- What it costs ----


def cost(most: int = 100_000_000) -> dict:
    """Seconds to fill a filter and to ask it, by the number of n-grams; and what WebText's 40 GB would take.

    The text is real (WikiText-2 and the books), read again and again with its hashes changed each time, so that every
    n-gram is new and the filter fills as with new text.
    """
    texts = [text_of(name) for name in ("wikitext-2", *BOOKS.values())]
    pieces = [text[i : i + 2**16] for text in texts for i in range(0, len(text), 2**16)]
    batches = [pieces[i : i + 8] for i in range(0, len(pieces), 8)]
    fill_and_ask(1000, batches)  # what is made once is no n-gram's
    rows = []
    for size in (first * 10**zeros for zeros in range(4, 10) for first in (1, 3)):
        if size <= most:
            rows.append(fill_and_ask(size, batches))
            print(rows[-1], flush=True)
    last, characters = rows[-1], sum(map(len, pieces))
    words = sum(len(normal_words(piece)) for piece in pieces)
    webtext = paper.WEBTEXT["gigabytes"].value * 1e9 / (characters / words)
    n_rows, bits = rows_for(int(webtext), RATE)
    return {
        "rows": rows,
        "characters_a_word": round(characters / words, 3),
        "webtext": {
            "ngrams": float(f"{webtext:.3g}"), "filter_gigabytes": round(n_rows * bits / 8e9, 1),
            "fill_core_hours": round(webtext * last["fill_seconds"] / last["ngrams"] / 3600, 2),
            "ask_core_hours": round(webtext * last["ask_seconds"] / last["ngrams"] / 3600, 2),
        },
    }  # fmt: skip


def fill_and_ask(size: int, batches: list[list[str]]) -> dict:
    """Core seconds for that many n-grams, normalisation included; asked are the same ones, which takes longest."""
    known = BloomFilter(size, RATE)
    seconds = {}
    for what, work in (("fill", known.add_hashes), ("ask", known.find_hashes)):
        began, done, turn = time.process_time(), 0, 0
        while done < size:
            batch = batches[turn % len(batches)]
            hashes = np.concatenate([find_ngrams([piece], 8).hashes() for piece in batch])
            hashes = hashes[: size - done] ^ np.uint64((turn // len(batches)) * 0x9E3779B97F4A7C15 % 2**64)
            work(hashes)
            done, turn = done + len(hashes), turn + 1
        seconds[what] = time.process_time() - began
    return {
        "ngrams": size, "filter_megabytes": round(known.bits.nbytes / 1e6, 2),
        "fill_seconds": round(seconds["fill"], 3), "ask_seconds": round(seconds["ask"], 3),
    }  # fmt: skip


PARTS = {"table_6": table_6, "errors": errors, "figure_5": figure_5, "planted": planted, "pronoun": pronoun, "scores": scores,
         "cost": cost}  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--out", type=Path, help="default: overlap.json among the recorded runs")
    args = parser.parse_args(argv)
    out = args.out or recorded.results_dir() / "overlap.json"
    result = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
    checksums = {file.name: file.sha256 for name in SETS for file in data.find(name).files}
    for part in args.only or PARTS:
        result[part] = PARTS[part]()
        provenance = recorded.provenance(SEED, data=checksums)
        result["made"] = {**result.get("made", {}), part: {name: provenance[name] for name in ("commit", "date")}}
        result["provenance"] = provenance
        recorded.save("overlap", result, args.out)
        print(part, "done", flush=True)


if __name__ == "__main__":
    main()
