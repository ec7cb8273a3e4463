"""Zero-shot tasks: equal to plain loops and to others' code, protocols as told, and runs that a kill does not spoil."""

from __future__ import annotations

import doctest
import importlib
import json
import math
import re
import textwrap

import pytest
import torch

from minigpt import GPT, GPTConfig, Tokenizer, cli, data, generate, zeroshot
from minigpt.errors import UsageError
from minigpt.paper import TABLE_3
from minigpt.tokenizer import spell
from minigpt.zeroshot import lambada, language, questions, reproduce, summaries, translation, winograd
from minigpt.zeroshot.run import Records, evaluate, explain, parse_tasks, read_records, table
from minigpt.zeroshot.scoring import Prompt, Row, common_prefix, score, write
from minigpt.zeroshot.task import Reader

PASSAGES = [
    "The dog and the cat went out. It rained, and the cat did not like rain. So home went the cat",
    "“Who has the kettle?” asked Ann. “I have it,” said Ben. It was Ben's kettle. So Ann thanked Ben",
    "A bell rang.\n\nNobody heard the bell",
]
WIKI = (
    " \n = Robert <unk> = \n \n Robert <unk> is an actor . He had a role in 2 @,@ 000 plays . \n \n = = Career = = \n"
    " \n In 2006 , <unk> starred in a play . \n It was long , and nobody <unk> it . \n \n"
    " = The <unk> ( film ) = \n \n The <unk> is a film . It was long . \n"
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.train([*PASSAGES, WIKI], 400)


@pytest.fixture(scope="module")
def model() -> GPT:
    return small_model(0)


def small_model(seed: int, block_size: int = 48) -> GPT:
    """Random, with weights so large that its predictions are far from equal."""
    torch.manual_seed(seed)
    model = GPT(GPTConfig(vocab_size=400, block_size=block_size, n_layer=2, n_head=2, n_embd=32))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(6 if parameter.dim() == 2 else 1)
    return model.eval()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """`folder(name, file, text)` makes a data set of the test's own, in place of the registered ones."""
    monkeypatch.setenv("MINIGPT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(data, "REGISTRY", {})

    def put(name: str, file: str, text: str):
        path = tmp_path / "data" / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
        return path

    return put


def run(names, model, tokenizer, tmp_path, limit=None, **options):
    tasks = [zeroshot.make(name, **options) for name in names]
    out = tmp_path / "out" / "results.json"
    return evaluate(model, tokenizer, tasks, out, limit=limit, batch_tokens=512, progress=False)


def put_lambada(folder, texts=tuple(PASSAGES * 2)) -> None:
    folder("lambada", "lambada_test.jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts))


def ended_by(model: GPT, tokenizer: Tokenizer, text: str) -> list[str]:
    """Beginnings of a text with the word that the model would write next, where that is a word."""
    words, found = text.split(" "), []
    for n in range(1, len(words)):
        before = " ".join(words[:n])
        written = tokenizer.decode(generate(model, tokenizer.encode(before), 1, temperature=0)[-1:])
        found += [before + written] if re.fullmatch(" [a-zA-Z]+", written) else []
    return found


@torch.no_grad()
def loop_nats(model: GPT, before: list[int], after: list[int]) -> float:
    """One text at a time, one product of probabilities: as plain as can be."""
    ids = before + after
    logits = model(torch.tensor([ids[:-1]]))[0][0].double().log_softmax(dim=-1)
    return -sum(float(logits[place - 1, ids[place]]) for place in range(len(before), len(ids)))


# ---- What is asked of the model ----


def test_scores_equal_a_plain_loop_with_and_without_a_shared_beginning(model):
    dice = torch.Generator().manual_seed(1)
    begin = torch.randint(400, (30,), generator=dice).tolist()
    ends = [torch.randint(400, (n,), generator=dice).tolist() for n in (3, 9, 1, 5)]
    rows = [Row(begin + end, len(begin), len(begin)) for end in ends]
    together, apart = score(model, [rows])[0], [group[0] for group in score(model, [[row] for row in rows])]
    for end, one, other in zip(ends, together, apart):
        assert sum(one.nats) == pytest.approx(loop_nats(model, begin, end), rel=1e-5)
        assert one.nats == pytest.approx(other.nats, rel=1e-4, abs=1e-5)
        assert one.best == other.best and len(one.best) == len(end)


def test_a_shared_beginning_is_read_once(model, monkeypatch):
    from minigpt.zeroshot import scoring

    read, real = [], scoring.hidden
    monkeypatch.setattr(scoring, "hidden", lambda m, ids, cache=None: read.append(ids.numel()) or real(m, ids, cache))
    rows = [Row([*range(40), 50 + i, 7, 8], 40, 40) for i in range(10)]
    score(model, [rows])
    assert sum(read) <= 39 + 10 * 3 < sum(len(row.ids) - 1 for row in rows) / 4
    assert common_prefix([row.ids for row in rows]) == 40


def test_banned_tokens_are_never_the_allowed_best(model):
    row = Row(list(range(12)), 4, 4)
    free = score(model, [[row]])[0][0]
    filtered = score(model, [[row]], banned=sorted(set(free.best)))[0][0]
    assert filtered.best == free.best and filtered.nats == free.nats
    assert not set(filtered.allowed) & set(free.best)
    assert free.allowed == free.best


def test_writing_equals_generate_alone_and_in_company(model, tokenizer):
    prompts = [Prompt([*range(36), i], 8, line=False) for i in (3, 5, 7)] + [Prompt([9, 9], 8, line=False)]
    for prompt, got in zip(prompts, write(model, tokenizer, [prompts])[0]):
        new = generate(model, prompt.ids, 8, temperature=0)[len(prompt.ids) :]
        kept = new[: new.index(tokenizer.eot)] if tokenizer.eot in new else new
        assert got.text == tokenizer.decode(kept)
        paid = new[: len(kept) + 1]
        assert got.nats == pytest.approx(loop_nats(model, prompt.ids, paid), rel=1e-4)


def test_a_drawn_text_does_not_depend_on_its_company(model, tokenizer):
    prompts = [Prompt([1, 2, i], 10, line=False, top_k=5, seed=i) for i in range(4)]
    together = write(model, tokenizer, [prompts])[0]
    for prompt, one in zip(prompts, together):
        alone = write(model, tokenizer, [[prompt]])[0][0]
        assert one.text == alone.text and one.nats == pytest.approx(alone.nats)
    other = write(model, tokenizer, [[prompt._replace(seed=99) for prompt in prompts]])[0]
    assert [one.text for one in other] != [one.text for one in together]


def test_what_does_not_fit_is_refused_in_a_sentence(model, tokenizer):
    with pytest.raises(ValueError, match="48"):
        score(model, [[Row([0] * 60, 1, 1)]])
    with pytest.raises(ValueError, match="fit into the context of 48"):
        write(model, tokenizer, [[Prompt([0] * 45, 8)]])
    reader = Reader(tokenizer, 48)
    with pytest.raises(ValueError, match="more than the context of 48"):
        reader.row("It rained.", " and the cat" * 60)
    with pytest.raises(ValueError, match="the answer is empty"):
        reader.row("It rained.", "")
    with pytest.raises(ValueError, match="start=endoftext"):
        reader.row("", " cat")
    row = reader.row(PASSAGES[0] * 3, " cat")  # too long a beginning is cut, and counted
    assert len(row.ids) == 49 and row.ids[row.start :] == tokenizer.encode(" cat") and reader.cut == 1
    prompt = reader.prompt(PASSAGES[0] * 3, 8, fixed="\nTL;DR:")
    assert tokenizer.decode(prompt.ids).startswith("The dog") and tokenizer.decode(prompt.ids).endswith("\nTL;DR:")
    assert len(prompt.ids) == 40


# ---- LAMBADA ----


def test_the_ladder_climbs_as_told():
    from minigpt.zeroshot.scoring import Scored

    def rungs(best, allowed=None, after=" and"):
        reached = lambada.climb([5, 6], Scored([0.0] * 3, best, allowed or best), after)
        return {rung for rung, there in reached.items() if there}

    assert rungs([5, 6, 1]) == set(lambada.RUNGS)
    assert rungs([5, 6, 1], after="s") == {"word", "word, stop words", "last token", "last token, stop words"}
    assert rungs([4, 6, 1]) == {"last token", "last token, stop words"}
    assert rungs([5, 7, 1]) == set()
    # The model would have written a stop word; without it, the answer.
    assert rungs([4, 6, 1], [5, 6, 1]) == set(lambada.RUNGS) - {"word", "greedy"}


def test_stop_words_are_those_that_few_passages_end_with(tokenizer):
    assert len(lambada.STOP_WORDS) > 120 and {"the", "of", "himself"} <= lambada.STOP_WORDS
    assert not {"dog", "time", "room", "door"} & lambada.STOP_WORDS
    tokens = {tokenizer.decode([i]) for i in lambada.stop_tokens(tokenizer)}
    assert " the" in tokens and " cat" not in tokens and "the" not in tokens


def test_lambada_reads_equal_texts_once_and_others_as_told(folder, model, tokenizer, tmp_path):
    put_lambada(folder)
    task = zeroshot.make("lambada")
    reader = task.reader(tokenizer, 48)
    plain, curly, lines = task.examples(reader, 3)
    assert (lines.before, lines.answer) == ("A bell rang.\n\nNobody heard the", " bell")
    assert len(task.requests(plain, reader)) == 2 and len(task.requests(curly, reader)) == 3
    assert lambada.prepare(curly, "newline").before.startswith('\n"Who has the kettle?"')
    result = run(["lambada"], model, tokenizer, tmp_path)
    found = result["tasks"]["lambada"]
    nats = [
        loop_nats(model, tokenizer.encode(before)[-48:], tokenizer.encode(answer))
        for before, answer in task.examples(reader, None)
    ]
    assert found["perplexity"]["value"] == pytest.approx(math.exp(sum(nats) / len(nats)), rel=1e-4)
    assert len(found) == 2 + 3 * (1 + len(lambada.RUNGS))


# ---- Language modeling ----


@pytest.mark.parametrize("parts", [(1,), (4,), (1, 2, 4)])
def test_every_target_is_scored_once_by_each_number_of_parts(parts):
    for targets in (1, 15, 16, 17, 70):
        seen = {some: [] for some in parts}
        for end, firsts in language.windows(targets, 16, parts).items():
            for some, first in firsts:
                assert end - first <= 16
                seen[some] += range(first, end)
        assert all(sorted(places) == list(range(targets)) for places in seen.values())
    with pytest.raises(ValueError, match="no 3 equal parts"):
        language.windows(70, 16, (3,))


def test_articles_are_cut_at_titles_and_nothing_is_lost():
    parts = language.articles(WIKI)
    assert "".join(parts) == WIKI
    assert [re.search(r"= (.*?) =", part)[1] for part in parts] == ["Robert <unk>", "The <unk> ( film )"]


def test_language_modeling_equals_a_loop_over_windows(folder, model, tokenizer, tmp_path):
    folder("wikitext-2", "test.txt", WIKI)
    found = run(["wikitext2"], model, tokenizer, tmp_path, text="raw", parts="1,2")["tasks"]["wikitext2"]
    ids, words, lines = [tokenizer.eot, *tokenizer.encode(WIKI)], len(WIKI.split()), WIKI.count("\n")
    for parts in (1, 2):
        nats, done = 0.0, 0
        while done < len(ids) - 1:
            end = min(48 if done == 0 else done + 48 // parts, len(ids) - 1)
            nats += loop_nats(model, ids[max(0, end - 48) : done + 1], ids[done + 1 : end + 1])
            done = end
        for name, count in (("words", words), ("words and line ends", words + lines)):
            value = found[f"perplexity/raw/1 of {parts}/{name}"]["value"]
            assert value == pytest.approx(math.exp(nats / count), rel=1e-4)
    assert found["perplexity"] == found["perplexity/raw/1 of 1/words and line ends"]


def test_unknown_words_are_left_out_with_all_their_tokens(tokenizer):
    stream = language.as_stream(["a <unk> b\n", "<unk>"], 0, Reader(tokenizer, 48, start=True), ended=False)
    texts = [tokenizer.decode([i]) for i in stream.ids[1:]]
    kept = "".join(text for text, unknown in zip(texts, stream.unknown) if not unknown)
    assert kept in ("a b\n", "a  b\n") and len(stream.owner) == len(stream.ids) - 1
    assert set(stream.owner[:-5].tolist()) == {0} and stream.owner[-1] == 1


def test_de_tokenized_texts_are_divided_by_the_words_of_the_file(folder, model, tokenizer, tmp_path):
    folder("wikitext-2", "test.txt", WIKI)
    task = zeroshot.make("wikitext2", parts="1")
    reader = task.reader(tokenizer, 48)
    task.examples(reader, None)
    plain = tokenizer.decode(task.streams["detokenized", 0].ids[1:])
    assert "in 2,000 plays.\n" in plain and tokenizer.decode(task.streams["raw", 0].ids[1:]) == WIKI
    found = run(["wikitext2"], model, tokenizer, tmp_path, parts="1")["tasks"]["wikitext2"]
    assert found["perplexity"] == found["perplexity/detokenized/1 of 1/words and line ends"]
    nats = {text: math.log(found[f"perplexity/{text}/1 of 1/words"]["value"]) for text in ("raw", "detokenized")}
    bits = {text: found[f"bits_per_byte/{text}/1 of 1/bytes"]["value"] for text in ("raw", "detokenized")}
    assert nats["raw"] / nats["detokenized"] == pytest.approx(bits["raw"] / bits["detokenized"], rel=1e-4)
    put_cbt(folder)
    cloze = zeroshot.make("cbt-cn").examples(reader, 1)[0]
    assert "It rained on the cat. It" in cloze.before and cloze.rest == " went home."
    folder("lambada-tokenised", "lambada_test_plain_text.txt", "it rained , and nobody heard the bell\n")
    task = zeroshot.make("lambada", release="tokenised", texts="raw,detokenized")
    raw, undone = task.forms(task.examples(reader, None)[0])
    assert raw.before == "it rained , and nobody heard the" and undone.before == "It rained, and nobody heard the"
    assert raw.answer == undone.answer == " bell"


# ---- lm-evaluation-harness ----


def hugging_face(model: GPT, tokenizer: Tokenizer, path):
    """The same model and tokenizer as lm-evaluation-harness takes them."""
    reason = "lm-eval is not installed: pip install minigpt-book[compare]"
    harness = pytest.importorskip("lm_eval.models.huggingface", reason=reason)
    import tokenizers
    import transformers

    model.save_pretrained(path)
    vocabulary = {spell(tokenizer.token_bytes(i)): i for i in range(tokenizer.vocab_size - 1)}
    merges = [(spell(a), spell(b)) for a, b in tokenizer.merges]
    fast = tokenizers.ByteLevelBPETokenizer(vocabulary, merges)
    fast.add_special_tokens(["<|endoftext|>"])
    theirs = transformers.PreTrainedTokenizerFast(
        tokenizer_object=fast._tokenizer, eos_token="<|endoftext|>", bos_token="<|endoftext|>"
    )
    assert len(theirs) == tokenizer.vocab_size
    return harness.HFLM(
        pretrained=transformers.GPT2LMHeadModel.from_pretrained(path), tokenizer=theirs, batch_size=2, device="cpu"
    )


def test_equal_to_lm_evaluation_harness(folder, tokenizer, tmp_path):
    """LAMBADA's accuracy and perplexity, WikiText's word perplexity and bits a byte, within 1e-4."""
    model = small_model(3)
    theirs = hugging_face(model, tokenizer, tmp_path / "model")
    from lm_eval.api.instance import Instance
    from lm_eval.api.metrics import bits_per_byte, perplexity, weighted_perplexity
    from lm_eval.tasks.wikitext.preprocess_wikitext import process_results

    texts = PASSAGES + [text for passage in PASSAGES[:2] for text in ended_by(model, tokenizer, passage)]
    put_lambada(folder, texts)
    folder("wikitext-2", "test.txt", WIKI)
    ours = run(["lambada"], model, tokenizer, tmp_path)["tasks"]["lambada"]
    texts = [text.rsplit(" ", 1) for text in texts]
    asked = [Instance("loglikelihood", {}, (before, " " + word), i) for i, (before, word) in enumerate(texts)]
    answers = theirs.loglikelihood(asked, disable_tqdm=True)
    assert ours["perplexity"]["value"] == pytest.approx(perplexity([one for one, _ in answers]), rel=1e-4)
    assert ours["accuracy"]["value"] == pytest.approx(sum(greedy for _, greedy in answers) / len(answers), abs=1e-6)
    assert 0 < ours["accuracy"]["value"] < 1

    language_ours = run(["wikitext2"], model, tokenizer, tmp_path, text="raw", parts="1", join="documents")
    ours = language_ours["tasks"]["wikitext2"]
    pages = language.articles(WIKI)
    asked = [Instance("loglikelihood_rolling", {}, (page,), i) for i, page in enumerate(pages)]
    sums = theirs.loglikelihood_rolling(asked, disable_tqdm=True)
    results = [process_results({"page": page}, (one,)) for page, one in zip(pages, sums)]
    word = weighted_perplexity([result["word_perplexity"] for result in results])
    bits = bits_per_byte([result["bits_per_byte"] for result in results])
    assert ours["perplexity/raw/1 of 1/words of lm-evaluation-harness"]["value"] == pytest.approx(word, rel=1e-4)
    assert ours["bits_per_byte/raw/1 of 1/bytes"]["value"] == pytest.approx(bits, rel=1e-4)


# ---- Choices ----


def put_cbt(folder) -> list[str]:
    nouns = ["cat", "dog", "bell", "rain", "kettle", "film", "play", "actor", "role", "home"]
    lines = [f"{i} It rained on the {nouns[i % 10]} ." for i in range(1, 21)]
    question = f"21 So the XXXXX went home .\tcat\t\t{'|'.join(nouns)}"
    folder("cbt", "cbtest_CN_valid_2000ex.txt", "\n".join([*lines, question, "", *lines, question]) + "\n")
    return nouns


def test_ranks_of_a_cloze_equal_a_plain_loop(folder, tokenizer, tmp_path):
    nouns, model = put_cbt(folder), small_model(2, block_size=400)
    run(["cbt-cn"], model, tokenizer, tmp_path, text="raw")
    records = read_records(tmp_path / "out" / "results.json", "cbt-cn")
    before = " ".join(f"It rained on the {nouns[i % 10]} ." for i in range(1, 21)) + " So the"
    nats = [loop_nats(model, tokenizer.encode(before), tokenizer.encode(f" {noun} went home .")) for noun in nouns]
    assert len(records) == 2 and records[0]["nats"] == pytest.approx(nats, rel=1e-4)
    rank = sorted(range(10), key=nats.__getitem__)
    assert sorted(range(10), key=records[1]["nats"].__getitem__) == rank
    assert records[0]["chosen"] == f" {nouns[rank[0]]}"


def test_a_cloze_that_is_broken_is_named_by_its_line(folder, tokenizer):
    path = folder("cbt", "cbtest_CN_valid_2000ex.txt", "1 It rained .\n3 It rained .\n")
    with pytest.raises(ValueError, match=f"{re.escape(str(path))}, line 2: sentence 2 was expected, not '3'"):
        zeroshot.make("cbt-cn", text="raw").examples(Reader(tokenizer, 48), None)


SCHEMA = """<schema><text><txt1> {before}</txt1><pron> {pronoun} </pron><txt2> {rest} </txt2></text><answers>
<answer>{a} </answer><answer>{b} </answer></answers><correctAnswer> {right}. </correctAnswer></schema>"""


def put_winograd(folder) -> None:
    schemas = [
        dict(before="The cat did not like the rain because", pronoun="it", rest="was long .", a="The cat",
             b="The rain", right="B"),
        dict(before="Ann thanked Ben.", pronoun="She", rest="went home.", a="Ann", b="Ben", right="A"),
        dict(before="Ann thanked Ben for", pronoun="his", rest="kettle.", a="Ann", b="Ben", right="B"),
    ]  # fmt: skip
    folder("winograd", "WSCollection.xml",
           f"<collection>{''.join(SCHEMA.format(**schema) for schema in schemas)}</collection>")  # fmt: skip


def test_winograd_full_and_partial_equal_a_plain_loop(folder, model, tokenizer, tmp_path):
    put_winograd(folder)
    result = run(["wsc273"], model, tokenizer, tmp_path)
    first, second, third = read_records(tmp_path / "out" / "results.json", "wsc273")
    schemas = zeroshot.make("wsc273").examples(Reader(tokenizer, 48), None)
    spelled = [schema.candidates for schema in schemas]
    assert spelled == [(" the cat", " the rain"), (" Ann", " Ben"), (" Ann's", " Ben's")]
    for schema, record in zip(schemas, (first, second, third)):
        for i, candidate in enumerate(schema.candidates):
            head, rest = [tokenizer.eot, *tokenizer.encode(schema.before + candidate)], tokenizer.encode(schema.rest)
            assert sum(record["nats"][i]) == pytest.approx(loop_nats(model, head[:1], head[1:] + rest), abs=5e-3)
            assert sum(record["nats"][i][record["parts"][i] :]) == pytest.approx(loop_nats(model, head, rest), abs=5e-3)
    assert set(result["tasks"]["wsc273"]) == {"partial", "full"} and result["tasks"]["wsc273"]["full"]["n"] == 3


def test_candidates_are_spelled_for_their_place():
    assert winograd.in_place("The men", "Ann saw", "their") == " the men's"
    assert winograd.in_place("The stars", "It was long, so", "their") == " the stars'"
    assert winograd.in_place("the cat", "It rained.", "It") == " The cat"
    assert winograd.in_place("James", "Ann saw", "his") == " James's"


# ---- Writing ----


def test_coqa_shows_the_passage_and_the_true_answers(folder, tokenizer, tmp_path):
    story = {
        "id": "s1", "source": "mctest", "story": "The cat went home.",
        "questions": [{"input_text": "Who went home?"}, {"input_text": "Where?"}],
        "answers": [{"input_text": "the cat"}, {"input_text": "home"}],
        "additional_answers": {"0": [{"input_text": "a cat"}, {"input_text": "at home"}]},
    }  # fmt: skip
    folder("coqa", "coqa-dev-v1.0.json", json.dumps({"data": [story]}))
    task = zeroshot.make("coqa", new="4")
    reader = task.reader(tokenizer, 200)
    turns = task.examples(reader, None)
    prompt = task.requests(turns[1], reader)[0]
    shown = "The cat went home.\nQ: Who went home?\nA: the cat\nQ: Where?\nA:"
    assert tokenizer.decode(prompt.ids) == shown and turns[1].answers == ("home", "at home")
    result = run(["coqa"], small_model(1, 200), tokenizer, tmp_path, new="4")
    assert result["tasks"]["coqa"]["f1"]["n"] == 1 and "f1/mctest" in result["tasks"]["coqa"]  # a passage, two turns


def test_sentences_are_cut_by_rule():
    text = 'It rained in St. Ann. "Why?" asked Mr. Ben. Nobody knew!\nHe had 2.5 apples. and he ate'
    assert summaries.sentences(text)[-2:] == ["Nobody knew!", "He had 2.5 apples. and he ate"]
    assert summaries.sentences("One. Two! Three? Four")[:3] == ["One.", "Two!", "Three?"]
    assert summaries.sentences("") == []
    assert summaries.sentences("It was George W. Bush. He left.") == ["It was George W. Bush.", "He left."]


def test_rouge_is_that_of_rouge_score(folder, tokenizer, tmp_path):
    scorer = pytest.importorskip("rouge_score.rouge_scorer", reason="rouge-score is not installed")
    articles = [
        {"article": "The cat went home. It rained. Nobody heard the bell. Ann has it.",
         "highlights": ["The cat is home.", "It rains."]},
        {"article": "Ben thanked Ann. The play was long.", "highlights": "Ann was thanked\nby Ben"},
    ]  # fmt: skip
    folder("cnn_dm", "test.jsonl", "".join(json.dumps(one) + "\n" for one in articles))
    found = run(["cnn_dm"], small_model(1, 200), tokenizer, tmp_path, new="12")["tasks"]["cnn_dm"]
    theirs = scorer.RougeScorer(["rouge1", "rouge2", "rougeLsum"], use_stemmer=True)
    leads = ["The cat went home.\nIt rained.\nNobody heard the bell.", "Ben thanked Ann.\nThe play was long."]
    scores = [theirs.score(reference, lead) for reference, lead in
              zip(["The cat is home.\nIt rains.", "Ann was thanked\nby Ben"], leads)]  # fmt: skip
    for ours, kind in (("rouge1", "rouge1"), ("rouge2", "rouge2"), ("rougeL", "rougeLsum")):
        value = sum(one[kind].fmeasure for one in scores) / 2
        assert found[f"{ours}/lead"]["value"] == pytest.approx(value, abs=1e-5)
    assert {"average", "average/no hint", "average/random"} <= set(found)


def test_bleu_is_that_of_sacrebleu():
    sacrebleu = pytest.importorskip("sacrebleu", reason="sacrebleu is not installed")
    ours = ["the dog sees a cat today .", "a big house", "it rained, and nobody saw (it)", ""]
    theirs = ["the dog sees the cat today .", "the big house stands", "It rained, and nobody saw it.", "home"]
    whole = translation.corpus_bleu(ours, theirs)
    assert whole["value"] == pytest.approx(sacrebleu.corpus_bleu(ours, [theirs]).score, abs=1e-5)
    assert whole["ci95"][0] <= whole["value"] <= whole["ci95"][1] and whole["n"] == 4


def test_translation_shows_its_pairs_and_does_not_score_them(folder, model, tokenizer, tmp_path):
    folder("wmt14-fr-en", "newstest2014.en", "The cat.\nThe dog.\nA bell rang. It rained.\n")
    folder("wmt14-fr-en", "newstest2014.fr", "Le chat.\nLe chien.\nUne cloche. Il pleut.\n")
    task = zeroshot.make("wmt14-fr-en", pairs="2", new="8")
    reader = task.reader(tokenizer, 200)
    (only,) = task.examples(reader, None)
    text = tokenizer.decode(task.requests(only, reader)[0].ids)
    assert text == "Le chat. = The cat.\nLe chien. = The dog.\nUne cloche. Il pleut. ="
    assert only.reference == "A bell rang. It rained."
    assert zeroshot.make("wmt14-en-fr", pairs="2").examples(reader, None)[0].source == "A bell rang. It rained."
    folder("wmt14-fr-en", "newstest2014.fr", "Le chat.\n\nUne cloche.\n")
    with pytest.raises(ValueError, match="line 2: it or its translation is empty"):
        task.examples(reader, None)


def test_questions_are_right_by_any_answer_and_shortcuts_are_beside(folder, tokenizer, tmp_path):
    lines = [("who rang", ["Ann"]), ("who has it", ["Ben", "Benjamin"]), ("who saw it", ["Ben"]),
             ("where is it", ["home"])]  # fmt: skip
    folder("nq-open", "NQ-open.dev.jsonl",
           "".join(json.dumps({"question": q, "answer": a}) + "\n" for q, a in lines))  # fmt: skip
    task = zeroshot.make("nq", pairs="1", new="4")
    reader = task.reader(tokenizer, 100)
    examples = task.examples(reader, None)
    assert tokenizer.decode(task.requests(examples[0], reader)[0].ids) == "Q: who rang?\nA: Ann\nQ: who has it?\nA:"
    assert questions.most_frequent(examples) == ["Ben", "Ben", "home"]
    found = run(["nq"], small_model(1, 100), tokenizer, tmp_path, pairs="1", new="4")["tasks"]["nq"]
    assert found["baseline/most frequent answer of its type"]["value"] == 1.0
    records = read_records(tmp_path / "out" / "results.json", "nq")
    assert all(0 <= record["probability"] <= 1 for record in records)
    assert "of 3 right" in reproduce.confident_answers(records)


def test_confidence_sorts_and_bins():
    records = [{"right": float(i >= 90), "probability": i / 100} for i in range(100)]
    found = questions.confidence_metrics(records)
    assert found["exact_match"]["value"] == 0.1 and found["exact_match/most confident 10 %"]["value"] == 1.0
    assert found["exact_match/most confident 1 %"]["n"] == 1
    bins = questions.calibration(records, bins=5)
    assert [round(one["probability"], 3) for one in bins] == [0.095, 0.295, 0.495, 0.695, 0.895]
    assert [one["right"]["value"] for one in bins] == [0, 0, 0, 0, 0.5]


# ---- Runs ----


def test_a_killed_run_goes_on_and_repeats_nothing(folder, model, tokenizer, tmp_path, monkeypatch):
    folder("lambada", "lambada_test.jsonl",
           "".join(json.dumps({"text": f"{i} {PASSAGES[i % 3]}"}) + "\n" for i in range(70)))  # fmt: skip
    out = tmp_path / "out" / "results.json"
    add, calls = Records.add, []

    def killed(self, task, found):
        add(self, task, found)
        calls.append(len(found))
        if len(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Records, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        run(["lambada"], model, tokenizer, tmp_path)
    assert not out.exists()
    with open(out.with_name("results.records.jsonl"), "a") as file:
        file.write('{"task": "lambada", "id": 69, "key')  # the line that a kill cut short
    result = run(["lambada"], model, tokenizer, tmp_path)
    assert sum(calls) == 70 and calls[0] < 70
    assert result["provenance"]["tasks"]["lambada"]["asked_now"] == 70 - calls[0]
    assert len(read_records(out, "lambada")) == 70
    again = run(["lambada"], model, tokenizer, tmp_path, limit=30)
    assert again["provenance"]["tasks"]["lambada"]["asked_now"] == 0
    assert again["tasks"]["lambada"]["accuracy"]["n"] == 30
    fresh = run(["lambada"], model, tokenizer, tmp_path / "fresh")["tasks"]["lambada"]
    assert fresh["accuracy"] == result["tasks"]["lambada"]["accuracy"]
    assert fresh["perplexity"]["value"] == pytest.approx(result["tasks"]["lambada"]["perplexity"]["value"], rel=1e-5)


def test_results_are_as_designed_and_tasks_add_up(folder, model, tokenizer, tmp_path):
    put_lambada(folder)
    put_winograd(folder)
    run(["lambada"], model, tokenizer, tmp_path)
    run(["wsc273"], model, tokenizer, tmp_path)
    result = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(result) == {"model", "tasks", "provenance"} and set(result["tasks"]) == {"lambada", "wsc273"}
    accuracy = result["tasks"]["lambada"]["accuracy"]
    assert accuracy["ci95"][0] <= accuracy["value"] <= accuracy["ci95"][1]
    how = result["provenance"]["tasks"]["lambada"]
    assert "nothing before the text" in how["protocol"] and how["examples"] == 6
    assert "lambada (6 examples" in table(result, ["lambada", "wsc273"])


def test_results_of_another_model_or_protocol_are_refused(folder, model, tokenizer, tmp_path):
    put_lambada(folder)
    run(["lambada"], model, tokenizer, tmp_path)
    with pytest.raises(ValueError, match="another model .*weights.*; give another --out"):
        run(["lambada"], small_model(5), tokenizer, tmp_path)
    with pytest.raises(ValueError, match="by another protocol: start was 'nothing' there and is 'endoftext' now"):
        run(["lambada"], model, tokenizer, tmp_path, start="endoftext")
    (tmp_path / "out" / "results.records.jsonl").unlink()
    with pytest.raises(ValueError, match="its records results.records.jsonl are not"):
        run(["lambada"], model, tokenizer, tmp_path)


def test_wrong_names_are_told_with_the_nearest():
    with pytest.raises(UsageError, match="did you mean 'lambada'"):
        parse_tasks("lambda")
    with pytest.raises(UsageError, match="did you mean 'parts'"):
        parse_tasks("wikitext2", ["wikitext2.part=2"])
    with pytest.raises(UsageError, match="did you mean 'newline'"):
        parse_tasks("lambada", ["lambada.texts=raw,newlines"])
    with pytest.raises(UsageError, match="nq is not among the tasks"):
        parse_tasks("lambada", ["nq.pairs=1"])
    for wrong, words in (
        (("lambada,lambada",), "twice"), ((" ,",), "no task"), (("nq", ["nq.pairs=x"]), "whole number"),
        (("nq", ["nq.new=0"]), "at least 1"), (("nq", ["pairs"]), "TASK.OPTION=VALUE"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=words):
            parse_tasks(*wrong)
    assert [task.name for task in parse_tasks("tinyweb")] == list(zeroshot.TINYWEB)


def test_the_task_shown_in_the_docstring_is_one(model, tokenizer, tmp_path):
    from minigpt.zeroshot import task

    code = textwrap.dedent((task.__doc__ or "").split("\n\n", 1)[1].rpartition("\n\nWhatever")[0])
    names = vars(task) | {}
    exec(code, names)
    result = evaluate(model, tokenizer, [names["Last"]()], tmp_path / "a.json", progress=False)
    nats = [loop_nats(model, tokenizer.encode(before), tokenizer.encode(" " + word))
            for before, word in (("the dog and the", "cat"), ("salt and", "pepper"))]  # fmt: skip
    assert result["tasks"]["last"]["nats"]["value"] == pytest.approx(sum(nats) / 2, rel=1e-4)
    with pytest.raises(ValueError, match="take the tokenizer that it was trained with"):
        evaluate(model, Tokenizer.gpt2(), [names["Last"]()], tmp_path / "b.json", progress=False)


@pytest.mark.parametrize("module", "scoring lambada language winograd summaries questions translation".split())
def test_the_examples_in_docstrings_are_true(module):
    found = doctest.testmod(importlib.import_module(f"minigpt.zeroshot.{module}"))
    assert found.attempted > 0 and found.failed == 0


@pytest.mark.parametrize("name", zeroshot.TASKS)
def test_every_task_explains_itself(name):
    text = explain(name)
    task = zeroshot.make(name)
    assert all(f"{name}.{option.name}" in text and option.why[-1] == "." for option in task.options)
    assert task.protocol() and task.headline and task.paper.rpartition("section 3.")[2]


def test_broken_and_missing_files_are_told(folder, model, tokenizer, tmp_path):
    reader = Reader(tokenizer, 48)
    with pytest.raises(FileNotFoundError, match=r"put it at \$MINIGPT_DATA/lambada/lambada_test.jsonl"):
        zeroshot.make("lambada").examples(reader, None)
    folder("lambada", "lambada_test.jsonl", '{"text": "a b"}\n{"text": "a b"\n')
    with pytest.raises(ValueError, match="line 2: this is no JSON object"):
        zeroshot.make("lambada").examples(reader, None)
    folder("lambada", "lambada_test.jsonl", '{"text": "a b"}\n{"text": "word"}\n')
    with pytest.raises(ValueError, match="line 2: a passage needs a text and a last word"):
        zeroshot.make("lambada").examples(reader, None)
    folder("nq-open", "NQ-open.dev.jsonl", '{"question": "who", "answer": [""]}\n')
    with pytest.raises(ValueError, match="line 1: an answer is empty"):
        zeroshot.make("nq", pairs=0).examples(reader, None)
    folder("winograd", "WSCollection.xml", "<collection><schema>")
    with pytest.raises(ValueError, match="no collection of Winograd schemas"):
        zeroshot.make("wsc273").examples(reader, None)
    told = []
    evaluate(model, tokenizer, [zeroshot.make("text8")], tmp_path / "a.json", progress=False, report=told.append)
    assert len(told) == 1 and "text8 was not run" in told[0]


def test_a_table_of_the_paper_again_holds_paper_ours_and_difference():
    result = {
        "model": "m",
        "tasks": {"lambada": {
            "perplexity": {"value": 40.06, "ci95": [38, 42], "n": 5153},
            "perplexity/newline": {"value": 35.0, "ci95": [33, 37], "n": 5153},
            "accuracy": {"value": 0.3256, "ci95": [0.31, 0.34], "n": 5153},
        }},
        "provenance": {"tasks": {"lambada": {"protocol": "the last word", "examples": 5153, "unit": "example"}}},
    }  # fmt: skip
    text = reproduce.report("table3", "124M", result)
    line = next(line for line in text.splitlines() if line.startswith("LAMBADA PPL"))
    assert [float(part) for part in re.findall(r"[-+]?\d+\.\d+", line)] == [35.13, 40.06, 38.0, 42.0, 4.93]
    assert "nearest of 1 protocols: 35.00 (perplexity/newline)" in text and "how: the last word; 5,153 examples" in text
    assert text.count("not run.") == 8 and TABLE_3.where in text
    assert "no result" in reproduce.report("table3", "124M", result, limit=5)
    for target in reproduce.TARGETS:
        assert all(zeroshot.kind(name) for name in reproduce.task_names(target))
        reproduce.report(target, "1558M", {"model": "m", "tasks": {}})
    with pytest.raises(UsageError, match="did you mean 'table3'"):
        reproduce.task_names("table33")


def test_the_command_line(folder, model, tokenizer, tmp_path, capsys):
    put_winograd(folder)
    model.save_pretrained(tmp_path / "model")
    tokenizer.save(tmp_path / "model")
    out = tmp_path / "a.json"
    where = [str(tmp_path / "model"), "--tasks", "wsc273", "--out", str(out)]
    assert cli.main(["eval", *where, "--limit", "2", "--option", "wsc273.spelling=as given"]) == 0
    assert "partial" in capsys.readouterr().out and json.loads(out.read_text())["tasks"]["wsc273"]["full"]["n"] == 2
    assert cli.main(["eval", *where]) == 1  # another protocol
    assert "give another --out" in capsys.readouterr().err
    assert cli.main(["eval", where[0], "--tasks", "wsc", "--out", str(out)]) == 2
    assert "did you mean 'wsc273'" in capsys.readouterr().err
    assert cli.main(["eval", "--tasks", "wsc273", "--out", str(out)]) == 2
    assert cli.main(["eval", *where, "--limit", "0"]) == 2
    assert cli.main(["eval", "--explain", "nq"]) == 0 and "nq.pairs (5)" in capsys.readouterr().out
    assert cli.main(["reproduce", "figure3", "--model", where[0], "--size", "124M"]) == 1
    assert "124,439,808" in capsys.readouterr().err
    assert cli.main(["reproduce", "figure3", "--size", "117M"]) == 2


# ---- tinyweb ----


def test_the_twins_on_tinyweb_run_and_have_their_shortcuts(tmp_path):
    from minigpt.tinyweb import load_model

    try:
        shipped, tokenizer = load_model("0.25M")
    except FileNotFoundError:
        shipped, tokenizer = load_model()
    tasks = parse_tasks("tinyweb")
    result = evaluate(shipped, tokenizer, tasks, tmp_path / "a.json", limit=6, progress=False)["tasks"]
    assert set(result) == set(zeroshot.TINYWEB)
    assert {"baseline/last mentioned", "baseline/random candidate"} <= set(result["tinyweb-cloze"])
    assert {"bleu", "bleu/word by word"} <= set(result["tinyweb-translation_en_wo"])
    assert {"partial", "full", "baseline/most frequent"} <= set(result["tinyweb-pronoun"])
    assert {"key_fact", "baseline/lead sentence"} <= set(result["tinyweb-summary"])
    assert "bits_per_byte/letters" in result["tinyweb-unseen"]


def test_seeds_of_a_metric_become_one():
    from minigpt.experiments.twins import together

    shares = together([{"value": 0.5, "ci95": [0.2, 0.8], "n": 10}, {"value": 0.7, "ci95": [0.4, 0.9], "n": 10}])
    assert shares["value"] == 0.6 and shares["seeds"] == [0.5, 0.7] and shares["n"] == 20
    assert shares["ci95"][1] - shares["ci95"][0] < 0.5  # as of 12 of 20
    rates = together([{"value": 3.25, "ci95": [3, 4], "n": 10}, {"value": 3.5, "ci95": [2.5, 3.6], "n": 10}])
    assert rates["ci95"] == [2.5, 4]
