"""The live figures as widgets. What is drawn and computed is in the .js files beside this one.

A figure's state is its few settings and its own script, so that a stored notebook stays small. GPT-2's merges and the
small model are not in it: the built page loads them from its own folder, and in a notebook the figure asks the kernel,
which answers in one message with the bytes as buffers (`minigpt.widgets.assets`).
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import anywidget
import traitlets

from minigpt import paper

from minigpt.tinyweb import DEFAULT_SIZE, SIZES

_FOLDER = Path(__file__).parent


def source(*names: str) -> str:
    """The named files as one, without comment lines and indentation: every notebook and page carries this text."""
    text = "\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in names)
    return re.sub(r"^[ \t]+", "", re.sub(r"^\s*//.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)


class Figure(anywidget.AnyWidget):
    """What all figures share: the style sheet, the answer to a request for an asset, and a plain-text form."""

    _css = source("widgets.css")
    about = ""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)
        self.on_msg(self._answer)

    def _answer(self, _widget: object, message: object, _buffers: object) -> None:
        """Reply to {"type": "asset", "name": NAME} with the asset, or with one sentence that says why not."""
        if not isinstance(message, Mapping) or message.get("type") != "asset":
            return
        reply = {"type": "asset", "name": message.get("name")}
        try:
            meta, buffers = self._asset(str(message.get("name")))
        except (ValueError, OSError, ImportError) as error:
            self.send({**reply, "error": str(error)})
            return
        self.send({**reply, "meta": meta}, buffers)

    def _asset(self, name: str) -> tuple[dict, list[bytes]]:
        from minigpt.widgets import assets  # not above: assets is also run as a command

        return assets.asset(name)

    def __repr__(self) -> str:
        return f"Live figure: {self.about} (needs JavaScript)"


class ModelFigure(Figure):
    """A figure with the book's small models to choose from; or, in a notebook, with one of the reader's, in a folder.

    The page loads a model's weights when the reader asks for it.
    """

    # The asset's name. A page keeps assets by name, so each model of the reader's has a name of its own.
    model = traitlets.Unicode().tag(sync=True)
    sizes = traitlets.Dict().tag(sync=True)  # the models to choose from: the megabytes of each

    def __init__(self, size: str, model_dir: str | Path | None = None, **settings: object) -> None:
        from minigpt.widgets import assets

        if size not in SIZES:
            raise ValueError(f"tinyweb has no model of the size {size!r}; there are: {', '.join(SIZES)}")
        self.model_dir = model_dir
        if model_dir is None:
            super().__init__(model=assets.MODEL + size, sizes=assets.megabytes(), **settings)
        else:
            super().__init__(model=f"own-{time.time_ns()}", **settings)

    def _asset(self, name: str) -> tuple[dict, list[bytes]]:
        from minigpt.widgets import assets

        own = name == self.model and self.model_dir is not None
        return assets.model_asset(Path(self.model_dir)) if own else super()._asset(name)


class PaperResults(Figure):
    """Chapter 01: Figure 1 and Table 3, size by task, against what there was to beat in 2019. Paper: pages 2 and 5.

    Args:
        task: the row that is open at the start, as in `results_by_task`.
        shown: how many sizes are uncovered at the start, 1 to 4.
    """

    _esm = source("core.js", "chart.js", "results.js")
    _css = source("widgets.css", "results.css")
    about = "Figure 1 and Table 3, size by task"
    sizes = traitlets.List().tag(sync=True)
    tasks = traitlets.List().tag(sync=True)
    task = traitlets.Int().tag(sync=True)
    shown = traitlets.Int().tag(sync=True)

    def __init__(self, task: str = "CoQA", shown: int = 2) -> None:
        tasks = results_by_task()
        names = [one["name"] for one in tasks]
        if task not in names:
            raise ValueError(f"there is no task {task!r}; there are: {'; '.join(names)}")
        if not 1 <= shown <= 4:
            raise ValueError(f"shown must be from 1 to 4 sizes, not {shown}")
        sizes = [{"name": size.paper, "millions": int(size.paper.rstrip("M"))} for size in paper.TABLE_2]
        super().__init__(sizes=sizes, tasks=tasks, task=names.index(task), shown=shown)


def results_by_task() -> list[dict]:
    """The panels of Figure 1 and the columns of Table 3 in one form: the values by size, and the lines to compare with.

    "beat" is the state of the art of Table 3, or the best line of a panel but for humans; None where the figure says
    that the better systems lie above its axis.
    """
    found = []
    for name, panel in paper.FIGURE_1.items():
        values = [panel.value(size, "value") for size in paper.SIZES]
        lines = [{"name": row, "value": panel.value(row, "value")} for row in panel.rows if row not in paper.SIZES]
        rivals = [line for line in lines if line["name"] != "Human"] if name != "questions" else []
        beat = max(rivals, key=lambda line: line["value"]) if rivals else None
        found.append({"name": _PANELS[name][0], "unit": _PANELS[name][1], "values": values, "lines": lines, "beat": beat,
                      "lower": False, "where": panel.where, "note": panel.note})  # fmt: skip
    for column in paper.TABLE_3.columns:
        sota = {"name": "state of the art", "value": paper.TABLE_3.value("SOTA", column)}
        values = [paper.TABLE_3.value(size, column) for size in paper.SIZES]
        found.append({"name": column, "unit": _UNITS.get(column, "perplexity a word"), "values": values, "lines": [sota],
                      "beat": sota, "lower": column in paper.TABLE_3.lower_is_better, "where": paper.TABLE_3.where,
                      "note": ""})  # fmt: skip
    return found


_PANELS = {
    "reading": ("CoQA", "F1"),
    "translation": ("French to English", "BLEU on WMT14"),
    "summarization": ("CNN, Daily Mail", "mean of ROUGE-1, -2 and -L"),
    "questions": ("Natural Questions", "accuracy in %"),
}
_UNITS = {
    "LAMBADA ACC": "accuracy in %",
    "CBT-CN": "accuracy in %",
    "CBT-NE": "accuracy in %",
    "enwik8": "bits a byte",
    "text8": "bits a character",
}


class NextWord(Figure):
    """Chapter 02: what an n-gram model of tinyweb expects after each of the reader's words, and what it counted.

    The model is `minigpt.ngram.NGram` on the pages of `minigpt.widgets.assets.counted_pages`, a page's start before the
    text; the page counts by itself.

    Args:
        text: the text at the start.
        n: the order at the start, 1 to 6.
        smoothing: "kneser-ney" or "counts".
        seed: where the random numbers of "Draw" start.
    """

    _esm = source("core.js", "nextword.js")
    about = "what an n-gram model expects next, as n and your text change"
    text = traitlets.Unicode().tag(sync=True)
    n = traitlets.Int().tag(sync=True)
    smoothing = traitlets.Unicode().tag(sync=True)
    seed = traitlets.Int().tag(sync=True)

    def __init__(self, text: str = "The hen", n: int = 3, smoothing: str = "kneser-ney", seed: int = 1) -> None:
        if not 1 <= n <= 6:
            raise ValueError(f"n must be from 1 to 6 here, not {n}")
        if smoothing not in ("kneser-ney", "counts"):
            raise ValueError(f"smoothing is 'kneser-ney' or 'counts', not {smoothing!r}")
        super().__init__(text=text[:500], n=n, smoothing=smoothing, seed=seed)


class FilterSwitches(Figure):
    """Chapter 03: what every set of the pipeline's six filters leaves of tinyweb's pages. Paper: section 2.1.

    Args:
        ways: what `minigpt.webtext.switches.count_switches` gives.
        on: the filters that are on at the start, one bit each; all by default.

    Raises:
        ValueError: `ways` does not hold a count for every set of filters, or `on` names no set.
    """

    _esm = source("core.js", "filters.js")
    _css = source("widgets.css", "filters.css")
    about = "the funnel of the WebText pipeline, each filter switchable"
    ways = traitlets.Dict().tag(sync=True)
    on = traitlets.Int().tag(sync=True)

    def __init__(self, ways: Mapping, on: int | None = None) -> None:
        sets = 2 ** len(ways.get("switches", ()))
        if sets == 1 or any(len(ways.get(key, ())) != sets for key in ("left", "texts")):
            raise ValueError("the figure needs the counts of every set of filters: minigpt.webtext.switches makes them")
        on = sets - 1 if on is None else on
        if not 0 <= on < sets:
            raise ValueError(f"on must be from 0 to {sets - 1}, a bit for each filter, not {on}")
        super().__init__(ways=dict(ways), on=on)


class BPEMerges(Figure):
    """Chapter 04: byte pair encoding learned merge by merge from a small text, ties as in `minigpt.tokenizer`.

    Args:
        text: the training text at the start, at most 1,500 characters; the reader can change it.
        merges: how many merges there are to step through.
        categories: the rule against merging across character categories, which the reader can switch.
        start: the number of merges done when the figure opens.
    """

    _esm = source("core.js", "bpe.js", "chart.js", "merges.js")
    about = "byte pair encoding, merge by merge, on your text"
    text = traitlets.Unicode().tag(sync=True)
    merges = traitlets.Int().tag(sync=True)
    categories = traitlets.Bool().tag(sync=True)
    start = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        text: str = "low low low low low lower lower newest newest newest newest newest newest widest widest widest",
        merges: int = 40,
        categories: bool = True,
        start: int = 0,
    ) -> None:
        if merges < 1:
            raise ValueError(f"merges must be at least 1, not {merges}")
        super().__init__(text=text[:1500], merges=merges, categories=categories, start=max(0, start))


class GPT2Tokens(Figure):
    """Chapter 04: GPT-2's own tokenizer on the reader's text, each token with its id and the merges that made it."""

    _esm = source("core.js", "bpe.js", "tokens.js")
    about = "GPT-2's tokenizer on your text"
    text = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, text: str = "Unbelievable! GPT-2 reads  2019 as one token, 你好 as bytes, and 🙂 too.\n"
    ) -> None:
        super().__init__(text=text[:20000])


class Attention(ModelFigure):
    """Chapter 05: the attention of every head of the small model on the reader's text (at most 64 tokens).

    The model reads `<|endoftext|>` first, as at the start of each document it was trained on.

    Args:
        text: the text at the start.
        layer, head: the head that is shown large at the start, counted from 1.
        size: the model at the start, one of `minigpt.tinyweb.SIZES`; the reader can choose another.
        model_dir: in a notebook, a model folder to show instead of the book's small model.
    """

    _esm = source("core.js", "bpe.js", "gpt.js", "models.js", "attention.js")
    about = "where every attention head of the small model looks, on your text"
    text = traitlets.Unicode().tag(sync=True)
    layer = traitlets.Int().tag(sync=True)
    head = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        text: str = "Kai balanced a coat on his nose for twenty hours in Kettle Hill. TL;DR: Kai balanced a coat.",
        layer: int = 1,
        head: int = 1,
        size: str = DEFAULT_SIZE,
        model_dir: str | Path | None = None,
    ) -> None:
        if layer < 1 or head < 1:
            raise ValueError(f"layer and head count from 1; got layer={layer}, head={head}")
        super().__init__(size, model_dir, text=text[:600], layer=layer, head=head)


class Calculator(Figure):
    """Chapter 06: exact parameter counts and memory of a GPT-2-like model, and where the paper's 117M came from.

    Args:
        preset: what the figure opens with: "GPT-1", "124M", "355M", "774M" or "1558M".
        batch: sequences a step, each as long as the context.
    """

    _esm = source("core.js", "sizes.js", "calculator.js")
    about = "parameters and memory of a GPT-2-like model"
    preset = traitlets.Unicode().tag(sync=True)
    batch = traitlets.Int().tag(sync=True)

    def __init__(self, preset: str = "124M", batch: int = 8) -> None:
        sizes = ("GPT-1", "124M", "355M", "774M", "1558M")
        if preset not in sizes:
            raise ValueError(f"there is no preset {preset!r}; there are {', '.join(sizes)}")
        super().__init__(preset=preset, batch=batch)


class CostCalculator(Figure):
    """Chapter 14: what a run takes: parameters, FLOP a token, memory by part, hours and money.

    The formulas are those of `minigpt.training.calculator`; rates, prices and recipes are the package's.

    Args:
        size: the recipe that it opens with: "124M", "355M", "774M" or "1558M".
        machine: a GPU, as `minigpt cost --gpu` names it.
        gpus: how many.
        utilization: share of the peak.
    """

    _esm = source("core.js", "chart.js", "sizes.js", "cost.js")
    _css = source("widgets.css", "cost.css")
    about = "what a run takes: memory, hours, money"
    size = traitlets.Unicode().tag(sync=True)
    machine = traitlets.Unicode().tag(sync=True)
    gpus = traitlets.Int().tag(sync=True)
    utilization = traitlets.Float().tag(sync=True)
    machines = traitlets.Dict().tag(sync=True)
    recipes = traitlets.Dict().tag(sync=True)
    constants = traitlets.Dict().tag(sync=True)

    def __init__(
        self, size: str = "124M", machine: str = "H100", gpus: int = 8, utilization: float | None = None
    ) -> None:
        from minigpt.model import HeadLoss  # not above: the other figures do without PyTorch's training
        from minigpt.training import calculator, recipes

        if size not in recipes.RUNS:
            raise ValueError(f"there is no recipe {size!r}; there are {', '.join(recipes.RUNS)}")
        if machine not in calculator.GPU_MEMORY:
            raise ValueError(f"there is no GPU {machine!r}; there are {', '.join(calculator.GPU_MEMORY)}")
        if gpus < 1:
            raise ValueError(f"gpus must be at least 1, not {gpus}")
        wanted = {"n_layer": "n_layer", "n_head": "n_head", "n_embd": "n_embd", "batch": "batch_size",
                  "accum": "grad_accum", "steps": "max_steps"}  # fmt: skip
        made = {name: recipes.settings(name) for name in recipes.RUNS}
        super().__init__(
            size=size,
            machine=machine,
            gpus=gpus,
            utilization=calculator.UTILIZATION if utilization is None else utilization,
            machines={
                name: {"peak": calculator.GPU_PEAKS[name], "memory": memory, "price": calculator.GPU_PRICES.get(name)}
                for name, memory in calculator.GPU_MEMORY.items()
            },
            recipes={
                name: {key: getattr(settings, own) for key, own in wanted.items()} for name, settings in made.items()
            },
            constants={"atOnce": HeadLoss.AT_ONCE, "packed": calculator.PACKED},
        )


class ResidualGrowth(Figure):
    """Chapter 06: how the residual stream grows with depth, with and without 1/sqrt(N). Paper: section 2.3.

    The page computes a small random model: each of N = 2 x layers sub-blocks normalizes the stream (64 numbers) and
    adds a random linear map of it. Dotted, what independent additions give: sqrt(1 + k), and sqrt(1 + k / N).

    Args:
        layers: the depth at the start, 1 to 96.
    """

    _esm = source("core.js", "gpt.js", "chart.js", "growth.js")
    about = "growth of the residual stream with depth, with and without 1/sqrt(N)"
    layers = traitlets.Int().tag(sync=True)

    def __init__(self, layers: int = 12) -> None:
        if not 1 <= layers <= 96:
            raise ValueError(f"layers must be from 1 to 96, not {layers}")
        super().__init__(layers=layers)


class RunExplorer(Figure):
    """Chapter 07: recorded learning curves to compare: axes, logarithms, smoothing, values under the pointer, a table.

    Args:
        runs: a list of dicts with "name", "step", and any of "tokens", "seconds" (other x axes), "train", "val" (the
            curves), all lists of one length; None or NaN where nothing was measured. Together they are thinned to about
            600 points, in equal stretches of a run: x is the last of each, the losses are means over it.
        title, y_label: the words on the figure.
        log_x, log_y, smoothing: how it opens.

    Raises:
        ValueError: no run, or a run whose lists do not fit.
    """

    _esm = source("core.js", "chart.js", "runs.js")
    about = "explorer of the recorded runs"
    runs = traitlets.List().tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    y_label = traitlets.Unicode().tag(sync=True)
    log_x = traitlets.Bool().tag(sync=True)
    log_y = traitlets.Bool().tag(sync=True)
    smoothing = traitlets.Float().tag(sync=True)

    def __init__(
        self,
        runs: Sequence[Mapping],
        title: str = "The recorded runs",
        y_label: str = "loss (nats a token)",
        log_x: bool = False,
        log_y: bool = False,
        smoothing: float = 0.0,
    ) -> None:
        if not runs:
            raise ValueError("there is no run to show: give a list of dicts with name, step, and train or val")
        if not 0 <= smoothing <= 0.98:
            raise ValueError(f"smoothing must be from 0 to 0.98, not {smoothing}")
        most = max(40, min(250, 600 // len(runs)))
        super().__init__(
            runs=[thin(run, most) for run in runs],
            title=title,
            y_label=y_label,
            log_x=log_x,
            log_y=log_y,
            smoothing=smoothing,
        )


class Prompts(ModelFigure):
    """Chapter 12: an article, example pairs or a question of the reader's, ways to ask, and what a small model writes.

    `<|endoftext|>` comes before the prompt; the answer is greedy, to the end of the line, and its probability is that of
    all its tokens and of what ended it, as in `minigpt.zeroshot.scoring.write`. Paper: sections 3.6 to 3.8.

    Args:
        task: at the start, one of `WAYS`.
        items: how many of each task the reader can go through, of tinyweb's test split.
        size: the model at the start, one of `minigpt.tinyweb.SIZES`; the reader can choose another.
        model_dir: in a notebook, a model folder to ask instead of the book's small models.

    Raises:
        ValueError: there is no such task, or fewer than one item.
    """

    _esm = source("core.js", "bpe.js", "gpt.js", "models.js", "prompts.js")
    about = "what a small model writes, asked in several ways"
    task = traitlets.Unicode().tag(sync=True)
    tasks = traitlets.List().tag(sync=True)

    def __init__(
        self, task: str = "summary", items: int = 5, size: str = "2.8M", model_dir: str | Path | None = None
    ) -> None:
        if task not in WAYS or items < 1:
            raise ValueError(f"the figure needs one of the tasks {', '.join(WAYS)} and an item, not {task!r} and {items}")
        super().__init__(size, model_dir, task=task, tasks=[prompt_task(name, items) for name in WAYS])


# What is wanted, what the text is, and the ways to ask: what the button says, whether the pairs stand first, what is before and after.
_ARROW = (("the pairs, then =", True, "", " ="), ("= without pairs", False, "", " ="), ("the pairs, no =", True, "", ""))
WAYS = {
    "summary": ("a summary", "Article", (
        ("TL;DR:", False, "", "\nTL;DR:"), ("a line break", False, "", "\n"), ("nothing", False, "", ""),
        ("In short:", False, "", "\nIn short:"),
    )),
    "translation_en_wo": ("into Wobblish", "English sentence", _ARROW),
    "translation_wo_en": ("from Wobblish", "Wobblish sentence", _ARROW),
    "closed_book": ("an answer", "Question", (
        ("the pairs, then Q: and A:", True, "Q: ", "\nA:"), ("Q: and A: without pairs", False, "Q: ", "\nA:"),
        ("the question alone", False, "", ""),
    )),
}  # fmt: skip


def prompt_task(task: str, items: int) -> dict:
    """A task of `Prompts`: its ways to ask, and items of tinyweb taken apart, so that the first way puts them together."""
    from minigpt.tinyweb.tasks import items as make_items

    label, noun, ways = WAYS[task]
    _, paired, before, after = ways[0]
    found = []
    for item in make_items(task, items):
        asked = item.prompt.removesuffix(after)
        pairs, _, text = asked.rpartition("\n") if paired else ("", "", asked)
        found.append({"pairs": pairs, "text": text.removeprefix(before), "answer": item.answer.strip()})
    keys = ("label", "pairs", "before", "after")
    return {"key": task, "label": label, "noun": noun, "items": found,
            "ways": [dict(zip(keys, way)) for way in ways]}  # fmt: skip


class Calibration(Figure):
    """Chapter 12: stated probability against share of right answers, in bins, and the most confident of them. Table 5.

    Args:
        models: name -> records with "probability" and "right", as `minigpt.zeroshot.questions` makes them.
        model: the name that is shown at the start; the first if none is given.
        bins: how many bins at the start, 2 to 40.
        share: the most confident so many per cent at the start, 1 to 100.

    Raises:
        ValueError: there is no model, one has no record, or a setting is none.
    """

    _esm = source("core.js", "chart.js", "calibration.js")
    about = "whether a model's trust in its answers is right"
    models = traitlets.List().tag(sync=True)
    model = traitlets.Unicode().tag(sync=True)
    bins = traitlets.Int().tag(sync=True)
    share = traitlets.Int().tag(sync=True)

    def __init__(
        self, models: Mapping[str, Sequence[Mapping]], model: str = "", bins: int = 10, share: int = 10
    ) -> None:
        model = model or next(iter(models), "")
        if model not in models or not all(models.values()):
            raise ValueError(f"the figure needs models with records, and {model!r} among them, not {list(models)}")
        if not 2 <= bins <= 40 or not 1 <= share <= 100:
            raise ValueError(f"bins must be from 2 to 40 and share from 1 to 100 %, not {bins} and {share}")
        rows = {
            name: [[_rounded(one["probability"], 4), int(one["right"])] for one in
                   sorted(records, key=lambda one: -one["probability"])]
            for name, records in models.items()
        }  # fmt: skip
        made = [{"name": name, "rows": some} for name, some in rows.items()]
        super().__init__(models=made, model=model, bins=bins, share=share)


class BloomBits(Figure):
    """Chapter 13: a Bloom filter filled with the words of the reader's text, its bits, and its error as it grows.

    Hashes and places are those of `minigpt.memorization.BloomFilter`. The error is measured by asking for 2,000 words
    that never went in.

    Args:
        text: whose words go in.
        rows, bits: hash functions, 1 to 10, and bits for each, a multiple of 8 from 8 to 96, at the start.
        added: how many words are in it at the start.
        ask: the word that is asked for at the start.
    """

    _esm = source("core.js", "chart.js", "bloom.js")
    _css = source("widgets.css", "bloom.css")
    about = "a Bloom filter, bit by bit, with your own words"
    text = traitlets.Unicode().tag(sync=True)
    rows = traitlets.Int().tag(sync=True)
    bits = traitlets.Int().tag(sync=True)
    added = traitlets.Int().tag(sync=True)
    ask = traitlets.Unicode().tag(sync=True)

    def __init__(
        self,
        text: str = "Four score and seven years ago our fathers brought forth on this continent a new nation, "
        "conceived in liberty, and dedicated to the proposition that all men are created equal.",
        rows: int = 4,
        bits: int = 32,
        added: int = 5,
        ask: str = "goose",
    ) -> None:
        if not 1 <= rows <= 10 or bits not in range(8, 97, 8):
            raise ValueError(f"rows must be from 1 to 10 and bits a multiple of 8 up to 96, not {rows} and {bits}")
        super().__init__(text=text[:3000], rows=rows, bits=bits, added=max(0, added), ask=ask[:60])


class TextOverlap(Figure):
    """Chapter 13: the reader's text beside another, both marked where they share n-grams. Paper: section 4.

    Counted as `minigpt.memorization.overlap` does, with exact sets.

    Args:
        train, text: the two texts at the start.
        n: words of an n-gram at the start, 1 to 13.
    """

    _esm = source("core.js", "overlap.js")
    _css = source("widgets.css", "overlap.css")
    about = "your text, marked where its n-grams stand in another"
    train = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    n = traitlets.Int().tag(sync=True)

    def __init__(self, train: str, text: str, n: int = 8) -> None:
        if not 1 <= n <= 13:
            raise ValueError(f"n must be from 1 to 13 words here, not {n}")
        super().__init__(train=train[:20000], text=text[:20000], n=n)


class LambadaLadder(ModelFigure):
    """Chapter 10: a passage's last word, and what each rung of LAMBADA's ladder makes of one model's guess.

    The rungs are those of `minigpt.zeroshot.lambada.climb`, and one more that chooses among the passage's words.

    Args:
        text: the passage at the start, its last word being the question; the first story's if there is none.
        size: the model at the start, one of `minigpt.tinyweb.SIZES`; the reader can choose another.
        model_dir: in a notebook, a model folder to ask instead of the book's small model.
    """

    _esm = source("core.js", "bpe.js", "gpt.js", "models.js", "ladder.js")
    _css = source("widgets.css", "ladder.css")
    about = "LAMBADA's ladder of protocols on your own passage"
    text = traitlets.Unicode().tag(sync=True)
    passages = traitlets.List().tag(sync=True)  # [[what the button says, [text, ...]], ...]
    stop_words = traitlets.List().tag(sync=True)

    def __init__(self, text: str | None = None, size: str = DEFAULT_SIZE, model_dir: str | Path | None = None) -> None:
        from minigpt.zeroshot.lambada import STOP_WORDS

        passages = passages_of_each_set()
        super().__init__(
            size,
            model_dir,
            text=passages[0][1][0] if text is None else text[:1500],
            passages=passages,
            stop_words=sorted(STOP_WORDS),
        )


def passages_of_each_set(n: int = 4) -> list[list]:
    """Stories, pages of the test split, and pages of unseen kinds, each up to and with its last word."""
    from minigpt.tinyweb import documents, unseen
    from minigpt.tinyweb.tasks import items

    def first(texts) -> list[str]:
        whole = (re.sub(r"\W+$", "", text) for text in texts if 20 < len(text.split()) < 130)
        return [text for text in whole if re.search(r" \w+$", text)][:n]

    stories = [item.prompt + item.answer for item in items("last_word", n + 1)[1:]]
    return [["a story", stories], ["a page", first(documents(30, split="test"))],
            ["an unseen kind of page", first(unseen.documents(24))]]  # fmt: skip


class SchemaScores(ModelFigure):
    """Chapter 11: a Winograd schema under both candidates: every word's nats, full and partial sums word by word.

    The model reads `<|endoftext|>` first; the sums are those of `minigpt.zeroshot.winograd`. Paper: section 3.4.

    Args:
        text: a sentence with two candidates in the pronoun's place, [this / that]; the first example if none.
        examples: how many items of tinyweb's task "pronoun" the reader can take, two by two.
        size: the model at the start, one of `minigpt.tinyweb.SIZES`; the reader can choose another.
        model_dir: in a notebook, a model folder to show instead of the book's small model.
    """

    _esm = source("core.js", "bpe.js", "gpt.js", "chart.js", "models.js", "schema.js")
    _css = source("widgets.css", "schema.css")
    about = "a Winograd schema, scored word by word"
    text = traitlets.Unicode().tag(sync=True)
    examples = traitlets.List().tag(sync=True)  # [[what the button says, the sentence, the answer], ...]

    def __init__(
        self,
        text: str | None = None,
        examples: int = 6,
        size: str = DEFAULT_SIZE,
        model_dir: str | Path | None = None,
    ) -> None:
        from minigpt.tinyweb.tasks import items as make_items

        if examples < 0 or (not examples and text is None):
            raise ValueError(f"the figure needs a text, or examples, not {examples} of them")
        made = [
            [
                item.rest.strip(),
                f"{item.prompt} [{item.candidates[0].strip()} / {item.candidates[1].strip()}]{item.rest}",
                item.answer.strip(),
            ]
            for item in make_items("pronoun", examples)
        ]
        super().__init__(size, model_dir, text=made[0][1] if text is None else text[:500], examples=made)


class Writer(ModelFigure):
    """Chapter 08: the small model writes on from the reader's text; the distribution it draws from is there to touch.

    The model reads `<|endoftext|>` first: `generate(model, [tok.eot, *tok.encode(prompt)], ...)` is the same in Python,
    token by token when greedy. Draws differ from torch's: the page has its own random numbers.

    Args:
        prompt: the text at the start.
        temperature, top_k, top_p, seed, greedy: the controls at the start (0.1 to 2; None for off).
        length: how many tokens one press of Write adds.
        size: the model at the start, one of `minigpt.tinyweb.SIZES`; the reader can choose another.
        model_dir: in a notebook, a model folder to write with instead of the book's small model.
    """

    _esm = source("core.js", "bpe.js", "gpt.js", "models.js", "writer.js")
    about = "the small model writes on from your text"
    prompt = traitlets.Unicode().tag(sync=True)
    temperature = traitlets.Float().tag(sync=True)
    top_k = traitlets.Int(allow_none=True).tag(sync=True)
    top_p = traitlets.Float(allow_none=True).tag(sync=True)
    seed = traitlets.Int().tag(sync=True)
    greedy = traitlets.Bool().tag(sync=True)
    length = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        prompt: str = "Record in Kettle Hill",
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 1,
        greedy: bool = False,
        length: int = 60,
        size: str = DEFAULT_SIZE,
        model_dir: str | Path | None = None,
    ) -> None:
        if not 0.1 <= temperature <= 2:
            raise ValueError(f"temperature must be from 0.1 to 2 here, not {temperature}; for greedy pass greedy=True")
        if top_k is not None and top_k < 1:
            raise ValueError(f"top_k must be at least 1, or None for all tokens, not {top_k}")
        if top_p is not None and not 0 < top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, or None, not {top_p}")
        super().__init__(
            size,
            model_dir,
            prompt=prompt[:1000],
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
            greedy=greedy,
            length=length,
        )


class Likelihood(ModelFigure):
    """Chapter 09: the likelihood of the reader's text in every unit, and what each way to cut it into windows costs.

    Windows, counts and sums are those of `minigpt.zeroshot.language`; `<|endoftext|>` stands before the text.

    Args:
        text: the text at the start, of which the first 160 tokens are read.
        context, parts: the windows at the start: tokens of context (256: all), and how often one begins in a context.
        size: the model at the start, one of `minigpt.tinyweb.SIZES`; the reader can choose another.
        model_dir: in a notebook, a model folder to score with instead of the book's small model.
    """

    _esm = source("core.js", "bpe.js", "gpt.js", "models.js", "likelihood.js")
    _css = source("widgets.css", "likelihood.css")
    about = "one text, one likelihood, every unit and window"
    text = traitlets.Unicode().tag(sync=True)
    context = traitlets.Int().tag(sync=True)
    parts = traitlets.Int().tag(sync=True)

    def __init__(
        self,
        text: str = "Omar Noodle\nOmar Noodle is known for the talking stove. He plays the bagpipe. Omar is at home in "
        "Mothgate, and Boris Noodle lives next door.",
        context: int = 32,
        parts: int = 1,
        size: str = DEFAULT_SIZE,
        model_dir: str | Path | None = None,
    ) -> None:
        if context not in (8, 16, 32, 64, 256) or parts not in (1, 2, 4, 8):
            raise ValueError(f"context is 8, 16, 32, 64 or 256 and parts 1, 2, 4 or 8 here, not {context} and {parts}")
        super().__init__(size, model_dir, text=text[:900], context=context, parts=parts)


class Answers(ModelFigure):
    """Chapters 01 and 02: how the models of all sizes write on from one text, greedily to the end of the line.

    `<|endoftext|>` comes before the text; each answer is what `minigpt.experiments.abilities.written` gives.

    Args:
        prompt: the text at the start; the first task's if there is none.
        tasks: of `minigpt.tinyweb.tasks.TASKS`, from whose items the reader can take a text.
        items: how many of each task.

    Raises:
        ValueError: no task, one that there is not, or fewer than one item.
    """

    _esm = source("core.js", "bpe.js", "gpt.js", "models.js", "answers.js")
    about = "how the models of all sizes answer"
    prompt = traitlets.Unicode().tag(sync=True)
    tasks = traitlets.List().tag(sync=True)  # [[what the button says, [[prompt, answer], ...]], ...]

    def __init__(
        self,
        prompt: str | None = None,
        tasks: Sequence[str] = ("last_word", "reading", "closed_book", "summary", "translation_en_wo"),
        items: int = 4,
    ) -> None:
        from minigpt.tinyweb.tasks import items as make_items

        if not tasks or items < 1:
            raise ValueError(f"the figure needs a task and an item of each, not {len(tasks)} and {items}")
        made = {task: make_items(task, items) for task in tasks}
        super().__init__(
            DEFAULT_SIZE,
            prompt=made[tasks[0]][0].prompt if prompt is None else prompt[:2000],
            tasks=[[TASK_NAMES[task], [[item.prompt, item.answer] for item in made[task]]] for task in tasks],
        )


TASK_NAMES = {
    "last_word": "a story’s last word",
    "cloze": "a missing noun",
    "pronoun": "because",
    "reading": "a question about a text",
    "summary": "TL;DR:",
    "translation_en_wo": "into Wobblish",
    "translation_wo_en": "from Wobblish",
    "closed_book": "a question, no text",
}
X_AXES = ("step", "tokens", "seconds")
CURVES = ("train", "val")


def thin(run: Mapping, most: int) -> dict:
    """One run of `RunExplorer`, checked, of at most `most` points, its numbers rounded to what a plot can show.

    >>> thin({"name": "a", "step": [1, 2, 3, 4], "train": [4.0, 3.0, 2.0, 1.0]}, most=2)
    {'name': 'a', 'step': [2, 4], 'train': [3.5, 1.5]}
    """
    name = str(run.get("name", ""))
    if not name or not run.get("step"):
        raise ValueError(f"a run needs a name and steps; this one has the keys {sorted(run)}")
    n = len(run["step"])
    wrong = [key for key in X_AXES + CURVES if run.get(key) is not None and len(run[key]) != n]
    if wrong:
        raise ValueError(f"run {name!r} has {n} steps, but {len(run[wrong[0]])} values of {wrong[0]!r}")
    if not any(run.get(key) is not None for key in CURVES):
        raise ValueError(f"run {name!r} has no curve: give 'train' or 'val'")
    size = math.ceil(n / most)
    stretches = [slice(start, start + size) for start in range(0, n, size)]
    out: dict = {"name": name}
    for key in X_AXES:
        if run.get(key) is not None:
            out[key] = [_rounded(run[key][stretch][-1], 6) for stretch in stretches]
    for key in CURVES:
        if run.get(key) is not None:
            out[key] = [_mean(run[key][stretch]) for stretch in stretches]
    return out


def _mean(values: Sequence[float | None]) -> float | None:
    measured = [float(value) for value in values if value is not None and math.isfinite(value)]
    return _rounded(sum(measured) / len(measured), 5) if measured else None


def _rounded(value: float, digits: int) -> float | int:
    value = float(f"{float(value):.{digits}g}")
    return int(value) if value.is_integer() else value


class ExampleCurves(Figure):
    """Chapter 15: accuracy against the number of examples in the context, by task and size.

    Args:
        tasks: a list of dicts with "name", "note", "curves" (for each size, points [k, value, low, high], shares from 0
            to 1), and, where models were fine-tuned on the task, "tuned" (for each size, {labels: share}).
        sizes: the names of the sizes.
        labels: the numbers of labels that models were fine-tuned on.
        task: the task that is open at the start, by name.
        zero_shot, fine_tuned: whether these lines are shown at the start.

    Raises:
        ValueError: a task has not one curve for each size, or there is no task of that name.
    """

    _esm = source("core.js", "chart.js", "examples.js")
    about = "accuracy against the number of examples, by task and size"
    tasks = traitlets.List().tag(sync=True)
    sizes = traitlets.List().tag(sync=True)
    labels = traitlets.List().tag(sync=True)
    task = traitlets.Int().tag(sync=True)
    zero_shot = traitlets.Bool().tag(sync=True)
    fine_tuned = traitlets.Bool().tag(sync=True)

    def __init__(
        self, tasks: Sequence[Mapping], sizes: Sequence[str], labels: Sequence[int], task: str | None = None,
        zero_shot: bool = True, fine_tuned: bool = False,
    ) -> None:  # fmt: skip
        names = [one["name"] for one in tasks]
        for one in tasks:
            if len(one["curves"]) != len(sizes):
                raise ValueError(f"the task {one['name']!r} needs a curve for each of: {', '.join(sizes)}")
        if not tasks or (task is not None and task not in names):
            raise ValueError(f"there is no task {task!r}; there are: {'; '.join(names) or 'none'}")
        super().__init__(
            tasks=[dict(one) for one in tasks], sizes=list(sizes), labels=list(labels),
            task=names.index(task) if task else 0, zero_shot=zero_shot, fine_tuned=fine_tuned,
        )  # fmt: skip
