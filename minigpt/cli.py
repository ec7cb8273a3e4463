"""The command line: `minigpt train | sample | eval | reproduce | data | webtext | overlap | tokens | cost`.

Exit status: 0 done, 1 failed (or stopped by Ctrl-C), 2 used wrongly. An error is one line on standard error; with
MINIGPT_DEBUG=1 the traceback comes with it.
"""

from __future__ import annotations

import argparse
import codecs
import dataclasses
import difflib
import os
import sys
import textwrap
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from minigpt.errors import UsageError

DESCRIPTION = """\
Train small GPT-2s and write with them.

  minigpt train shakespeare-char --out runs/shakespeare    train a model on Shakespeare, letter by letter
  minigpt sample runs/shakespeare --prompt "ROMEO:"        let it write on
  minigpt sample tinyweb --prompt "The ferret"             the same with the model that comes with the package
  minigpt eval runs/a --tasks lambada --out lambada.json   what it can do that it was not trained for
  minigpt reproduce table3 --size 124M                     the paper's numbers, and ours beside them
  minigpt data list                                        texts that can be had by name
  minigpt webtext --tinyweb 2000 --out runs/web            a corpus from posts and web pages, filtered step by step
  minigpt overlap --train FILES --test FILES               how much of a test set stands in a training text
  minigpt tokens my_texts --out runs/tokens                any texts as token shards, by all cores
  minigpt cost gpt2-124M --gpus 8                          what a run will take, before it is begun

Each command explains itself: minigpt train --help
"""
TRAIN = """\
Train a model from scratch into a folder, or go on where a run ended.

  minigpt train shakespeare-char --out runs/a                      a preset, as it is
  minigpt train shakespeare-char --n_layer 6 --out runs/b          the same, but for one key
  minigpt train my.toml --data my_text.txt --out runs/c            a training file, your own text
  minigpt train --resume --out runs/a                              go on after Ctrl-C, a crash or a kill

  torchrun --standalone --nproc-per-node 8 -m minigpt train gpt2-124M --out runs/d --resume     by eight GPUs

A training file is TOML, one key a line, with the keys below. Presets:
{presets}.
The folder holds the model (minigpt sample runs/a), train.toml (all settings), log.jsonl (one line a step) and a
checkpoint. Ctrl-C ends the step, saves, and stops.
"""
SAMPLE = """\
Write on from a prompt, word by word as the model draws them.

  minigpt sample runs/a --prompt "ROMEO:"                          a model that you trained
  minigpt sample tinyweb-2.8M                                      one that comes with the package, from nothing
  minigpt sample hf:folder --prompt "In 2019," --top-k 40          a GPT-2 in Hugging Face's format
  minigpt sample runs/a --prompt "O" --temperature 0               always the most likely token; the same text each time
  minigpt sample runs/a --num-samples 3 --seed 1                   three texts, the same three each time

A text ends after --max-new-tokens, or where the model writes <|endoftext|>. It may grow longer than the model's
context; the model then sees the latest part of it only.
"""
EVAL = """\
What a model can do without being trained for it: the tasks of the paper, and their twins on tinyweb.

  minigpt eval tinyweb-2.8M --tasks tinyweb --out tiny.json            all tasks on tinyweb
  minigpt eval gpt2 --tasks lambada,wsc273 --out gpt2.json             a GPT-2 by name, two tasks of the paper
  minigpt eval hf:folder --tasks wikitext2 --limit 5 --out a.json      the first 5 articles
  minigpt eval gpt2 --tasks nq --option nq.pairs=0 --out b.json        another protocol
  minigpt eval --explain lambada                                       what is open in a task, and why it is as it is

{tasks}
results.json has each task's metrics with 95 % intervals; beside it lies a record of every example. A run that was
stopped or killed goes on where it was: give the same command again. Data comes from $MINIGPT_DATA, or is downloaded.
"""
REPRODUCE = """\
A table or figure of the paper again: paper, ours, 95 % interval, difference, and the protocol in words.

  minigpt reproduce table3 --size 124M                     language modeling, cloze, LAMBADA
  minigpt reproduce table4 --size 1558M                    summaries
  minigpt reproduce table5 --size 1558M                    the most confident answers
  minigpt reproduce figure1 --size 355M                    reading, translation, summaries, questions
  minigpt reproduce figure3 --size 774M                    Winograd schemas

Weights and data are downloaded if they are not here; a column whose data cannot be had says so, the others are run.
"""
DATA = """\
Texts and weights by name, downloaded once and checked against their sha256.

  minigpt data list                   what there is, under which licence, and whether it is here
  minigpt data list lambada           one of them: addresses, checksums, and what the paper did with it
  minigpt data get tinyshakespeare    bring it here and print where it is

MINIGPT_DATA names a folder of files that you have already (tinyshakespeare/input.txt, ... in it): what matches its
checksum is used from there. Downloads go to MINIGPT_CACHE, by default ~/.cache/minigpt. Where nobody published a
checksum, that of the first download is kept beside the file, and a later one must be the same.
"""
WEBTEXT = """\
Build a corpus as WebText was built: pages that people on Reddit linked to, filtered, each text once, as token shards.

  minigpt webtext --tinyweb 2000 --out runs/web                    the book's own small web: there the truth is known
  minigpt webtext --posts RS_2017-*.xz --out runs/links            the links alone: which pages would be needed
  minigpt webtext --posts RS_*.xz --pages *.warc.gz --out runs/a   all of it
  minigpt webtext --pages *.warc.gz --out runs/b                   every page of the archives, whoever linked to it
  minigpt webtext --tinyweb 2000 --skip near --out runs/c          what goes wrong without a step

Posts are Reddit's monthly dumps (JSON lines; .xz, .zst, .gz or plain), pages are WARC files. The steps, in order:
karma, outbound, links, pages, wikipedia, extract, language, heuristics, exact, near, tokens. Each writes a file in
DIR/steps; a run that was stopped or killed goes on after the last complete one: give the same command again.
DIR/funnel.json says what each step removed and why. DIR/tokens is for training:
minigpt train tinyweb-0.67M --data DIR/tokens --out runs/model
"""
OVERLAP = """\
How much of a test set stands in a training text: the share of its 8-grams, as in section 4 of the paper, and the words.

  minigpt overlap --train corpus/ --test test.txt --out overlap.json    each document, with its longest runs
  minigpt overlap --train *.jsonl.zst --test a.jsonl b.txt              several test sets, each on its own
  minigpt overlap --train corpus/ --filter corpus.bloom --test a.txt    keep the filter ...
  minigpt overlap --filter corpus.bloom --test b.txt                    ... and ask it again, without the corpus
  minigpt overlap --train corpus/ --scores gpt2.json                    scores with and without what is in the corpus
  minigpt overlap --tinyweb                                             the book's own tasks, against its own pages

An n-gram is n lower-case words of letters and digits, one space between. Files are text in UTF-8, a document each, or
JSON lines (.jsonl) with a "text" each; .gz, .bz2, .xz and .zst are unpacked; of a folder, all files count. Those of
--train are read twice. A filter takes 38 bits for each n-gram at the paper's error rate, and that is all the memory.
With --scores the examples of tasks that `minigpt eval` has run take the place of test sets: no model is asked again.
"""


TOKENS = """\
Token shards of any texts, made by all cores, for runs of a size at which training should not wait for its tokenizer.

  minigpt tokens my_texts --out runs/tokens                       every .txt in a folder (a text each), every .jsonl
  minigpt tokens c4/*.jsonl.gz --out runs/tokens                  JSON lines, a text each in the field "text"
  minigpt tokens runs/web/ray-*/whole --out runs/tokens           what minigpt.webtext.datatrove left on a cluster
  minigpt train gpt2-124M --data runs/tokens --out runs/model

The shards are the same for any number of processes. What a stopped run has done is not done again: give the same
command. Which texts are to validate on is decided by their hash.
"""
COST = """\
What a run will take: parameters, arithmetic, time, money, and memory, by calculation.

  minigpt cost gpt2-124M --gpus 8                                 on eight H100
  minigpt cost gpt2-1558M --gpu A100 --gpus 32 --utilization 0.5  another machine, better used
  minigpt cost gpt2-774M --batch_size 2 --recompute true          each key of a training file is an option
"""


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns the exit status."""
    _print_utf8()
    arguments = None
    try:
        arguments = make_parser().parse_args(argv)
        arguments.run(arguments)
        sys.stdout.flush()
        return 0
    except SystemExit as done:  # from argparse: --help is 0, a wrong option 2
        return int(done.code or 0)
    except BrokenPipeError:  # `minigpt sample ... | head`: the reader has enough, and that is no error
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return 1 if getattr(arguments, "command", None) == "train" else 0  # a run that lost its reader is not done
    except KeyboardInterrupt as stopped:
        return _fail(str(stopped) or "stopped", 1)
    except UsageError as error:
        return _fail(str(error), 2)
    except (ValueError, ArithmeticError, OSError) as error:
        return _fail(_one_sentence(error), 1)
    except MemoryError as error:
        return _fail(str(error) or "out of memory: take a smaller model, or a machine with more", 1)
    except RuntimeError as error:  # PyTorch's own, of which only the lack of memory is a user's matter
        if "out of memory" in str(error) or "can't allocate memory" in str(error):
            return _fail("out of memory: take a smaller model, or a machine with more", 1)
        raise


def make_parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="minigpt", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(
        dest="command", required=True, parser_class=_Parser,
        metavar="train | sample | eval | reproduce | data | webtext | overlap | tokens | cost",
    )
    _add_train(commands)
    _add_sample(commands)
    _add_eval(commands)
    _add_reproduce(commands)
    _add_data(commands)
    _add_webtext(commands)
    _add_overlap(commands)
    _add_tokens(commands)
    _add_cost(commands)
    return parser


def _add_train(commands) -> None:
    from minigpt.training.settings import Settings, preset_names

    train = commands.add_parser(
        "train", description=TRAIN.format(presets=textwrap.fill(", ".join(preset_names()), 100)), help="train a model",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minigpt train PRESET_OR_FILE.toml [--KEY VALUE ...] --out DIR [--resume]",
    )  # fmt: skip
    train.add_argument("source", nargs="?", metavar="PRESET_OR_FILE.toml", help="may be left out with --resume")
    train.add_argument("--out", required=True, metavar="DIR", help="the run's folder; must not hold another run")
    train.add_argument("--resume", action="store_true", help="go on where the run in DIR ended, with its settings")
    train.add_argument("--small", action="store_true", help="the run in miniature, a few steps, to try that all works")
    _add_keys(train)
    train.set_defaults(run=run_train)


def _add_keys(parser) -> None:
    from minigpt.training.settings import Settings

    keys = parser.add_argument_group("keys of a training file (default)")
    for f in dataclasses.fields(Settings):
        what = f"{f.metadata['what']} ({f.default})".replace("%", "%%")
        keys.add_argument(f"--{f.name}", metavar="X", default=None, help=what)


def _add_cost(commands) -> None:
    from minigpt.training.calculator import GPU_PRICES, UTILIZATION
    from minigpt.training.perf import GPU_PEAKS

    cost = commands.add_parser(
        "cost", description=COST, help="memory, time and money of a run",
        usage="minigpt cost PRESET_OR_FILE.toml [options]", formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    cost.add_argument("source", metavar="PRESET_OR_FILE.toml")
    cost.add_argument("--gpu", default="H100", metavar="G", help=f"{', '.join(GPU_PEAKS)} (H100)")
    cost.add_argument("--gpus", type=int, default=1, metavar="N", help="how many of them (1)")
    cost.add_argument(
        "--utilization", type=float, default=UTILIZATION, metavar="U",
        help=f"share of their peak that is made use of ({UTILIZATION}); the bar of `minigpt train` shows yours",
    )  # fmt: skip
    prices = ", ".join(f"{gpu} {price:g}" for gpu, price in GPU_PRICES.items())
    cost.add_argument("--price", type=float, metavar="D", help=f"dollars an hour of one ({prices})")
    _add_keys(cost)
    cost.set_defaults(run=run_cost)


def _add_tokens(commands) -> None:
    tokens = commands.add_parser(
        "tokens", description=TOKENS, help="token shards of any texts",
        usage="minigpt tokens FILES_OR_FOLDERS --out DIR [options]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    tokens.add_argument("inputs", nargs="+", metavar="FILE_OR_FOLDER", help=".txt, .jsonl, also .gz and .zst")
    tokens.add_argument("--out", required=True, metavar="DIR", help="a new folder, or that of a run to go on with")
    tokens.add_argument("--tokenizer", default="gpt2", metavar="T", help="gpt2 or a saved one (gpt2)")
    tokens.add_argument("--field", default="text", metavar="F", help="of a JSON line: where its text is (text)")
    tokens.add_argument(
        "--validation", type=float, default=0.005, metavar="S", help="share of the texts to validate on (0.005)"
    )
    tokens.add_argument("--processes", type=int, default=0, metavar="N", help="0: one a core (0)")
    tokens.set_defaults(run=run_tokens)


def _add_sample(commands) -> None:
    sample = commands.add_parser(
        "sample", description=SAMPLE, help="write with a model", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sample.add_argument(
        "model", metavar="MODEL", help="a folder, hf:FOLDER, tinyweb-0.25M to -2.8M, or gpt2, gpt2-medium, -large, -xl"
    )
    sample.add_argument("--prompt", metavar="TEXT", help="what to write on from (left out: the start of a new text)")
    sample.add_argument("--max-new-tokens", type=int, default=200, metavar="N", help="longest text to write (200)")
    sample.add_argument(
        "--temperature", type=float, default=1.0, metavar="T", help="below 1 tamer, above 1 wilder, 0 no chance (1)"
    )
    sample.add_argument(
        "--top-k", type=int, metavar="K", help="draw among the K most likely tokens only (the paper: 40)"
    )
    sample.add_argument(
        "--top-p", type=float, metavar="P", help="draw among the most likely that together have probability P"
    )
    sample.add_argument("--seed", type=int, metavar="S", help="the same seed gives the same text")
    sample.add_argument("--num-samples", type=int, default=1, metavar="M", help="how many texts (1)")
    sample.set_defaults(run=run_sample)


def _add_eval(commands) -> None:
    from minigpt.zeroshot import TASKS

    tasks = textwrap.fill(f"Tasks: {', '.join(TASKS)}.", 118, break_on_hyphens=False)
    evaluation = commands.add_parser(
        "eval", description=EVAL.format(tasks=tasks), help="the paper's tasks, zero-shot",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minigpt eval MODEL --tasks A,B [--limit N] --out results.json [options]",
    )  # fmt: skip
    evaluation.add_argument("model", metavar="MODEL", nargs="?", help="as for minigpt sample")
    evaluation.add_argument("--tasks", default="", metavar="A,B", help="one or more, with commas between them")
    evaluation.add_argument("--out", metavar="FILE", help="results.json; a run that ended goes on with it")
    evaluation.add_argument("--explain", metavar="TASK", help="print a task's protocol and options, and do nothing")
    _add_running(evaluation)
    evaluation.set_defaults(run=run_eval)


def _add_reproduce(commands) -> None:
    again = commands.add_parser(
        "reproduce", description=REPRODUCE, help="the paper's numbers again",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minigpt reproduce TARGET --size 124M [--limit N] [--out results.json] [options]",
    )  # fmt: skip
    again.add_argument("target", metavar="TARGET", help="table3, table4, table5, figure1 or figure3")
    again.add_argument("--size", default="124M", metavar="S", help="124M, 355M, 774M or 1558M (124M)")
    again.add_argument("--model", metavar="MODEL", help="weights of that size, if not the released ones")
    again.add_argument("--out", metavar="FILE", help="results (TARGET-SIZE.json); a run that ended goes on with it")
    _add_running(again)
    again.set_defaults(run=run_reproduce)


def _add_running(command) -> None:
    """The options that `eval` and `reproduce` share."""
    command.add_argument("--limit", type=int, metavar="N", help="the first N examples (documents) of each task only")
    command.add_argument("--option", action="append", default=[], metavar="TASK.OPTION=VALUE", help="another protocol")
    command.add_argument("--batch-tokens", type=int, default=4096, metavar="N", help="of a batch (4096; more on a GPU)")
    command.add_argument("--device", default="", metavar="D", help="cpu or cuda (cuda if there is one)")


def _add_data(commands) -> None:
    data = commands.add_parser(
        "data", description=DATA, help="texts by name", formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = data.add_subparsers(dest="action", required=True, metavar="list | get", parser_class=_Parser)
    show = actions.add_parser("list", help="show what there is")
    show.add_argument("name", nargs="?", metavar="NAME", help="everything about this one")
    show.set_defaults(run=run_data_list)
    get = actions.add_parser("get", help="bring one here")
    get.add_argument("name", metavar="NAME", help="as `minigpt data list` shows it")
    get.set_defaults(run=run_data_get)


def _add_webtext(commands) -> None:
    web = commands.add_parser(
        "webtext", description=WEBTEXT, help="a corpus from posts and pages",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minigpt webtext (--posts FILES --pages WARCS | --tinyweb N) --out DIR [options]",
    )  # fmt: skip
    web.add_argument("--posts", nargs="+", default=[], metavar="FILE", help="dumps of Reddit's submissions")
    web.add_argument("--pages", nargs="+", default=[], metavar="FILE", help="WARC files")
    web.add_argument("--tinyweb", type=int, default=0, metavar="N", help="N pages of the book's own small web instead")
    web.add_argument("--seed", type=int, default=0, metavar="S", help="of tinyweb (0)")
    web.add_argument("--out", required=True, metavar="DIR", help="a new folder, or that of a run to go on with")
    web.add_argument("--min-karma", type=int, default=3, metavar="K", help="least karma of a post (the paper: 3)")
    web.add_argument(
        "--near", type=float, default=0.5, metavar="X", help="share in common from which two texts are one (0.5)"
    )
    web.add_argument("--skip", nargs="+", default=[], metavar="STEP",
                     help="steps to leave out: karma, wikipedia, language, heuristics, exact, near")  # fmt: skip
    web.add_argument(
        "--tokenizer", default="gpt2", metavar="T", help="gpt2, bpe (learned from the corpus), or a saved one (gpt2)"
    )
    web.add_argument("--vocab-size", type=int, default=4096, metavar="V", help="of bpe, in tokens (4096)")
    web.set_defaults(run=run_webtext)


def _add_overlap(commands) -> None:
    overlap = commands.add_parser(
        "overlap", description=OVERLAP, help="test text in training text",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="minigpt overlap (--train FILES | --filter FILE) (--test FILES | --scores FILE) [options], or --tinyweb",
    )  # fmt: skip
    overlap.add_argument("--train", nargs="+", metavar="FILE", help="the training text: files and folders")
    overlap.add_argument("--test", nargs="+", metavar="FILE", help="the test sets: files and folders")
    overlap.add_argument("--scores", metavar="FILE", help="results.json of minigpt eval, in place of test sets")
    overlap.add_argument("--tasks", metavar="A,B", help="of --scores; all of them, if none is named")
    overlap.add_argument("--n", type=int, default=8, metavar="N", help="words of an n-gram (8)")
    overlap.add_argument("--error-rate", type=float, metavar="P",
                         help="how likely an n-gram that is not in the training text passes (1e-8)")  # fmt: skip
    overlap.add_argument("--filter", metavar="FILE", help="where to keep the filter; without --train, the one to take")
    overlap.add_argument("--processes", type=int, metavar="P", help="that share the work (all cores)")
    overlap.add_argument("--out", metavar="FILE", help="JSON with all that was found in each document")
    overlap.add_argument("--tinyweb", nargs="?", type=int, const=10_000, metavar="PAGES",
                         help="items of the book's tasks against so many of its training pages (10000)")  # fmt: skip
    overlap.set_defaults(run=run_overlap)


def changes_of(arguments: argparse.Namespace) -> dict[str, str]:
    """The keys of a training file that are given as options."""
    from minigpt.training.settings import Settings

    changes = {f.name: getattr(arguments, f.name) for f in dataclasses.fields(Settings)}
    return {name: value for name, value in changes.items() if value is not None}


def run_train(arguments: argparse.Namespace) -> None:
    from minigpt.training.checkpoint import SETTINGS
    from minigpt.training.settings import MINIATURE, load_settings

    if not arguments.out:
        raise UsageError("--out is empty; give the name of a new folder")
    changes, source = changes_of(arguments), arguments.source
    if source is None:
        source = Path(arguments.out) / SETTINGS
        if not arguments.resume or not source.is_file():
            raise UsageError(
                f"there is no run to resume in {arguments.out}: name a preset or a training file"
                if arguments.resume else "name a preset or a training file; `minigpt train --help` shows them"
            )  # fmt: skip
    settings = load_settings(source, {**MINIATURE, **changes} if arguments.small else changes)
    run = _train(settings, arguments.out, arguments.resume)
    if os.environ.get("RANK", "0") != "0":
        return  # of several processes, the first tells
    val = "" if run.val_loss is None else f", validation loss {run.val_loss:.4f}"
    print(f"{run.steps:,} steps, loss {run.loss:.4f}{val} nats a token; write with it: minigpt sample {run.out}")


def _train(settings, out: str, resume: bool):
    """Trains, alone or, under torchrun, as one of several; lack of memory ends in what to change."""
    from minigpt.training import calculator

    together = all(name in os.environ for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))  # so torchrun says
    try:
        if together:
            from minigpt.training.distributed import train_together as train
        else:
            from minigpt.training.loop import train
        if not together and (warning := calculator.too_little_memory(settings)):
            print(warning, file=sys.stderr)  # a system that ends what asks for too much does so without a word
        return train(settings, out, resume=resume)
    except (MemoryError, RuntimeError) as error:
        if not calculator.is_out_of_memory(error) or "out of memory: " in str(error):
            raise
        raise MemoryError(calculator.out_of_memory(settings)) from error


def run_cost(arguments: argparse.Namespace) -> None:
    from minigpt.training.calculator import table
    from minigpt.training.settings import load_settings

    a = arguments
    print(table(load_settings(a.source, changes_of(a)), a.gpu, a.gpus, a.utilization, a.price))


def run_tokens(arguments: argparse.Namespace) -> None:
    from minigpt.training.tokens import make_tokens

    a = arguments
    counts = make_tokens(
        a.inputs, a.out, tokenizer=a.tokenizer, field=a.field, validation=a.validation, processes=a.processes,
        report=lambda line: print(line, file=sys.stderr, flush=True),
    )  # fmt: skip
    print(
        f"{counts['documents']:,} texts; {counts['train']:,} tokens to train on and {counts['val']:,} to validate on, "
        f"in {a.out}; train on them: minigpt train PRESET --data {a.out} --out DIR"
    )


def run_sample(arguments: argparse.Namespace) -> None:
    a = arguments
    _check_sampling(a)
    a.prompt = a.prompt and as_utf8(a.prompt)
    from minigpt.sampling import stream

    model, tokenizer = load_model(a.model)
    ids = encode_prompt(a.prompt, tokenizer)
    for number in range(a.num_samples):
        if a.num_samples > 1:
            print(f"{'' if number == 0 else chr(10)}=== {number + 1} of {a.num_samples} ===")
        seed = None if a.seed is None else a.seed + number
        tokens = stream(model, ids, a.max_new_tokens, a.temperature, a.top_k, a.top_p, seed)
        print(a.prompt or "", end="", flush=True)
        for text in decode_stream(until(tokens, tokenizer.eot), tokenizer):
            print(text, end="", flush=True)
        print()


def _check_sampling(a: argparse.Namespace) -> None:
    if a.prompt == "":
        raise UsageError("the prompt is empty; give some text, or leave --prompt out to start a new text")
    for name, wrong, words in (
        ("temperature", not 0 <= a.temperature < float("inf"), "a number of at least 0"),
        ("top-k", a.top_k is not None and a.top_k < 1, "at least 1"),
        ("top-p", a.top_p is not None and not 0 < a.top_p <= 1, "above 0 and at most 1"),
        ("max-new-tokens", a.max_new_tokens < 0, "at least 0"),
        ("num-samples", a.num_samples < 1, "at least 1"),
        ("seed", a.seed is not None and not 0 <= a.seed < 2**63, "from 0 to 2^63 - 1"),
    ):
        if wrong:
            raise UsageError(f"--{name} must be {words}, not {getattr(a, name.replace('-', '_'))}")


def run_eval(arguments: argparse.Namespace) -> None:
    from minigpt.zeroshot import run

    a = arguments
    if a.explain:
        print(run.explain(a.explain))
        return
    for name, given in (("MODEL", a.model), ("--tasks", a.tasks), ("--out", a.out)):
        if not given:
            raise UsageError(f"{name} is missing: minigpt eval MODEL --tasks A,B --out results.json")
    tasks = run.parse_tasks(a.tasks, a.option)  # before the model is loaded: a typing error is told at once
    result = _evaluate(a, a.model, tasks, a.out)
    print(run.table(result, [task.name for task in tasks]).lstrip("\n"))


def run_reproduce(arguments: argparse.Namespace) -> None:
    from minigpt.zeroshot import reproduce, run

    a = arguments
    tasks = run.parse_tasks(",".join(reproduce.task_names(a.target)), a.option)
    size, out = reproduce.size_of(a.size), a.out or f"{a.target}-{a.size}.json"
    result = _evaluate(a, a.model or size.hugging_face, tasks, out, size.parameters)
    print(reproduce.report(a.target, a.size, result, a.limit))
    if a.target == "table5" and "nq" in result["tasks"]:
        print(f"\n{reproduce.confident_answers(run.read_records(out, 'nq')[: a.limit])}")


def _evaluate(a: argparse.Namespace, name: str, tasks: list, out: str, parameters: int = 0) -> dict:
    """Loads a model and runs tasks; with `parameters`, a task whose data is missing is told and left out."""
    import torch

    from minigpt.zeroshot.run import evaluate

    if a.batch_tokens < 1:
        raise UsageError(f"--batch-tokens must be at least 1, not {a.batch_tokens}")
    device = a.device or ("cuda" if torch.cuda.is_available() else "cpu")
    known = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not known.get(device.partition(":")[0]):
        raise UsageError(f"--device {device} is not to be had here; leave it out")
    model, tokenizer = load_model(name)
    if parameters and model.config.n_params != parameters:
        raise ValueError(f"{name} has {model.config.n_params:,} parameters, and this size {parameters:,}; set --size")
    told = (lambda line: print(f"minigpt: {line}", file=sys.stderr)) if parameters else None
    return evaluate(
        model.to(device), tokenizer, tasks, out, name=name, limit=a.limit, batch_tokens=a.batch_tokens, report=told
    )  # fmt: skip


def as_utf8(argument: str) -> str:
    """An argument of the command line, read as UTF-8 also where the system's own encoding has no such characters."""
    try:
        argument.encode("utf-8")
        return argument
    except UnicodeEncodeError:  # bytes that Python could not read are in it as lone surrogates
        try:
            return os.fsencode(argument).decode("utf-8")
        except ValueError:
            raise ValueError(
                "the prompt is not UTF-8 text (it came as lone surrogates); type it in a terminal set to UTF-8"
            ) from None


def load_model(name: str):
    """A model and its tokenizer by what MODEL names on the command line.

    Raises:
        FileNotFoundError, ValueError, OSError: there is none, or its files are broken; see `GPT.from_pretrained`.
    """
    from minigpt.model import GPT
    from minigpt.pretrained import find_model
    from minigpt.tinyweb import MODEL_FOLDER
    from minigpt.tokenizer import FILE_NAME, Tokenizer

    folder = find_model(name)
    model = GPT.from_pretrained(folder)
    if folder.parent == MODEL_FOLDER:  # the models that ship share one tokenizer
        tokenizer = Tokenizer.load(MODEL_FOLDER)
    elif (folder / FILE_NAME).is_file():
        tokenizer = Tokenizer.load(folder)
    elif model.config.vocab_size == 50257:
        tokenizer = Tokenizer.gpt2()
    else:
        raise FileNotFoundError(
            f"{folder} has no {FILE_NAME}, and its vocabulary of {model.config.vocab_size} is not GPT-2's"
        )
    if tokenizer.vocab_size != model.config.vocab_size:
        raise ValueError(
            f"{folder}: the tokenizer has {tokenizer.vocab_size} tokens and the model {model.config.vocab_size}; "
            "they are not of one run, use the folder of one"
        )
    return model, tokenizer


def encode_prompt(prompt: str | None, tokenizer) -> list[int]:
    """The prompt's tokens; without one, the token with which a text starts."""
    if prompt is not None:
        return tokenizer.encode(prompt)
    if tokenizer.eot is not None:
        return [tokenizer.eot]
    if "\n" in tokenizer.characters:
        return tokenizer.encode("\n")
    raise UsageError("this model has no token with which a text starts; give it a --prompt")


def until(tokens: Iterable[int], last: int | None) -> Iterator[int]:
    """The tokens before the first `last`."""
    for token in tokens:
        if token == last:
            return
        yield token


def decode_stream(tokens: Iterable[int], tokenizer) -> Iterator[str]:
    """The text of tokens as they come. A token may end within a character: its bytes wait for the rest."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for token in tokens:
        if text := decoder.decode(tokenizer.token_bytes(token)):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def run_data_list(arguments: argparse.Namespace) -> None:
    from minigpt import data

    if arguments.name:
        print(data.describe(arguments.name))
        return
    rows = [("name", "MB", "here", "licence", "what")]
    for entry in data.REGISTRY.values():
        size = sum(file.size for file in entry.downloads) / 1e6
        what = entry.what if entry.train else f"{entry.what} ({entry.use})"
        rows.append((entry.name, f"{size:.1f}", "yes" if data.present(entry.name) else "no", entry.licence, what))
    rows.append(("tinyweb", "-", "yes", "MIT", "the book's small world, written by the package itself"))
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[4]]))


def run_data_get(arguments: argparse.Namespace) -> None:
    from minigpt import data

    if arguments.name == "tinyweb":
        print("tinyweb is written by the package itself, with nothing to download: minigpt train tinyweb-0.67M --out DIR")
        return
    for path in data.get(arguments.name, report=lambda line: print(line, file=sys.stderr)):
        print(path)


def run_webtext(arguments: argparse.Namespace) -> None:
    from minigpt.webtext import truth
    from minigpt.webtext.build import build
    from minigpt.webtext.pipeline import Settings

    a = arguments
    try:
        built = build(
            a.out, a.posts, a.pages, tinyweb=a.tinyweb, seed=a.seed, tokenizer=a.tokenizer, vocab_size=a.vocab_size,
            settings=Settings(min_karma=a.min_karma, near=a.near, skip=tuple(a.skip)),
            report=lambda line: print(line, file=sys.stderr, flush=True),
        )  # fmt: skip
    except ModuleNotFoundError as error:
        raise ValueError(f"the library {error.name} is missing; install minigpt again, with what it needs") from error
    print(built.funnel.table())
    if built.scores:
        print(f"\nAgainst the truth, which tinyweb knows:\n{truth.table(built.scores)}")
        words = truth.extraction(Path(a.out), Path(a.out) / "tinyweb" / truth.TRUTH)
        print(f"words of the articles extracted: precision {words['precision']:.2f}, recall {words['recall']:.2f}")
    if built.tokens:
        t = built.tokens
        print(
            f"\n{t['documents']:,} texts, {t['bytes'] / 1e6:.2f} MB; {t['train']:,} tokens to train on and "
            f"{t['val']:,} to validate on, in {Path(a.out) / 'tokens'}"
        )


def run_overlap(arguments: argparse.Namespace) -> None:
    from minigpt import recorded
    from minigpt.memorization import files, items
    from minigpt.memorization.parallel import cores

    a = arguments
    if a.tinyweb is not None:
        if a.train or a.test or a.scores or a.filter or a.processes or a.tinyweb < 1:
            raise UsageError("--tinyweb takes a number of pages from 1, and no files: the package writes its own text")
        found = items.task_overlap(a.tinyweb, n=a.n, error_rate=1e-8 if a.error_rate is None else a.error_rate)
        print(items.table(found))
        result = {"n": a.n, "tests": {task: files.to_dict(one) for task, one in found.items()}}
    elif bool(a.test) == bool(a.scores):
        raise UsageError("name the test sets with --test, or a results file of `minigpt eval` with --scores")
    elif a.tasks and not a.scores:
        raise UsageError("--tasks are those of a results file; name it with --scores")
    else:
        processes = cores() if a.processes is None else a.processes
        how = {"n": a.n, "error_rate": a.error_rate, "saved": a.filter, "processes": processes}
        if a.scores:
            known, result = _compare_scores(a, how)
        else:
            compared = files.compare_files(a.train, a.test, **how)
            print(files.table(compared))
            known, result = compared.known, compared.to_dict()
        if warning := known.warning():
            print(f"minigpt: {warning}", file=sys.stderr)
    if a.out:
        recorded.save("overlap", {**result, "provenance": recorded.provenance()}, a.out)


def _compare_scores(a: argparse.Namespace, how: dict):
    """The filter, and what is found of the scores that --scores names."""
    from minigpt.memorization import files, scores

    names = scores.chosen_tasks(a.scores, a.tasks)  # before the training text is read
    known = files.training_filter(a.train, **how)[0]
    compared = [scores.compare_scores(known, a.scores, name, a.n) for name in names]
    print("\n\n".join(map(scores.table, compared)))
    return known, {"n": a.n, "scores": a.scores, "tasks": {one.task: one.to_dict() for one in compared}}


class _Parser(argparse.ArgumentParser):
    """argparse with one-line errors, no abbreviated options, and the nearest name where an option is unknown."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: --"):
            wrong = message.split(": ", 1)[1].split()[0].split("=")[0]
            near = difflib.get_close_matches(wrong.replace("-", "_"), self._known(), n=1, cutoff=0.1)
            real = {option.replace("-", "_"): option for option in self._options()}
            message = f"there is no option {wrong}" + (f"; did you mean {real[near[0]]}?" if near else "")
        self.exit(2, f"minigpt: {message} ({self.prog} --help explains)\n")

    def parse_known_args(self, args=None, namespace=None):
        namespace, rest = super().parse_known_args(args, namespace)
        if (
            rest
            and any(action.dest == "run" or action.option_strings for action in self._actions)
            and not self._subparsers
        ):
            self.error(
                f"unrecognized arguments: {' '.join(rest)}"
            )  # here and not in the parent, which knows no options
        return namespace, rest

    def _options(self) -> list[str]:
        return [option for action in self._actions for option in action.option_strings]

    def _known(self) -> list[str]:
        return [option.replace("-", "_") for option in self._options()]


def _one_sentence(error: Exception) -> str:
    """The message of an error, also of the operating system's, which come with a number and a name."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        hint = {28: "; free some space", 13: "; check its permissions"}.get(error.errno, "")
        return f"{where}{error.strerror[0].lower()}{error.strerror[1:]}{hint}"
    return " ".join(str(error).split()) or type(error).__name__


def _fail(message: str, status: int) -> int:
    rank = os.environ.get("RANK", "0")
    if rank != "0":  # of several processes that torchrun started; mostly they fail of the same, and the first tells
        time.sleep(3)
        message = f"process {rank}: {message}"
    if os.environ.get("MINIGPT_DEBUG") == "1":
        traceback.print_exc()
    print(f"minigpt: {' '.join(message.split())}", file=sys.stderr)
    return status


def _print_utf8() -> None:
    """Chinese and emoji print also where the system's own encoding has none; what cannot be shown becomes '?'.

    Where a stream is closed (`>&-`, or a Windows program without a console) what is printed to it goes nowhere.
    """
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
