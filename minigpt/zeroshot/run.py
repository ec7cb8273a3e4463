"""From tasks to a results file: batches, progress, a record of every example, and what a kill leaves is gone on with.

Beside `results.json` lies `results.records.jsonl`, to which a line is added for each finished example. A second run
with the same file takes what is there, if it was made by the same model and by the same protocol, and asks only for
the rest.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import os
import textwrap
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from minigpt.data import DownloadError
from minigpt.errors import UsageError
from minigpt.lock import Locked, locked
from minigpt.model import GPT
from minigpt.recorded import provenance, write_atomic
from minigpt.tokenizer import Tokenizer
from minigpt.zeroshot import TINYWEB, kind, make
from minigpt.zeroshot.scoring import BATCH_TOKENS, Prompt, score, write
from minigpt.zeroshot.task import Task

AT_ONCE = 512  # examples that are turned into tokens together
PORTION = 4  # batches that are recorded together: what a kill may cost


class Records:
    """The file of records: a first line about the model, one about each task's protocol, one for each example.

    Args:
        path: made if it is not there; a last line that a kill cut short is taken off.
        about: of the model; must be the same as in the file.

    Raises:
        ValueError: the file is of another model, or is no file of records.
    """

    def __init__(self, path: Path, about: dict) -> None:
        self.path, self.done, self.protocols = path, {}, {}
        if not path.exists() or not self._read():
            path.parent.mkdir(parents=True, exist_ok=True)
            self.about = about
            write_atomic(path, json.dumps({"model": about}) + "\n")
        if self.about != about:
            differ = [key for key in about if about[key] != self.about.get(key)]
            raise ValueError(f"{path} holds results of another model (other {', '.join(differ)}); give another --out")

    def _read(self) -> bool:
        """Takes in what the file holds, if that is anything, and cuts off a line that was not finished."""
        with open(self.path, "rb+") as file:
            data = file.read()
            whole = data[: data.rfind(b"\n") + 1]
            if len(whole) < len(data):
                file.truncate(len(whole))
        try:
            lines = [json.loads(line) for line in whole.decode().splitlines()]
            if lines:
                self.about = lines[0]["model"]
            for line in lines[1:]:
                if "protocol" in line:
                    self.protocols[line["task"]] = line["protocol"]
                else:
                    self.done[line["task"], line["id"]] = line
        except (ValueError, KeyError, TypeError):
            raise ValueError(f"{self.path} is no file of records; move it away, or give another --out") from None
        return bool(lines)

    def begin(self, task: Task) -> None:
        """Notes a task's choices; ValueError if the file has that task with others."""
        chosen = json.loads(json.dumps(task.choice))
        if task.name not in self.protocols:
            self.protocols[task.name] = chosen
            self._append([{"task": task.name, "protocol": chosen}])
        before = self.protocols[task.name]
        if before != chosen:
            name = next(name for name in {**chosen, **before} if chosen.get(name) != before.get(name))
            raise ValueError(
                f"{self.path} holds {task.name} by another protocol: {name} was {before.get(name)!r} there and is "
                f"{chosen.get(name)!r} now; give another --out"
            )

    def get(self, task: Task, number: int, key: str) -> dict | None:
        """The record of an example, if there is one that was asked in exactly this way."""
        line = self.done.get((task.name, number))
        return line["record"] if line and line["key"] == key else None

    def add(self, task: Task, found: Iterable[tuple[int, str, dict]]) -> None:
        """Adds records: (number, key, record) each."""
        self._append([{"task": task.name, "id": i, "key": key, "record": record} for i, key, record in found])

    def _append(self, lines: list[dict]) -> None:
        with open(self.path, "a", encoding="utf-8") as file:
            file.write("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def weights_hash(model: GPT) -> str:
    """A hash of all weights, the same in whatever file they came."""
    digest = hashlib.sha256(repr(dataclasses.asdict(model.config)).encode())
    for name, tensor in sorted(model.named_parameters()):
        digest.update(name.encode() + tensor.detach().float().cpu().numpy().tobytes())
    return digest.hexdigest()[:16]


def run_task(
    task: Task, model: GPT, tokenizer: Tokenizer, records: Records, limit: int | None, batch_tokens: int, bar: Any
) -> dict:
    """The metrics of a task, and how they came about."""
    begun = time.perf_counter()
    reader = task.reader(tokenizer, model.config.block_size)
    examples = task.examples(reader, limit)
    if not examples:
        raise ValueError(f"{task.name} has no example")
    records.begin(task)
    progress = bar(total=len(examples), desc=task.name, unit=task.unit)
    kept, asked_now, fingerprint = [], 0, hashlib.sha256()
    for at in range(0, len(examples), AT_ONCE):
        some = range(at, min(at + AT_ONCE, len(examples)))
        asked = {i: task.requests(examples[i], reader) for i in some}
        keys = {i: _key(examples[i], asked[i]) for i in some}
        fingerprint.update("".join(keys.values()).encode())
        found = {i: records.get(task, i, keys[i]) for i in some}
        progress.update(sum(record is not None for record in found.values()))
        missing = {i: asked[i] for i in some if found[i] is None}
        for numbers in _portions(task, examples, missing, PORTION * batch_tokens):
            got = answers(task, model, tokenizer, [asked[i] for i in numbers], batch_tokens)
            new = [(i, keys[i], task.record(examples[i], asked[i], one, reader)) for i, one in zip(numbers, got)]
            records.add(task, new)
            found |= {i: record for i, _, record in new}
            asked_now += len(new)
            progress.update(len(new))
        kept += [found[i] for i in some]
    progress.close()
    how = {
        "protocol": task.protocol(), "options": task.choice, "examples": len(examples), "unit": task.unit,
        "texts_cut": reader.cut,
        "fingerprint": fingerprint.hexdigest()[:16],  # of all that was asked: the data, its tokens, the protocol
        "asked_now": asked_now, "seconds": round(time.perf_counter() - begun, 1),
    }  # fmt: skip
    return {"metrics": task.metrics(examples, kept), "how": how}


def _key(example: Any, asked: Sequence) -> str:
    """Changes with anything that a record depends on, but for the model and the choices, which the file's head has."""
    return hashlib.sha256(repr((example, asked)).encode()).hexdigest()[:16]


def _portions(task: Task, examples: Sequence, asked: dict[int, list], most: int) -> Iterator[list[int]]:
    """Examples in portions of like length and of at most so many tokens, that are asked together and then recorded."""
    alike = defaultdict(list)
    for i in asked:
        alike[task.together(examples[i])].append(i)
    for some in alike.values():
        portion: list[int] = []
        tokens = 0
        for i in sorted(some, key=lambda i: -len(asked[i][0].ids)):
            here = sum(len(one.ids) for one in asked[i])
            if portion and tokens + here > most:
                yield portion
                portion, tokens = [], 0
            portion.append(i)
            tokens += here
        yield portion


def records_path(out: str | os.PathLike) -> Path:
    """Where the records of a results file are."""
    return Path(out).with_name(f"{Path(out).stem}.records.jsonl")


def _read_results(out: Path) -> dict:
    try:
        result = json.loads(out.read_text(encoding="utf-8"))
        if isinstance(result["tasks"], dict) and isinstance(result["provenance"]["tasks"], dict):
            return result
    except (ValueError, KeyError, TypeError):
        pass
    raise ValueError(f"{out} is no file of results; move it away, or give another --out")


def read_records(out: str | os.PathLike, task: str) -> list[dict]:
    """The records of a task beside a results file, in the order of its examples."""
    lines = [json.loads(line) for line in records_path(out).read_text(encoding="utf-8").splitlines()]
    found = {line["id"]: line["record"] for line in lines if line.get("task") == task and "id" in line}
    return [found[i] for i in sorted(found)]


def answers(task: Task, model: GPT, tokenizer: Tokenizer, asked: list[list], batch_tokens: int) -> list[list]:
    """What the model answers to the requests of some examples.

    The rows of one example begin alike (its choices), and so may the prompts of all of them (the pairs shown).
    """
    if not isinstance(asked[0][0], Prompt):
        return score(model, asked, task.banned(tokenizer), batch_tokens)
    written = iter(write(model, tokenizer, [[prompt for prompts in asked for prompt in prompts]], batch_tokens)[0])
    return [[next(written) for _ in prompts] for prompts in asked]


def evaluate(
    model: GPT,
    tokenizer: Tokenizer,
    tasks: Sequence[Task],
    out: str | os.PathLike,
    *,
    name: str = "model",
    limit: int | None = None,
    batch_tokens: int = BATCH_TOKENS,
    progress: bool = True,
    report: Callable[[str], None] | None = None,
) -> dict:
    """Runs tasks and writes what came out to `out`, after each task; returns the same.

    Args:
        name: of the model, as results.json shall have it.
        limit: the first so many examples of each task only.
        batch_tokens: of a batch, its padding included; more is faster on a GPU.
        report: is called with a sentence for each task that could not be run for lack of its data; without it, such a
            task is an error.

    Raises:
        FileNotFoundError, DownloadError: data is missing.
        ValueError: data is broken; or `out` holds results of another model or protocol.
    """
    from tqdm import tqdm

    out = Path(out)
    if limit is not None and limit < 1:
        raise UsageError(f"--limit must be at least 1, not {limit}")
    if tokenizer.vocab_size != model.config.vocab_size:
        raise ValueError(
            f"the tokenizer has {tokenizer.vocab_size} tokens and the model {model.config.vocab_size}; "
            "take the tokenizer that it was trained with"
        )
    bar = functools.partial(tqdm, disable=not progress, dynamic_ncols=True)
    about = {"weights": weights_hash(model), "n_params": model.config.n_params,
             "block_size": model.config.block_size, "vocab_size": model.config.vocab_size}  # fmt: skip
    if out.exists() and not records_path(out).exists():
        raise ValueError(f"{out} is there, but its records {records_path(out).name} are not; give another --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with locked(out.with_name(f".{out.name}.lock")):
            records = Records(records_path(out), about)
            result = _read_results(out) if out.exists() else {"model": name, "tasks": {}}
            how = result.get("provenance", {}).get("tasks", {})
            for task in tasks:
                try:
                    done = run_task(task, model, tokenizer, records, limit, batch_tokens, bar)
                except (FileNotFoundError, DownloadError) as error:
                    if report is None:
                        raise
                    report(f"{task.name} was not run: {error}")
                    continue
                result["tasks"][task.name], how[task.name] = done["metrics"], done["how"]
                result["provenance"] = provenance(weights=about["weights"], limit=limit, tasks=how)
                write_atomic(out, json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    except Locked:
        raise ValueError(f"another process writes to {out} just now; wait for it, or give another --out") from None
    return result


# ---- The command line's words ----


def parse_tasks(names: str, options: Sequence[str] = ()) -> list[Task]:
    """Tasks from "lambada,wsc273" ("tinyweb" are all of its), and their choices from "lambada.texts=raw,newline".

    Raises:
        UsageError: a name is none, or comes twice; an option is not of the form TASK.OPTION=VALUE or of no task named.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    wanted = [one for name in wanted for one in (TINYWEB if name == "tinyweb" else (name,))]
    if not wanted:
        raise UsageError("--tasks names no task; `minigpt eval --help` lists them")
    if twice := next((name for name in wanted if wanted.count(name) > 1), None):
        raise UsageError(f"--tasks names {twice} twice; name each task once")
    chosen: dict[str, dict[str, str]] = {name: {} for name in wanted if kind(name)}
    for option in options:
        place, equals, value = option.partition("=")
        task, dot, name = place.rpartition(".")
        if not (equals and dot and value):
            raise UsageError(f"--option must be TASK.OPTION=VALUE, not {option!r}")
        if task not in chosen:
            raise UsageError(f"--option {option}: {task} is not among the tasks {', '.join(chosen)}")
        chosen[task][name] = value
    return [make(name, **options) for name, options in chosen.items()]


def explain(name: str) -> str:
    """A task with its choices, their defaults and the reasons for them, to be printed."""
    task = kind(name)
    lines = [f"{name}: {task.what} ({task.paper})", " ".join((task.__doc__ or "").split())]
    lines += ["", f"Protocol: {task.recipe}."]
    for option in task.options:
        default = ",".join(map(str, option.default)) if isinstance(option.default, tuple) else option.default
        values = "".join(f"\n      {value}: {words}" for value, words in option.choices.items())
        lines += ["", f"  {name}.{option.name} ({default})", f"      {option.why}{values}"]
    return "\n".join(lines)


def table(result: dict, names: Iterable[str]) -> str:
    """The headline numbers of tasks, with their intervals and protocols, to be printed."""
    lines = []
    for name in names:
        if name not in result["tasks"]:
            continue
        metrics, how = result["tasks"][name], result["provenance"]["tasks"][name]
        lines += ["", f"{name} ({how['examples']:,} {how['unit']}s, {how['seconds']:,.0f} s)"]
        for metric in kind(name).headline:
            if metric in metrics:
                low, high = metrics[metric]["ci95"]
                lines.append(f"  {metric:<44} {metrics[metric]['value']:>12,.4f}   [{low:,.4f}, {high:,.4f}]")
        lines.append(textwrap.fill(f"{how['protocol']}.", 110, initial_indent="  ", subsequent_indent="  "))
    return "\n".join(lines)
