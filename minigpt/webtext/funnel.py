"""What each step of the pipeline removed, and why: counts, and a few examples kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field

from minigpt.webtext.records import Drop

EXAMPLES = 3  # kept of each reason


@dataclass
class Count:
    """One step: how many records it kept, and how many it removed for each reason."""

    step: str
    unit: str
    kept: int = 0
    removed: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def came(self) -> int:
        return self.kept + sum(self.removed.values())

    def watch(self, found: Iterable) -> Iterator:
        """Passes on the records among what a step found, and counts them and what was dropped."""
        for record in found:
            if not isinstance(record, Drop):
                self.kept += 1
                yield record
                continue
            self.removed[record.reason] = self.removed.get(record.reason, 0) + 1
            kept = self.examples.setdefault(record.reason, [])
            if len(kept) < EXAMPLES:
                kept.append(record.what)


@dataclass
class Funnel:
    """The steps of a pipeline, in order."""

    steps: list[Count]

    def to_dict(self) -> list[dict]:
        return [{"came": count.came, **asdict(count)} for count in self.steps]

    @classmethod
    def from_dict(cls, found: list[dict]) -> Funnel:
        return cls([Count(**{k: v for k, v in step.items() if k != "came"}) for step in found])

    def table(self) -> str:
        """The funnel as text: a line a step, and below it a line a reason."""
        rows = [f"{'step':<12} {'came':>10} {'kept':>10}   removed"]
        for count in self.steps:
            gone = count.came - count.kept
            share = f" ({100 * gone / count.came:.1f} %)" if count.came else ""
            rows.append(f"{count.step:<12} {count.came:>10,} {count.kept:>10,}   {gone:,} {count.unit}{share}")
            for reason, number in sorted(count.removed.items(), key=lambda item: (-item[1], item[0])):
                rows.append(f"{'':<35}  {number:>10,}  {reason}")
        return "\n".join(rows)
