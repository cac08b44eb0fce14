"""What both contests have in common: the scenarios, and the bars that Sallyport is judged by."""

from bars import Bar, Kind
from contest import Size
from field_load import point_selects_at
from idle import GROWTH, IdleSessions, idle_sessions
from load_client import Client
from own_load import (P99, Bulk, CertifiedConnects, Connects, HalfLoad, Mixture,
                      ResumedConnects)
from scenario import IDLE, Scenario, cpu_of, rate_of

# Whose rate half a load is half of.
YARDSTICKS = frozenset({"haproxy", "sallyport"})
# What the bars need: a quick run leaves out the rest.
OURS_ALONE = frozenset({"sallyport"})
COMPARED = frozenset({"floor", "sallyport"})
TIMED = frozenset({"direct", "sallyport"})
PROXIES = frozenset({"haproxy", "pgbouncer", "stunnel", "floor", "sallyport"})

CPU_PER_QUERY, CPU_PER_CONNECT, CPU_PER_MB = cpu_of("query"), cpu_of("connect"), cpu_of("MB")

# A session that left something whole behind would leave a parsed certificate (2 KiB) or one of its
# two SSL objects (6 KiB): 10 MiB and more each time. What is not a leak is malloc's unrest: its
# arenas, one per thread, are cut up a little differently each time, which was seen to move the
# floor by 0.3 to 4 MiB. 1 KiB for each of 5,000 sessions stands between the two.
MOST_GROWTH = 5.0  # MiB
JUDGED_FOR_GROWTH = 5000
# Memory hardly varies, and thousands of sessions take their time to open.
IDLE_ROUNDS = 2


def scenarios(size: Size, client: Client, resuming: frozenset[str], timed: frozenset[str],
              points: list[Scenario], more_connects: tuple[Scenario, ...] = ()) -> list[Scenario]:
    """In the order of the table. `resuming` and `timed` are the peers that can resume a client's
    session, and that can be asked at fixed times."""
    full, certified = Connects(client), CertifiedConnects(client)
    resumed, bulk = ResumedConnects(client), Bulk(client)
    capacity, half = Mixture(client), HalfLoad(client)
    idle = [_idle(client, number) for number in size.sessions]
    resumed.peers, capacity.peers, half.peers = resuming, YARDSTICKS, timed
    if size.is_quick:
        for scenario in (full, resumed, bulk, *idle):
            scenario.peers = COMPARED
        certified.peers, half.peers = OURS_ALONE, TIMED
        for scenario in points:
            scenario.peers = PROXIES
        for scenario in (full, certified, resumed, bulk, capacity, half, *idle):
            scenario.most_rounds = 1
    return [*points, full, *(() if size.is_quick else more_connects), certified, resumed, bulk,
            capacity, half, *idle]


def _idle(client: Client, sessions: int) -> IdleSessions:
    if sessions == JUDGED_FOR_GROWTH:
        return IdleSessions(client, sessions, rounds=1, judged_for_growth=COMPARED)
    return IdleSessions(client, sessions, IDLE_ROUNDS)


def bars(size: Size) -> list[Bar]:
    """Those that hold for both protocols."""
    found = []
    for number in (16, 64):
        point = point_selects_at(number)
        found += [Bar(point, CPU_PER_QUERY, 1.1, "floor"),
                  Bar(point, CPU_PER_QUERY, 1.1, "haproxy"),
                  Bar(point, rate_of("query"), 0.95, "haproxy", at_least=True)]
    found += [Bar(Connects.FULL, CPU_PER_CONNECT, 1.2, "floor"),
              Bar(CertifiedConnects.NAME, CPU_PER_CONNECT, 1.5, "floor", Connects.FULL),
              # "Measurably less": by more than the spread of such a figure.
              Bar(ResumedConnects.NAME, CPU_PER_CONNECT, 0.9, "sallyport", Connects.FULL),
              # At least 0.8 of the floor's megabytes per second of CPU.
              Bar(Bulk.NAME, CPU_PER_MB, 1.25, "floor"),
              Bar(HalfLoad.NAME, P99, 100, "direct", kind=Kind.ADDED)]
    for number in size.sessions:
        name = idle_sessions(number)
        found += [Bar(name, IDLE, 32, kind=Kind.VALUE), Bar(name, IDLE, 1.0, "floor")]
    if JUDGED_FOR_GROWTH in size.sessions:
        found.append(Bar(idle_sessions(JUDGED_FOR_GROWTH), GROWTH, MOST_GROWTH, kind=Kind.VALUE))
    return found
