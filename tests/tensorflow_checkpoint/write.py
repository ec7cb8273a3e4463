"""Wrote the files of this folder, once: a GPT-2 of two small layers with random weights, saved by TensorFlow itself.

    python -m venv tf && tf/bin/pip install tensorflow-cpu==2.21.0 safetensors && tf/bin/python write.py .

`values.safetensors` holds the same numbers under TensorFlow's names. No test runs this; the tests read what it wrote.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

HPARAMS = {"n_vocab": 33, "n_ctx": 8, "n_embd": 8, "n_head": 2, "n_layer": 2}


def shapes(n_vocab: int, n_ctx: int, n_embd: int, n_layer: int, n_head: int) -> dict[str, list[int]]:
    """The variables of OpenAI's code: a convolution's matrix has a leading 1."""
    found = {"wte": [n_vocab, n_embd], "wpe": [n_ctx, n_embd], "ln_f/g": [n_embd], "ln_f/b": [n_embd]}
    for i in range(n_layer):
        found |= {f"h{i}/{norm}/{kind}": [n_embd] for norm in ("ln_1", "ln_2") for kind in "gb"}
        for name, into, out in (("attn/c_attn", 1, 3), ("attn/c_proj", 1, 1), ("mlp/c_fc", 1, 4), ("mlp/c_proj", 4, 1)):
            found |= {f"h{i}/{name}/w": [1, into * n_embd, out * n_embd], f"h{i}/{name}/b": [out * n_embd]}
    return {f"model/{name}": shape for name, shape in found.items()}


out = Path(sys.argv[1])
tf1 = tf.compat.v1
tf1.disable_eager_execution()
dice = np.random.default_rng(0)
values = {name: dice.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes(**HPARAMS).items()}
saver = tf1.train.Saver(
    [tf1.get_variable(name, initializer=value) for name, value in values.items()], save_relative_paths=True
)
with tf1.Session() as session:
    session.run(tf1.global_variables_initializer())
    saver.save(session, str(out / "model.ckpt"), write_meta_graph=False)
(out / "hparams.json").write_text(json.dumps(HPARAMS))
save_file(values, out / "values.safetensors")
