"""The bench's table: what was measured, the budget, and whether it was met."""
from __future__ import annotations

import statistics

from farm import Sample


class Rows:
    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str]] = [("measured", "reached", "budget", "")]
        self.samples: dict[str, list[Sample]] = {}
        self.nodes: dict[str, int] = {}

    def value(self, name: str, value: float, budget: float | None, unit: str) -> None:
        limit = "" if budget is None else f"<= {budget:g} {unit}".strip()
        verdict = "" if budget is None else "met" if value <= budget else "NOT MET"
        self.rows.append((name, f"{value:.3g} {unit}".strip(), limit, verdict))

    def ratio(self, name: str, ratios: list[float], budget: float | None) -> None:
        middle = statistics.median(ratios)
        limit = "" if budget is None else f"<= {budget:.3g} x"
        verdict = "" if budget is None else "met" if middle <= budget else "NOT MET"
        self.rows.append((name, f"{middle:.3g} x ({min(ratios):.3g}-{max(ratios):.3g})", limit, verdict))

    def sample(self, name: str, sample: Sample, nodes: int) -> None:
        self.samples.setdefault(name, []).append(sample)
        self.nodes[name] = nodes

    def text(self) -> str:
        for name, samples in self.samples.items():
            cpu = statistics.median(s.cpu for s in samples) * 1000 / self.nodes[name]
            self.rows.append((f"{name}: wall", f"{statistics.median(s.wall for s in samples):.3g} s", "", ""))
            self.rows.append((f"{name}: client CPU per node", f"{cpu:.3g} ms", "", ""))
        widths = [max(len(row[i]) for row in self.rows) for i in range(4)]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in self.rows)
