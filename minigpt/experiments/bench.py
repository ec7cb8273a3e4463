"""The speeds that the book promises, each measured against another program in one run. `make bench`

    python -m minigpt.experiments.bench [--only ROW ...] [--nanogpt FOLDER] [--quick]

Ours and the other are measured in turn, A B A B ..., so that whatever else the machine does meets both; a ratio is the
median over these pairs, with the lowest and the highest. The results are written to book/results/bench.json; rows that
are not measured again stay as they were recorded. The loops are watched from outside, by a hook on the optimizer's
step, so it is nanoGPT's own train.py that runs. It comes from --nanogpt, or is cloned from its repository.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from minigpt import GPT, GPTConfig, Tokenizer, data, generate, recorded
from minigpt.experiments.loops import NotMeasured, fetch_nanogpt, nanogpt_loop, our_loop, products_of_a_step
from minigpt.memorization import BloomFilter
from minigpt.memorization.compare import fill, find
from minigpt.training.perf import flops_per_token
from minigpt.webtext.dedup import normal_words

SHAPE = {"n_layer": 6, "n_head": 6, "n_embd": 384, "block_size": 256, "batch_size": 12}
SMALL_SHAPE = {"n_layer": 4, "n_head": 4, "n_embd": 128, "block_size": 64, "batch_size": 12}
GPT2_SHAPE = {"n_layer": 12, "n_head": 12, "n_embd": 768, "block_size": 1024, "batch_size": 2}
QUICK_SHAPE = {"n_layer": 1, "n_head": 2, "n_embd": 16, "block_size": 16, "batch_size": 4}
TARGET_LOSS = 1.88
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass
class Bench:
    """What the rows share: how much to do, and nanoGPT, fetched when it is first asked for."""

    quick: bool
    nanogpt_folder: Path | None
    scratch: Path
    versions: dict[str, str] = field(default_factory=dict)

    def rounds(self, wanted: int) -> int:
        return 1 if self.quick else wanted

    def nanogpt(self) -> Path:
        """A copy of nanoGPT with its data, made when it is first asked for."""
        copy = self.scratch / "nanoGPT"
        if not copy.exists():
            self.versions["nanoGPT"] = fetch_nanogpt(copy, self.nanogpt_folder)
        return copy


# ---- How it is measured ----------------------------------------------------------------------------------------------


def alternate(rounds: int, **sides: Callable[[], Any]) -> dict[str, list]:
    """Calls the sides in turn, `rounds` times each; returns what they measured, round by round."""
    measured: dict[str, list] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            measured[name].append(measure())
    return measured


def compared(ours: list[float], theirs: list[float], digits: int = 3) -> dict:
    """The medians of both, and the ratio of each pair: median, lowest, highest."""
    ratios = sorted(a / b for a, b in zip(ours, theirs))
    return {
        "ours": significant(statistics.median(ours)),
        "theirs": significant(statistics.median(theirs)),
        "ratio": round(statistics.median(ratios), digits),
        "ratio_range": [round(ratios[0], digits), round(ratios[-1], digits)],
        "rounds": {"ours": [significant(a) for a in ours], "theirs": [significant(b) for b in theirs]},
    }


def significant(value: float) -> float:
    return float(f"{value:.4g}")


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_a_process(what: str, cwd: Path | None = None, env: dict[str, str] | None = None, **arguments: Any) -> Any:
    """Runs `CHILDREN[what](**arguments)` in a fresh interpreter, and returns what it returns."""
    command = [sys.executable, "-m", "minigpt.experiments.bench", "--child", what, json.dumps(arguments)]
    paths = [str(Path(__file__).resolve().parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **(env or {})}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMeasured(f"{what} with {arguments} failed: {(done.stderr.strip() or 'no message').splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


# ---- The rows --------------------------------------------------------------------------------------------------------


def time_to_loss(bench: Bench) -> dict:
    """Seconds of training until the loss on the whole validation text is TARGET_LOSS."""
    folder = bench.nanogpt()
    clock = {"steps": 20 if bench.quick else 2001, "every": 10 if bench.quick else 25, "until": TARGET_LOSS}
    recipe = [
        "config/train_shakespeare_char.py", "--compile=False", "--max_iters=2000", "--lr_decay_iters=2000",
        *(f"--{key}={value}" for key, value in SMALL_SHAPE.items()),
    ]  # fmt: skip
    seeds = iter(range(100))
    quiet = {"eval_every": "0", "save_every": "0"}
    runs = alternate(
        bench.rounds(3),
        ours=lambda: in_a_process(
            "our_loop", clock=clock, preset="shakespeare-char", settings={**quiet, "seed": str(next(seeds))}
        ),
        theirs=lambda: in_a_process("nanogpt_loop", folder, clock=clock, arguments=recipe),
    )
    ends = {side: [run["losses"][-1] for run in found] for side, found in runs.items()}
    return {
        **compared(*([seconds for _, seconds, _ in ends[side]] for side in ("ours", "theirs"))),
        "steps": {side: [step for step, _, _ in found] for side, found in ends.items()},
        "last_loss": {side: [loss for _, _, loss in found] for side, found in ends.items()},
        "curves": {side: found[0]["losses"] for side, found in runs.items()},  # step, seconds, loss
    }


def training_speed(bench: Bench, tokenizer: str, shape: dict[str, int] = SHAPE) -> dict:
    """Tokens a second of both loops, as they are on a CPU (theirs without torch.compile).

    Of `SHAPE` with torch.compile, too. Of GPT-2's by one thread and in its own seconds, for a step takes so long that no
    machine is quiet meanwhile; and with the share of the peak.
    """
    folder, full = bench.nanogpt(), shape is GPT2_SHAPE
    shape = QUICK_SHAPE if bench.quick else shape
    tokens = shape["batch_size"] * shape["block_size"]  # a step
    clock = {"steps": 2 if full else 6 if bench.quick else 12 if tokenizer == "char" else 6}
    dataset = {"char": "shakespeare_char", "gpt2": "shakespeare"}[tokenizer]
    arguments = ["config/train_shakespeare_char.py", f"--dataset={dataset}", *(f"--{k}={v}" for k, v in shape.items())]
    settings = {**shape, "data": "tinyshakespeare", "tokenizer": tokenizer, "max_steps": 5000}

    def ours(**more) -> float:
        return speed(in_a_process("our_loop", env=env, clock=clock, settings={**settings, **more}))

    def theirs(compiled: bool) -> float:
        more = [*arguments, f"--compile={compiled}"]
        return speed(in_a_process("nanogpt_loop", folder, env=env, clock=clock, arguments=more))

    def speed(run: dict) -> float:
        return tokens / (min(run["cpu"]) if full else statistics.median(run["times"][1:]))

    env = ONE_THREAD if full else None
    found = alternate(
        bench.rounds(2 if full else 5), ours=lambda: ours(compile="false"), theirs=lambda: theirs(False)
    )
    compiled = {"ours_compiled": lambda: ours(compile="true"), "theirs_compiled": lambda: theirs(True)}
    half = {"ours_bfloat16": lambda: ours(compile="false", dtype="bfloat16")}
    more = alternate(bench.rounds(1 if full else 2), **({} if full else compiled), **half)
    vocab_size = {"char": 65, "gpt2": 50257}[tokenizer]
    result = compared(found["ours"], found["theirs"])
    result["others"] = {name: significant(statistics.median(values)) for name, values in more.items()}
    if full:
        return {**result, **shares_of_peak(shape, vocab_size, result)}
    products = tokens / products_of_a_step(tokens, vocab_size, shape["n_layer"], shape["n_embd"])
    return {
        **result,
        "products_alone": significant(products),  # tokens/s if all but the weights' products took no time
        "best_possible_ratio": round(products / result["theirs"], 2),
    }


def shares_of_peak(shape: dict[str, int], vocab_size: int, result: dict) -> dict:
    """What the machine can do, and which share of it goes into the model's arithmetic."""
    model = GPTConfig(vocab_size, **{key: value for key, value in shape.items() if key != "batch_size"})
    flops = flops_per_token(model)
    peaks = {name: in_a_process("peak", env=ONE_THREAD, dtype=name) for name in ("float32", "bfloat16")}
    speeds = {"ours": ("float32", result["ours"]), "theirs": ("float32", result["theirs"])}
    speeds["ours_bfloat16"] = ("bfloat16", result["others"]["ours_bfloat16"])
    return {
        "flops_a_token": flops,
        "peak_flops": {name: significant(peak) for name, peak in peaks.items()},  # of one large product of matrices
        "share_of_peak": {name: round(flops * speed / peaks[dtype], 3) for name, (dtype, speed) in speeds.items()},
    }


def peak(dtype: str, size: int = 2048) -> float:
    """Child process: FLOP in one of its own seconds of a product of two large matrices, the best of several."""
    a = torch.ones(size, size, dtype=getattr(torch, dtype))
    a @ a  # the first is slow: libraries load
    seconds = []
    for _ in range(8):
        start = time.process_time()
        a @ a
        seconds.append(time.process_time() - start)
    return 2 * size**3 / min(seconds)


def sampling_speed(bench: Bench, batch_size: int) -> dict:
    """New tokens a second of GPT-2 124M, greedy, with a cache, by ours and by transformers; the same tokens."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    new = 4 if bench.quick else 256
    config = GPTConfig(vocab_size=300, block_size=64, n_layer=2, n_head=2, n_embd=32) if bench.quick else GPTConfig()
    model = GPT(config).eval()
    model.save_pretrained(bench.scratch / "124M")
    other = transformers.GPT2LMHeadModel.from_pretrained(bench.scratch / "124M").eval()
    prompt = torch.randint(config.vocab_size, (batch_size, 16))
    options = {"max_new_tokens": new, "min_new_tokens": new, "do_sample": False, "use_cache": True, "pad_token_id": 0}

    def theirs() -> Tensor:
        with torch.inference_mode():
            return other.generate(prompt, attention_mask=torch.ones_like(prompt), **options)

    # All weights as one matrix: its product with a vector is bound by reading it, and no plain sum reads faster.
    width = config.n_embd
    matrix, vector = torch.ones(config.n_params // width - config.block_size, width), torch.ones(width)

    @torch.inference_mode()
    def read(times: int) -> None:
        for _ in range(times):
            torch.mv(matrix, vector)

    same = torch.equal(generate(model, prompt, new, temperature=0), theirs())  # and both have warmed up
    found = alternate(
        bench.rounds(5 if batch_size == 1 else 3),
        ours=lambda: batch_size * new / seconds(lambda: generate(model, prompt, new, temperature=0)),
        theirs=lambda: batch_size * new / seconds(theirs),
        limit=lambda: batch_size * new / seconds(lambda: read(new)),
    )
    share = statistics.median(ours / limit for ours, limit in zip(found["ours"], found["limit"]))
    return {
        **(result := compared(found["ours"], found["theirs"])),
        "best_possible_ratio": round(statistics.median(found["limit"]) / result["theirs"], 2),
        "limit": significant(statistics.median(found["limit"])),  # tokens/s if only reading the weights took time
        "share_of_limit": round(share, 3),
        "same_tokens": same,
    }


def bpe_training(bench: Bench) -> dict:
    """Seconds to train a byte-level BPE of 4,096 entries on WikiText-2's validation and test text, 2.4 MB."""
    arguments = {"entries": 300 if bench.quick else 4096}
    one_thread = {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    found = alternate(
        bench.rounds(5),
        ours=lambda: in_a_process("train_bpe", env=one_thread, who="ours", **arguments),
        theirs=lambda: in_a_process("train_bpe", env=one_thread, who="tokenizers", **arguments),
    )
    return compared(found["ours"], found["theirs"])


def train_bpe(who: str, entries: int) -> float:
    """Child process: seconds to train a BPE."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in data.get("wikitext-2"))
    if who == "ours":
        return seconds(lambda: Tokenizer.train([text], entries))
    import tokenizers

    byte_level = tokenizers.pre_tokenizers.ByteLevel
    other = tokenizers.Tokenizer(tokenizers.models.BPE())
    other.pre_tokenizer = byte_level(add_prefix_space=False)
    # one entry fewer, as ours counts <|endoftext|>
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=entries - 1, initial_alphabet=byte_level.alphabet(), show_progress=False
    )
    return seconds(lambda: other.train_from_iterator([text], trainer))


def encoding(bench: Bench) -> dict:
    """Tokens a second of GPT-2's tokenizer on WikiText-2's validation and test text."""
    import tiktoken
    from tiktoken_ext.openai_public import r50k_pat_str  # GPT-2's rule, as tiktoken writes it

    text = "\n".join(path.read_text(encoding="utf-8") for path in data.get("wikitext-2"))
    ours = Tokenizer.gpt2()
    other = tiktoken.Encoding(
        "gpt2",
        pat_str=r50k_pat_str,
        mergeable_ranks={ours.token_bytes(i): i for i in range(ours.eot)},
        special_tokens={"<|endoftext|>": ours.eot},
    )
    ids = ours.encode(text)
    same = ids == other.encode_ordinary(text)
    found = alternate(
        bench.rounds(9),
        ours=lambda: len(ids) / seconds(lambda: ours.encode(text)),
        theirs=lambda: len(ids) / seconds(lambda: other.encode_ordinary(text)),
    )
    return {**compared(found["ours"], found["theirs"]), "same_tokens": same}


def import_time(bench: Bench) -> dict:
    """Seconds of a fresh Python that imports minigpt, and of one that imports torch."""

    def start(module: str) -> float:
        return seconds(lambda: subprocess.run([sys.executable, "-c", f"import {module}"], check=True))

    found = alternate(bench.rounds(9), ours=lambda: start("minigpt"), theirs=lambda: start("torch"))
    more = statistics.median(ours - theirs for ours, theirs in zip(found["ours"], found["theirs"]))
    return {**compared(found["ours"], found["theirs"]), "seconds_more": round(more, 3)}


def overlap_speed(bench: Bench) -> dict:
    """8-grams a second of 5 million words, put into a Bloom filter and then asked of it, normalisation included."""
    try:
        bench.versions["rbloom"] = importlib.metadata.version("rbloom")
    except importlib.metadata.PackageNotFoundError:
        raise NotMeasured("rbloom is not installed; pip install rbloom") from None
    words = 20_000 if bench.quick else 5_000_000
    found = alternate(
        bench.rounds(3),
        ours=lambda: in_a_process("fill_and_ask", who="ours", words=words),
        theirs=lambda: in_a_process("fill_and_ask", who="rbloom", words=words),
    )
    ours, theirs = found["ours"][0], found["theirs"][0]
    speeds = {side: [run["ngrams"] / (run["fill"] + run["ask"]) for run in runs] for side, runs in found.items()}
    parts = {
        f"{part}_ratio": round(statistics.median(b[part] / a[part] for a, b in zip(found["ours"], found["theirs"])), 2)
        for part in ("fill", "ask")
    }
    return {
        **compared(speeds["ours"], speeds["theirs"], 2),
        **parts,
        "filter_bytes": {"ours": ours["filter"], "theirs": theirs["filter"]},
        "memory_ratio": round(ours["filter"] / theirs["filter"], 3),
        "megabytes_grown": {side: runs[0]["grown"] for side, runs in found.items()},  # the process, at its peak
        "same_count": ours["found"] == theirs["found"] == ours["ngrams"] == theirs["ngrams"],
    }


def fill_and_ask(who: str, words: int) -> dict:
    """Child process: seconds to fill a filter at one error in 10^8 with the 8-grams of a text, and to ask for them."""
    texts = real_words(words)
    memory_before = resident("VmRSS", reset=True)
    if who == "ours":
        known = BloomFilter(words, 1e-8, "8-grams")
        times = [seconds(lambda: fill(known, texts))]
        found = []
        documents = ((str(number), [text]) for number, text in enumerate(texts))
        times.append(seconds(lambda: found.extend((one.found, one.ngrams) for one in find(known, documents))))
        hits, total, size = sum(one for one, _ in found), sum(one for _, one in found), known.bits.nbytes
    else:
        import rbloom

        def grams(text: str):
            # the fastest that we know: one pass for the words, then slices of the list
            found = normal_words(text)
            return (" ".join(found[i : i + 8]) for i in range(len(found) - 7))

        def count(found: list[bool]) -> tuple[int, int]:
            return sum(found), len(found)

        known, counted = rbloom.Bloom(words, 1e-8), []
        times = [seconds(lambda: [known.update(grams(text)) for text in texts])]
        times.append(seconds(lambda: counted.extend(count([gram in known for gram in grams(text)]) for text in texts)))
        hits, total, size = sum(one for one, _ in counted), sum(one for _, one in counted), known.size_in_bits // 8
    grown = (resident("VmHWM") - memory_before) / 1e6
    return {"fill": times[0], "ask": times[1], "found": hits, "ngrams": total, "filter": size, "grown": round(grown, 1)}


def real_words(count: int) -> list[str]:
    """Texts of so many words: all that `minigpt data` has, and, as long as that is not enough, the same backwards."""
    sets = ("wikitext-2", "moby-dick", "tinyshakespeare", "hcandersen", "tinystories-sample", "gpt2-samples")
    paths = [path for name in sets for path in data.get(name)]
    texts, have = [], 0
    for forwards in (True, False):
        for path in paths:
            words = path.read_text(encoding="utf-8").split(" ")
            for begin in range(0, len(words), 2000):
                some = words[begin : begin + 2000] if forwards else words[begin : begin + 2000][::-1]
                texts.append(" ".join(some))
                have += len(normal_words(texts[-1]))
                if have >= count:
                    return texts
    return texts


def resident(what: str, reset: bool = False) -> int:
    """The process's memory in bytes now (VmRSS) or at its peak (VmHWM), which `reset` sets to that of now; on Linux."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith(what)).split()[1])


@dataclass(frozen=True)
class Row:
    """A figure of the table: what is measured against what, and when the target is met."""

    what: str
    against: str
    unit: str
    target: str
    meets: Callable[[dict], bool]
    measure: Callable[[Bench], dict]
    why_not: str = ""  # where the time goes, for a row whose target is not met; in braces what was measured


ROWS = {
    "time_to_loss": Row(
        f"time to validation loss {TARGET_LOSS}, tiny Shakespeare by character",
        "nanoGPT's CPU recipe; all of its 2,000 steps where it does not get there", "seconds",
        "0.7 times or less", lambda r: r["ratio"] <= 0.7 and max(r["last_loss"]["ours"]) <= TARGET_LOSS, time_to_loss,
    ),
    "training_large_vocabulary": Row(
        "training, 6 layers, width 384, context 256, batch 12, vocabulary 50,257, float32",
        "nanoGPT's loop without torch.compile (it pads the vocabulary to 50,304)", "tokens/s", "1.2 times or more",
        lambda r: r["ratio"] >= 1.2, lambda bench: training_speed(bench, "gpt2"),
    ),
    "training_124M": Row(
        "training, GPT-2 124M: context 1024, batch 2, vocabulary 50,257, float32, one thread, by CPU time",
        "nanoGPT's loop without torch.compile (it pads the vocabulary to 50,304)", "tokens/s", "1.2 times or more",
        lambda r: r["ratio"] >= 1.2, lambda bench: training_speed(bench, "gpt2", GPT2_SHAPE),
        "At this width nearly all the time goes into products of matrices, by the same kernels in both programs: theirs "
        "does {share_of_peak[theirs]:.0%} of what a large product alone reaches, ours {share_of_peak[ours]:.0%}. What "
        "ours saves (logits, AdamW in one kernel) was a larger part of the smaller models.",
    ),
    "training_characters": Row(
        "training, 6 layers, width 384, context 256, batch 12, vocabulary 65, float32",
        "nanoGPT's loop without torch.compile", "tokens/s", "1.2 times or more",
        lambda r: r["ratio"] >= 1.2, lambda bench: training_speed(bench, "char"),
        "With so small a vocabulary, nearly all the time goes into what both programs leave to the same kernels of "
        "PyTorch. If only the products with the weights took time, the ratio would be {best_possible_ratio}; "
        "attention's kernel is an eighth of a step. What ours saves (AdamW in one kernel) it spends on what GPT-2 has "
        "and nanoGPT's default leaves out: biases, and the tanh form of GELU, which takes PyTorch's kernel about three "
        "times as long as the exact form. For torch.compile, and for products in bfloat16, see 'others'.",
    ),
    "sampling_one": Row(
        "sampling, 124M, 1 sequence, 256 new tokens, float32",
        "transformers with its cache; the limit set by reading the weights from memory", "tokens/s",
        "1.2 times or more, or 0.85 of the limit", lambda r: r["ratio"] >= 1.2 or r["share_of_limit"] >= 0.85,
        lambda bench: sampling_speed(bench, 1),
        "Reading the weights takes {share_of_limit:.0%} of the time in ours, and as long in transformers, by the same "
        "kernel; so the ratio cannot be above {best_possible_ratio}. The rest is some 400 small operations a token "
        "(norms, attention over the cache, reshaping) called from Python, which leave the memory idle meanwhile.",
    ),
    "sampling_sixteen": Row(
        "sampling, 124M, 16 sequences, 256 new tokens, float32", "transformers with its cache", "tokens/s",
        "1.2 times or more", lambda r: r["ratio"] >= 1.2, lambda bench: sampling_speed(bench, 16),
    ),
    "bpe_training": Row(
        "training a BPE of 4,096 entries on 2.4 MB", "Hugging Face tokenizers, one thread", "seconds",
        "3 times or less", lambda r: r["ratio"] <= 3, bpe_training,
    ),
    "encoding": Row(
        "encoding 2.4 MB with GPT-2's tokenizer", "tiktoken", "tokens/s", "0.95 times or more",
        lambda r: r["ratio"] >= 0.95, encoding,
    ),
    "overlap": Row(
        "8-grams of 5 million words into a Bloom filter at 1e-8 and asked of it, normalisation included",
        "rbloom, given the same words as strings", "n-grams/s", "2 times or more, memory of the filter within 10 %",
        lambda r: r["ratio"] >= 2 and r["memory_ratio"] <= 1.1 and r["same_count"], overlap_speed,
    ),
    "import": Row(
        "import minigpt", "import torch", "seconds", "at most 0.3 seconds more",
        lambda r: r["seconds_more"] <= 0.3, import_time,
    ),
}  # fmt: skip
CHILDREN = {
    "our_loop": our_loop, "nanogpt_loop": nanogpt_loop, "train_bpe": train_bpe, "fill_and_ask": fill_and_ask,
    "peak": peak,
}  # fmt: skip


def measured(row: Row, bench: Bench) -> dict:
    """The row with what was measured, and with the reason where its target is not met."""
    result = row.measure(bench)
    met = bool(row.meets(result))
    note = {} if met or not row.why_not else {"note": row.why_not.format(**result)}
    head = {"what": row.what, "against": row.against, "unit": row.unit, "target": row.target, "met": met}
    load = [round(load, 1) for load in os.getloadavg()]
    return {**head, **note, **result, "date": datetime.date.today().isoformat(), "load": load}


def line(row: dict) -> str:
    """A row in one line."""
    low, high = row["ratio_range"]
    share = f", {row['share_of_limit']:.0%} of the limit" if "share_of_limit" in row else ""
    return (
        f"{row['what']}: {row['ours']:g} {row['unit']}, theirs {row['theirs']:g}, ratio {row['ratio']:.2f} "
        f"({low:.2f} to {high:.2f}){share}; target {row['target']}: {'met' if row['met'] else 'NOT met'}"
    )


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=ROWS, metavar="ROW", help=", ".join(ROWS))
    parser.add_argument("--nanogpt", type=Path, metavar="FOLDER", help="a copy of nanoGPT; without it, it is cloned")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round: tries the bench, measures nothing")
    parser.add_argument("--out", type=Path, help="default: bench.json among the recorded runs")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.child:
        print(json.dumps(CHILDREN[args.child[0]](**json.loads(args.child[1]))))
        return
    out = args.out or recorded.results_dir() / "bench.json"
    before = json.loads(out.read_text(encoding="utf-8")) if out.is_file() else {"rows": {}, "provenance": {}}
    rows = before["rows"]
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(args.quick, args.nanogpt, Path(scratch), dict(before["provenance"].get("versions", {})))
        for package in ("transformers", "tokenizers", "tiktoken"):
            bench.versions[package] = importlib.metadata.version(package)
        for name in args.only or ROWS:
            try:
                rows[name] = measured(ROWS[name], bench)
                print(line(rows[name]), flush=True)
            except (NotMeasured, OSError) as error:  # OSError: data that cannot be had
                kept = "its recorded values stay" if name in rows else "it has no recorded values yet"
                print(f"{ROWS[name].what}: not measured, {kept}: {error}", flush=True)
                continue
            if args.quick and not args.out:
                continue
            provenance = recorded.provenance(versions=bench.versions)
            # That which gives all rows, whichever was measured last and wherever nanoGPT lay.
            provenance["command"] = "python -m minigpt.experiments.bench"
            in_order = {key: rows[key] for key in ROWS if key in rows}
            recorded.save("bench", {"rows": in_order, "provenance": provenance}, out)


if __name__ == "__main__":
    main()
