"""The WebText pipeline measured: on tinyweb, where the truth is known, and on real posts and archives. Chapter 03.

    minigpt data get reddit-submissions
    minigpt data get warc
    minigpt data get gpt2-domains
    python -m minigpt.experiments.webtext

About five minutes on one core. Speeds are of one process; the rest is the same on every machine.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import tracemalloc
from collections import Counter
from pathlib import Path

from minigpt import data, paper, recorded
from minigpt.webtext import dedup, links, pages, pipeline, posts, truth
from minigpt.webtext.build import build
from minigpt.webtext.extract import extract_text
from minigpt.webtext.links import normalise
from minigpt.webtext.records import Drop, Link, Page, read_records

PAGES = 5_000
SEED = 0
THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
KARMA = (1, 2, 3, 5, 10, 20, 50, 100)
MIRRORS = ("wikipedia", "wikiwand", "wikia", "wikihow")  # looked up in the list that was published with GPT-2


def on_tinyweb(out: Path) -> dict:
    """The funnel, the scores of each step, what is left of each label with and without each step, and the speeds."""
    built = build(out, tinyweb=PAGES, seed=SEED, report=print)
    known = out / "tinyweb" / truth.TRUTH
    steps = [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    result = {
        "pages": PAGES,
        "labels": label_counts(known),
        "funnel": built.funnel.to_dict(),
        "scores": [score.to_dict() for score in built.scores],
        "extraction": truth.extraction(out, known),
        "left": truth.remaining(out, known),
        "tokens": built.tokens,
        "speeds": speeds(steps),
        "near": near_curve(out, known),
        "near_bytes_a_page": near_memory(out),
    }
    # the last first: what comes before a step is then not run again
    result["left_without"] = {step: left_without(out, known, step) for step in reversed(pipeline.SKIPPABLE)}
    return result


def label_counts(known: Path) -> dict[str, int]:
    _, found = truth.read_truth(known)
    return dict(sorted(Counter(page["label"] for page in found.values()).items()))


def speeds(log: list[dict]) -> dict[str, dict]:
    """Records a second of one core for each step, reading and writing its files included."""
    found = {}
    for entry in log:
        came = entry.get("came") or entry["documents"]
        found[entry["step"]] = {
            "records": came,
            "seconds": entry["cpu"],
            "a_second": round(came / max(entry["cpu"], 1e-3)),
        }
    return found


def left_without(out: Path, known: Path, step: str) -> dict[str, int]:
    """Pages of each label that are left when one step is left out."""
    steps = pipeline.make_steps(
        [out / "tinyweb" / truth.POSTS], [out / "tinyweb" / truth.PAGES], pipeline.Settings(skip=(step,))
    )
    pipeline.run(steps, out, print)
    return truth.remaining(out, known, steps[-1].stem)


def near_curve(out: Path, known: Path) -> list[dict]:
    """Precision and recall of the near copies at other thresholds."""
    _, labels = truth.read_truth(known)
    came = list(read_records(out / "steps" / "09_exact.jsonl", Page))
    rows = []
    for threshold in THRESHOLDS:
        kept = {normalise(p.url): None for p in dedup.near(came, threshold) if not isinstance(p, Drop)}
        found = truth.score_copies("near", [labels[normalise(p.url)] for p in came], kept)
        rows.append({"threshold": threshold, **found.to_dict()})
    return rows


def near_memory(out: Path) -> int:
    """Bytes of memory that a page takes while near copies are looked for."""
    came = list(read_records(out / "steps" / "09_exact.jsonl", Page))[:2000]
    list(dedup.near(came[:1]))  # what is loaded once is not a page's
    tracemalloc.start()
    running = dedup.near(came)
    kept = sum(not isinstance(next(running), Drop) for _ in range(len(came) - 1))
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return round(size / kept)


def on_real_posts(out: Path) -> dict:
    """The funnel of both months, karma's distribution, and the sites, beside those of the list published with GPT-2."""
    files = data.get("reddit-submissions", print)
    began = time.process_time()  # a core's time: the machine may have other work
    built = build(out, posts=files)
    seconds = time.process_time() - began
    scores = [post.score for post in posts.read_posts(files) if not isinstance(post, Drop)]
    counted = links.sites(read_records(out / "steps" / "03_links.jsonl", Link))
    published = published_sites()
    top = sorted(counted.items(), key=lambda row: (-row[1], row[0]))[:20]
    listed = sum(number for site, number in counted.items() if site in published)
    return {
        "files": [path.name for path in files],
        "funnel": built.funnel.to_dict(),
        "posts_a_second": round(len(scores) / seconds),
        "share_with_karma": {str(k): round(sum(s >= k for s in scores) / len(scores), 4) for k in KARMA},
        "sites": len(counted),
        "top_sites": [{"site": site, "links": number, "in_webtext": published.get(site)} for site, number in top],
        "share_of_links_to_listed_sites": round(listed / counted.total(), 4),
        "listed": {name: published.get(name) for name in MIRRORS},
    }


def published_sites() -> dict[str, int]:
    """Links to each of the thousand most frequent sites of WebText."""
    (path,) = data.get("gpt2-domains", print)
    rows = (line.split(maxsplit=1) for line in path.read_text(encoding="utf-8").splitlines())
    return {row[1]: int(row[0]) for row in rows if len(row) == 2}  # one row has no name


def on_real_pages(out: Path) -> dict:
    """The funnel of the two archives, and how long the extraction of a real page takes."""
    files = data.get("warc", print)
    built = build(out, pages=files)
    found = [page for page in pages.linked_pages(files, None) if not isinstance(page, Drop)]
    timed = []
    for page in found:
        extract_text(page.html)
        began = time.process_time()
        for _ in range(20):
            extract_text(page.html)
        seconds = (time.process_time() - began) / 20
        timed.append({"url": page.url, "html_bytes": len(page.html.encode()), "ms": round(1000 * seconds, 2)})
    return {"files": [path.name for path in files], "funnel": built.funnel.to_dict(), "extraction": timed}


def arithmetic(tinyweb: dict, real_posts: dict, real_pages: dict) -> dict:
    """From these samples to the paper's 45 million links: core-days, bytes, memory."""
    n, documents = paper.WEBTEXT["links"].value, paper.WEBTEXT["documents"].value
    gigabytes = paper.WEBTEXT["gigabytes"].value
    page = max(real_pages["extraction"], key=lambda row: row["html_bytes"])
    after = ("language", "heuristics", "exact", "near")
    small = sum(tinyweb["speeds"][step]["seconds"] / tinyweb["speeds"][step]["records"] for step in after)
    bytes_a_document = gigabytes * 1e9 / documents
    own = tinyweb["tokens"]["bytes"] / tinyweb["tokens"]["documents"]
    tokens = tinyweb["speeds"]["tokens"]
    rate = tinyweb["tokens"]["bytes"] / tokens["seconds"]  # bytes of text a second
    day = 86_400
    return {
        "links": n,
        "paper_documents": documents,
        "paper_share_kept": round(documents / n, 4),
        "paper_bytes_a_document": round(bytes_a_document),
        "posts_needed_at_this_share": round(n * real_posts["funnel"][0]["came"] / real_posts["funnel"][-1]["kept"]),
        "html_terabytes": round(n * page["html_bytes"] / 1e12, 2),
        "extraction_core_days": round(n * page["ms"] / 1000 / day, 2),
        # time of these steps grows with the text; tinyweb's documents are shorter than WebText's
        "filters_core_days": round(n * small * bytes_a_document / own / day, 2),
        "tokens_core_days": round(gigabytes * 1e9 / rate / day, 2),
        "near_gigabytes_of_memory": round(documents * tinyweb["near_bytes_a_page"] / 1e9, 1),
    }


def measure() -> dict:
    """All of it, in a folder of its own that is removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        tinyweb = on_tinyweb(Path(folder) / "tinyweb")
        real_posts = on_real_posts(Path(folder) / "posts")
        real_pages = on_real_pages(Path(folder) / "pages")
    return {
        "tinyweb": tinyweb, "posts": real_posts, "archives": real_pages,
        "arithmetic": arithmetic(tinyweb, real_posts, real_pages),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", help="default: webtext.json among the recorded runs")
    args = parser.parse_args()
    result = measure()
    print(json.dumps(result["arithmetic"], indent=1))
    sets = ("reddit-submissions", "warc", "gpt2-domains")
    checksums = {file.name: file.sha256 for name in sets for file in data.find(name).files}
    libraries = {name: pipeline.version(name) for name in ("trafilatura", "lxml", "pycld2", "datasketch", "warcio")}
    recorded.save(
        "webtext", {**result, "provenance": recorded.provenance(SEED, data=checksums, libraries=libraries)}, args.out
    )


if __name__ == "__main__":
    main()
