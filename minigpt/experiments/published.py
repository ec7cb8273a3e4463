"""How GPT-2's largest model repeats itself: OpenAI's published samples, counted. Chapter 08.

    minigpt data get gpt2-samples
    python -m minigpt.experiments.published

The samples were made by OpenAI with the 1.5B model: 500 each at temperature 1, at 0.7, and with top-k 40, from nothing
("unconditional"), and as many that go on from real pages of WebText's test set ("conditional"), which stand before them.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from minigpt import Tokenizer, data, recorded

N = 8  # tokens of a run
HEADER = re.compile(r"^=+ (?:SAMPLE|COMPLETION) \d+ =+\n", re.MULTILINE)
SETTINGS = {"temperature 1": "", "temperature 0.7": "-t07", "top-k 40": "-topk40"}
BINS = (1, 2, 3, 4, 5, 6, 7, 8)  # the last one stands for all that are larger


def texts_of(path: Path) -> list[str]:
    """The texts of a file of samples, in their order; of a conditional one, context and completion by turns."""
    return [text.strip("\n") for text in HEADER.split(path.read_text(encoding="utf-8"))[1:]]


def repeated(ids: Sequence[int], n: int = N) -> float:
    """Of all runs of n tokens in a text, the share that it has had before.

    >>> repeated([1, 2, 3, 1, 2, 3], n=2)
    0.4
    """
    runs = [tuple(ids[i : i + n]) for i in range(len(ids) - n + 1)]
    return 1 - len(set(runs)) / len(runs)


def continued(ids: Sequence[int], n: int = N) -> list[tuple[int, bool]]:
    """Wherever the last n tokens have stood before: how many times, and whether the next token is as the last time.

    >>> continued([1, 2, 3, 1, 2, 3, 1, 2, 4], n=2)
    [(1, True), (1, True), (1, True), (2, False)]
    """
    seen: dict[tuple[int, ...], list[int]] = defaultdict(list)
    found = []
    for i in range(n, len(ids)):
        before = seen[tuple(ids[i - n : i])]
        if before:
            found.append((len(before), ids[before[-1]] == ids[i]))
        before.append(i)
    return found


def measure(texts: Sequence[str], tokenizer: Tokenizer) -> dict:
    """What the chapter tells of a group of texts; shares are of 1."""
    tokens = [ids for text in texts if len(ids := tokenizer.encode(text, allow_special=True)) > N]
    shares = [repeated(ids) for ids in tokens]
    worst = tokens[shares.index(max(shares))]
    counts = {k: [0, 0] for k in BINS}
    for ids in tokens:
        for times, same in continued(ids):
            counts[min(times, BINS[-1])][0] += 1
            counts[min(times, BINS[-1])][1] += same
    return {
        "texts": len(tokens),
        "mean_tokens": round(sum(map(len, tokens)) / len(tokens)),
        "repeated": round(sum(shares) / len(shares), 4),
        "texts_with_a_fifth_repeated": round(sum(share > 0.2 for share in shares) / len(shares), 4),
        "most_repeated": {"share": round(max(shares), 4), "ends": tokenizer.decode(worst[-30:])},
        "places": {str(k): n for k, (n, _) in counts.items()},
        "continued": {str(k): round(same / n, 4) if n else None for k, (n, same) in counts.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", help="default: published.json among the recorded runs")
    args = parser.parse_args()
    files = {path.stem: path for path in data.get("gpt2-samples", print)}
    tokenizer = Tokenizer.gpt2()
    groups = {f"from nothing, {name}": texts_of(files[f"unconditional{end}"]) for name, end in SETTINGS.items()}
    for name, end in SETTINGS.items():
        groups[f"from a page, {name}"] = texts_of(files[f"conditional{end}"])[1::2]
    groups["real pages"] = [text for end in SETTINGS.values() for text in texts_of(files[f"conditional{end}"])[::2]]
    result = {name: measure(texts, tokenizer) for name, texts in groups.items()}
    for name, row in result.items():
        print(name, row, flush=True)
    checksums = {file.name: file.sha256 for file in data.find("gpt2-samples").files}
    recorded.save("published", {"n": N, "groups": result, "provenance": recorded.provenance(data=checksums)}, args.out)


if __name__ == "__main__":
    main()
