"""The bars: what Sallyport promises about its cost, each a figure and a limit, judged in a run."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from statistics import median

from table import Results, number, ratios, with_spread

OURS = "sallyport"


class Kind(Enum):
    VALUE = "the figure itself"
    RATIO = "divided by the reference's"
    ADDED = "minus the reference's"


class Outcome(Enum):
    MET = "met"
    MISSED = "MISSED"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Bar:
    """Sallyport's `figure` in `scenario` is to be at most (or `at_least`) `limit`; compared with
    that of `reference`, in another scenario where one is named. Where the machine has fewer `cores`
    it says nothing."""

    scenario: str
    figure: str
    limit: float
    reference: str | None = None
    reference_scenario: str | None = None
    kind: Kind = Kind.RATIO
    at_least: bool = False
    cores: int = 1

    def values(self, results: Results) -> list[float]:
        """One per round; none where something needed was not measured."""
        mine = results.rounds(self.scenario, self.figure, OURS)
        if self.kind is Kind.VALUE:
            return mine
        theirs = results.rounds(self.reference_scenario or self.scenario, self.figure,
                                self.reference)
        if self.kind is Kind.RATIO:
            return ratios(mine, theirs)
        return [one - other for one, other in zip(mine, theirs)]

    def __str__(self) -> str:
        than = f"{'at least' if self.at_least else 'at most'} {number(self.limit)}"
        if not self.reference:
            return f"{self.scenario}: {self.figure} {than}"
        elsewhere = f" ({self.reference_scenario})" if self.reference_scenario else ""
        joint = "of" if self.kind is Kind.RATIO else "over"
        return f"{self.scenario}: {self.figure} {than} {joint} {self.reference}{elsewhere}"


@dataclass(frozen=True)
class Verdict:
    bar: Bar
    outcome: Outcome
    values: list[float]

    def __str__(self) -> str:
        reached = with_spread(self.values, number) if self.values else ""
        return f"{self.outcome.value:9}{reached:17}{self.bar}"

    def as_json(self, protocol: str) -> dict:
        return {"protocol": protocol, "bar": str(self.bar), "limit": self.bar.limit,
                "outcome": self.outcome.value, "rounds": self.values}


def judge(bars: Iterable[Bar], results: Results, cores: int) -> list[Verdict]:
    return [_judge_one(bar, results, cores) for bar in bars]


def _judge_one(bar: Bar, results: Results, cores: int) -> Verdict:
    values = bar.values(results)
    if not values or cores < bar.cores:
        return Verdict(bar, Outcome.NOT_RUN, [])
    reached = median(values)
    is_met = reached >= bar.limit if bar.at_least else reached <= bar.limit
    return Verdict(bar, Outcome.MET if is_met else Outcome.MISSED, values)
