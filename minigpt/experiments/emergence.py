"""How abilities come while a model of tinyweb is trained: each of the models kept on the way is given the tasks. Chapter 01.

    python -m minigpt.experiments.emergence FOLDER ... [--items 96] [--every 2000] [--out FILE]

The recipes keep a model every thousand steps (`keep_every`). An ability that needs a new circuit, as copying a name
does, is absent for millions of tokens and then comes at once; one that is learned by heart comes gradually.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from minigpt import recorded
from minigpt.experiments.abilities import abilities
from minigpt.tinyweb import tasks
from minigpt.training import read_log


def curve(folder: Path, n: int, every: int) -> list[dict]:
    """The scores of each model that was kept, or of those of every so many steps, with the tokens that it had read."""
    tokens = {line["step"]: line["tokens"] for line in read_log(folder)}
    points = []
    for kept in sorted((folder / "steps").iterdir()):
        if int(kept.name) % every:
            continue
        scores = abilities(kept, n)
        points.append({"step": int(kept.name), "tokens": tokens[int(kept.name)], "scores": thinned(scores)})
        print(folder.name, int(kept.name), {task: scores[task]["value"] for task in tasks.TASKS}, flush=True)
    return points


def thinned(scores: dict) -> dict:
    """Value, interval and the rungs' values of each task."""
    return {
        task: {
            "value": found["value"],
            "ci95": found["ci95"],
            "rungs": {rung: part["value"] for rung, part in found["rungs"].items()},
        }
        for task, found in scores.items()
        if isinstance(found, dict)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="of runs with keep_every")
    parser.add_argument("--items", type=int, default=96, help="of each task")
    parser.add_argument("--every", type=int, default=2000, help="steps between two measurements")
    parser.add_argument("--out", help="default: emergence.json among the recorded runs")
    args = parser.parse_args()
    runs = {folder.name: curve(folder, args.items, args.every) for folder in args.folders}
    recorded.save("emergence", {"runs": runs, "items": args.items, "provenance": recorded.provenance(seed=0)}, args.out)


if __name__ == "__main__":
    main()
