"""What the figures need beside their script: GPT-2's merges ("gpt2"), the small model with its tokenizer ("tinyweb"),
pages of tinyweb to count in ("words").

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

from minigpt.recorded import write_atomic
from minigpt.tokenizer import Tokenizer

TINYWEB = Path(__file__).parents[1] / "assets" / "tinyweb"
NAMES = ("gpt2", "tinyweb", "words")
COUNTED = 2_000  # pages of tinyweb that the figure of chapter 02 counts in, as the chapter does
ORDER = 6  # the longest n-grams there


def asset(name: str, model_dir: str | Path | None = None) -> tuple[dict, list[bytes]]:
    """(meta, buffers) of one of NAMES; `model_dir` is a model folder to take instead of the shipped one.

    Raises:
        ValueError: no such asset, or a model that the page cannot run.
        FileNotFoundError: the model's folder or one of its files is missing.
    """
    if name == "gpt2":
        return {}, [merge_ids(Tokenizer.gpt2())]
    if name == "tinyweb":
        return model_asset(TINYWEB if model_dir is None else Path(model_dir))
    if name == "words":
        return words_asset(counted_pages())
    raise ValueError(f"there is no asset {name!r}; there are {', '.join(NAMES)}")


def counted_pages() -> list[list[str]]:
    """The first COUNTED training pages of tinyweb, cut into words."""
    from minigpt.ngram import cut_words
    from minigpt.tinyweb import documents

    return [cut_words(text) for text in documents(COUNTED)]


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


def model_asset(folder: Path) -> tuple[dict, list[bytes]]:
    """A saved model with its tokenizer: its config and the list of its tensors; its merges and its weights in 16 bits.

    The weights keep the layout of the file: (in, out) for the four matrices of a block, names without "transformer.".
    """
    from safetensors.numpy import load_file

    for file in ("config.json", "model.safetensors", "minigpt_tokenizer.json"):
        if not (folder / file).is_file():
            raise FileNotFoundError(f"the figure's model needs {folder / file}, which is missing")
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.load(folder)
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


def script(name: str, model_dir: str | Path | None = None) -> str:
    """The asset as a script for the page: it sets `minigptAssets[NAME]`, the buffers in base64."""
    meta, buffers = asset(name, model_dir)
    content = {"meta": meta, "buffers": [base64.b64encode(buffer).decode("ascii") for buffer in buffers]}
    return f"(globalThis.minigptAssets ??= {{}})[{json.dumps(name)}] = {json.dumps(content, separators=(',', ':'))};\n"


def write_assets(folder: str | Path, model_dir: str | Path | None = None) -> list[Path]:
    """Write every asset's script into `folder`; returns the files."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{name}.js" for name in NAMES]
    for name, file in zip(NAMES, files, strict=True):
        write_atomic(file, script(name, model_dir))
    return files


def main(argv: list[str]) -> int:
    if len(argv) not in (1, 2) or argv[0].startswith("-"):
        print("usage: python -m minigpt.widgets.assets FOLDER [MODEL_FOLDER]", file=sys.stderr)
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
