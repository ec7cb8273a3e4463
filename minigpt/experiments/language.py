"""Language modeling of a real test set, WikiText-2: what de-tokenizing, windows and <unk> cost. Chapter 09.

    minigpt data get wikitext-2
    minigpt data get gpt2-samples
    python -m minigpt.experiments.language [--work runs/english]

GPT-2's weights are not needed: a small model learns natural English, in a quarter of an hour, from the 13 MB of text
that OpenAI published as samples of GPT-2 (a part of which are real pages of WebText). It has never seen a benchmark's
marks, as GPT-2 nearly has not. Its perplexities are those of a small model; what is of use is what they change by.
tinyweb's largest model, which never saw English, takes the same road: that shows no more than that the road is open.

A run that was stopped goes on where it was, with the same command.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from minigpt import GPT, Tokenizer, data, recorded, tinyweb
from minigpt.experiments.published import texts_of
from minigpt.training import train
from minigpt.training.settings import Settings
from minigpt.zeroshot import make
from minigpt.zeroshot.detokenize import PUBLIC, detokenizer, gains, lost
from minigpt.zeroshot.language import WikiText2, as_stream, articles, window_ends
from minigpt.zeroshot.run import evaluate
from minigpt.zeroshot.scoring import Row, score
from minigpt.zeroshot.task import Reader

SETTINGS = dict(
    tokenizer="bpe", vocab_size=4096, n_layer=4, n_head=4, n_embd=160, block_size=256, init_std=0.05, batch_size=8,
    max_steps=1200, learning_rate=3e-3, min_learning_rate=1e-4, warmup_steps=100, weight_decay=0.02, beta2=0.98,
    eval_every=300, eval_batches=4, save_every=100, seed=1, device="cpu", compile="false", threads=1,
)  # fmt: skip
HELD_OUT = 100  # of so many samples one is for validation
EVERY = 12  # the rules are measured on every twelfth paragraph
SOME_ARTICLES = 4  # for the strides, of which there are many
PARTS = (1, 2, 4, 8, 16, 32)
BEFORE = (0, 1, 2, 4, 8, 16, 32)  # how many <unk> stand before one in its window; the last one: or more
NAME = "wikitext-2"


def english(work: Path) -> tuple[GPT, Tokenizer, dict]:
    """A small model of GPT-2's published samples, trained or gone on with in `work`; and what is told of it."""
    texts = work / "texts"
    if not texts.exists():
        found: list[str] = []
        for path in data.get("gpt2-samples", print):
            some = texts_of(path)
            conditional = path.stem.startswith("conditional")  # a page's beginning and its continuation by turns
            found += map("".join, zip(some[::2], some[1::2])) if conditional else some
        unfinished = work / "texts.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for i, text in enumerate(found):
            if i % HELD_OUT:
                (unfinished / f"{i:04}.txt").write_text(text, encoding="utf-8")
        (unfinished / "val.txt").write_text("\n".join(found[::HELD_OUT]), encoding="utf-8")
        unfinished.rename(texts)
    settings, folder = Settings(data=str(texts), **SETTINGS), work / "model"
    run = train(settings, folder, resume=(folder / "checkpoint.safetensors").exists(), progress=False)
    model, tok = run.load()
    tokens = settings.max_steps * settings.tokens_per_step
    about = {"n_params": model.config.n_params, "vocab_size": tok.vocab_size, "block_size": model.config.block_size,
             "texts": len(list(texts.glob("*.txt"))) - 1, "bytes": sum(p.stat().st_size for p in texts.glob("*.txt")),
             "tokens_read": tokens, "val_loss": round(run.val_loss, 4)}  # fmt: skip
    return model.eval(), tok, about


def scored(model: GPT, tok: Tokenizer, text: str, parts: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Nats of each token of a text in windows, after <|endoftext|>; and whether it is within an <unk>."""
    size = model.config.block_size
    stream = as_stream([text], 0, Reader(tok, size, start=True), False)
    rows = []
    for first, end in window_ends(len(stream.owner), size, size // parts):
        begin = max(0, end - size)
        rows.append(Row(stream.ids[begin : end + 1].tolist(), first - begin + 1, first - begin + 1))
    nats = np.concatenate([one[0].nats for one in score(model, [[row] for row in rows])])
    return nats, stream.unknown


def units(text: str) -> dict:
    """What a test set can be divided by, and the tokens that GPT-2 makes of it as it is and de-tokenized."""
    gpt2, plain = Tokenizer.gpt2(), detokenizer(NAME)
    turned = plain(text)
    if plain.tokenize(turned) != text:
        raise ValueError("the de-tokenizer does not give the file back")
    return {"articles": len(articles(text)), "words": len(text.split()), "line ends": text.count("\n"),
            "<unk>": text.count("<unk>"), "characters": len(text), "bytes": len(text.encode()),
            "tokens raw": len(gpt2.encode(text)), "tokens de-tokenized": len(gpt2.encode(turned)),
            "tokens de-tokenized, public": len(gpt2.encode(PUBLIC[NAME](text)))}  # fmt: skip


def strides(model: GPT, tok: Tokenizer, text: str) -> list[dict]:
    """Nats a token of some articles, de-tokenized, with windows begun in 1 to 32 parts of a context."""
    plain, size, found = detokenizer(NAME), model.config.block_size, []
    texts = [plain(one) for one in articles(text)[:SOME_ARTICLES]]
    words = sum(len(one.split()) + one.count("\n") for one in articles(text)[:SOME_ARTICLES])
    for parts in PARTS:
        each = [scored(model, tok, one, parts)[0] for one in texts]
        found.append({"parts": parts, "stride": size // parts, "tokens": sum(map(len, each)), "words": words,
                      "nats": round(float(sum(one.sum() for one in each)), 2)})  # fmt: skip
    return found


def unknowns(model: GPT, tok: Tokenizer, text: str) -> dict:
    """What an <unk> costs, by how many stand before it in the same window, and what all other tokens cost."""
    nats_of: dict[int, list[float]] = {before: [] for before in BEFORE}
    rest, others = 0.0, 0
    for article in articles(text)[::3]:
        nats, unknown = scored(model, tok, detokenizer(NAME)(article))
        rest, others = rest + float(nats[~unknown].sum()), others + int((~unknown).sum())
        for start in range(0, len(nats), model.config.block_size):
            seen = 0
            window, inside = nats[start:][: model.config.block_size], unknown[start:][: model.config.block_size]
            edges = np.flatnonzero(np.diff(np.concatenate(([0], inside, [0]))))
            for a, b in zip(edges[::2], edges[1::2]):
                nats_of[max(one for one in BEFORE if one <= seen)].append(float(window[a:b].sum()))
                seen += 1
    return {"by number before it": [{"before": before, "n": len(some), "nats": round(float(np.mean(some)), 3)}
                                    for before, some in nats_of.items() if some],
            "other tokens": others, "nats of other tokens": round(rest, 1)}  # fmt: skip


def public(model: GPT, tok: Tokenizer, text: str, lines: Sequence[str]) -> dict:
    """What a public de-tokenizer loses of the file, and its nats on the paragraphs beside ours."""
    of = lost(text.split("\n"), PUBLIC[NAME])
    turned = {"ours": detokenizer(NAME), "public": PUBLIC[NAME], "raw": str}
    nats = {name: sum(float(scored(model, tok, turn(f"{line}\n"))[0].sum()) for line in lines)
            for name, turn in turned.items()}  # fmt: skip
    return {"lines": sum(bool(line.strip()) for line in text.split("\n")), "lost": of["lost"], "other": of["other"],
            "nats": {name: round(one, 1) for name, one in nats.items()}}  # fmt: skip


def evaluated(model: GPT, tok: Tokenizer, name: str, out: Path, limit: int | None) -> dict:
    """What `minigpt eval --tasks wikitext2` gives, with all its protocols."""
    result = evaluate(model, tok, [make("wikitext2")], out, name=name, limit=limit, progress=False)
    how = result["provenance"]["tasks"]["wikitext2"]
    return {"metrics": result["tasks"]["wikitext2"], "protocol": how["protocol"], "windows": how["examples"],
            "articles": limit or 60, "asked_now": how["asked_now"], "seconds": how["seconds"]}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path("runs/english"), help="where the model is trained")
    parser.add_argument("--out", help="default: language.json among the recorded runs")
    args = parser.parse_args()
    started = time.process_time()
    model, tok, about = english(args.work)
    text = "".join(WikiText2().documents())
    lines = [line for line in text.split("\n") if len(line) > 100][::EVERY]
    rules = gains(lines, lambda some: sum(float(scored(model, tok, f"{one}\n")[0].sum()) for one in some))
    result = {
        "english": about, "units": units(text),
        "gains": [{key: round(v, 4) if isinstance(v, float) else v for key, v in row.items()} for row in rules],
        "paragraphs": len(lines), "words": sum(len(line.split()) + 1 for line in lines),
        "public": public(model, tok, text, lines), "strides": strides(model, tok, text),
        "unknowns": unknowns(model, tok, text),
    }  # fmt: skip
    print(result, flush=True)
    big, its = tinyweb.load_model("2.8M")
    result["eval"] = {
        "English": evaluated(model, tok, "English", args.work / "english.json", None),
        "tinyweb-2.8M": evaluated(big, its, "tinyweb-2.8M", args.work / "tinyweb.json", 10),
    }
    checksums = {file.name: file.sha256 for name in (NAME, "gpt2-samples") for file in data.find(name).files}
    how = recorded.provenance(seed=SETTINGS["seed"], data=checksums, cpu_seconds=round(time.process_time() - started))
    recorded.save("language", {**result, "provenance": how}, args.out)


if __name__ == "__main__":
    main()
