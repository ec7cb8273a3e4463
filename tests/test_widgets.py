"""minigpt.widgets without a browser: settings, size of state, the kernel's answers, assets, quiz, plot style."""

from __future__ import annotations

import base64
import html.parser
import json
import subprocess
import sys

import numpy as np
import pytest
import torch

from minigpt import tinyweb, widgets
from minigpt.config import GPTConfig
from minigpt.model import GPT
from minigpt.pretrained import save_pretrained
from minigpt.tokenizer import Tokenizer
from minigpt.widgets import assets, figures, style

RUN = {"name": "a run", "step": [1, 2, 3], "train": [3.0, 2.0, 1.0], "val": [None, 2.5, float("nan")]}
WAYS = {
    "switches": ["first", "second"], "labels": ["good", "bad"], "archive": [6, 4],
    "left": [[6, 3], [5, 1], [6, 1], [5, 0]], "texts": [6, 5, 6, 5], "wanted": 6,
}  # fmt: skip
EXAMPLES = {"name": "sums", "note": "", "curves": [[[0, 0.1, 0.0, 0.2], [1, 0.3, 0.2, 0.4]]]}
FIGURES = {
    "ExampleCurves": {"tasks": [EXAMPLES], "sizes": ["small"], "labels": [10]},
    "FilterSwitches": {"ways": WAYS},
    "BPEMerges": {},
    "BloomBits": {},
    "TextOverlap": {"train": "a hen sat on an egg", "text": "the hen sat on it"},
    "GPT2Tokens": {},
    "NextWord": {},
    "PaperResults": {},
    "Attention": {},
    "LambadaLadder": {},
    "Calculator": {},
    "CostCalculator": {},
    "ResidualGrowth": {},
    "RunExplorer": {"runs": [RUN]},
    "Writer": {},
    "Answers": {},
}


def figure(name: str):
    return getattr(widgets, name)(**FIGURES[name])


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A folder as that of the models that ship, with two tiny ones."""
    for size, layers in (("0.67M", 2), ("1.5M", 3)):
        _, tokenizer = small_model(tmp_path / "models" / size, n_layer=layers)
        (tmp_path / "models" / size / "minigpt_tokenizer.json").unlink()
    tokenizer.save(tmp_path / "models")
    monkeypatch.setattr(tinyweb, "MODEL_FOLDER", tmp_path / "models")
    return tmp_path / "models"


def small_model(folder, vocab_size=290, n_layer=2):
    torch.manual_seed(0)
    tokenizer = Tokenizer.train(
        ["the cat sat on the mat, and the dog lay on the log: where is the bird, then? Every morning it flew away."],
        vocab_size,
    )
    model = GPT(GPTConfig(vocab_size=vocab_size, block_size=16, n_layer=n_layer, n_head=2, n_embd=8))
    save_pretrained(model, folder, dtype=torch.float16)
    tokenizer.save(folder)
    return model, tokenizer


@pytest.mark.parametrize("name", FIGURES)
def test_figure_says_what_it_is_and_stays_small(name):
    made = figure(name)
    assert repr(made).startswith("Live figure: ") and len(repr(made)) < 120 and " at 0x" not in repr(made)
    state = json.dumps(made.get_state(), default=str)
    assert len(state) < 60_000, f"{name}: {len(state)} bytes of state would be in every notebook"
    assert "https://" not in state.replace("http://www.w3.org/2000/svg", ""), "a figure may ask no other host"


def test_long_runs_are_thinned_to_a_small_state():
    steps = list(range(5000))
    noisy = np.random.default_rng(0).normal(3, 1, 5000).tolist()
    runs = [
        {
            "name": f"run {i}",
            "step": steps,
            "tokens": steps,
            "seconds": [s * 0.123456 for s in steps],
            "train": noisy,
            "val": noisy,
        }
        for i in range(8)
    ]
    made = widgets.RunExplorer(runs)
    assert len(json.dumps(made.get_state(), default=str)) < 60_000
    first = made.runs[0]
    assert first["step"][-1] == 4999 and len(first["step"]) == len(first["train"]) <= 100
    assert np.mean(first["train"]) == pytest.approx(np.mean(noisy), abs=0.02)


def test_thin_keeps_what_is_short_and_marks_what_is_missing():
    kept = figures.thin(RUN, 100)
    assert kept == {"name": "a run", "step": [1, 2, 3], "train": [3, 2, 1], "val": [None, 2.5, None]}


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: widgets.RunExplorer([]), "no run"),
        (lambda: widgets.RunExplorer([{"name": "x"}]), "steps"),
        (lambda: widgets.RunExplorer([{"name": "x", "step": [1, 2], "train": [1.0]}]), "2 steps"),
        (lambda: widgets.RunExplorer([{"name": "x", "step": [1]}]), "no curve"),
        (lambda: widgets.RunExplorer([RUN], smoothing=2), "smoothing"),
        (lambda: widgets.Calculator("345M"), "345M"),
        (lambda: widgets.CostCalculator("345M"), "345M"),
        (lambda: widgets.CostCalculator(machine="H1000"), "H1000"),
        (lambda: widgets.CostCalculator(gpus=0), "gpus"),
        (lambda: widgets.ResidualGrowth(0), "layers"),
        (lambda: widgets.Attention(layer=0), "layer"),
        (lambda: widgets.Attention(size="3M"), "0.25M, 0.67M, 1.5M, 2.8M"),
        (lambda: widgets.Writer(size="tinyweb"), "no model of the size 'tinyweb'"),
        (lambda: widgets.Answers(tasks=[]), "a task"),
        (lambda: widgets.Answers(tasks=["poems"]), "no task 'poems'"),
        (lambda: widgets.Answers(items=0), "an item"),
        (lambda: assets.asset("tinyweb-3M"), "no model of the size '3M'"),
        (lambda: widgets.Writer(temperature=0), "temperature"),
        (lambda: widgets.Writer(top_k=0), "top_k"),
        (lambda: widgets.Writer(top_p=1.5), "top_p"),
        (lambda: widgets.BPEMerges(merges=0), "merges"),
        (lambda: widgets.NextWord(n=7), "from 1 to 6"),
        (lambda: widgets.NextWord(smoothing="none"), "kneser-ney"),
        (lambda: widgets.FilterSwitches({}), "every set"),
        (lambda: widgets.FilterSwitches({**WAYS, "texts": [1]}), "every set"),
        (lambda: widgets.FilterSwitches(WAYS, on=4), "from 0 to 3"),
        (lambda: widgets.quiz([]), "at least one"),
        (lambda: widgets.quiz([{"choices": []}]), "question"),
        (lambda: widgets.quiz([{"question": "a", "choices": ["b"], "answer": 1}]), "1 choices"),
        (lambda: widgets.quiz([{"question": "a", "answer": 3}]), "text"),
        (lambda: assets.asset("nothing"), "nothing"),
        (lambda: assets.merge_ids(Tokenizer.from_chars("abc")), "byte-level"),
    ],
)
def test_wrong_settings_are_refused_in_one_sentence(make, part):
    with pytest.raises(ValueError) as error:
        make()
    assert part in str(error.value) and "\n" not in str(error.value)


# ---- the kernel's side ----


def ask(made, message, monkeypatch) -> list:
    sent = []
    monkeypatch.setattr(made, "send", lambda content, buffers=None: sent.append((content, buffers)))
    made._handle_custom_msg(message, [])  # what ipywidgets 7 and 8 call when a custom message has come
    return sent


def test_kernel_sends_merges_as_a_buffer(monkeypatch):
    ((content, buffers),) = ask(figure("GPT2Tokens"), {"type": "asset", "name": "gpt2"}, monkeypatch)
    assert content == {"type": "asset", "name": "gpt2", "meta": {}}
    assert len(buffers) == 1 and len(buffers[0]) == 50_000 * 2 * 2


def test_kernel_sends_a_model_of_the_readers(tmp_path, monkeypatch):
    model, tokenizer = small_model(tmp_path)
    made = widgets.Writer(model_dir=tmp_path)
    ((content, buffers),) = ask(made, {"type": "asset", "name": made.model}, monkeypatch)
    assert content["meta"]["config"] == {"n_layer": 2, "n_head": 2, "n_embd": 8, "n_positions": 16, "vocab_size": 290}
    assert len(buffers[1]) == 2 * model.config.n_params and len(buffers[0]) == 4 * len(tokenizer.merges)
    assert made.model != widgets.Writer(model_dir=tmp_path).model  # or a page would show the first for both
    assert str(tmp_path) not in json.dumps(made.get_state(), default=str)
    assert made.sizes == {}  # nothing to choose from


def test_kernel_sends_the_size_that_is_asked_for(models, monkeypatch):
    made = widgets.Writer(size="1.5M")
    assert made.model == "tinyweb-1.5M" and made.sizes == {"0.67M": 0.0, "1.5M": 0.0}  # to 0.1 MB: these are tiny
    for size, layers in (("1.5M", 3), ("0.67M", 2)):
        ((content, buffers),) = ask(made, {"type": "asset", "name": f"tinyweb-{size}"}, monkeypatch)
        assert content["meta"]["config"]["n_layer"] == layers and len(buffers) == 2
    ((content, _),) = ask(made, {"type": "asset", "name": "tinyweb-2.8M"}, monkeypatch)
    assert "tinyweb-2.8M is missing" in content["error"]


def test_kernel_says_why_there_is_no_asset(tmp_path, monkeypatch):
    made = widgets.Writer(model_dir=tmp_path)
    ((content, buffers),) = ask(made, {"type": "asset", "name": made.model}, monkeypatch)
    assert "missing" in content["error"] and "config.json" in content["error"] and not buffers
    ((content, _),) = ask(figure("Writer"), {"type": "asset", "name": "x"}, monkeypatch)
    assert "no asset 'x'" in content["error"]


def test_kernel_leaves_other_messages_alone(monkeypatch):
    assert ask(figure("Writer"), {"type": "else"}, monkeypatch) == []
    assert ask(figure("Writer"), "text", monkeypatch) == []


# ---- assets ----


def from_script(text: str) -> dict:
    assert text.startswith("(globalThis.minigptAssets ??= {})")
    return json.loads(text[text.index(" = ") + 3 : text.rindex(";")])


def test_script_of_gpt2_rebuilds_its_vocabulary():
    ids = np.frombuffer(base64.b64decode(from_script(assets.script("gpt2"))["buffers"][0]), "<u2").reshape(-1, 2)
    gpt2 = Tokenizer.gpt2()
    for rank in (0, 1, 255, 12_345, 49_999):
        assert b"".join(gpt2.tokens[i] for i in ids[rank]) == gpt2.tokens[256 + rank]


def test_script_of_a_model_holds_its_weights(models):
    model = GPT.from_pretrained(models / "1.5M")
    content = from_script(assets.script("tinyweb-1.5M"))
    weights = np.frombuffer(base64.b64decode(content["buffers"][1]), "<f2").astype(np.float32)
    at = 0
    for name, shape in content["meta"]["tensors"]:
        tensor = weights[at : at + int(np.prod(shape))].reshape(shape)
        at += tensor.size
        own = model.get_parameter(name).detach().numpy()
        if name.endswith("weight") and "c_" in name:
            own = own.T
        assert np.array_equal(tensor, own), name
    assert at == weights.size == model.config.n_params


def test_assets_as_a_command(models, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tinyweb.js").write_text("an asset of an earlier version")
    assert assets.main([str(tmp_path / "out")]) == 0
    files = ["gpt2.js", "tinyweb-0.67M.js", "tinyweb-1.5M.js", "words.js"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == files
    (models / "minigpt_tokenizer.json").unlink()
    assert assets.main([str(tmp_path / "out")]) == 1
    assert "missing" in (err := capsys.readouterr().err) and err.count("\n") == 1
    done = subprocess.run([sys.executable, "-m", "minigpt.widgets.assets"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("usage: ")


def test_model_and_tokenizer_must_fit(models):
    Tokenizer.train(["ab ab abc abc"], 258).save(models)
    with pytest.raises(ValueError, match="290 tokens, its tokenizer 258"):
        assets.asset("tinyweb-0.67M")


# ---- quiz and style ----


class Outline(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_quiz_is_static_html():
    made = widgets.quiz(
        [
            {
                "question": "Is `a < b`?",
                "choices": [("yes", "Since *b* is more."), "no"],
                "answer": 0,
                "why": "By order.",
            },
            {"question": "Why?", "answer": "Think & see."},
        ]
    )
    page = Outline(made._repr_html_())
    assert not page.open and page.tags.count("details") == page.tags.count("summary") == 3 and "script" not in page.tags
    assert "<code>a &lt; b</code>" in made._repr_html_() and "<strong>b</strong>" in made._repr_html_()
    assert "Right. Since b is more. By order." in page.text and "Not so." in page.text and "Think & see." in page.text
    assert repr(made) == "1. Is `a < b`?\n2. Why?"


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_style_is_seen_on_white_and_on_dark():
    import matplotlib as mpl

    with mpl.rc_context():
        style.use()
        assert (
            mpl.rcParams["figure.facecolor"]
            == mpl.rcParams["axes.facecolor"]
            == mpl.rcParams["savefig.facecolor"]
            == "none"
        )
        cycle = list(mpl.rcParams["axes.prop_cycle"])
        assert len({str(line["linestyle"]) for line in cycle}) == len({line["color"] for line in cycle}) == 6
    for ground in ("#ffffff", "#121212", "#16191d"):
        assert contrast(style.GREY, ground) > 3.8
        assert all(contrast(colour, ground) >= 3 for colour in style.COLOURS)
