"""The tools that make the book out of its chapters: `python -m book.build`, `book.execute`, `book.address`."""
