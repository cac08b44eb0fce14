"""The results of a contest: collected round by round, shown as tables, judged by the aims."""

from collections import defaultdict
from statistics import median

from scenarios import Aim


class Results:
    """Every figure of every round; ratios are taken within a round, on the same machine load."""

    def __init__(self):
        # (scenario, figure) -> peer -> one value per round.
        self._values: dict[tuple[str, str], dict[str, list[float]]] = {}

    def add(self, scenario: str, peer: str, figures: dict[str, float]) -> None:
        for figure, value in figures.items():
            row = self._values.setdefault((scenario, figure), defaultdict(list))
            row[peer].append(value)

    def render(self, peers: list[str]) -> str:
        """One line per figure: the median of each peer."""
        return self._table(peers, self._median)

    def render_ratios(self, peers: list[str], reference: str) -> str:
        """One line per figure that is a rate or a cost per unit: for each peer the median of its
        ratios to the reference, with half the distance between the lowest and the highest round."""
        others = [peer for peer in peers if peer != reference]
        return self._table(others, lambda row, peer: _ratio(_ratios(row, peer, reference)),
                           lambda figure: "/" in figure)

    def judge(self, scenario: str, aim: Aim, peer: str) -> str | None:
        """One sentence: the aim, and whether it is met; None where there is nothing to judge."""
        row = self._values.get((scenario, aim.figure), {})
        values = _ratios(row, peer, aim.reference) if aim.reference else row.get(peer)
        if not values:
            return None
        reached = median(values)
        verdict = "met" if reached <= aim.limit else "missed"
        of_what = f" of {aim.reference}'s" if aim.reference else ""
        return (f"{scenario}: {aim.figure} of {peer} at most {_number(aim.limit)}{of_what}:"
                f" {_number(reached)}, {verdict}")

    def as_json(self, references: tuple[str, ...]) -> list[dict]:
        return [{"scenario": scenario, "figure": figure, "rounds": row,
                 "ratios": {reference: {peer: ratios for peer in row
                                        if (ratios := _ratios(row, peer, reference))}
                            for reference in references}}
                for (scenario, figure), row in self._values.items()]

    @staticmethod
    def _median(row: dict[str, list[float]], peer: str) -> str:
        return _number(median(row[peer])) if peer in row else "-"

    def _table(self, peers: list[str], cell, is_wanted=lambda figure: True) -> str:
        lines = [["", "", *peers]]
        latest = ""
        for (scenario, figure), row in self._values.items():
            if not is_wanted(figure):
                continue
            lines.append([scenario if scenario != latest else "", figure,
                          *(cell(row, peer) for peer in peers)])
            latest = scenario
        widths = [max(map(len, column)) for column in zip(*lines)]
        return "\n".join("  ".join([
            *(text.ljust(width) for text, width in zip(line[:2], widths)),
            *(text.rjust(width) for text, width in zip(line[2:], widths[2:]))]).rstrip()
            for line in lines)


def _ratios(row: dict[str, list[float]], peer: str, reference: str) -> list[float]:
    """One per round."""
    return [mine / theirs for mine, theirs in zip(row.get(peer, []), row.get(reference, []))
            if theirs > 0]


def _ratio(ratios: list[float]) -> str:
    if not ratios:
        return "-"
    return f"{median(ratios):.2f} ±{(max(ratios) - min(ratios)) / 2:.2f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
