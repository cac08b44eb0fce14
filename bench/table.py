"""The results of a contest: collected round by round, shown as tables."""

from collections import defaultdict
from collections.abc import Callable
from statistics import median

Row = dict[str, list[float]]


class Results:
    """Every figure of every round; ratios are taken within a round, on the same machine load."""

    def __init__(self):
        # (scenario, figure) -> peer -> one value per round.
        self._values: dict[tuple[str, str], Row] = {}

    def add(self, scenario: str, peer: str, figures: dict[str, float]) -> None:
        for figure, value in figures.items():
            row = self._values.setdefault((scenario, figure), defaultdict(list))
            row[peer].append(value)

    def rounds(self, scenario: str, figure: str, peer: str) -> list[float]:
        """Empty where it was not measured."""
        return self._values.get((scenario, figure), {}).get(peer, [])

    def latest(self, scenario: str, figure: str) -> dict[str, float]:
        """By peer, from the last round."""
        row = self._values.get((scenario, figure), {})
        return {peer: values[-1] for peer, values in row.items()}

    def render(self, peers: list[str]) -> str:
        """One line per figure: the median of each peer."""
        return self._table(peers, lambda row, peer: number(median(row[peer])))

    def render_ratios(self, peers: list[str], reference: str) -> str:
        """One line per figure that is a rate or a cost per unit: for each peer the median of its
        ratios to the reference, and their spread."""
        def cell(row: Row, peer: str) -> str:
            values = ratios(row[peer], row.get(reference, []))
            return with_spread(values, "{:.2f}".format) if values else "-"
        return self._table(_others(peers, reference), cell,
                           lambda figure, row: "/" in figure and reference in row)

    def render_added(self, peers: list[str], reference: str, figures: tuple[str, ...],
                     scenario: str) -> str:
        """For each peer by how much more than the reference's its figures are, within a round."""
        def cell(row: Row, peer: str) -> str:
            values = [one - other for one, other in zip(row[peer], row[reference])]
            return with_spread(values, number)
        return self._table(_others(peers, reference), cell,
                           lambda figure, row: figure in figures and reference in row, scenario)

    def as_json(self, references: tuple[str, ...]) -> list[dict]:
        return [{"scenario": scenario, "figure": figure, "rounds": row,
                 "ratios": {reference: {peer: found for peer in row
                                        if (found := ratios(row[peer], row.get(reference, [])))}
                            for reference in references}}
                for (scenario, figure), row in self._values.items()]

    def _table(self, peers: list[str], cell: Callable[[Row, str], str],
               is_wanted: Callable[[str, Row], bool] = lambda figure, row: True,
               only: str | None = None) -> str:
        lines = [["", "", *peers]]
        latest = ""
        for (scenario, figure), row in self._values.items():
            if only not in (None, scenario) or not is_wanted(figure, row):
                continue
            cells = [cell(row, peer) if peer in row else "-" for peer in peers]
            if all(text == "-" for text in cells):
                continue
            lines.append([scenario if scenario != latest else "", figure, *cells])
            latest = scenario
        return align(lines) if len(lines) > 1 else ""


def align(lines: list[list[str]]) -> str:
    """Columns: two of words, then figures."""
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join([
        *(text.ljust(width) for text, width in zip(line[:2], widths)),
        *(text.rjust(width) for text, width in zip(line[2:], widths[2:]))]).rstrip()
        for line in lines)


def ratios(mine: list[float], theirs: list[float]) -> list[float]:
    """One per round."""
    return [one / other for one, other in zip(mine, theirs) if other > 0]


def with_spread(values: list[float], write: Callable[[float], str]) -> str:
    """The median, with half the distance between the lowest and the highest round, where there is
    more than one."""
    spread = f" ±{write((max(values) - min(values)) / 2)}" if len(values) > 1 else ""
    return write(median(values)) + spread


def number(value: float) -> str:
    size = abs(value)
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"


def _others(peers: list[str], reference: str) -> list[str]:
    return [peer for peer in peers if peer != reference]
