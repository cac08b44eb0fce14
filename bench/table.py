"""The results of a run: collected round by round, shown as one table, judged by the aims."""

from collections import defaultdict
from statistics import median

from scenarios import Aim

REFERENCE = "haproxy"


class Results:
    """Every figure of every round; ratios are taken within a round, on the same machine load."""

    def __init__(self):
        # (scenario, figure) -> peer -> one value per round.
        self._values: dict[tuple[str, str], dict[str, list[float]]] = {}

    def add(self, scenario: str, peer: str, figures: dict[str, float]) -> None:
        for figure, value in figures.items():
            row = self._values.setdefault((scenario, figure), defaultdict(list))
            row[peer].append(value)

    def value(self, scenario: str, figure: str, peer: str) -> float | None:
        """The median; None where this peer has no such figure."""
        values = self._values[scenario, figure].get(peer)
        return median(values) if values else None

    def ratios(self, scenario: str, figure: str, peer: str) -> list[float]:
        """To the reference, one per round."""
        row = self._values[scenario, figure]
        return [mine / theirs for mine, theirs in zip(row.get(peer, []), row.get(REFERENCE, []))
                if theirs > 0]

    def render(self, peers: list[str]) -> str:
        """One line per figure: for each peer the median and the ratio to the reference, with half
        the distance between its lowest and its highest round."""
        lines = [["", "", *peers]]
        latest = ""
        for scenario, figure in self._values:
            cells = [self._cell(scenario, figure, peer) for peer in peers]
            lines.append([scenario if scenario != latest else "", figure, *cells])
            latest = scenario
        widths = [max(map(len, column)) for column in zip(*lines)]
        return "\n".join("  ".join([
            *(text.ljust(width) for text, width in zip(line[:2], widths)),
            *(text.rjust(width) for text, width in zip(line[2:], widths[2:]))]).rstrip()
            for line in lines)

    def judge(self, scenario: str, aim: Aim, peer: str) -> str:
        """One sentence: the aim, and whether it is met."""
        if aim.is_ratio:
            reached = median(self.ratios(scenario, aim.figure, peer))
        else:
            reached = self.value(scenario, aim.figure, peer)
        verdict = "met" if reached <= aim.limit else "missed"
        of_what = f" of {REFERENCE}'s" if aim.is_ratio else ""
        return (f"{scenario}: {aim.figure} of {peer} at most {_number(aim.limit)}{of_what}:"
                f" {_number(reached)}, {verdict}")

    def as_json(self) -> list[dict]:
        return [{"scenario": scenario, "figure": figure, "rounds": row,
                 "ratio": {peer: median(ratios) for peer in row
                           if (ratios := self.ratios(scenario, figure, peer))}}
                for (scenario, figure), row in self._values.items()]

    def _cell(self, scenario: str, figure: str, peer: str) -> str:
        value = self.value(scenario, figure, peer)
        if value is None:
            return "-"
        ratios = self.ratios(scenario, figure, peer)
        if peer == REFERENCE or not ratios:
            return _number(value)
        spread = (max(ratios) - min(ratios)) / 2
        return f"{_number(value)} ({median(ratios):.2f} ±{spread:.2f})"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
