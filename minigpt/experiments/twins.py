"""Every task's twin on tinyweb by size of the model, beside its shortcuts: the paper's Figure 1 on a laptop.

    python -m minigpt.experiments.twins [FOLDER ...] [--items 400] [--seeds 3] [--out FILE]

Without folders it takes the models that ship. Folders of models of one shape are one size, trained with several seeds.
The items, too, are drawn with several seeds. Recorded of a metric: its mean, the value of each seed (of a model, then
of items), and the interval of all items together as far as they are shares, else from the lowest to the highest end.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from minigpt import recorded
from minigpt.cli import load_model
from minigpt.metrics import wilson_interval
from minigpt.tinyweb import SIZES
from minigpt.zeroshot import TINYWEB, make
from minigpt.zeroshot.run import evaluate


def measure(name: str, items: int, seeds: int) -> tuple[str, list[dict]]:
    """The size of a model in words, and its metrics by task, for each seed of items."""
    model, tokenizer = load_model(name)
    found = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            tasks = [make(task, seed=seed) for task in TINYWEB]
            result = evaluate(model, tokenizer, tasks, Path(folder) / "a.json", name=name, limit=items)
        found.append(result["tasks"])
    return f"{model.config.n_params / 1e6:.2g}M", found


def together(runs: list[dict]) -> dict:
    """One metric of several seeds as one: mean, interval, values."""
    values = [run["value"] for run in runs]
    lows, highs = zip(*(run["ci95"] for run in runs))
    low, high, n = min(lows), max(highs), sum(run["n"] for run in runs)
    hits = [run["value"] * run["n"] for run in runs]
    if all(0 <= value <= 1 for value in values) and all(abs(hit - round(hit)) < 1e-3 for hit in hits):
        low, high = wilson_interval(round(sum(hits)), n)
    return {
        "value": round(sum(values) / len(values), 4), "ci95": [round(low, 4), round(high, 4)], "n": n,
        "seeds": [round(value, 4) for value in values],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="folders of trained models; without them, those that ship")
    parser.add_argument("--items", type=int, default=400, help="of each task and seed")
    parser.add_argument("--seeds", type=int, default=3, help="of items")
    parser.add_argument("--out", help="default: twins.json among the recorded runs")
    args = parser.parse_args()
    sizes: dict[str, list[dict]] = {}
    for name in args.models or [f"tinyweb-{size}" for size in SIZES]:
        size, found = measure(name, args.items, args.seeds)
        sizes.setdefault(size, []).extend(found)
    scores = {
        size: {
            task: {metric: together([run[task][metric] for run in runs]) for metric in runs[0][task]}
            for task in TINYWEB
        }
        for size, runs in sizes.items()
    }
    result = {"sizes": scores, "items": args.items, "item_seeds": args.seeds}
    recorded.save("twins", {**result, "provenance": recorded.provenance(seed=0)}, args.out)


if __name__ == "__main__":
    main()
