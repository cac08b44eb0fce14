#!/usr/bin/python3
"""Compares what stands between a client and its database, side by side on one machine."""

import argparse
import json
import os
import platform
import resource
import signal
import sys
import tempfile
from pathlib import Path

import certificates
import mysql
import postgres
from children import BenchError
from contest import Contest, Size
from peers import CIPHER, TLS_VERSION, Sallyport, Setting
from table import Results

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build" / "release"
PROTOCOLS = {"mysql": mysql.contest, "postgres": postgres.contest}
# 5,000 idle sessions are 5,000 here, 10,000 in a proxy (20,000 in stunnel), 5,000 in the database.
DESCRIPTORS = 30_000


def main() -> int:
    options = read_options()
    # A kill is an ending like any other: whatever was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    raise_descriptor_limit()
    report = describe(options)
    print(", ".join(f"{key} {value}" for key, value in report.items()), flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="sallyport-bench-") as folder:
            for protocol in [options.only] if options.only else PROTOCOLS:
                report[protocol] = run(protocol, options, Path(folder))
    except (BenchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(f"\nall figures of all rounds: {options.json}")
    return 0


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true",
                        help="2 rounds of 1 second, 200 idle sessions, and not every scenario")
    parser.add_argument("--only", choices=PROTOCOLS, help="one protocol (default: both)")
    parser.add_argument("--peers", metavar="A,B", help="these peers (default: all)")
    parser.add_argument("--seconds", type=int, metavar="N", help="length of one load (default 10)")
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds (default 5)")
    parser.add_argument("--connections", metavar="N,M",
                        help="of the point selects (default 1,16,64)")
    parser.add_argument("--sessions", type=int, metavar="N", help="idle sessions (default 1000)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N",
                        help="threads of each proxy (default: one per core, %(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", default=ROOT / "build" / "bench.json",
                        help="where all figures are written (default %(default)s)")
    parser.add_argument("--sallyport", type=Path, metavar="PATH", default=RELEASE / "sallyport",
                        help="the program to measure (default %(default)s)")
    parser.add_argument("--floor", type=Path, metavar="PATH", default=RELEASE / "bench-floor",
                        help="the built floor.cpp (default %(default)s)")
    options = parser.parse_args()
    options.seconds = options.seconds or (1 if options.quick else 10)
    options.repeat = options.repeat or (2 if options.quick else 5)
    options.sessions = options.sessions or (200 if options.quick else 1000)
    options.connections = options.connections or ("16,64" if options.quick else "1,16,64")
    if min(options.seconds, options.repeat, options.sessions, options.workers) < 1:
        parser.error("numbers begin at 1")
    for program in (options.sallyport, options.floor):
        if not program.is_file():
            parser.error(f"no such program: {program} (scripts/bench makes it)")
    return options


def run(protocol: str, options: argparse.Namespace, folder: Path) -> list[dict]:
    """One contest; prints its tables."""
    # Some of the programs that use it run as another user.
    folder.chmod(0o755)
    place = folder / protocol
    keys = place / "keys"
    certificates.make(keys)
    setting = Setting(protocol, place, keys, options.workers, options.sallyport, options.floor)
    connections = [int(number) for number in options.connections.split(",")]
    size = Size(connections, options.seconds, options.sessions, options.quick)
    contest = PROTOCOLS[protocol](setting, size)
    if options.peers:
        chosen = options.peers.split(",")
        contest.peers = [peer for peer in contest.peers if peer.name in chosen]
    results = contest.run(options.repeat)
    show(protocol, contest, results)
    return results.as_json(contest.references)


def show(protocol: str, contest: Contest, results: Results) -> None:
    names = [peer.name for peer in contest.peers]
    print(f"\n{protocol}: medians\n\n{results.render(names)}")
    for reference in contest.references:
        if reference in names and len(names) > 1:
            print(f"\n{protocol}: ratio to {reference} within a round, and its spread\n\n"
                  + results.render_ratios(names, reference))
    print()
    for scenario in contest.scenarios:
        for aim in scenario.aims:
            if verdict := results.judge(scenario.name, aim, Sallyport.name):
                print(verdict)
    sys.stdout.flush()


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
