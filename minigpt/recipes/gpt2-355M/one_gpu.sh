#!/bin/sh
# GPT-2 355M on one GPU. The same command again goes on where it was stopped.
#
# parameters  354,823,168
# arithmetic  2,424,637,440 FLOP a token x 31,457,280,000 tokens (60,000 steps x 524,288) = 7.63e+19 FLOP
# time        2.2 days at 40% of 1 x 989 TFLOP/s (H100); not measured
# money       $187 at $3.5 an hour and GPU
# memory      21.5 GB of a GPU's 80 GB, by calculation
# loss        2.54 to 3.09 at the end, on text from the web;
#             OpenAI's has 2.84 on OpenWebText
# another machine, price or share of the peak: minigpt cost --help
#
# --small makes it a run of seconds, without a GPU too; any key of a training file is an option as well.
# The data: token shards in runs/webtext/tokens (by minigpt webtext or minigpt tokens), or --data FOLDER.
set -eu
torchrun --standalone --nproc-per-node "${GPUS:-1}" \
    -m minigpt train gpt2-355M --out "${OUT:-runs/gpt2-355M}" --resume "$@"
