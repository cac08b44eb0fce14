#!/usr/bin/python3
"""Compares what stands between a client and its database, side by side on one machine.

Every round takes every scenario, and every scenario takes every peer in turn, each freshly started
and alone beside the database: so a busy minute of the machine hits all of them, and only ratios
within a round are worth quoting.
"""

import argparse
import json
import os
import platform
import resource
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import certificates
import scenarios
from children import BenchError
from peers import CIPHER, TLS_VERSION, Direct, HAProxy, MariaDB, Peer, Sallyport
from table import REFERENCE, Results

ROOT = Path(__file__).resolve().parent.parent
# 5,000 idle sessions are 5,000 here, 10,000 in a proxy and 5,000 in the database.
DESCRIPTORS = 20_000


def main() -> int:
    options = read_options()
    # A kill is an ending like any other: whatever was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    raise_descriptor_limit()
    try:
        with ExitStack() as cleanup:
            results = compare(options, cleanup)
    except (BenchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    if options.json:
        options.json.write_text(json.dumps({**describe(options), "results": results.as_json()},
                                           indent=2) + "\n")
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, metavar="N", help="length of one load (default 10)")
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds (default 5)")
    parser.add_argument("--sessions", type=int, default=500, metavar="N",
                        help="idle sessions (default %(default)s)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N",
                        help="threads of each proxy (default: one per core, %(default)s)")
    parser.add_argument("--quick", action="store_true", help="two rounds of 3 seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--sallyport", type=Path, metavar="PATH",
                        default=ROOT / "build" / "release" / "sallyport",
                        help="the program to measure (default %(default)s)")
    options = parser.parse_args()
    options.seconds = options.seconds or (3 if options.quick else 10)
    options.repeat = options.repeat or (2 if options.quick else 5)
    if min(options.seconds, options.repeat, options.sessions, options.workers) < 1:
        parser.error("numbers begin at 1")
    if not options.sallyport.is_file():
        parser.error(f"no such program: {options.sallyport} (cmake --preset release &&"
                     " cmake --build --preset release makes it)")
    return options


def compare(options: argparse.Namespace, cleanup: ExitStack) -> Results:
    """The whole run; prints the table."""
    folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="sallyport-bench-")))
    keys = folder / "keys"
    certificates.make(keys)
    database = MariaDB(folder / "mariadb", keys)
    cleanup.callback(database.stop)
    database.start()
    scenarios.prepare(database, keys)

    peers = [
        Direct(folder / "direct", keys, database),
        HAProxy(folder / "haproxy", keys, database, options.workers),
        Sallyport(folder / "sallyport", keys, database, options.workers, options.sallyport),
    ]
    chosen = scenarios.chosen(options.seconds, options.sessions, keys)
    results = Results()
    for number in range(options.repeat):
        for scenario in chosen:
            print(f"round {number + 1} of {options.repeat}: {scenario.name}", file=sys.stderr)
            for peer in in_turn(peers, number):
                results.add(scenario.name, peer.name, measure(scenario, peer))
    show(options, peers, chosen, results)
    return results


def in_turn(peers: list[Peer], number: int) -> list[Peer]:
    """Another one begins in every round, so that none always follows the same neighbour's heat."""
    first = number % len(peers)
    return peers[first:] + peers[:first]


def measure(scenario, peer: Peer) -> dict[str, float]:
    peer.start()
    try:
        return scenario.measure(peer)
    finally:
        peer.stop()


def show(options: argparse.Namespace, peers: list[Peer], chosen: list, results: Results) -> None:
    print(", ".join(f"{key} {value}" for key, value in describe(options).items()))
    print(f"medians; in brackets the ratio to {REFERENCE} within a round, and its spread\n")
    print(results.render([peer.name for peer in peers]))
    print()
    for scenario in chosen:
        for aim in scenario.aims:
            print(results.judge(scenario.name, aim, Sallyport.name))


def describe(options: argparse.Namespace) -> dict:
    """What somebody else needs to know in order to repeat the run."""
    return {"rounds": options.repeat, "seconds": options.seconds, "workers": options.workers,
            "cores": os.cpu_count(), "kernel": platform.release(), "tls": f"{TLS_VERSION} {CIPHER}"}


def raise_descriptor_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
