"""`python -m minigpt` is `minigpt`."""

from __future__ import annotations

import sys

from minigpt.cli import main

sys.exit(main())
