"""What the figures need beside their script: GPT-2's merges ("gpt2"), pages of tinyweb to count in ("words"), and each
model that ships, with its tokenizer ("tinyweb-0.67M", ...).

    python -m minigpt.widgets.assets book/_static/generated

writes NAME.js for each: a script, since a page opened from a folder may load scripts and nothing else. In a notebook
`minigpt.widgets.figures` sends the same bytes. An asset is (meta, buffers): what JSON can hold, and raw bytes.
"""

from __future__ import annotations

import base64
import json
import sys
from array import array
from itertools import chain
from pathlib import Path

from minigpt import tinyweb
from minigpt.recorded import write_atomic
from minigpt.tokenizer import Tokenizer

MODEL = "tinyweb-"  # what the name of a model's asset begins with; its size follows
COUNTED = 2_000  # pages of tinyweb that the figure of chapter 02 counts in, as the chapter does
ORDER = 6  # the longest n-grams there


def names() -> list[str]:
    """All assets, with the models that are there."""
    return ["gpt2", "words", *(MODEL + size for size in megabytes())]


def megabytes() -> dict[str, float]:
    """The models that ship, by size: the megabytes of their weights, to 0.1."""
    files = {size: tinyweb.MODEL_FOLDER / size / "model.safetensors" for size in tinyweb.SIZES}
    return {size: round(file.stat().st_size / 1e6, 1) for size, file in files.items() if file.is_file()}


def asset(name: str) -> tuple[dict, list[bytes]]:
    """(meta, buffers) of one of `names()`.

    Raises:
        ValueError: no such asset, or a model that the page cannot run.
        FileNotFoundError: the model's folder or one of its files is missing.
    """
    if name == "gpt2":
        return {}, [merge_ids(Tokenizer.gpt2())]
    if name == "words":
        return words_asset(counted_pages())
    if name.startswith(MODEL):
        return model_asset(tinyweb.model_folder(name.removeprefix(MODEL)), tinyweb.MODEL_FOLDER)
    raise ValueError(f"there is no asset {name!r}; there are {', '.join(names())}")


def counted_pages() -> list[list[str]]:
    """The first COUNTED training pages of tinyweb, cut into words."""
    from minigpt.ngram import cut_words

    return [cut_words(text) for text in tinyweb.documents(COUNTED)]


def words_asset(pages: list[list[str]]) -> tuple[dict, list[bytes]]:
    """Pages as ids of 16 bits, END before and after each; the words; the discounts of Kneser-Ney for each length.

    The page counts the n-grams by itself: the text is smaller than the tables that are made from it.
    """
    from minigpt.ngram import NGram, discount

    model = NGram.train(pages, ORDER)
    if model.vocab_size > 65536:
        raise ValueError(f"the page can count 65,536 different words, not {model.vocab_size:,}")
    id_of = {word: i for i, word in enumerate(model.words)}
    ids = array("H", chain([0], *([*(id_of[word] for word in page), 0] for page in pages)))
    if sys.byteorder == "big":
        ids.byteswap()
    discounts = {
        "highest": [discount(level.times) for level in model.levels],
        "lower": [level.discount for level in model.levels[:-1]],
    }
    return {"words": model.words, "discounts": discounts}, [ids.tobytes()]


def merge_ids(tokenizer: Tokenizer) -> bytes:
    """The merges as pairs of ids, 16 bits each, little-endian; with GPT-2's order of bytes this is the tokenizer."""
    if tokenizer.kind != "bpe" or tokenizer.vocab_size > 65536:
        raise ValueError(f"the page can run byte-level BPE of at most 65,536 tokens, not {tokenizer!r}")
    id_of = {token: i for i, token in enumerate(tokenizer.tokens[:-1])}
    ids = array("H", [id_of[part] for pair in tokenizer.merges for part in pair])
    if sys.byteorder == "big":
        ids.byteswap()
    return ids.tobytes()


def model_asset(folder: Path, tokenizer_folder: Path | None = None) -> tuple[dict, list[bytes]]:
    """A saved model with its tokenizer: its config and the list of its tensors; its merges and its weights in 16 bits.

    The tokenizer is in the model's folder if no other is given. The weights keep the layout of the file: (in, out) for
    the four matrices of a block, names without "transformer.".
    """
    from safetensors.numpy import load_file

    home = tokenizer_folder or folder
    for file in (folder / "config.json", folder / "model.safetensors", home / "minigpt_tokenizer.json"):
        if not file.is_file():
            raise FileNotFoundError(f"the figure's model needs {file}, which is missing")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.load(home)
    if tokenizer.vocab_size != config["vocab_size"]:
        raise ValueError(f"{folder}: the model has {config['vocab_size']} tokens, its tokenizer {tokenizer.vocab_size}")
    weights = load_file(folder / "model.safetensors")
    tensors, parts = [], []
    for name, tensor in weights.items():
        if name != "lm_head.weight" and not name.endswith((".attn.bias", ".attn.masked_bias")):
            tensors.append([name.removeprefix("transformer."), list(tensor.shape)])
            parts.append(tensor.astype("<f2").tobytes())
    keys = ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size")
    meta = {
        "config": {key: config[key] for key in keys},
        "tokenizer": {"categories": tokenizer.categories},
        "tensors": tensors,
    }
    return meta, [merge_ids(tokenizer), b"".join(parts)]


def script(name: str) -> str:
    """The asset as a script for the page: it sets `minigptAssets[NAME]`, the buffers in base64."""
    meta, buffers = asset(name)
    content = {"meta": meta, "buffers": [base64.b64encode(buffer).decode("ascii") for buffer in buffers]}
    return f"(globalThis.minigptAssets ??= {{}})[{json.dumps(name)}] = {json.dumps(content, separators=(',', ':'))};\n"


def write_assets(folder: str | Path) -> list[Path]:
    """Write every asset's script into `folder`, and remove those of assets that are no more; returns the files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.js" for name in names()]
    for file in files:
        write_atomic(file, script(file.name.removesuffix(".js")))
    for stale in set(folder.glob("*.js")) - set(files):
        stale.unlink()
    return files


def main(argv: list[str]) -> int:
    if len(argv) != 1 or argv[0].startswith("-"):
        print("usage: python -m minigpt.widgets.assets FOLDER", file=sys.stderr)
        return 2
    try:
        for file in write_assets(*argv):
            print(f"{file}  {file.stat().st_size:,} bytes")
    except (ValueError, OSError) as error:
        print(f"minigpt.widgets.assets: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
