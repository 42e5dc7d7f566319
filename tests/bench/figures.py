"""What a benchmark measured, beside what it is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Figure:
    """One figure: ``value`` and ``baseline`` are medians in ``unit``, taken in turns in the same run.

    ``goal`` is the most that ``value / baseline`` may be, or, with ``absolute``, the most that ``value``
    itself may be. Without a goal the figure is there to be known.
    """

    name: str
    value: float
    unit: str
    baseline: float
    against: str
    goal: float | None = None
    absolute: bool = False

    @property
    def ratio(self) -> float:
        return self.value / self.baseline if self.baseline else float("inf")

    @property
    def is_met(self) -> bool | None:
        if self.goal is None:
            return None
        return (self.value if self.absolute else self.ratio) <= self.goal

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = {None: "", True: "ok", False: "short"}[self.is_met]
        goal = ""
        if self.goal is not None:
            goal = f"<= {self.goal:g} {self.unit}" if self.absolute else f"<= {self.goal:.3g} x"
        return (
            self.name,
            f"{number(self.value)} {self.unit}",
            f"{number(self.baseline)} {self.unit}",
            f"{self.ratio:.3g}",
            goal,
            verdict,
            self.against,
        )


def number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


HEAD = ("figure", "measured", "baseline", "ratio", "goal", "", "the baseline is")
ALIGN = "<>>>>< "


def table(figures: Sequence[Figure]) -> str:
    """The figures as a table of text."""
    rows = [HEAD, *(figure.cells for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if side == ">" else cell.ljust(width)
            for cell, width, side in zip(row, widths, ALIGN, strict=True)
        ).rstrip()
        for row in rows
    )


WIDTH, ROW, LEFT, RIGHT = 900, 26, 400, 130


def picture(figures: Sequence[Figure]) -> str:
    """The figures with a goal as bars: how much of what is allowed each of them takes."""
    shown = [figure for figure in figures if figure.goal]
    height = ROW * (len(shown) + 2)
    full = WIDTH - LEFT - RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-size="13">',
        '<style>text { font-family: monospace }</style><rect width="100%" height="100%" fill="white"/>',
        '<text x="10" y="18">Share of the goal (the line is the goal)</text>',
    ]
    for place, figure in enumerate(shown, 1):
        y = ROW * place
        share = (figure.value if figure.absolute else figure.ratio) / (figure.goal or 1)
        # The line stands at half: what is short of its goal shows by how much.
        length = min(full, full / 2 * share)
        colour = "#2e7d32" if figure.is_met else "#c62828"
        parts += [
            f'<text x="10" y="{y + 17}">{escape(figure.name)}</text>',
            f'<rect x="{LEFT}" y="{y + 4}" width="{length:.1f}" height="{ROW - 9}" fill="{colour}"/>',
            f'<text x="{LEFT + full + 8}" y="{y + 17}">{share:.0%} {figure.cells[5]}</text>',
        ]
    line = LEFT + full / 2
    parts.append(f'<line x1="{line}" y1="{ROW}" x2="{line}" y2="{height - ROW}" stroke="black"/></svg>')
    return "\n".join(parts) + "\n"
