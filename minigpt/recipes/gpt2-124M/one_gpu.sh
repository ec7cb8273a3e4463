#!/bin/sh
# GPT-2 124M on one GPU. The same command again goes on where it was stopped.
#
# parameters  124,439,808
# arithmetic  855,166,464 FLOP a token x 9,890,693,120 tokens (18,865 steps x 524,288) = 8.46e+18 FLOP
# time        5.9 hours at 40% of 1 x 989 TFLOP/s (H100); not measured
# money       $21 at $3.5 an hour and GPU
# memory      8.2 GB of a GPU's 80 GB, by calculation
# loss        2.82 to 3.37 at the end, on text from the web;
#             OpenAI's has 3.12 on OpenWebText
#             OpenAI's has 3.29 on FineWeb-Edu
#             nanoGPT's has 2.85 on OpenWebText
#             llm.c's has 3.27 on FineWeb
# another machine, price or share of the peak: minigpt cost --help
#
# --small makes it a run of seconds, without a GPU too; any key of a training file is an option as well.
# The data: token shards in runs/webtext/tokens (by minigpt webtext or minigpt tokens), or --data FOLDER.
set -eu
torchrun --standalone --nproc-per-node "${GPUS:-1}" \
    -m minigpt train gpt2-124M --out "${OUT:-runs/gpt2-124M}" --resume "$@"
