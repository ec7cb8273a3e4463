"""The whole path of the zero-shot tasks on real data, with models that never read a line of it: does it run, how long?

    MINIGPT_DATA=FOLDER python -m minigpt.experiments.realdata [--only PART ...] [--out FILE]

For the sets at hand (LAMBADA, WikiText-2, WSC273, Natural Questions, WMT14), each as a command in a process of its own:

    tinyweb      `minigpt eval tinyweb-2.8M`, whole sets but for two; on LAMBADA it is killed in the middle, and goes on
    124M         `minigpt eval` of a model of GPT-2's smallest shape with random weights, the first examples of each set
    reproduce    `minigpt reproduce` of every table and figure with that model in place of GPT-2

The scores are those of models that know no English. They are no results; they prove that the path runs. For CNN and
Daily Mail, which is not at hand, articles of WikiText-2 stand in, each with its own first lines as the summary.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from minigpt import GPT, GPTConfig, Tokenizer, data, recorded
from minigpt.zeroshot import kind
from minigpt.zeroshot.language import articles
from minigpt.zeroshot.reproduce import TARGETS
from minigpt.zeroshot.run import records_path

TASKS = ("lambada", "wsc273", "nq", "wikitext2", "wmt14-fr-en")
SETS = ("lambada", "winograd", "nq-open", "wikitext-2", "wmt14-fr-en")
MODEL = "tinyweb-2.8M"
PARTLY = {"wikitext2": 20, "wmt14-fr-en": 600}  # articles and sentences; all of them take minutes, not seconds
FEW = {"wikitext2": 1}  # articles, with 124M parameters on a CPU; of the other sets 20 examples
KILL_AT = 1500  # records of LAMBADA
STAND_IN = 2  # articles in place of CNN and Daily Mail's


def command(*words: str, env: dict | None = None, until: int = 0, records: Path | None = None) -> dict:
    """Runs `minigpt` with these words in a process of its own; with `until`, kills it once there are so many records."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([sys.executable, "-m", "minigpt", *words], stdout=said, stderr=said,
                                   env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **(env or {})})  # fmt: skip
        while until and process.poll() is None and lines(records) < until:
            time.sleep(0.2)
        if until:
            process.kill()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        told = said.read()
    if process.returncode and not until:
        raise OSError(f"minigpt {' '.join(words)} failed: {told.strip().splitlines()[-1]}")
    return {
        "seconds": round(time.perf_counter() - begun, 1), "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "megabytes": round(used.ru_maxrss / 1024), "told": told,
    }  # fmt: skip


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def evaluated(model: str, task: str, folder: Path, limit: int | None = None, kill_at: int = 0) -> dict:
    """One task by `minigpt eval`: its cost, and the numbers that it prints.

    With `kill_at` it is killed once there are so many records, and the command is given again: nothing that was kept
    is asked twice. The cost is that of both.
    """
    out = folder / f"{task}.json"
    words = ("eval", model, "--tasks", task, *(["--limit", str(limit)] if limit else []), "--out", str(out))
    killed = {}
    if kill_at:
        first = command(*words, until=kill_at, records=records_path(out))
        killed = {"kept": lines(records_path(out)) - 2}  # but for the lines of the model and of the protocol
    cost = command(*words)
    del cost["told"]
    if kill_at:
        cost = {name: round(cost[name] + first[name], 1) for name in ("seconds", "cpu_seconds")} | {
            "megabytes": max(cost["megabytes"], first["megabytes"])
        }
    result = json.loads(out.read_text(encoding="utf-8"))
    how = result["provenance"]["tasks"][task]
    metrics = {name: result["tasks"][task][name] for name in kind(task).headline if name in result["tasks"][task]}
    more = {name: how[name] for name in ("examples", "unit", "asked_now", "texts_cut", "fingerprint")}
    print(f"{task}: {more['examples']} {more['unit']}s, {cost['cpu_seconds']} s of CPU; {killed}", flush=True)
    return {"limit": limit, **more, **killed, **cost, "metrics": metrics}


def tinyweb(folder: Path) -> dict:
    kill_at = {"lambada": KILL_AT}
    return {task: evaluated(MODEL, task, folder, PARTLY.get(task), kill_at.get(task, 0)) for task in TASKS}


def random_124M(folder: Path) -> Path:
    """A model folder of GPT-2's smallest shape, with its tokenizer and random weights."""
    model = folder / "124M"
    if not model.exists():
        torch.manual_seed(0)
        GPT(GPTConfig.gpt2("124M")).save_pretrained(model)
        Tokenizer.gpt2().save(model)
    return model


def big(folder: Path) -> dict:
    model = random_124M(folder)
    return {task: evaluated(str(model), task, folder / "few", FEW.get(task, 20)) for task in TASKS}


def with_stand_in(folder: Path) -> Path:
    """A data folder of what is at hand, and in place of CNN and Daily Mail articles of WikiText-2."""
    made = folder / "data"
    made.mkdir(exist_ok=True)
    for name in SETS:
        path = data.get(name)[0].parent
        if not (made / path.name).exists():
            (made / path.name).symlink_to(path.resolve())
    pages = articles(data.get("wikitext-2")[0].read_text(encoding="utf-8"))[:STAND_IN]
    parts = [[line.strip() for line in page.splitlines() if len(line) > 100] for page in pages]
    stand_in = made / "cnn_dm" / "test.jsonl"
    stand_in.parent.mkdir(exist_ok=True)
    rows = [{"article": "\n".join(part), "highlights": part[0].split(" . ")[:3]} for part in parts]
    stand_in.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return made


def reproduce(folder: Path) -> dict:
    """Every table and figure by `minigpt reproduce`, with the random model in place of the weights."""
    model, found = random_124M(folder), {}
    env = {"MINIGPT_DATA": str(with_stand_in(folder)), "MINIGPT_CACHE": str(folder / "cache")}
    for target in TARGETS:
        out = folder / f"{target}.json"
        limit = FEW["wikitext2"] if target == "table3" else 2
        words = ("reproduce", target, "--size", "124M", "--model", str(model), "--limit", str(limit), "--out", str(out))
        cost = command(*words, env=env)
        told = cost.pop("told")
        result = json.loads(out.read_text(encoding="utf-8"))
        not_run = [line for line in told.splitlines() if "was not run: " in line]
        found[target] = {
            "limit": limit, **cost, "tasks": list(result["tasks"]),
            "not_run": [line.partition("minigpt: ")[2].partition(" was not run")[0] for line in not_run],
            "report": told[told.index("; GPT-2 124M") :].splitlines()[1:6],
        }  # fmt: skip
        print(target, {name: found[target][name] for name in ("tasks", "not_run", "cpu_seconds")}, flush=True)
    return found


PARTS = {"tinyweb": tinyweb, "124M": big, "reproduce": reproduce}


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--out", type=Path, help="default: realdata.json among the recorded runs")
    args = parser.parse_args(argv)
    out = args.out or recorded.results_dir() / "realdata.json"
    checksums = {file.name: file.sha256 for name in SETS for file in data.find(name).files}
    with tempfile.TemporaryDirectory() as folder:
        for part in args.only or PARTS:
            done = PARTS[part](Path(folder))
            result = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {}
            result |= {part: done}
            result["provenance"] = recorded.provenance(0, data=checksums)
            recorded.save("realdata", result, out)


if __name__ == "__main__":
    main()
