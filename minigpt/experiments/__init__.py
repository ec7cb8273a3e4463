"""The book's long runs: each module is a command that writes `book/results/NAME.json`, which a chapter reads and draws."""
