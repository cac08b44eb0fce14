#!/usr/bin/python3
"""Compares what stands between a client and its database, side by side on one machine.

Exit codes: 0 done, every bar that was judged is met; 1 failed; 2 usage; 3 done, a bar is missed.
"""

import argparse
import json
import os
import platform
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

import bars
import certificates
import chart
import mysql
import openssl_speed
import postgres
from bars import Outcome, Verdict
from children import BenchError
from contest import Contest, Size
from own_load import P50, P99, P999, HalfLoad
from peers import CIPHER, TLS_VERSION, Setting
from table import Results, align, number

ROOT = Path(__file__).resolve().parent.parent
RELEASE = ROOT / "build" / "release"
PROTOCOLS = {"mysql": mysql.contest, "postgres": postgres.contest}
# 5,000 idle sessions are 5,000 here, 10,000 in a proxy, 5,000 in the database.
DESCRIPTORS = 30_000
MISSED = 3


def main() -> int:
    options = read_options()
    began = time.monotonic()
    # A kill is an ending like any other: whatever was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    raise_descriptor_limit()
    report = describe(options)
    print(", ".join(f"{key} {value}" for key, value in report.items()), flush=True)
    try:
        with tempfile.TemporaryDirectory(prefix="sallyport-bench-") as folder:
            verdicts = run_all(options, Path(folder), report)
    except (BenchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 1
    report["took seconds"] = round(time.monotonic() - began)
    write(options.json, json.dumps(report, indent=2) + "\n")
    print(f"\nall figures of all rounds: {options.json}")
    print(f"took {report['took seconds'] // 60} min {report['took seconds'] % 60} s")
    return conclude(verdicts)


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0],
                                     epilog=" ".join(__doc__.partition("\n")[2].split()))
    parser.add_argument("--quick", action="store_true",
                        help="1 second per load, 2 rounds of the point selects and 1 of the rest,"
                             " and only what the bars need")
    parser.add_argument("--only", choices=PROTOCOLS, help="one protocol (default: both)")
    parser.add_argument("--peers", metavar="A,B", help="these peers (default: all)")
    parser.add_argument("--scenarios", metavar="A,B",
                        help="those whose names contain one of these words (default: all)")
    parser.add_argument("--seconds", type=int, metavar="N", help="length of one load (default 4)")
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds (default 5)")
    parser.add_argument("--connections", metavar="N,M",
                        help="of the point selects (default 1,16,64)")
    parser.add_argument("--sessions", metavar="N,M", help="idle sessions (default 1000,5000)")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), metavar="N",
                        help="threads of each proxy (default: one per core, %(default)s)")
    parser.add_argument("--server-key", choices=certificates.NEW_KEYS, default="ecdsa",
                        help="of the certificate that the database and all peers show: P-256 (the"
                             " default) or RSA of 2048 bits")
    parser.add_argument("--json", type=Path, metavar="FILE", default=ROOT / "build" / "bench.json",
                        help="where all figures are written (default %(default)s)")
    parser.add_argument("--svg", type=Path, metavar="FILE", default=ROOT / "build" / "bench.svg",
                        help="where the chart is written (default %(default)s)")
    for name, built, what in (("sallyport", "sallyport", "the program to measure"),
                              ("floor", "bench-floor", "the built floor.cpp"),
                              ("load", "bench-load", "the built load client")):
        parser.add_argument(f"--{name}", type=Path, metavar="PATH", default=RELEASE / built,
                            help=f"{what} (default %(default)s)")
    options = parser.parse_args()
    options.seconds = options.seconds or (1 if options.quick else 4)
    options.repeat = options.repeat or (2 if options.quick else 5)
    try:
        options.sessions = numbers(options.sessions or ("1000" if options.quick else "1000,5000"))
        options.connections = numbers(options.connections or
                                      ("16,64" if options.quick else "1,16,64"))
    except ValueError as error:
        parser.error(str(error))
    if min(options.seconds, options.repeat, options.workers, *options.sessions,
           *options.connections) < 1:
        parser.error("numbers begin at 1")
    for program in (options.sallyport, options.floor, options.load):
        if not program.is_file():
            parser.error(f"no such program: {program} (scripts/bench makes it)")
    return options


def numbers(text: str) -> list[int]:
    return [int(word) for word in text.split(",")]


def run_all(options: argparse.Namespace, folder: Path, report: dict) -> list[Verdict]:
    """Runs and prints every contest, fills the report, draws the chart; gives what was judged."""
    # Some of the programs that use it run as another user.
    folder.chmod(0o755)
    report["openssl"] = openssl_speed.measure(folder)
    verdicts, drawn = [], {}
    for protocol in [options.only] if options.only else PROTOCOLS:
        contest = prepare(protocol, options, folder / protocol)
        results = drawn[protocol] = contest.run(options.repeat)
        judged = bars.judge(contest.bars, results, os.cpu_count() or 1)
        report[protocol] = results.as_json(contest.references)
        report.setdefault("bars", []).extend(verdict.as_json(protocol) for verdict in judged)
        show(protocol, contest, results, report["openssl"], judged)
        verdicts += [(protocol, verdict) for verdict in judged]
    note = (f"{os.cpu_count()} cores; {options.workers} threads each, but one in PgBouncer;"
            f" {TLS_VERSION} with {CIPHER}")
    if picture := chart.draw(drawn, note):
        write(options.svg, picture)
        print(f"\nchart: {options.svg}")
    return verdicts


def prepare(protocol: str, options: argparse.Namespace, place: Path) -> Contest:
    keys = place / "keys"
    certificates.make(keys, options.server_key)
    setting = Setting(protocol, place, keys, options.workers, options.sallyport, options.floor,
                      options.load)
    # The first moments hold the handshakes and cold caches.
    warm_up = 0.3 if options.quick else 1.0
    size = Size(options.connections, options.seconds, warm_up, options.sessions, options.quick)
    contest = PROTOCOLS[protocol](setting, size)
    if options.peers:
        chosen = options.peers.split(",")
        contest.peers = [peer for peer in contest.peers if peer.name in chosen]
    if options.scenarios:
        words = options.scenarios.split(",")
        contest.scenarios = [scenario for scenario in contest.scenarios
                             if any(word in scenario.name for word in words)]
    return contest


def show(protocol: str, contest: Contest, results: Results, speeds: dict[str, float],
         judged: list[Verdict]) -> None:
    names = contest.names
    print(f"\n{protocol}: medians\n\n{results.render(names)}")
    print(align([["openssl, one core" if not at else "", name, number(value)]
                 for at, (name, value) in enumerate(speeds.items())]))
    for reference in contest.references:
        if table := results.render_ratios(names, reference):
            print(f"\n{protocol}: ratio to {reference} within a round, and its spread\n\n{table}")
    if table := results.render_added(names, "direct", (P50, P99, P999), HalfLoad.NAME):
        print(f"\n{protocol}: latency added over direct\n\n{table}")
    print(f"\n{protocol}: bars\n\n" + "\n".join(map(str, judged)), flush=True)


def conclude(verdicts: list[tuple[str, Verdict]]) -> int:
    """Names every bar that was missed."""
    missed = [(protocol, verdict) for protocol, verdict in verdicts
              if verdict.outcome is Outcome.MISSED]
    for protocol, verdict in missed:
        print(f"missed: {protocol}: {verdict.bar}")
    return MISSED if missed else 0


def describe(options: argparse.Namespace) -> dict:
    """What somebody else needs to know in order to repeat the run."""
    return {"rounds": options.repeat, "seconds": options.seconds, "workers": options.workers,
            "cores": os.cpu_count(), "kernel": platform.release(), "tls": f"{TLS_VERSION} {CIPHER}",
            "server key": options.server_key,
            "quick (spreads are wide: not to be quoted)" if options.quick else "full": "run"}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def raise_descriptor_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
