#!/bin/sh
# GPT-2 774M on one node of 8 GPUs. The same command again goes on where it was stopped.
#
# parameters  774,030,080
# arithmetic  5,202,547,200 FLOP a token x 149,999,845,376 tokens (286,102 steps x 524,288) = 7.80e+20 FLOP
# time        2.9 days at 40% of 8 x 989 TFLOP/s (H100); not measured
# money       $1,918 at $3.5 an hour and GPU
# memory      28.2 GB of a GPU's 80 GB, by calculation
# loss        2.37 to 2.92 at the end, on text from the web;
#             OpenAI's has 2.67 on OpenWebText
# another machine, price or share of the peak: minigpt cost --help
#
# --small makes it a run of seconds, without a GPU too; any key of a training file is an option as well.
# The data: token shards in runs/webtext/tokens (by minigpt webtext or minigpt tokens), or --data FOLDER.
set -eu
torchrun --standalone --nproc-per-node "${GPUS:-8}" \
    -m minigpt train gpt2-774M --out "${OUT:-runs/gpt2-774M}" --resume "$@"
