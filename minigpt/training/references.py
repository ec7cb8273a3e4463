"""What others reached with models of GPT-2's sizes: what a run of one's own can be held against.

All numbers are their authors' own, from the places named. A loss depends on the text: OpenAI's smallest weights have
3.12 on OpenWebText and 3.29 on FineWeb-Edu. Compare a curve's shape and its distance to the reference on the same text.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """The end of someone's run.

    Args:
        size: as `GPTConfig.gpt2` names it.
        who: trained it.
        text: whose validation part the loss is of.
        loss: nats a token.
        tokens: trained on; None: not known (the paper does not say).
        source: where it says so.
    """

    size: str
    who: str
    text: str
    loss: float
    tokens: float | None
    source: str


REFERENCES = (
    Reference("124M", "OpenAI", "OpenWebText", 3.12, None, "nanoGPT, README"),
    Reference("355M", "OpenAI", "OpenWebText", 2.84, None, "nanoGPT, README"),
    Reference("774M", "OpenAI", "OpenWebText", 2.67, None, "nanoGPT, README"),
    Reference("1558M", "OpenAI", "OpenWebText", 2.54, None, "nanoGPT, README"),
    Reference("124M", "OpenAI", "FineWeb-Edu", 3.29, None, "build-nanogpt, play.ipynb"),
    Reference("124M", "nanoGPT", "OpenWebText", 2.85, 600_000 * 491_520, "nanoGPT, README"),
    Reference("124M", "llm.c", "FineWeb", 3.27, 10.26e9, "modded-nanogpt, records/track_1_short/2024-10-13_llmc"),
)

# llm.c, 124M, 524,288 tokens a step of FineWeb, peak 6e-4: validation loss by step, from the same record (main.log).
LLMC_124M = {
    0: 11.009, 250: 6.171, 500: 5.374, 750: 4.710, 1000: 4.317, 2000: 3.859, 3000: 3.697, 4000: 3.618, 5000: 3.554,
    6000: 3.507, 7000: 3.473, 8000: 3.443, 9000: 3.416, 10000: 3.392, 11000: 3.371, 12000: 3.351, 13000: 3.331,
    14000: 3.315, 15000: 3.300, 16000: 3.288, 17000: 3.280, 18000: 3.275, 19000: 3.272, 19560: 3.272,
}  # fmt: skip
LLMC_STEP_SECONDS = 0.140  # of these steps, on eight H100, by the record's README: 40 % of their 16-bit peak

# HellaSwag, endings ranked by their mean loss a token, of OpenAI's weights: build-nanogpt, play.ipynb.
HELLASWAG = {"124M": 0.2945, "355M": 0.3752, "774M": 0.4320, "1558M": 0.4889}

# Our reading of the above: on a text from the web, a run of a recipe's length ends between these distances from
# OpenAI's weights on OpenWebText. (llm.c's ended 0.15 above; nanoGPT's, with thirty times the tokens, 0.27 below.)
BELOW, ABOVE = 0.3, 0.25


def band(size: str) -> tuple[float, float]:
    """Where the validation loss of a full run should end, nats a token.

    >>> band("124M")
    (2.82, 3.37)
    """
    known = next(r.loss for r in REFERENCES if (r.size, r.who, r.text) == (size, "OpenAI", "OpenWebText"))
    return round(known - BELOW, 2), round(known + ABOVE, 2)
