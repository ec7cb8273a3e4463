"""The live figures in a browser with no kernel: they compute what the package computes, and everyone can use them.

Most tests open a small page of their own from a folder (file://), with the book's scripts; the last open the chapters.
"""

from __future__ import annotations

import base64
import json
import random
import shutil
import unicodedata
from pathlib import Path

import pytest
from conftest import unusable
import torch
from ipywidgets.embed import dependency_state

from book.build import pages
from minigpt import tinyweb, widgets
from minigpt.config import GPTConfig
from minigpt.model import GPT
from minigpt.pretrained import save_pretrained
from minigpt.sampling import generate, keep_top_k, keep_top_p, with_temperature
from minigpt.tinyweb import documents, load_model
from minigpt.tokenizer import Tokenizer, split_words, train_merges_simple
from minigpt.widgets import assets
from minigpt.widgets.figures import source

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "book" / "_static" / "vendor"
AXE = ROOT / "tests" / "vendor" / "axe-core" / "axe.min.js"
TEXT = (
    "The old baker lives in Kettle Hill. She has a dog, and the dog has a friend: a cat called Ida. "
    "Where does the baker live? The baker lives in Kettle Hill. What is the cat called? The cat is called Ida. "
)


SHAPES = {"0.25M": (2, 2, 64), "0.67M": (4, 3, 96), "1.5M": (6, 4, 128), "2.8M": (8, 5, 160)}  # layers, heads, width


@pytest.fixture(scope="module")
def sizes(tmp_path_factory):
    """Random models of the shapes that ship; their weights are larger than at the start, so they have opinions."""
    folder = tmp_path_factory.mktemp("models")
    torch.set_num_threads(1)
    Tokenizer.load(tinyweb.MODEL_FOLDER).save(folder)
    models = {}
    for size, (n_layer, n_head, n_embd) in SHAPES.items():
        torch.manual_seed(1)
        model = GPT(GPTConfig(vocab_size=2048, block_size=256, n_layer=n_layer, n_head=n_head, n_embd=n_embd))
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(5 if parameter.dim() == 2 else 1).add_(0.02 * torch.randn_like(parameter))
                parameter.copy_(parameter.half())
            model.wte.weight[:256] = 0  # single bytes are seldom the likeliest, so that what is written can be read
        save_pretrained(model, folder / size, dtype=torch.float16)
        models[size] = model.eval()
    return folder, models, Tokenizer.load(folder)


@pytest.fixture(scope="module")
def small(sizes):
    """The model with which the figures open."""
    folder, models, tokenizer = sizes
    return folder / "0.67M", models["0.67M"], tokenizer


def figures():
    steps = list(range(1, 101))
    run = {"step": steps, "seconds": [0.1 * s for s in steps], "train": [5 / s**0.3 for s in steps]}
    run["val"] = [5.2 / s**0.3 if s % 10 == 0 else None for s in steps]
    return [
        widgets.BPEMerges(start=3),
        widgets.GPT2Tokens(),
        widgets.Attention(text="The old baker lives in Kettle Hill."),
        widgets.Calculator(),
        widgets.ResidualGrowth(),
        widgets.RunExplorer([{"name": "small", **run}, {"name": "large", **run, "train": [4 / s**0.3 for s in steps]}]),
        widgets.Writer(prompt="The old", top_k=20, temperature=0.8, length=20),
        widgets.Answers(),
    ]


def page_text(made, quiz) -> str:
    state = {"version_major": 2, "version_minor": 0, "state": dependency_state(made, drop_defaults=False)}
    views = "".join(
        '<div class="widget-subarea"><script type="application/vnd.jupyter.widget-view+json">'
        + json.dumps({"version_major": 2, "version_minor": 0, "model_id": one.model_id})
        + "</script></div>"
        for one in made
    )
    return f"""<!doctype html><html lang="en" data-content_root="./"><head><meta charset="utf-8"><title>Figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<style>
body {{ margin: 0; background: light-dark(#fff, #16191d); color-scheme: light dark; color: light-dark(#111, #eee) }}
main {{ max-width: 52rem; margin: auto; padding: 0 14px }}</style>
<script src="_static/vendor/requirejs/require.js"></script><script src="_static/vendor/require-config.js"></script>
<script src="_static/vendor/html-manager/embed-amd.js" data-jupyter-widgets-cdn="vendor-missing/"></script></head>
<body><main><h1>Figures</h1>{views}<div class="text_html">{quiz._repr_html_()}</div></main>
<script type="application/vnd.jupyter.widget-state+json">{json.dumps(state).replace("</", "<" + chr(92) + "/")}</script>
</body></html>"""


@pytest.fixture(scope="module")
def own_site(tmp_path_factory, sizes):
    folder = tmp_path_factory.mktemp("site")
    (folder / "_static").mkdir()
    (folder / "_static" / "vendor").symlink_to(VENDOR)
    quiz = widgets.quiz([{"question": "Which?", "choices": [("this", "Yes."), ("that", "No.")], "answer": 0}])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tinyweb, "MODEL_FOLDER", sizes[0])
        assets.write_assets(folder / "_static" / "generated")
        (folder / "index.html").write_text(page_text(figures(), quiz), encoding="utf-8")
    module = source("core.js", "bpe.js", "gpt.js", "chart.js", "models.js", "sizes.js")
    for name, own in {
        "merges": ["trainSteps"],
        "writer": ["distribution", "seenWindow"],
        "calculator": ["parameters", "PRESETS"],
    }.items():
        names = ", ".join(["Bpe", "Gpt", "openModel", "loadAsset", *own])
        text = module + source(f"{name}.js") + f"\nexport {{ {names} }};"
        (folder / f"{name}.html").write_text(f"<!doctype html><html><title>{name}</title><body>")
        (folder / f"{name}.mjs").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def page(browser, own_site):
    """The page with every figure, at the width of a laptop."""
    page, problems = opened(browser, own_site)
    assert page.evaluate("[...document.scripts].filter((s) => s.src.includes('generated/tinyweb')).length") == 0
    load_models(page)
    yield page
    assert problems == []
    page.context.close()


def load_models(page):
    """Asks for the weights, as a reader does: nothing is loaded before."""
    for title in ("Attention of every head", "The model writes on"):
        card(page, title).get_by_role("button", name="Load 0.67M (1.3 MB)").click()
        card(page, title).locator(".mg-place button").first.wait_for()


def opened(browser, own_site, width=900, **context):
    page = browser.new_context(viewport={"width": width, "height": 900}, **context).new_page()
    page.set_default_timeout(20_000)
    problems: list[str] = []
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: problems.append(str(e)))
    page.on("request", lambda r: None if r.url.startswith(("file:", "data:", "blob:")) else problems.append(r.url))
    page.goto((own_site / "index.html").as_uri())
    page.wait_for_function(
        "document.querySelectorAll('.mg .mg-body').length === 8 && ![...document.querySelectorAll('.mg-note')]"
        ".some((note) => note.textContent === 'Loading ...')"
    )
    return page, problems


def module(browser, own_site, name: str):
    """A page in which `window.m` holds the functions of a figure's module."""
    page = browser.new_page()
    page.goto((own_site / f"{name}.html").as_uri())
    page.evaluate(
        """async (text) => {
            window.m = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
        }""",
        (own_site / f"{name}.mjs").read_text(encoding="utf-8"),
    )
    return page


def give_asset(page, own_site, name: str) -> None:
    page.evaluate(
        "(text) => { const s = document.createElement('script'); s.textContent = text; document.head.append(s); "
        "document.documentElement.dataset.content_root = './'; }",
        (own_site / "_static" / "generated" / f"{name}.js").read_text(encoding="utf-8"),
    )


# ---- What is computed ----


def nasty_texts() -> list[str]:
    dice = random.Random(4)
    assigned = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
    spaces = [*" \n\t\x0b\x0c\x1c\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\ufeff\u200b\u180e", "\r\n"]
    words = "it's IT'S we'll ''s x's5 naïve e\u0301a ½ Ⅷ ٣٤ ①x a_b -- <|endoftext|> I'd've ’s \x00 \U000e0041".split(
        " "
    )
    words += "你好 🙂 👩\u200d👩\u200d👧\u200d👦 🇫🇷 नमस्ते שלום 한국어 𝔘𝔫𝔦".split(" ")
    texts = [
        "",
        " ",
        "\n\n\n",
        "   x",
        "x   ",
        "a" * 20_000,
        " " * 3000 + "b",
        "ab" * 4000,
        "".join(spaces),
        "".join(f"{s}a{s}{s}1" for s in spaces),
    ]
    texts += ["".join(dice.choices(words + spaces, k=60)) for _ in range(40)]
    texts += ["".join(dice.choices(assigned, k=150)) for _ in range(60)]
    texts += ["".join(dice.choices(assigned[:700] + [" "] * 200 + spaces, k=150)) for _ in range(40)]
    texts.append(Path(__file__).read_text(encoding="utf-8"))
    return texts


def test_tokenizer_is_gpt2s_on_any_text(browser, own_site):
    page = module(browser, own_site, "writer")
    give_asset(page, own_site, "gpt2")
    page.evaluate("m.loadAsset('gpt2').then((asset) => { window.bpe = new m.Bpe(new Uint16Array(asset.buffers[0])); })")
    gpt2 = Tokenizer.gpt2()
    for text in nasty_texts():
        assert page.evaluate("(text) => bpe.encode(text)", text) == gpt2.encode(text), repr(text[:200])
    ids = [0, 187, 188, 255, 256, 262, 4242, 49_999, 50_255, 50_256]
    assert page.evaluate("(ids) => ids.map((id) => [...bpe.bytes(id)])", ids) == [list(gpt2.tokens[i]) for i in ids]


@pytest.mark.parametrize("categories", [True, False])
def test_trainer_makes_the_merges_of_the_package(browser, own_site, categories):
    page = module(browser, own_site, "merges")
    dice = random.Random(0)
    texts = ["".join(dice.choices("abAB ,.1\n", k=300)) for _ in range(12)] + [
        widgets.BPEMerges().text,
        TEXT,
        "é🙂 é🙂 你好你好",
        "aaaaaaaa",
        "",
    ]
    for text in texts:
        counts: dict[bytes, int] = {}
        for word in split_words(text, categories):
            counts[word.encode()] = counts.get(word.encode(), 0) + 1
        merges = page.evaluate(
            "([text, rule]) => m.trainSteps(text, 50, rule).slice(1).map((step) => step.pair)", [text, categories]
        )
        assert [tuple(pair) for pair in merges] == train_merges_simple(counts, 50), repr(text[:60])


@pytest.fixture(scope="module")
def model_page(browser, own_site):
    page = module(browser, own_site, "writer")
    page.evaluate("window.every = {}")
    for size in SHAPES:
        give_asset(page, own_site, f"tinyweb-{size}")
        open_it = "(size) => m.loadAsset(`tinyweb-${size}`).then((asset) => { every[size] = m.openModel(asset); })"
        page.evaluate(open_it, size)
    page.evaluate("window.both = every['0.67M']")
    yield page
    page.close()


@pytest.mark.parametrize("size", SHAPES)
def test_logits_and_attention_are_torchs(model_page, sizes, size):
    _, models, tokenizer = sizes
    model = models[size]
    ids = [tokenizer.eot, *tokenizer.encode(TEXT * 4)][:128]
    with torch.inference_mode():
        logits = model(torch.tensor([ids]))[0][0]
        maps = model.attention_maps(torch.tensor([ids]))[:, 0]
    assert logits.std() > 0.5  # far from uniform, or the comparison says little
    got = model_page.evaluate(
        """([text, size]) => {
            const { model, tokenizer } = every[size];
            const ids = [tokenizer.eot, ...tokenizer.encode(text)].slice(0, 128);
            const cache = model.newCache();
            const maps = [];
            const logits = ids.map((id, t) => {
                model.step(cache, id, (l, h, w) => t % 7 || maps.push([l, h, w.length - 1, [...w]]));
                return t % 7 ? null : [...model.logits()];
            });
            return { ids, logits, maps };
        }""",
        [TEXT * 4, size],
    )
    assert got["ids"] == ids
    assert (torch.tensor(got["logits"][::7]) - logits[::7]).abs().max() < 1e-3
    for layer, head, query, weights in got["maps"]:
        assert (torch.tensor(weights) - maps[layer, head, query, : query + 1]).abs().max() < 1e-4


def test_a_changed_text_reads_as_a_fresh_one(model_page):
    differ = model_page.evaluate(
        """() => {
            const { model, tokenizer } = both;
            const cache = model.newCache();
            let worst = 0;
            for (const text of ["The old baker", "The old cat lives", "The", "The old cat lives here", "The"]) {
                const ids = [tokenizer.eot, ...tokenizer.encode(text)];
                const a = model.read(cache, ids);
                const b = model.read(model.newCache(), ids);
                worst = Math.max(worst, ...a.map((v, i) => Math.abs(v - b[i])));
            }
            return worst;
        }"""
    )
    assert differ == 0


def test_greedy_writing_is_generates_past_the_context_too(model_page, small):
    _, model, tokenizer = small
    for prompt, steps in (("The old", 300), (TEXT * 8, 60)):
        ids = [tokenizer.eot, *tokenizer.encode(prompt)]
        expected = generate(model, ids, steps, temperature=0)[len(ids) :]
        got = model_page.evaluate(
            """([ids, steps]) => {
                const { model } = both;
                const cache = model.newCache();
                const all = [...ids];
                for (let i = 0; i < steps; i++) {
                    const logits = model.read(cache, m.seenWindow(all, ids.length, model.n_positions));
                    all.push(m.distribution(logits, { temperature: 1, topK: 1, topP: 1 })[0].id);
                }
                return all.slice(ids.length);
            }""",
            [ids, steps],
        )
        assert got == expected


def test_controls_act_as_the_packages_do(model_page):
    torch.manual_seed(0)
    logits = 3 * torch.randn(200)
    logits[20:30] = logits[50]  # ties
    for temperature, k, p in ((1, 200, 1), (0.5, 40, 1), (2, 200, 0.9), (0.8, 60, 0.5), (1, 1, 1), (1.5, 30, 0.05)):
        kept = (
            keep_top_p(keep_top_k(with_temperature(logits, temperature), k), p)
            if p < 1
            else keep_top_k(with_temperature(logits, temperature), k)
        )
        expected = kept.softmax(-1)
        got = model_page.evaluate(
            "([logits, temperature, topK, topP]) => m.distribution(logits, { temperature, topK, topP })",
            [logits.tolist(), temperature, k, p],
        )
        probabilities = torch.zeros(200)
        for token in got:
            probabilities[token["id"]] = token["after"]
            assert (token["after"] == 0) == (token["cut"] != "")
        assert (probabilities - expected).abs().max() < 1e-5, (temperature, k, p)


@pytest.mark.parametrize("size", SHAPES)
def test_a_token_takes_less_than_20_ms(model_page, size):
    ms = model_page.evaluate(
        """(size) => {
            const { model } = every[size];
            const cache = model.newCache();
            const times = [];
            for (let i = 0; i < model.n_positions; i++) {
                const start = performance.now();
                model.step(cache, i);
                model.logits();
                times.push(performance.now() - start);
            }
            return times.sort((a, b) => a - b)[times.length >> 1];
        }""",
        size,
    )
    print(f"{size}: {ms:.1f} ms a token")
    assert ms < 20


def test_parameter_counts_are_exact(browser, own_site):
    page = module(browser, own_site, "calculator")
    for size in ("124M", "355M", "774M", "1558M"):
        assert page.evaluate("(size) => m.parameters(m.PRESETS[size])", size) == GPTConfig.gpt2(size).n_params
    assert page.evaluate("m.parameters(m.PRESETS['GPT-1'])") == 116_534_784
    odd = GPTConfig(vocab_size=65, block_size=64, n_layer=4, n_head=4, n_embd=128)
    assert (
        page.evaluate("m.parameters({ n_layer: 4, n_head: 4, n_embd: 128, vocab: 65, block: 64, final: true })")
        == odd.n_params
    )


# ---- What the reader does ----


def card(page, title: str):
    return page.get_by_role("group", name=title, exact=True)


def test_merges_step_by_step(page):
    figure = card(page, "Byte pair encoding, merge by merge")
    said = figure.get_by_role("status")
    assert said.inner_text().startswith("Merge 3:")
    figure.get_by_role("button", name="Step").click()
    assert said.inner_text().startswith("Merge 4:")
    figure.get_by_role("slider", name="Merges").focus()
    page.keyboard.press("Home")
    assert said.inner_text().startswith("No merge yet")
    figure.get_by_role("textbox").fill("ab ab ab")
    figure.get_by_role("button", name="Step").click()
    page.wait_for_function("document.querySelector('.mg-live').textContent.includes('“a” + “b”, met 3 times')")
    figure.get_by_role("checkbox").uncheck()
    figure.get_by_role("slider", name="Merges").focus()
    page.keyboard.press("End")
    assert "1 token for 8 bytes" in said.inner_text()  # without the rule the whole line becomes one token


def test_tokens_of_the_readers_text(page):
    figure = card(page, "GPT-2’s tokenizer")
    figure.get_by_role("textbox").fill("Hello world")
    page.wait_for_function("document.querySelector('.mg-facts dd').textContent === '2'")
    figure.get_by_role("button", name="Hello, id 15496").focus()
    page.keyboard.press("ArrowRight")
    assert "Token 995" in figure.locator(".mg-panel").inner_text()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "space world, id 995"
    figure.get_by_role("textbox").fill("")
    page.wait_for_function("document.querySelector('.mg-facts dd').textContent === '0'")


def test_attention_follows_head_and_token(page):
    figure = card(page, "Attention of every head")
    figure.get_by_role("button", name="layer 2, head 3").click()
    assert figure.get_by_role("status").inner_text().startswith("Layer 2, head 3:")
    figure.locator(".mg-token").nth(1).focus()
    before = figure.get_by_role("status").inner_text()
    page.keyboard.press("ArrowRight")
    assert figure.get_by_role("status").inner_text() != before
    figure.get_by_role("textbox").fill("x" * 600)
    page.wait_for_function(
        "[...document.querySelectorAll('.mg-note')].some((n) => n.textContent.startsWith('Only the first 63'))"
    )


def test_calculator_counts_and_refuses(page):
    figure = card(page, "Parameters and memory")
    total = figure.get_by_role("status")
    assert "124,439,808" in total.inner_text()
    figure.get_by_role("checkbox", name="GPT-1’s vocabulary").check()
    assert "116,929,536" in total.inner_text()
    figure.get_by_role("button", name="1558M").click()
    assert "1,557,611,200" in total.inner_text()
    figure.get_by_role("spinbutton", name="heads").fill("7")
    assert "must be a multiple" in total.inner_text()
    figure.get_by_role("button", name="124M", exact=True).click()
    assert "124,439,808" in total.inner_text()


def test_residual_stream_grows_without_the_scale_only(page):
    figure = card(page, "Growth of the residual stream")
    figure.get_by_role("button", name="48 layers").click()
    said = figure.get_by_role("status").inner_text()
    plain, scaled = (float(part.split(" times")[0].split()[-1]) for part in said.split(";"))
    assert 7 < plain < 14 and 1.1 < scaled < 1.8  # sqrt(97) and sqrt(2)


def test_runs_are_read_by_keyboard(page):
    figure = card(page, "The recorded runs")
    line = figure.get_by_role("slider", name="Reading line")
    line.focus()
    page.keyboard.press("Home")
    assert line.get_attribute("aria-valuetext").startswith("training steps 1:")
    assert "small, training 5.000" in line.get_attribute("aria-valuetext")
    figure.get_by_role("checkbox", name="small").uncheck()
    assert "small" not in line.get_attribute("aria-valuetext")
    figure.get_by_role("radio", name="seconds").check()
    figure.get_by_role("checkbox", name="log across").check()
    assert line.get_attribute("aria-valuetext").startswith("seconds 10:")
    figure.get_by_text("The numbers as a table").click()
    figure.locator("details tbody tr").nth(20).wait_for()


def test_writer_writes_draws_and_takes_back(page, small):
    _, model, tokenizer = small
    figure = card(page, "The model writes on")
    written = figure.locator(".mg-written")
    figure.get_by_role("button", name="Step").click()
    assert written.count() == 1
    figure.get_by_role("button", name="Back").click()
    assert written.count() == 0
    figure.locator(".mg-choices button").nth(2).press("Enter")
    assert written.count() == 1 and page.evaluate("document.activeElement.closest('.mg-choices') !== null")
    kept = figure.locator(".mg-note", has_text="tokens are kept")
    slider = figure.get_by_role("slider", name="Top-k")
    slider.focus()
    page.keyboard.press("Home")
    page.wait_for_function("[...document.querySelectorAll('.mg-num')].some((n) => n.textContent === 'cut by top-k')")
    assert kept.inner_text().startswith("1 of 2,048")
    page.keyboard.press("End")
    figure.get_by_role("button", name="Start again").click()
    figure.get_by_role("radio", name="the likeliest").check()
    figure.get_by_role("button", name="Write").click()
    ids = [tokenizer.eot, *tokenizer.encode("The old")]
    expected = generate(model, ids, 20, temperature=0)[len(ids) :]
    if tokenizer.eot in expected:  # where a document ends, Write pauses
        expected = expected[: expected.index(tokenizer.eot) + 1]
    page.wait_for_function("(n) => document.querySelectorAll('.mg-written').length === n", arg=len(expected))
    first = figure.get_by_role("button", name="Write", exact=True)
    first.click()
    figure.get_by_role("textbox", name="Your text").fill("")  # a new text stops the writing
    page.wait_for_function("document.querySelectorAll('.mg-written').length === 0")
    figure.get_by_role("button", name="Step").click()
    assert written.count() == 1


def test_sizes_are_chosen_and_loaded_once(browser, own_site, sizes):
    _, models, tokenizer = sizes
    page, problems = opened(browser, own_site)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(Path(request.url).stem))
    figure, other = card(page, "The model writes on"), card(page, "Attention of every head")
    figure.get_by_role("textbox", name="Your text").fill("The hen")  # the first text asks for the weights, too
    figure.get_by_text("4 layers of 3 heads, 96 wide, context 256.").wait_for()
    assert figure.get_by_role("button", name="Load").count() == 0
    for size in ("2.8M", "0.25M", "2.8M", "0.67M"):
        figure.get_by_role("radio", name=size).check()
        figure.get_by_text(f"{SHAPES[size][0]} layers of").wait_for()
        best = likeliest(models[size], tokenizer, "The hen")
        assert figure.locator(".mg-choices button").first.inner_text() == shown(tokenizer, best)
    figure.get_by_role("button", name="Step").click()
    figure.get_by_role("radio", name="0.25M").check()
    figure.get_by_text("2 layers of").wait_for()
    assert figure.locator(".mg-written").count() == 1  # what is written stays
    assert asked == ["tinyweb-0.67M", "tinyweb-2.8M", "tinyweb-0.25M"]
    other.get_by_role("button", name="Load 0.67M").click()
    other.get_by_role("button", name="layer 4, head 3").click()
    other.get_by_role("radio", name="0.25M").check()  # it has no such head; the nearest is shown
    page.wait_for_function("document.querySelectorAll('.mg-heads button').length === 4")
    assert other.get_by_role("status").inner_text().startswith("Layer 2, head 2:")
    other.get_by_role("radio", name="2.8M").check()
    page.wait_for_function("document.querySelectorAll('.mg-heads button').length === 40")
    assert len(asked) == 3 and problems == []
    page.context.close()


def test_a_size_that_does_not_come_leaves_the_one_there_was(browser, own_site, tmp_path):
    shutil.copytree(own_site, tmp_path / "site", symlinks=True)
    (tmp_path / "site" / "_static" / "generated" / "tinyweb-1.5M.js").unlink()
    page, _ = opened(browser, tmp_path / "site")
    figure = card(page, "The model writes on")
    for before in (True, False):  # the first model is here, and after that
        figure.get_by_role("radio", name="1.5M").check()
        figure.locator(".mg-wrong").wait_for()
        assert "_static/generated/tinyweb-1.5M.js" in figure.locator(".mg-wrong").inner_text()
        assert figure.get_by_role("radio", name="0.67M").is_checked()
        if before:
            figure.get_by_role("button", name="Load 0.67M").press("Enter")
            figure.get_by_role("button", name="Step").wait_for()
            assert page.evaluate("document.activeElement.tagName") == "TEXTAREA"  # the focus does not get lost
    figure.get_by_role("button", name="Step").click()
    assert figure.locator(".mg-written").count() == 1
    answers = card(page, "Four sizes answer")
    answers.get_by_role("button", name="Answer", exact=True).click()
    page.wait_for_function("document.querySelectorAll('.mg-answers .mg-bars').length === 4")
    answers.locator(".mg-answers .mg-wrong").wait_for()
    answers.get_by_role("status").filter(has_text="2.8M:").wait_for()
    assert answers.locator(".mg-wrong").count() == 1  # the others answer
    page.context.close()


def likeliest(model, tokenizer, text: str) -> int:
    with torch.inference_mode():
        return int(model(torch.tensor([[tokenizer.eot, *tokenizer.encode(text)]]))[0][0, -1].argmax())


def shown(tokenizer, id: int) -> str:
    return tokenizer.decode([id]).replace(" ", "·").replace("\n", "↵")


def answer_ids(model, tokenizer, prompt: str) -> list[int]:
    """What `minigpt.experiments.abilities.written` writes, as ids: to the end of the line or page, or 48 tokens."""
    ids = [tokenizer.eot, *tokenizer.encode(prompt)]
    answer = generate(model, ids, 48, temperature=0)[len(ids) :]
    ends = [i for i, id in enumerate(answer) if id == tokenizer.eot or b"\n" in tokenizer.tokens[id]]
    return answer[: min(ends, default=48)]


def test_answers_are_those_of_the_package(page, sizes):
    _, models, tokenizer = sizes
    figure = card(page, "Four sizes answer")
    assert "when first asked: 10.5 MB" in figure.inner_text()
    prompts = {name: items for name, items in widgets.Answers().tasks}
    for name, n in (("TL;DR:", 0), ("into Wobblish", 0), ("into Wobblish", 1)):
        figure.get_by_role("button", name=name, exact=True).click()
        prompt, answer = prompts[name][n]
        assert figure.get_by_role("textbox").input_value() == prompt
        assert f"“{answer.strip()}”" in figure.inner_text()
        figure.get_by_role("status").filter(has_text="2.8M:").wait_for()
        for size, model in models.items():
            column = figure.get_by_role("group", name=f"{size} parameters")
            got = column.locator(".mg-written").all_text_contents()
            ids = answer_ids(model, tokenizer, prompt)
            assert got == [tokenizer.decode([id]) for id in ids], (size, name)
            best = likeliest(model, tokenizer, prompt)
            assert column.locator(".mg-token").first.inner_text() == shown(tokenizer, best)
    assert "All are here: 10.5 MB." in figure.inner_text()
    figure.get_by_role("textbox").fill("The " + "hen and the " * 80)  # longer than the context: its end is read
    figure.get_by_role("status").filter(has_text="2.8M:").wait_for()
    assert "On the page" not in figure.inner_text() and figure.locator(".mg-wrong").count() == 0
    figure.get_by_role("textbox").fill("")
    figure.get_by_role("status").filter(has_text="2.8M:").wait_for()


# ---- For everyone ----


@pytest.mark.parametrize(("scheme", "width"), [("light", 900), ("dark", 900), ("light", 390), ("dark", 390)])
def test_accessible_and_narrow(browser, own_site, scheme, width):
    page, problems = opened(browser, own_site, width, color_scheme=scheme, reduced_motion="reduce")
    load_models(page)
    card(page, "Four sizes answer").get_by_role("button", name="Answer", exact=True).click()
    card(page, "Four sizes answer").get_by_role("status").filter(has_text="2.8M:").wait_for()
    ground = page.evaluate("getComputedStyle(document.querySelector('.mg')).backgroundColor")
    assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 25, 29)"}[scheme]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_text("The numbers as a table").click()
    page.add_script_tag(path=str(AXE))
    assert unusable(page) == [] and problems == []
    page.context.close()


def test_theme_of_the_page_goes_before_the_systems(browser, own_site):
    page, _ = opened(browser, own_site, color_scheme="light")
    load_models(page)
    canvas = "document.querySelector('.mg-map').toDataURL()"
    before = page.evaluate(canvas)
    for attribute, node in (("data-theme", "documentElement"), ("theme", "documentElement")):
        page.evaluate(f"document.{node}.setAttribute('{attribute}', 'dark')")
        assert page.evaluate("getComputedStyle(document.querySelector('.mg')).backgroundColor") == "rgb(22, 25, 29)"
        page.wait_for_function(f"{canvas} !== {json.dumps(before)}")  # canvases are drawn anew
        page.evaluate(f"document.{node}.removeAttribute('{attribute}')")
    page.evaluate("document.body.setAttribute('data-jp-theme-light', 'false')")
    assert page.evaluate("getComputedStyle(document.querySelector('.mg')).backgroundColor") == "rgb(22, 25, 29)"
    page.context.close()


def test_every_control_has_a_name(page):
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('.mg :is(button, input, textarea, [tabindex="0"])')].filter((node) =>
            !node.getAttribute('aria-label') && !node.textContent.trim() && !node.closest('label'))
            .map((node) => node.outerHTML)"""
    )
    assert nameless == []


# ---- In the chapters ----

CHAPTERS = {
    "04": ["Byte pair encoding, merge by merge", "GPT-2’s tokenizer"],
    "05": ["Attention of every head"],
    "06": ["Parameters and memory", "Growth of the residual stream"],
    "07": ["RunExplorer"],
    "08": ["The model writes on"],
}


@pytest.mark.parametrize("over", ["http", "file"])
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_chapter_has_its_figures_alive(request, chapter, over):
    if not any(name.startswith(f"chapters/{chapter}_") for name in pages()):
        pytest.skip(f"chapter {chapter} is not in the table of contents yet")
    page = request.getfixturevalue("page_for")(chapter, over=over)
    page.wait_for_function(
        "document.querySelector('.mg') && ![...document.querySelectorAll('.mg-note')]"
        ".some((note) => note.textContent === 'Loading ...')"
    )
    assert page.locator(".mg-wrong").count() == 0
    for title in CHAPTERS[chapter]:
        if title == "RunExplorer":  # has a title of the chapter's
            page.get_by_role("slider", name="Reading line").first.press("ArrowLeft")
        else:
            assert card(page, title).count() >= 1
    if chapter in ("05", "08"):
        figure = card(page, CHAPTERS[chapter][0]).first
        figure.get_by_role("button", name="Load").click()
        figure.locator(".mg-place button").first.wait_for()
    if chapter == "08":
        figure.get_by_role("button", name="Step").click()
        assert figure.locator(".mg-written").count() == 1
    assert page.problems == []


@pytest.mark.parametrize("size", SHAPES)
def test_shipped_model_in_the_page_is_torchs(page_for, size):
    model, tokenizer = load_model(size)
    page = page_for("08")
    ids = [tokenizer.eot, *tokenizer.encode(next(iter(documents(1, seed=3, split="test"))))][:100]
    text = source("core.js", "bpe.js", "gpt.js") + "\nexport { openModel, loadAsset };"
    got = page.evaluate(
        """async ([text, ids, size]) => {
            const m = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
            const { model } = m.openModel(await m.loadAsset(`tinyweb-${size}`));
            const cache = model.newCache();
            return ids.map((id) => { model.step(cache, id); return [...model.logits()]; });
        }""",
        [text, ids, size],
    )
    with torch.inference_mode():
        logits = model.float()(torch.tensor([ids]))[0][0]
    assert (torch.tensor(got) - logits).abs().max() < 1e-3


# ---- Where the assets come from ----


def test_says_so_when_an_asset_is_missing(browser, own_site, tmp_path):
    shutil.copytree(own_site, tmp_path / "site", symlinks=True)
    shutil.rmtree(tmp_path / "site" / "_static" / "generated")
    page = browser.new_page()
    page.goto((tmp_path / "site" / "index.html").as_uri())
    card(page, "The model writes on").get_by_role("button", name="Load").click()
    page.wait_for_selector(".mg-wrong")
    assert "Neither answered: run the cell above" in page.locator(".mg-wrong").first.inner_text()
    page.close()


@pytest.mark.parametrize("fault", [None, "the model's folder is gone"])
def test_a_kernel_is_asked_where_there_is_no_built_page(browser, own_site, small, fault):
    """Plays the kernel: the figure's own script, a model object as anywidget's, an answer with views as buffers."""
    page = browser.new_page()
    page.goto((own_site / "writer.html").as_uri())
    made = widgets.Writer(prompt="The old")
    meta, buffers = assets.model_asset(small[0], small[0].parent)
    settings = {
        key: value for key, value in made.get_state().items() if key in made.trait_names() and not key.startswith("_")
    }
    page.evaluate(
        """async ([text, settings, reply, parts]) => {
            const figure = (await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })))).default;
            const listeners = new Set();
            const bytes = (data) => Uint8Array.from("-------" + atob(data), (c) => c.charCodeAt(0));
            const answer = (message) => listeners.forEach((f) =>
                f({ ...message, ...reply }, parts.map((data) => new DataView(bytes(data).buffer, 7))));
            const model = {
                get: (name) => settings[name],
                on: (_, f) => listeners.add(f),
                off: (_, f) => listeners.delete(f),
                send: (message) => { window.asked = message; setTimeout(() => answer(message)); },
            };
            figure.render({ model, el: document.body });
        }""",
        [
            source("core.js", "bpe.js", "gpt.js", "models.js", "writer.js"),
            {key: value for key, value in settings.items() if isinstance(value, (str, int, float, dict, type(None)))},
            {"error": fault} if fault else {"meta": meta},
            [] if fault else [base64.b64encode(buffer).decode() for buffer in buffers],
        ],
    )
    assert page.evaluate("window.asked") is None
    page.get_by_role("button", name="Load").click()
    if fault:
        page.wait_for_selector(".mg-wrong")
        assert page.locator(".mg-wrong").inner_text() == fault
    else:
        page.wait_for_selector(".mg-choices button")
    assert page.evaluate("window.asked") == {"type": "asset", "name": "tinyweb-0.67M"}
    page.close()
