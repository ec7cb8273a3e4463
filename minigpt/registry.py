"""Which data sets there are: what each is, its licence, its addresses and checksums, and what the paper did with it.

The checksums are published ones, or were computed from the files themselves; weights are pinned to one revision. A file
without one is OpenAI's TensorFlow release (and what is unpacked here from a checked archive): see `minigpt.download`
for how it is checked.
"""

from __future__ import annotations

import bz2
import hashlib
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from minigpt.config import GPTConfig
from minigpt.download import RemoteFile


@dataclass(frozen=True)
class DataSet:
    """A data set of the registry.

    Args:
        name: as `minigpt data get NAME` takes it.
        what, licence: in a few words.
        files: what is kept of it.
        train: names of the files that may be trained on; where there are none, `use` says what the set is for.
        paper: what the paper did with it, and in which section; "" if it did not use it.
        folder: in MINIGPT_DATA and in the cache; the name if not given.
        how: for a set that may not be passed on: how to get it.
    """

    name: str
    what: str
    licence: str
    files: tuple[RemoteFile, ...]
    train: tuple[str, ...] = ()
    use: str = "a benchmark"
    paper: str = ""
    folder: str = ""
    how: str = ""

    @property
    def downloads(self) -> list[RemoteFile]:
        """What comes over the network: the files, or the archives that they are unpacked from, each once."""
        return list(dict.fromkeys(download for file in self.files for download in file.made_of or (file,)))


# ---- Taking files out of what was downloaded ----


def member(name: str) -> Callable[[Path], Iterator[bytes]]:
    """A function that gives the bytes of one file in a zip or tar archive, piece by piece."""

    def pieces(archive: Path) -> Iterator[bytes]:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened, opened.open(name) as file:
                yield from iter(lambda: file.read(2**20), b"")
            return
        with tarfile.open(archive) as opened:
            for entry in opened:  # in order: a large archive is read once, and only up to the file
                if entry.name.removeprefix("./") == name and entry.isfile():
                    file = opened.extractfile(entry)
                    yield from iter(lambda: file.read(2**20), b"")
                    return
        raise KeyError(name)

    return pieces


def strings_of_rda(path: Path) -> Iterator[bytes]:
    """The first column of text in an R data file (bzip2, XDR), one string a line.

    R writes a vector of strings as the type 16 and a length, and each string as the type 9 with flags, a length in
    bytes, and the bytes; -1 is a missing one. All numbers are big-endian.
    """
    data = bz2.decompress(path.read_bytes())
    at = 0
    while (at := data.find(b"\x00\x00\x00\x10", at)) >= 0:
        (count,) = struct.unpack_from(">i", data, at + 4)
        lines, here = [], at + 8
        while len(lines) < count and data[here + 3 : here + 4] == b"\x09":
            (length,) = struct.unpack_from(">i", data, here + 4)
            lines.append(data[here + 8 : here + 8 + max(0, length)])
            here += 8 + max(0, length)
        if count > 100 and len(lines) == count:
            yield b"\n".join(lines)
            return
        at += 1
    raise ValueError("no column of text in this R data file")


def news_stories(urls: Path, *archives: Path) -> Iterator[bytes]:
    """The articles of CNN and the Daily Mail at these addresses with their highlights, as JSON lines, in that order.

    A story's file is named by the SHA-1 of its address; its highlights stand behind "@highlight" lines (Hermann et al.
    2015, non-anonymized as by See et al. 2017). A line: {"id": ..., "article": ..., "highlights": [...]}, with the
    article's paragraphs on lines of their own.
    """
    wanted = [hashlib.sha1(url.encode()).hexdigest() for url in urls.read_text(encoding="utf-8").split()]
    stories, known = {}, set(wanted)
    for archive in archives:
        with tarfile.open(archive) as opened:
            for entry in opened:
                name = Path(entry.name).name.removesuffix(".story")
                if name in known and entry.isfile():
                    stories[name] = opened.extractfile(entry).read().decode("utf-8")
    for name in wanted:
        article, *highlights = stories[name].split("@highlight")
        story = {
            "id": name,
            "article": "\n".join(line.strip() for line in article.splitlines() if line.strip()),
            "highlights": [" ".join(highlight.split()) for highlight in highlights],
        }
        yield json.dumps(story, ensure_ascii=False).encode() + b"\n"


# ---- Addresses ----


def _github(repository: str, commit: str, path: str) -> tuple[str, ...]:
    return (f"https://raw.githubusercontent.com/{repository}/{commit}/{path}",)


def _hub(repository: str, revision: str, path: str) -> tuple[str, ...]:
    """A file of the Hugging Face hub, at its own address and at a mirror's."""
    hosts = ("huggingface.co", "hf-mirror.com")
    return tuple(f"https://{host}/{repository}/resolve/{revision}/{path}" for host in hosts)


def _weights(
    name: str, released: str, revision: str, size: int, sha256: str, config_sha256: str
) -> tuple[DataSet, DataSet]:
    """The weights of one size of GPT-2: converted to safetensors, and as OpenAI released them."""
    repository, config = f"openai-community/{name}", GPTConfig.gpt2(released)
    paper = f"the model of {config.n_layer} layers; every result of section 3"
    safetensors = DataSet(
        name, f"weights of GPT-2, {released}, as safetensors", "MIT (modified)",
        (
            RemoteFile("config.json", 0, config_sha256, _hub(repository, revision, "config.json")),
            RemoteFile("model.safetensors", size, sha256, _hub(repository, revision, "model.safetensors")),
        ),
        use="a model", paper=paper, folder=f"models/{name}",
    )  # fmt: skip
    bucket = f"https://openaipublic.blob.core.windows.net/gpt-2/models/{released}"
    sizes = {"model.ckpt.data-00000-of-00001": 4 * config.n_params}  # float32, one tensor after another
    names = ("hparams.json", "checkpoint", "model.ckpt.index", "model.ckpt.data-00000-of-00001")
    tensorflow = DataSet(
        f"{name}-tensorflow", f"weights of GPT-2, {released}, OpenAI's own release", "MIT (modified)",
        tuple(RemoteFile(file, sizes.get(file, 0), "", (f"{bucket}/{file}",)) for file in names),
        use="a model", paper=paper, folder=f"models/{name}-tensorflow",
    )  # fmt: skip
    return safetensors, tensorflow


def _gpt2_samples(name: str, size: int, sha256: str) -> RemoteFile:
    return RemoteFile(name, size, sha256, _github("openai/gpt-2", "a3aa7de9e11b", f"gpt-2-samples/{name}"))


_WIKITEXT_103 = RemoteFile(
    "wikitext-103-v1.zip", 190_229_076, "242ba0f20b329cfdf1ccc61e9e9e5b59becf189db7f7a81cd2a0e2fc31539590",
    (
        "https://wikitext.smerity.com/wikitext-103-v1.zip",
        "https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-103-v1.zip",
    ),
)  # fmt: skip
_CBT = RemoteFile(
    "CBTest.tgz", 120_547_669, "932df0cadc1337b2a12b4c696b1041c1d1c6d4b6bd319874c6288f02e4a61e92",
    (
        "http://www.thespermwhale.com/jaseweston/babi/CBTest.tgz",
        "http://parl.ai/downloads/cbt/cbt.tar.gz",
        *_hub("datasets/cbt", "7503a0643517afe02a86e4750d375a9686008efa", "data/CBTest.tgz"),
    ),
)  # fmt: skip
_ENWIK8 = RemoteFile(
    "enwik8.zip", 36_445_475, "547994d9980ebed1288380d652999f38a14fe291a6247c157c3d33d4932534bc",
    ("https://mattmahoney.net/dc/enwik8.zip", "https://data.deepai.org/enwik8.zip"),
)  # fmt: skip
_TEXT8 = RemoteFile(
    "text8.zip", 31_344_016, "a6640522afe85d1963ad56c05b0ede0a0c000dddc9671758a6cc09b7a38e5232",
    ("https://mattmahoney.net/dc/text8.zip", "http://mattmahoney.net/dc/text8.zip"),
)  # fmt: skip
_ONE_BILLION = "1-billion-word-language-modeling-benchmark-r13output"
_1BW = RemoteFile(
    f"{_ONE_BILLION}.tar.gz", 1_792_209_805, "01ba60381110baf7f189dfd2b8374de371e8c9a340835793f190bdae9e90a34e",
    tuple(f"{scheme}://www.statmt.org/lm-benchmark/{_ONE_BILLION}.tar.gz" for scheme in ("https", "http")),
)  # fmt: skip
_LAMBADA_RELEASE = RemoteFile(
    "lambada-dataset.tar.gz", 334_527_694, "8fbe499096ddbdcbbd0cac406861b5026fb451d15b8fe04e0e4f3d082f2ad5d7",
    ("https://zenodo.org/record/2630551/files/lambada-dataset.tar.gz",),
)  # fmt: skip
_NEWS_REVISION = "11343c3752184397d56efc19a8a7cceb68089318"
_NEWS = (
    RemoteFile(
        "all_test.txt", 2_109_547, "c4f5efb5ec2126430a5c156efbd13d0e9c4cb490169e552c38b4a51981a009bd",
        _github("abisee/cnn-dailymail", "master", "url_lists/all_test.txt"),
    ),
    RemoteFile(
        "cnn_stories.tgz", 158_577_824, "e8fbc0027e54e0a916abd9c969eb35f708ed1467d7ef4e3b17a56739d65cb200",
        _hub("datasets/cnn_dailymail", _NEWS_REVISION, "data/cnn_stories.tgz"),
    ),
    RemoteFile(
        "dailymail_stories.tgz", 375_893_739, "ad69010002210b7c406718248ee66e65868b9f6820f163aa966369878d14147e",
        _hub("datasets/cnn_dailymail", _NEWS_REVISION, "data/dailymail_stories.tgz"),
    ),
)  # fmt: skip


def _unpacked(name: str, archive: RemoteFile, path: str, size: int = 0, sha256: str = "") -> RemoteFile:
    return RemoteFile(name, size, sha256, made_of=(archive,), make=member(path))


# ---- The sets ----

_PAPER = (
    DataSet(
        "lambada", "the last words of 5,153 passages; OpenAI's version: true case, with punctuation", "CC BY 4.0",
        (RemoteFile(
            "lambada_test.jsonl", 1_819_752, "4aa8d02cd17c719165fc8a7887fddd641f43fcafa4b1c806ca8abc31fabdb226",
            (
                "https://openaipublic.blob.core.windows.net/gpt-2/data/lambada_test.jsonl",
                *_hub("datasets/EleutherAI/lambada_openai", "900124bf3b8235c6daf21033af9948b3f07346c4",
                      "data/lambada_test.jsonl"),
                *_github("cybertronai/bflm", "620fff70127e", "lambada_test.jsonl"),
            ),
        ),),
        paper="section 3.3, Table 3: perplexity and accuracy of the last word",
    ),
    DataSet(
        "lambada-tokenised", "LAMBADA as first published: lower case, tokenised; test and development", "CC BY 4.0",
        tuple(
            _unpacked(name, _LAMBADA_RELEASE, name)
            for name in ("lambada_test_plain_text.txt", "lambada_development_plain_text.txt")
        ),
        paper="not used: the paper took a version without preprocessing (section 3.3); rungs of our protocol ladder",
    ),
    DataSet(
        "cbt", "Children's Book Test: 20 sentences, a 21st with a gap, ten choices",
        "GFDL 1.3 (the books: public domain)",
        tuple(
            _unpacked(f"cbtest_{kind}_{part}.txt", _CBT, f"CBTest/data/cbtest_{kind}_{part}.txt")
            for part in ("valid_2000ex", "test_2500ex")
            for kind in ("CN", "NE")
        ),
        paper="section 3.2, Figure 2, Table 3: common nouns and named entities, validation set, de-tokenised",
    ),
    DataSet(
        "wikitext-2", "the validation and test parts of WikiText-2, tokenised", "CC BY-SA 3.0",
        (
            RemoteFile(
                "test.txt", 1_256_449, "d790b833ef8cf03a90db7bf1271b7520b83c45ce07ba3c1a9699df81e239eca0",
                _github("pytorch/examples", "77f55b912142", "word_language_model/data/wikitext-2/test.txt"),
            ),
            RemoteFile(
                "valid.txt", 1_121_681, "f0737ed31fc1329026e95cb8b98e19c2a182c39c240ab909dc31abf2f8af58e8",
                _github("pytorch/examples", "77f55b912142", "word_language_model/data/wikitext-2/valid.txt"),
            ),
        ),
        paper="section 3.1, Table 3: perplexity, de-tokenised; section 4, Table 6: overlap with WebText",
    ),
    DataSet(
        "wikitext-103", "the validation and test parts of WikiText-103, tokenised", "CC BY-SA 3.0",
        tuple(_unpacked(f"{p}.txt", _WIKITEXT_103, f"wikitext-103/wiki.{p}.tokens") for p in ("test", "valid")),
        paper="section 3.1, Table 3: perplexity, de-tokenised; section 4, Table 6: overlap with WebText",
    ),
    DataSet(
        "ptb", "the test part of the Penn Treebank's Wall Street Journal, 10,000 words, prepared by Mikolov",
        "of the Linguistic Data Consortium; may not be passed on",
        (RemoteFile("ptb.test.txt", 449_945, "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"),),
        paper="section 3.1, Table 3: perplexity, de-tokenised; section 4, Table 6: overlap with WebText",
        how="the Linguistic Data Consortium licenses it (catalogue numbers LDC99T42 and LDC95T7); the file is "
            "data/ptb.test.txt of Tomas Mikolov's simple-examples.tgz",
    ),
    DataSet(
        "enwik8", "the first 100 MB of a dump of the English Wikipedia, XML and all", "GFDL",
        (_unpacked("enwik8", _ENWIK8, "enwik8", 100_000_000,
                   "2b49720ec4d78c3c9fabaee6e4179a5e997302b3a70029f30f2d582218c024a8"),),
        paper="section 3.1, Table 3: bits a byte; section 4, Table 6: overlap with WebText",
    ),
    DataSet(
        "text8", "100 MB of Wikipedia in small letters and spaces only", "GFDL",
        (_unpacked("text8", _TEXT8, "text8", 100_000_000,
                   "6e890197040d37d85beb962ae1f041ff1d9a9ca8d20c7d99c85027eebf51dca7"),),
        paper="section 3.1, Table 3: bits a character",
    ),
    DataSet(
        "1bw", "One Billion Word Benchmark, first part of the held-out news: single sentences, shuffled",
        "none stated; the text is its publishers'",
        (_unpacked(
            "news.en.heldout-00000-of-00050", _1BW,
            f"{_ONE_BILLION}/heldout-monolingual.tokenized.shuffled/news.en.heldout-00000-of-00050",
        ),),
        paper="section 3.1, Table 3: perplexity, the one set where GPT-2 is not ahead; section 4, Table 6",
    ),
    DataSet(
        "winograd", "Winograd schemas: 285 sentences with a pronoun and two candidates; WSC273 is the first 273",
        "CC BY 4.0",
        (RemoteFile(
            "WSCollection.xml", 113_238, "9f039f74631fc72c2c2bc6db68ea22d1f08e891925ca8505b80fbcbd2946eb9b",
            _github("cglez/winograd", "4b72afc25466f78d5600b388ddcb8ed3a02fc993", "raw/WSCollection.xml"),
        ),),
        paper="section 3.4, Figure 3: accuracy, full and partial scoring; section 4: 10 schemas overlap with WebText",
    ),
    DataSet(
        "winograd-labels", "which of the 273 schemas are associative, which may be switched (Trichelair et al. 2018)",
        "none stated",
        tuple(
            RemoteFile(
                name, size, sha256,
                _github("ptrichel/How-Reasonable-are-Common-Sense-Reasoning-Tasks",
                        "66ac26dafa23bd0628dc416f35d67217f189bdfd", name),
            )
            for name, size, sha256 in (
                ("WSC_associative_label.json", 59_200,
                 "cbddc5ecfa202acaab19caa1d01d655a023c58376b1a79ee11864ddb34bd0b34"),
                ("WSC_switched_label.json", 89_624,
                 "59d094a048b311191c8b34c35a448c18f7d8f81df5cda2d5e0c933e9ff3f6986"),
            )
        ),
        paper="section 3.4 recommends the work that they are from",
    ),
    DataSet(
        "coqa", "conversations about a passage, 500 of the development set",
        "by domain: CC BY-SA 4.0, MSR-LA, RACE's own, Apache 2.0",
        (RemoteFile(
            "coqa-dev-v1.0.json", 9_090_845, "dfa367a9733ce53222918d0231d9b3bedc2b8ee831a2845f62dfc70701f2540a",
            tuple(f"https://{host}/coqa/coqa-dev-v1.0.json"
                  for host in ("nlp.stanford.edu/data", "downloads.cs.stanford.edu/nlp/data")),
        ),),
        paper="section 3.5, Figure 1: F1, answers read off by greedy decoding",
    ),
    DataSet(
        "cnn_dm", "11,490 articles of CNN and the Daily Mail with their highlights, the test set of See et al. 2017",
        "none stated; the articles are their publishers'",
        (RemoteFile("test.jsonl", 0, "", made_of=_NEWS, make=news_stories),),
        paper="section 3.6, Table 4, Figure 1: ROUGE of three sentences written after TL;DR:",
    ),
    DataSet(
        "wmt14-fr-en", "newstest2014, 3,003 sentences of news in French and English", "free for research",
        (
            RemoteFile(
                "newstest2014.fr", 445_720, "2bd07dc204f965bf88e90adb6223a8cb850f9bf9840df6af1f4945195936656e",
                _github("Helsinki-NLP/OPUS-MT-testsets", "ac0f19c0be3c", "testsets/fr-en/newstest2014.fr"),
            ),
            RemoteFile(
                "newstest2014.en", 375_106, "9a12cb6e8efb3509ebede627e4a9c83ee64935509d561ff70f4b7bd5f93f6096",
                _github("Helsinki-NLP/OPUS-MT-testsets", "ac0f19c0be3c", "testsets/fr-en/newstest2014.en"),
            ),
        ),
        paper="section 3.7, Figure 1: BLEU, both directions (Figure 1: French to English)",
    ),
    DataSet(
        "nq-open", "questions to a search engine with short answers: the 3,610 of the development set", "CC BY-SA 3.0",
        (RemoteFile(
            "NQ-open.dev.jsonl", 391_316, "f15567f38099f3615f5b8a685c0aef449c11ad90d3da3735e8d1b98115b40616",
            _github("google-research-datasets/natural-questions", "fb26a3073b1fe636c97302890a27b491d6530130",
                    "nq_open/NQ-open.dev.jsonl"),
        ),),
        paper="section 3.8, Table 5, Figure 1: exact match (of Natural Questions; this open version came later)",
    ),
    DataSet(
        "hellaswag", "HellaSwag: beginnings of 10,042 texts with four endings each, the validation set", "MIT",
        (RemoteFile(
            "hellaswag_val.jsonl", 12_246_618, "0aa3b88843990f3f10a97b9575c94d7b71fb2205240ba04ae4884d9e9c992588",
        ),),
        how="its repository, rowanz/hellaswag on GitHub, was closed in September 2026 on a claim of WikiHow's, from "
            "which many of its texts are; whoever has its data/hellaswag_val.jsonl can use it",
    ),
    DataSet(
        "gpt2-samples", "500 samples of the 1.5B model by each of six settings, published by OpenAI", "MIT",
        (
            _gpt2_samples("unconditional.txt", 2_349_038,
                          "d4e13b24475c773e80df603bb91b11811d0e98d053d7f9076da9d93a6ad12b3d"),
            _gpt2_samples("unconditional-t07.txt", 2_282_469,
                          "d78140cd57c855eeec07c4dba38798153317c244c2e15d731fb261278cc4e206"),
            _gpt2_samples("unconditional-topk40.txt", 2_383_809,
                          "001e444c73bcedd6035c8e3dcf5c51c8a9007b18474b81f160ffab52d2a756f3"),
            _gpt2_samples("conditional.txt", 2_299_599,
                          "5c5e7ca4d372b891c5edcca039a7868d04e5c2174e8054ee1f33fa83d03c8761"),
            _gpt2_samples("conditional-t07.txt", 2_215_772,
                          "bdd45eb67d866e6b17de7bbdd435cbda63a8890f7e7eac5d6ce06ad89c83e3e4"),
            _gpt2_samples("conditional-topk40.txt", 2_278_357,
                          "933f6bcae74ce369f5a11c23724b4a9349983b1d3f5665ae9bf21601dcb2cea7"),
        ),
        paper="appendix: samples; the conditional ones open with pages of WebText's test set",
    ),
    DataSet(
        "gpt2-domains", "the thousand most frequent sites of WebText, published with GPT-2", "MIT",
        (RemoteFile(
            "domains.txt", 14_754, "84b7eb3d611444b154e2b041254746e97e772bb52411fc3e9e190cdbdd000dc5",
            _github("openai/gpt-2", "9b63575ef427", "domains.txt"),
        ),),
        use="a list of sites",
        paper="section 2.1: where WebText's pages are from; the list came with the code",
    ),
)  # fmt: skip
_TEXTS = (
    DataSet(
        "tinyshakespeare", "plays of Shakespeare, 1.1 MB of text", "public domain",
        (RemoteFile(
            "input.txt", 1_115_394, "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            _github("karpathy/char-rnn", "6f9487a6fe5b", "data/tinyshakespeare/input.txt"),
        ),),
        train=("input.txt",),
    ),
    DataSet(
        "moby-dick", "Moby-Dick, the novel, 1.2 MB of text", "public domain",
        (RemoteFile(
            "moby-dick.txt", 1_204_997, "fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240",
            _github("stdlib-js/datasets-moby-dick", "235160635e0a", "data/data.txt"),
        ),),
        train=("moby-dick.txt",), folder="books",
    ),
    DataSet(
        "hcandersen", "fairy tales of Andersen in English, 2.2 MB of text",
        "public domain originals; translations unchecked",
        (RemoteFile(
            "hcandersen_en.txt", 2_212_841, "96c784c50b36cb738acc042c045adb25f2337e005d2fabd35eb31e3ee0e55b62",
            made_of=(RemoteFile(
                "hcandersen_en.rda", 659_418, "6f02fa91f2f389d3c748465d8baafbc51d4a114603b666598e771134a381a68d",
                _github("EmilHvitfeldt/hcandersenr", "a40ebfba0f37", "data/hcandersen_en.rda"),
            ),),
            make=strings_of_rda,
        ),),
        train=("hcandersen_en.txt",),
    ),
    DataSet(
        "tinystories-sample", "short stories in a small child's words, 0.9 MB of text", "CDLA-Sharing-1.0",
        (RemoteFile(
            "tiny_stories.txt", 944_426, "c56cfd24fb1c542b141a396184b822a4db3672abdb4c49c6aa843171c5e822a5",
            _github("s-ajaykumar/smallGPT", "b8b899265a55", "data/tiny_stories.txt"),
        ),),
        train=("tiny_stories.txt",),
    ),
    DataSet(
        "reddit-submissions", "submissions to Reddit of June and July 2005, monthly dumps",
        "none stated; posts are their authors'",
        (
            RemoteFile(
                "RS_v2_2005-06.xz", 17_376, "42c54710220eba6b729699cde94c2b151f0ee2df9e1ee569183c1da554a2e62c",
                _github("jcpeterson/openwebtext", "2e3f21d3d26b", "pushshift_dumps/RS_v2_2005-06.xz"),
            ),
            RemoteFile(
                "RS_v2_2005-07.xz", 93_156, "5f568b76006ce7dce51b7edcc68151c0d5ed28891fba19a3aac11e52a69f2e53",
                _github("jcpeterson/openwebtext", "2e3f21d3d26b", "pushshift_dumps/RS_v2_2005-07.xz"),
            ),
        ),
        use="input of minigpt webtext",
    ),
    DataSet(
        "warc", "two small archives of the web: example.com, and the front page of Common Crawl", "Apache 2.0",
        (
            RemoteFile(
                "cc.warc.gz", 5_392, "68ecb486138ac84a95a0ab543a3895e13987004a478a3a4dd0cedfcf1440bdae",
                _github("iipc/jwarc", "9b5df862d35f", "test-resources/org/netpreserve/jwarc/cc.warc.gz"),
            ),
            RemoteFile(
                "example.warc.gz", 3_816, "5144459799b3bcb894d5143e0d8171c20c591a41733608e8392346e95e0bcf6b",
                _github("webrecorder/warcio", "2a797aa8c6d6", "test/data/example.warc.gz"),
            ),
        ),
        use="input of minigpt webtext",
    ),
)  # fmt: skip
_WEIGHTS = (
    *_weights(
        "gpt2", "124M", "607a30d783dfa663caf39e06633721c8d4cfcd7e", 548_105_171,
        "248dfc3911869ec493c76e65bf2fcf7f615828b0254c12b473182f0f81d3a707",
        "0daed7749b4f02b8f76240d5444551d7b08712dab4d0adb8239c56ba823bb7b4",
    ),
    *_weights(
        "gpt2-medium", "355M", "6dcaa7a952f72f9298047fd5137cd6e4f05f41da", 1_519_984_962,
        "fc5a354a19255ad494f3d71549390baca1ccf61d1d822b9408971705c687c9cd",
        "ef1a44d889ad1a0acc7731c78134f1b87d2d222f110e97dd10fd4117331caf22",
    ),
    *_weights(
        "gpt2-large", "774M", "32b71b12589c2f8d625668d2335a01cac3249519", 3_247_159_078,
        "5f47f3e12f91cd33b662ce7e433b6150ad5512b5884a2cee961b50e9c3bbebce",
        "7fccdcfd6622055342a734c663ee0b61ff4fd697f42467595df0bf4448c8c170",
    ),
    *_weights(
        "gpt2-xl", "1558M", "15ea56dee5df4983c59b2538573817e1667135e2", 6_430_000_000,  # about: no source states it
        "0f8b28eb05a8075f48b61b6f35332978c74fc7763fa9fb4051a1c30511736a6a",
        "be48115d52314bc27327e160bf10197760db02ea689d10adb24db4102edf7a8a",
    ),
)  # fmt: skip
REGISTRY: dict[str, DataSet] = {entry.name: entry for entry in (*_PAPER, *_TEXTS, *_WEIGHTS)}
