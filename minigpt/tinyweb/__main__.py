"""`python -m minigpt.tinyweb --n 3 --seed 1` prints pages of the small web."""

from __future__ import annotations

import argparse
import sys

from minigpt.tinyweb import KINDS, pages


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m minigpt.tinyweb", description="Print pages of the small web.")
    parser.add_argument("--n", type=int, default=3, help="how many pages (3)")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other pages of the same world (0)")
    parser.add_argument("--split", choices=["train", "test"], default="train")
    parser.add_argument("--kind", choices=list(KINDS), help="pages of one kind only")
    options = parser.parse_args()
    try:
        print("\n\n----\n\n".join(page.text for page in pages(options.n, options.seed, options.split, options.kind)))
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
