"""Every table and figure of the GPT-2 paper as data, with its page and how sure each number is.

*Language Models are Unsupervised Multitask Learners*, Radford, Wu, Child, Luan, Amodei, Sutskever, OpenAI 2019 (24
pages, PDF of 2019-02-14). A chapter that needs a number of the paper takes it from here: it stands in one place.

How sure a number is, the `sure` of a table:
    READ        read in the paper's own PDF
    DIGITISED   measured on a figure of the PDF, to about 0.1 of an axis unit
    CODE        read in public code
    SAID        said in a public thread or page, which is named; it was said, that does not make it right
    COMPUTED    worked out from public files or from other numbers here
    MEMORY      recalled and not checked; the share in the text beside it says with what confidence
    INFERENCE   concluded, and to be tested

    >>> TABLE_3.value("1542M", "LAMBADA ACC"), TABLE_3.is_bold("1542M", "LAMBADA ACC")
    (63.24, True)
"""

from __future__ import annotations

from dataclasses import dataclass, field

READ, DIGITISED, CODE, SAID = "read in the PDF", "digitised from a figure", "read in public code", "said in public"
COMPUTED, MEMORY, INFERENCE = "computed", "from memory", "inference"


@dataclass(frozen=True)
class Table:
    """A table or a panel of a figure: rows of numbers under columns.

    Attributes:
        where: number and page, and the section that discusses it.
        rows: row name -> one number a column, None where the paper has none.
        bold: row name -> one character a column, "*" where the page prints bold (Table 3: beats the state of the art).
        lower_is_better: the columns in which a smaller number is the better one.
    """

    title: str
    where: str
    sure: str
    columns: tuple[str, ...]
    rows: dict[str, tuple[float | None, ...]]
    bold: dict[str, str] = field(default_factory=dict)
    lower_is_better: tuple[str, ...] = ()
    note: str = ""

    def value(self, row: str, column: str) -> float | None:
        """One cell; KeyError for an unknown row, ValueError for an unknown column."""
        if row not in self.rows:
            raise KeyError(f"{self.title!r} has no row {row!r}; there are: {', '.join(self.rows)}")
        return self.rows[row][self._at(column)]

    def is_bold(self, row: str, column: str) -> bool:
        """Whether the page prints the cell in bold."""
        self.value(row, column)
        return row in self.bold and self.bold[row][self._at(column)] == "*"

    def column(self, column: str) -> dict[str, float | None]:
        """Row name -> number of one column."""
        return {row: self.value(row, column) for row in self.rows}

    def _at(self, column: str) -> int:
        if column not in self.columns:
            raise ValueError(f"{self.title!r} has no column {column!r}; there are: {', '.join(self.columns)}")
        return self.columns.index(column)


# ---- Models: Table 2 and what the released weights count -----------------------------------------------------------

VOCABULARY = 50_257
POSITIONS = 1_024
GPT1_VOCABULARY = 40_478  # from memory, 98 % sure


@dataclass(frozen=True)
class Size:
    """A size of the model: the paper's name and shape (Table 2, read), and what the release says.

    The heads are not in Table 2 (read in public code); `parameters` is the real count of the released weights.
    """

    paper: str
    layers: int
    d_model: int
    heads: int
    parameters: int
    released: str
    hugging_face: str


TABLE_2 = (
    Size("117M", 12, 768, 12, 124_439_808, "124M", "gpt2"),
    Size("345M", 24, 1024, 16, 354_823_168, "355M", "gpt2-medium"),
    Size("762M", 36, 1280, 20, 774_030_080, "774M", "gpt2-large"),
    Size("1542M", 48, 1600, 25, 1_557_611_200, "1558M", "gpt2-xl"),
)
TABLE_2_WHERE = "Table 2, page 4 (section 2.3)"
SIZES = tuple(size.paper for size in TABLE_2)


def parameters(layers: int, d_model: int, vocabulary: int = VOCABULARY, positions: int = POSITIONS) -> int:
    """How many parameters a GPT-2 has: tied head, biases, two LayerNorms a block and a last one.

    With GPT-1's vocabulary the same formula gives the counts that the paper prints, 117M to 1542M. So the likely error
    behind those is that they were counted with the old vocabulary; that is an inference, no public source says so.

    >>> parameters(12, 768)
    124439808
    >>> round(parameters(12, 768, vocabulary=GPT1_VOCABULARY) / 1e6)
    117
    """
    return (vocabulary + positions) * d_model + layers * (12 * d_model**2 + 13 * d_model) + 2 * d_model


GPT1_SHAPE = (12, 768, 12)  # layers, d_model, heads; from memory, 99 % sure
GPT1_POSITIONS = 512  # from memory, 99 % sure
GPT1_BATCH = 64  # sequences; GPT-1's paper, section 4.1; from memory, 99 % sure

# ---- Table 1 -------------------------------------------------------------------------------------------------------

TABLE_1_WHERE = "Table 1, page 3 (section 2.1)"
# What the examples are, not their words: English and French side by side inside ordinary WebText pages.
TABLE_1 = (
    "a person quoted in French, the English meaning beside it",
    "a deleted post of a politician, followed by 'which translates as'",
    "the words parfum and perfume compared in running text",
    "a bilingual dialogue overheard, given with its time in a recording",
    "a French question about the cinema in an English text",
    "a French legal formula on a product, with its translation",
)

# ---- Table 3 -------------------------------------------------------------------------------------------------------

TABLE_3 = Table(
    title="Zero-shot results on language modeling data sets",
    where="Table 3, page 5 (sections 3.1 to 3.3)",
    sure=READ,
    columns=(
        "LAMBADA PPL",
        "LAMBADA ACC",
        "CBT-CN",
        "CBT-NE",
        "WikiText2",
        "PTB",
        "enwik8",
        "text8",
        "WikiText103",
        "1BW",
    ),
    rows={
        "SOTA": (99.8, 59.23, 85.7, 82.3, 39.14, 46.54, 0.99, 1.08, 18.3, 21.8),
        "117M": (35.13, 45.99, 87.65, 83.4, 29.41, 65.85, 1.16, 1.17, 37.50, 75.20),
        "345M": (15.60, 55.48, 92.35, 87.1, 22.76, 47.33, 1.01, 1.06, 26.37, 55.72),
        "762M": (10.87, 60.12, 93.45, 88.0, 19.93, 40.31, 0.97, 1.02, 22.05, 44.575),
        "1542M": (8.63, 63.24, 93.30, 89.05, 18.34, 35.76, 0.93, 0.98, 17.48, 42.16),
    },
    bold={
        "SOTA": ".........*",
        "117M": "*.***.....",
        "345M": "*.***..*..",
        "762M": "********..",
        "1542M": "*********.",
    },
    lower_is_better=("LAMBADA PPL", "WikiText2", "PTB", "enwik8", "text8", "WikiText103", "1BW"),
    note="perplexity a word, accuracy in %, enwik8 in bits a byte, text8 in bits a character",
)
# The ten columns are eight data sets.
TABLE_3_DATA_SETS = {
    "LAMBADA": ("LAMBADA PPL", "LAMBADA ACC"),
    "CBT": ("CBT-CN", "CBT-NE"),
    **{name: (name,) for name in TABLE_3.columns[4:]},
}
TABLE_3_SOTA_SOURCES = {
    "PTB": "Gong 2018",
    "WikiText2": "Gong 2018",
    "CBT-CN": "Bajgar 2016",
    "CBT-NE": "Bajgar 2016",
    "LAMBADA ACC": "Hoang 2018",
    "LAMBADA PPL": "Grave 2016",
    "enwik8": "Dai 2019",
    "text8": "Dai 2019",
    "WikiText103": "Dai 2019",
    "1BW": "Dai 2019",
}

# ---- Figures 1 to 5 ------------------------------------------------------------------------------------------------


def _panel(title: str, where: str, sizes: tuple, lines: dict, note: str = "", sure: str = DIGITISED) -> Table:
    """A figure's panel: the four sizes, then the lines drawn across it."""
    rows = {name: (value,) for name, value in zip(SIZES, sizes)}
    return Table(
        title, where, sure, ("value",), {**rows, **{name: (value,) for name, value in lines.items()}}, note=note
    )


FIGURE_1 = {
    "reading": _panel(
        "CoQA, F1",
        "Figure 1, page 2 (section 3.5)",
        (26.0, 43.6, 49.8, 55.0),
        {"Human": 89.8, "DrQA+PGNet": 66.1, "DrQA": 54.6, "PGNet": 45.4, "Seq2seq": 27.4},
    ),
    "translation": _panel(
        "WMT14 French to English, BLEU",
        "Figure 1, page 2 (section 3.7)",
        (0.7, 3.1, 7.0, 11.5),
        {
            "Unsupervised statistical MT": 25.9,
            "Denoising + backtranslate": 15.5,
            "Embedding nearest neighbour": 9.9,
            "Denoising": 7.3,
        },
        note="French to English alone; the point of 762M is read less surely than the others",
    ),
    "summarization": _panel(
        "CNN and Daily Mail, mean of ROUGE-1, -2 and -L",
        "Figure 1, page 2 (section 3.6)",
        (16.9, 20.7, 21.5, 21.4),
        {"Lead-3": 31.6, "PGNet": 28.5, "Seq2seq + attention": 24.0, "Random-3": 21.0},
    ),
    "questions": _panel(
        "Natural Questions, accuracy in %",
        "Figure 1, page 2 (section 3.8)",
        (0.75, 1.9, 2.6, 4.1),
        {"Most frequent answer per question type": 0.96},
        note="open-domain systems lie above the axis: the arrows there are not a value",
    ),
}

FIGURE_2 = {
    "CN": _panel(
        "Children's Book Test, common nouns, accuracy in %",
        "Figure 2, page 5 (section 3.2)",
        (87.6, 92.3, 93.4, 93.3),
        {"Human": 96.0, "Bajgar 2016": 83.7},
        note="the line of Bajgar 2016 is not the number that Table 3 gives for the same work",
    ),
    "NE": _panel(
        "Children's Book Test, named entities, accuracy in %",
        "Figure 2, page 5 (section 3.2)",
        (83.4, 87.1, 88.0, 89.0),
        {"Human": 92.0, "Bajgar 2016": 78.4},
        note="the line of Bajgar 2016 is not the number that Table 3 gives for the same work",
    ),
}

WINOGRAD_SCHEMAS = 273
FIGURE_3_CORRECT = Table(
    title="Winograd schemas resolved, of 273",
    where="Figure 3, page 6 (section 3.4)",
    sure=DIGITISED + ", then snapped to whole schemas",
    columns=("partial", "full"),
    rows={"117M": (168, 152), "345M": (170, 160), "762M": (189, 176), "1542M": (193, 182)},
    note="partial is the blue curve, full the orange one",
)
FIGURE_3_SOTA = 63.7  # in %: the ensemble of 14 language models of Trinh and Le; the line of the figure


def winograd_percent(size: str, scoring: str = "partial") -> float:
    """Accuracy of Figure 3 in %.

    >>> round(winograd_percent("1542M"), 2)
    70.7
    """
    return 100 * FIGURE_3_CORRECT.value(size, scoring) / WINOGRAD_SCHEMAS


FIGURE_4 = Table(
    title="Perplexity on WebText",
    where="Figure 4, page 9 (section 4)",
    sure=DIGITISED,
    columns=("train", "test"),
    rows={"117M": (16.2, 16.9), "345M": (12.3, 12.9), "762M": (10.4, 11.2), "1542M": (8.9, 10.2)},
    lower_is_better=("train", "test"),
    note="the axis says only perplexity; that it is a BPE token's is an inference",
)

FIGURE_5 = Table(
    title="8-gram overlap with WebText train",
    where="Figure 5, page 13 (section 8.2)",
    sure=READ + " and " + DIGITISED,
    columns=("share with no overlap", "median overlap in %"),
    rows={"samples": (0.32, 1.0), "real text": (0.13, 2.6)},
    note="samples follow contexts of WebText test, top-k 40; their median is just under 1 %; the x axis is logarithmic",
)

# ---- Tables 4 to 6 -------------------------------------------------------------------------------------------------

TABLE_4 = Table(
    title="Summaries of CNN and Daily Mail, ROUGE F1",
    where="Table 4, page 6 (section 3.6)",
    sure=READ,
    columns=("R-1", "R-2", "R-L", "AVG"),
    rows={
        "Bottom-Up Sum": (41.22, 18.68, 38.34, 32.75),
        "Lede-3": (40.38, 17.66, 36.62, 31.55),
        "Seq2Seq + Attn": (31.33, 11.81, 28.83, 23.99),
        "GPT-2 TL;DR:": (29.34, 8.27, 26.58, 21.40),
        "Random-3": (28.78, 8.63, 25.52, 20.98),
        "GPT-2 no hint": (21.58, 4.03, 19.47, 15.03),
    },
    note="Bottom-Up Sum (Gehrmann 2018) is the state of the art",
)

TABLE_5_WHERE = "Table 5, page 7 (section 3.8)"
TABLE_5 = {
    "answers": 30,  # the most confident ones on the development set of Natural Questions, by its own probability
    "highest": ("Charles Darwin", 83.4),
    "lowest": ("Arnold Schwarzenegger", 45.2),
    "right": 22,  # counted
    "mean_probability": 58.9,  # computed, in %
    # subject of the question -> the wrong answer
    "wrong": {
        "most common blood type in Sweden": "A",
        "largest state of the US": "California",
        "how green algae reproduce": "parthenogenesis",
        "western boundary of Montana": "Montana",
        "actor of Ser Davos": "Peter Dinklage",
        "who appoints the chair of the Federal Reserve": "Janet Yellen",
        "NBA player with most MVP awards": "Michael Jordan",
        "actor of John Connor": "Arnold Schwarzenegger",
    },
}

TABLE_6 = Table(
    title="Test 8-grams that are also in a training set, in %",
    where="Table 6, page 8 (section 4)",
    sure=READ,
    columns=("PTB", "WikiText-2", "enwik8", "text8", "WikiText-103", "1BW"),
    rows={"own train": (2.67, 0.66, 7.50, 2.34, 9.09, 13.19), "WebText train": (0.88, 1.63, 6.31, 3.94, 2.42, 3.75)},
)

# ---- Facts of the text ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fact:
    """Something that the paper, or a file beside it, says: what it is, where it stands, how sure it is."""

    value: object
    what: str
    where: str
    sure: str = READ


WEBTEXT = {
    "links": Fact(45_000_000, "outbound Reddit links", "section 2.1"),
    "karma": Fact(3, "least karma of the post that links", "section 2.1"),
    "documents": Fact(8_000_000, "documents after de-duplication and cleaning, slightly more", "section 2.1"),
    "gigabytes": Fact(40, "size of the text", "section 2.1"),
    "until": Fact("December 2017", "latest links", "section 2.1"),
    "extractors": Fact(("Dragnet", "Newspaper"), "how text was taken from HTML", "section 2.1"),
    "wikipedia": Fact("removed", "all Wikipedia documents", "section 2.1"),
    "french_megabytes": Fact(10, "French left in it, found with cld2", "section 3.7"),
    "unk": Fact(26, "times the string <UNK> occurs", "section 3.1"),
}

BPE = {
    "base": Fact(256, "byte tokens that the vocabulary starts from", "section 2.2"),
    "merges": Fact(50_000, "merges in vocab.bpe", "vocab.bpe of the release", COMPUTED),
    "special": Fact("<|endoftext|>", "the last token, id 50256; encode() never makes it from text", "encoder.py", CODE),
    "vocabulary": Fact(VOCABULARY, "256 + 50,000 + 1", "sections 2.2 and 2.3"),
    "rule": Fact(
        "no merge across character categories, except for spaces", "what keeps dog. and dog! apart", "section 2.2"
    ),
    "pattern": Fact(
        r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+""",
        "how text is cut before merging; contractions are matched in lower case only",
        "encoder.py",
        CODE,
    ),
    "printable_bytes": Fact(188, "bytes that stand for themselves: ids 0 to 187", "encoder.py, encoder.json", COMPUTED),
    "remapped_bytes": Fact(
        68, "bytes written as U+0100 and up: ids 188 to 255, the space as U+0120", "encoder.py", CODE
    ),
    "first_merge": Fact("Ġt", "id 256, the first merge", "encoder.json", COMPUTED),
}

TRAINING = {
    "batch": Fact(512, "batch size; that it counts sequences is an inference, the unit is not stated", "section 2.3"),
    "context": Fact(POSITIONS, "tokens of context", "section 2.3"),
    "residual": Fact(
        "1/sqrt(N)", "factor on the weights of residual layers at the start, N their number", "section 2.3"
    ),
    "layer_norm": Fact(
        "input of each sub-block, and one more after the last block", "where LayerNorm stands", "section 2.3"
    ),
    "held_out": Fact(5, "% of WebText held out to set the learning rate of each size by hand", "section 3"),
    "fit": Fact("all sizes still underfit WebText", "state at the end of training", "section 3"),
}
TRAINING_GAPS = (
    "optimizer",
    "learning rates",
    "learning rate schedule",
    "steps",
    "epochs",
    "dropout",
    "weight decay",
    "hardware",
)

# What else the paper leaves out, by what it concerns: each of these is a choice of ours in the chapter named.
GAPS = {
    "training (chapter 07)": TRAINING_GAPS,
    "language modeling (chapter 09)": (
        "window and stride",
        "de-tokenizers",
        "whether perplexity in Figure 4 is a token's",
    ),
    "LAMBADA (chapter 10)": ("list of stop words", "whether the last word or the last token is scored"),
    "CoQA (chapter 11)": ("where the answer stops",),
    "summaries (chapter 12)": (
        "truncation of long articles",
        "sentence splitter",
        "ROUGE package",
        "number of test articles",
    ),
    "translation (chapter 12)": (
        "number of example pairs",
        "their source",
        "separator",
        "BLEU script",
        "order of the prompt for French to English",
    ),
    "questions (chapter 12)": ("number of example pairs", "filtering of questions"),
}

RESULTS = {
    "lambada_plain": Fact(52.66, "LAMBADA accuracy of 1542M in %, without the filter of stop words", "section 3.3"),
    "lambada_before": Fact(19, "LAMBADA accuracy of language models before, in %", "section 3.3"),
    "lambada_outside": Fact(19, "% of LAMBADA answers that are not in the context", "section 3.3"),
    "translation_en_fr": Fact(5, "BLEU English to French; Figure 1 shows French to English", "section 3.7"),
    "translation_best_unsupervised": Fact(33.5, "BLEU of Artetxe 2019, French to English", "section 3.7"),
    "questions_confident": Fact(63.1, "% right among the 1 % most confident answers", "section 3.8"),
    "questions_ratio": Fact(5.3, "times as many right as the smallest size", "section 3.8"),
    "detokenizer_gain": Fact((2.5, 5), "perplexity gained by invertible de-tokenizers", "section 3.1"),
}

MEMORIZATION = {
    "n": Fact(8, "words of an n-gram: lower case, letters and digits only, one space between", "section 4"),
    "false_positive": Fact(
        1e-8, "upper bound of the Bloom filters' error; a million random strings gave no hit", "section 4"
    ),
    "bits_per_key": Fact(38.3, "bits a key for that bound", "the formula of Bloom filters", COMPUTED),
    "hashes": Fact(27, "hash functions for that bound", "the formula of Bloom filters", COMPUTED),
    "lambada_overlap": Fact(1.2, "mean overlap of LAMBADA in %", "section 4"),
    "lambada_without": Fact((8.7, 62.9), "perplexity and accuracy without examples that overlap", "section 4"),
    "coqa_documents": Fact(15, "% of CoQA's news documents that are in WebText; about 3 F1 there", "section 4"),
    "winograd": Fact((10, 2, 1), "schemas with a hit, spurious ones, ones that gave the answer away", "section 4"),
    "wikitext103": Fact(1, "article of the test set that is in the training set: 1 of 60", "section 4"),
    "gettysburg": Fact(40, "times, about, that the Gettysburg Address occurs in WebText", "section 8.2"),
    "cifar10": Fact(3.3, "% overlap of train and test images, Barz and Denzler", "section 4"),
}

SAMPLING = {
    "top_k": Fact(40, "k of the samples in the appendix", "section 8.1"),
    "tables_7_11": Fact(
        (768, 256), "tokens of context and of completion, not cherry-picked", "Tables 7 to 11, section 8.1"
    ),
    "table_12": Fact((384, 128), "tokens of context and of completion, six samples", "Table 12, section 8.3"),
    "table_13": Fact(10, "samples from which the unicorns were picked", "Table 13, section 8.4"),
    "summary": Fact((100, 2, 3), "tokens sampled, top-k, sentences kept for a summary", "section 3.6"),
}

CODE_FACTS = {
    "gelu": Fact("0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))", "activation", "openai/gpt-2 model.py", CODE),
    "norm_eps": Fact(1e-5, "epsilon of LayerNorm, biased variance", "openai/gpt-2 model.py", CODE),
    "init": Fact(0.02, "standard deviation of weights and token embeddings", "openai/gpt-2 model.py", CODE),
    "init_wpe": Fact(0.01, "of position embeddings; transformers has 0.02", "openai/gpt-2 model.py", CODE),
    "init_residual": Fact(
        "0.02 / sqrt(2 layers)",
        "on the two projections of a block; the released model.py has plain 0.02",
        "transformers, nanoGPT, llm.c",
        CODE,
    ),
    "mask": Fact(-1e10, "added where attention may not look", "openai/gpt-2 model.py", CODE),
    "padded_vocabulary": Fact(50_304, "next multiple of 64", "nanoGPT", CODE),
}

# ---- Corrections ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Correction:
    """Something that is often said about the paper, and what is right: the boxes of the chapters."""

    said: str
    right: str
    where: str
    chapters: tuple[str, ...]


CORRECTIONS = (
    Correction(
        "WebText is 45 GB of text",
        "It is 40 GB in slightly over 8 million documents; 45 million is the number of links.",
        "section 2.1",
        ("03",),
    ),
    Correction(
        "Residual weights are scaled by 1/n",
        "The factor is 1/sqrt(N), N the number of residual layers. Open-source code reads it as 0.02/sqrt(2 layers) "
        "on two projections a block; the released model.py does not contain it.",
        "section 2.3",
        ("06",),
    ),
    Correction(
        "LayerNorm stands before and after self-attention",
        "It stands at the input of each sub-block, attention and MLP, and once more after the last block.",
        "section 2.3; model.py",
        ("06",),
    ),
    Correction(
        "LAMBADA accuracy is 52.66 %",
        "That is 1542M without the filter of stop words; Table 3 prints 63.24 with it. Both stand in the same PDF.",
        "section 3.3, Table 3",
        ("10",),
    ),
    Correction(
        "GPT-2 is best on 7 of 8 data sets",
        "So it is for 1542M alone; there are ten columns for eight data sets, and One Billion Word is missed by far.",
        "abstract, section 3.1, section 7, Table 3",
        ("09",),
    ),
    Correction(
        "11.5 BLEU into French and 5 from it",
        "5 BLEU into French, 11.5 from it. Figure 1 shows French to English, and the prompts hold example pairs.",
        "section 3.7",
        ("12",),
    ),
    Correction(
        "The paper announces GPT-3",
        "It plans fine-tuning on decaNLP and GLUE. GPT-3 (Brown 2020) came later.",
        "section 6",
        ("15",),
    ),
    Correction(
        "Test sets overlap with the training set by 1 to 6 %, 3.2 % on average",
        "0.88 to 6.31 %, mean 3.16 %, of six test sets with WebText; with their own training sets the mean is 5.9 %.",
        "section 4, Table 6",
        ("13",),
    ),
    Correction(
        "Everything is zero-shot",
        "No gradient step is taken, but translation and questions have example pairs in the context.",
        "sections 3.7, 3.8",
        ("12",),
    ),
    Correction(
        "70.7 % on Winograd", "That is partial scoring; full scoring gives 66.7 %.", "section 3.4, Figure 3", ("11",)
    ),
    Correction(
        "Bigger is always better",
        "762M is above 1542M on common nouns of the Children's Book Test and, slightly, in summarization.",
        "Table 3, Figure 1",
        ("01", "10", "12"),
    ),
    Correction(
        "GPT-2 summarizes",
        "It is 0.4 ROUGE above three random sentences, and below them on ROUGE-2.",
        "Table 4",
        ("12",),
    ),
    Correction(
        "The smallest model has 117M parameters",
        "It has 124,439,808; the first counts were wrong, as the repository's README says.",
        "README of openai/gpt-2",
        ("06",),
    ),
    Correction(
        "GPT-2 is the name of all four models", "The paper calls only the largest one GPT-2.", "section 3", ("06",)
    ),
    Correction(
        "CoQA was tested on 7 domains", "The data set has 7, its development set 5.", "sections 3.5 and 4", ("11",)
    ),
    Correction(
        "The 8-grams are of BPE tokens", "They are of words: lower case, letters and digits only.", "section 4", ("13",)
    ),
)

# ---- Measured by others with the public weights --------------------------------------------------------------------


@dataclass(frozen=True)
class Measurement:
    """What others measured: one number a size of `RELEASED` (None: not known), and who says so.

    `unsure` maps a size to the confidence, in %, of a number that was recalled and not checked.
    """

    what: str
    values: tuple[float | None, float | None, float | None, float | None]
    source: str
    unsure: dict[str, int] = field(default_factory=dict)
    note: str = ""

    def value(self, size: str) -> float | None:
        """The number of a size, "124M" to "1558M"."""
        return self.values[RELEASED.index(size)]


RELEASED = tuple(size.released for size in TABLE_2)
OTHERS = {
    "lambada word accuracy": Measurement(
        "LAMBADA (OpenAI's file), accuracy of the word in %",
        (32.56, 43.0, 47.7, 51.21),
        "lm-evaluation-harness issue 2159 and others",
        {"355M": 85, "774M": 85},
    ),
    "lambada perplexity": Measurement(
        "LAMBADA (OpenAI's file), perplexity",
        (40.06, 18.25, 12.97, 10.63),
        "lm-evaluation-harness issues 2159 and 911",
        {"355M": 85, "774M": 80},
    ),
    "lambada last token": Measurement(
        "LAMBADA, accuracy of the last BPE token in %",
        (46.67, None, None, None),
        "bflm; huggingface/transformers issue 13761",
    ),
    "lambada last token, newline": Measurement(
        "LAMBADA, accuracy of the last BPE token in %, a line end before the text",
        (46.89, None, None, None),
        "openai/gpt-2 issue 131",
    ),
    "lambada greedy, stop words": Measurement(
        "LAMBADA (OpenAI's file), accuracy of the word in %, written greedily with stop words filtered",
        (41.98, None, None, None),
        "bflm, eval_lambada_slow.py",
    ),
    "lambada tokenised": Measurement(
        "LAMBADA as first published, accuracy of the word in %",
        (26, None, None, None),
        "huggingface/transformers issue 491; bflm",
    ),
    "lambada tokenised, stop words": Measurement(
        "LAMBADA as first published, accuracy of the word in %, stop words filtered",
        (31, None, None, None),
        "huggingface/transformers issue 491; bflm",
    ),
    "lambada de-tokenised, stop words": Measurement(
        "LAMBADA as first published and de-tokenised, accuracy of the word in %, stop words filtered",
        (33.6, None, None, None),
        "openai/gpt-2 issue 131; bflm",
    ),
    "lambada Malkin": Measurement(
        "LAMBADA, f_max of Malkin 2021, accuracy in %",
        (47.66, 57.29, 61.23, 64.25),
        "README of sunil-2000/coherenceBoost",
    ),
    "lambada Malkin replication": Measurement(
        "LAMBADA, f_max replicated, accuracy in %", (46.1, 55.0, 58.76, 61.42), "README of sunil-2000/coherenceBoost"
    ),
    "wikitext word perplexity": Measurement(
        "WikiText in lm-evaluation-harness, perplexity a word",
        (37.37, 26.75, 22.61, 20.38),
        "workofart; huggingface/transformers issue 13761",
        {"355M": 75, "774M": 75, "1558M": 70},
    ),
    "wikitext2 token perplexity, stride 1024": Measurement(
        "raw WikiText-2, perplexity a token, windows of 1024",
        (29.94, None, 19.44, None),
        "huggingface/transformers issue 13761; transformers documentation",
    ),
    "wikitext2 token perplexity, stride 512": Measurement(
        "raw WikiText-2, perplexity a token, windows of 1024 with stride 512",
        (25.2, None, 16.44, None),
        "karpathy/llm.c issue 276; transformers documentation",
        {"124M": 75},
    ),
    "wikitext2 as in the file, stride 32": Measurement(
        "WikiText-2 as in the file, perplexity, windows of a context with stride 32",
        (34.63, None, None, None),
        "a comment ascribed to Alec Radford, quoted in karpathy/llm.c issue 276",
        note="said; with it, 37.50 for WikiText-103 by the same protocol, which is Table 3's number",
    ),
    "openwebtext train loss": Measurement(
        "OpenWebText, train loss in nats", (3.11, 2.85, 2.66, 2.56), "README of nanoGPT"
    ),
    "openwebtext val loss": Measurement(
        "OpenWebText, validation loss in nats", (3.12, 2.84, 2.67, 2.54), "README of nanoGPT"
    ),
    "hellaswag": Measurement(
        "HellaSwag in lm-evaluation-harness, accuracy in %",
        (28.92, 33.3, 36.4, 40.04),
        "build-nanogpt, llm.c",
        {"355M": 80, "774M": 80},
    ),
    "hellaswag normalised": Measurement(
        "HellaSwag in lm-evaluation-harness, normalised accuracy in %",
        (31.14, 39.4, 45.3, 50.89),
        "build-nanogpt, llm.c",
        {"355M": 80, "774M": 80},
    ),
    "hellaswag llm.c": Measurement("HellaSwag by llm.c's script, accuracy in %", (28.59, None, None, 38.42), "llm.c"),
    "hellaswag llm.c normalised": Measurement(
        "HellaSwag by llm.c's script, normalised accuracy in %", (29.55, None, None, 48.93), "llm.c"
    ),
    "mmlu": Measurement("MMLU by llm.c, accuracy in %", (25.57, None, None, 29.27), "llm.c"),
    "mmlu normalised": Measurement("MMLU by llm.c, normalised accuracy in %", (27.21, None, None, 30.35), "llm.c"),
    "winogrande": Measurement(
        "Winogrande, accuracy in %", (51.6, None, None, 59.40), "crumb/gpt2023; README of gpt-neo"
    ),
    "piqa": Measurement("PIQA, accuracy in %", (62.9, None, None, 70.78), "crumb/gpt2023; README of gpt-neo"),
    "cbt common nouns": Measurement(
        "CBT-CN, accuracy in %",
        (84.35, None, None, None),
        "huggingface/transformers issue 13761",
        note="does not reach the paper",
    ),
    "cbt named entities": Measurement(
        "CBT-NE, accuracy in %",
        (73.65, None, None, None),
        "huggingface/transformers issue 13761",
        note="does not reach the paper",
    ),
    "coqa": Measurement(
        "CoQA, F1", (None, None, None, 28.7), "openai/gpt-2 issue 307", note="does not reach the paper"
    ),
    "openai wikitext2": Measurement(
        "WikiText-2, perplexity", (None, None, None, 18.67), "run by OpenAI, June 2019; Connor Leahy, Addendum"
    ),
    "openai lambada": Measurement(
        "LAMBADA, perplexity", (None, None, None, 8.63), "run by OpenAI, June 2019; Connor Leahy, Addendum"
    ),
    "openai ptb": Measurement(
        "PTB, perplexity", (None, None, None, 36.51), "run by OpenAI, June 2019; Connor Leahy, Addendum"
    ),
}
