"""The one picture: CPU per query of every proxy, as bars beside each other, in hand-written SVG.

It has no background of its own and its colours follow the reader's (prefers-color-scheme), so that
it reads on a light page and on a dark one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from statistics import median

from bars import OURS
from field_load import point_selects_at
from scenario import cpu_of
from table import Results, ratios

CONNECTIONS = (16, 64)
REFERENCE = "haproxy"
_NAMES = {"mysql": "MySQL", "postgres": "PostgreSQL"}

# Pixels. A group is one protocol at one number of connections; two groups stand side by side.
_WIDTH, _MARGIN = 760, 16
_TITLE, _HEADING, _ROW, _BAR = 52, 30, 22, 14
_NAME, _LABEL = 84, 92  # left and right of a bar
_COLUMN = (_WIDTH - 2 * _MARGIN) // 2

_STYLE = """
  text { font: 12px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; }
  .head { font-weight: 600; }
  .quiet { fill: #59636e; }
  .bar { fill: #b6bec8; }
  .ours { fill: #0969da; }
  .own { font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .bar { fill: #4d5661; }
    .ours { fill: #4493f8; }
  }
"""


@dataclass(frozen=True)
class _Bar:
    name: str
    cost: float          # CPU microseconds per query
    ratio: float | None  # to the reference's


def draw(contests: dict[str, Results], note: str) -> str:
    """The picture of these protocols' results, empty where they have no point selects; `note` says
    where the figures are from."""
    rows = [(protocol, [_bars(results, number) for number in CONNECTIONS])
            for protocol, results in contests.items()]
    rows = [(protocol, groups) for protocol, groups in rows if any(groups)]
    if not rows:
        return ""
    longest = max((bar.cost for _, groups in rows for group in groups for bar in group))
    parts, top = [], _TITLE
    for protocol, groups in rows:
        for column, (number, group) in enumerate(zip(CONNECTIONS, groups)):
            parts += _group(f"{_NAMES[protocol]}, {number} connections", group, longest,
                            _MARGIN + column * _COLUMN, top)
        top += _HEADING + _ROW * max(map(len, groups)) + _ROW // 2
    height = top + _MARGIN
    title = "CPU of the proxy per point query over TLS, in microseconds"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' width="{_WIDTH}" height="{height}" role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        _text(_MARGIN, 22, title, "title"),
        _text(_MARGIN, 40, "less is better; in brackets the ratio to HAProxy, which passes TLS"
              " through without any cryptography", "quiet"),
        *parts, _text(_MARGIN, height - 8, note, "quiet"), "</svg>", ""])


def _bars(results: Results, connections: int) -> list[_Bar]:
    """The cheapest first."""
    scenario, figure = point_selects_at(connections), cpu_of("query")
    found = []
    for peer in results.latest(scenario, figure):
        rounds = results.rounds(scenario, figure, peer)
        compared = ratios(rounds, results.rounds(scenario, figure, REFERENCE))
        found.append(_Bar(peer, median(rounds), median(compared) if compared else None))
    return sorted(found, key=lambda bar: bar.cost)


def _group(heading: str, bars: Iterable[_Bar], longest: float, left: int, top: int) -> list[str]:
    parts = [_text(left, top + 16, heading, "head")]
    room = _COLUMN - _NAME - _LABEL - _MARGIN
    for number, bar in enumerate(bars):
        own = bar.name == OURS
        middle = top + _HEADING + number * _ROW
        length = max(1, round(room * bar.cost / longest))
        label = f"{bar.cost:.1f}" + (f" ({bar.ratio:.2f})" if bar.ratio is not None else "")
        parts += [
            _text(left, middle + 4, bar.name, "own" if own else ""),
            f'<rect class="{"ours" if own else "bar"}" x="{left + _NAME}"'
            f' y="{middle - _BAR // 2}" width="{length}" height="{_BAR}" rx="2"/>',
            _text(left + _NAME + length + 6, middle + 4, label, "own" if own else "quiet")]
    return parts


def _text(x: int, y: int, text: str, style: str) -> str:
    return f'<text x="{x}" y="{y}" class="{style}">{escape(text)}</text>'
