"""Byte pair encoding on real English: vocabularies of different size and origin, on text none was made from. Chapter 04.

    minigpt data get tinyshakespeare
    minigpt data get moby-dick
    python -m minigpt.experiments.bpe

Of Shakespeare's plays the last tenth is held back from training; Moby-Dick is held back whole. GPT-2's vocabulary may
have seen both.
"""

from __future__ import annotations

import argparse

from minigpt import Tokenizer, data, recorded
from minigpt.tinyweb import documents

SETS = ("tinyshakespeare", "moby-dick")


def measure() -> dict:
    """Bytes a token of each vocabulary on each text, and the last tokens learned from Shakespeare."""
    plays, novel = (data.get(name, print)[0].read_text(encoding="utf-8") for name in SETS)
    cut = len(plays) * 9 // 10
    texts = {"plays": plays[cut:], "novel": novel}
    vocabularies = {
        "tinyweb, 1,257": Tokenizer.train(documents(2000), 1257),
        "plays, 1,257": Tokenizer.train([plays[:cut]], 1257),
        "plays, 4,096": Tokenizer.train([plays[:cut]], 4096),
        "GPT-2, 50,257": Tokenizer.gpt2(),
    }
    rates = {
        name: {where: round(len(text.encode()) / len(tok.encode(text)), 3) for where, text in texts.items()}
        for name, tok in vocabularies.items()
    }
    last = [token.decode() for token in vocabularies["plays, 4,096"].tokens[4083:4095]]
    return {"bytes_a_token": rates, "last_tokens": last}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", help="default: bpe.json among the recorded runs")
    args = parser.parse_args()
    result = measure()
    print(result)
    checksums = {file.name: file.sha256 for name in SETS for file in data.find(name).files}
    recorded.save("bpe", {**result, "provenance": recorded.provenance(data=checksums)}, args.out)


if __name__ == "__main__":
    main()
