"""How bench/load is started, and how its reports are read; its report.hpp shows them."""

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

import certificates
from children import BenchError
from peers import Peer, Setting


@dataclass(frozen=True)
class Statements:
    """What a database is asked. Of the mixture, nine in ten are `point` and one is `span`; each
    "{}" in them becomes a number from 1 to `rows`. `bulk` has an answer of 100 MB."""

    point: str
    span: str
    rows: int
    bulk: str


@dataclass(frozen=True)
class Client:
    """How bench/load is called: whom it asks for what, as whom, and for how long."""

    setting: Setting
    database: str
    account: str
    statements: Statements
    warm_up: float
    seconds: float

    def command(self, mode: str, port: int, certified: bool, **options) -> list[str]:
        keys = self.setting.keys
        words = {"port": port, "ca": keys / certificates.CA, "database": self.database,
                 "user": certificates.CERTIFIED if certified else self.account,
                 "warm-up": self.warm_up, "seconds": self.seconds}
        if certified:
            words |= {"certificate": keys / certificates.CLIENT,
                      "key": keys / certificates.CLIENT_KEY}
        words |= {name.replace("_", "-"): value for name, value in options.items()}
        return [str(self.setting.load), self.setting.protocol, mode,
                *(f"--{name}={value}" for name, value in words.items())]

    @contextmanager
    def run(self, mode: str, peer: Peer, certified: bool = False, **options):
        """Starts a load; gives a function that awaits the report of a name. At the end of the
        block the load's sessions are closed, and it has ended."""
        command = self.command(mode, peer.port, certified, pid=peer.pid or 0, **options)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.PIPE) as process:
            def report(event: str) -> dict:
                for line in process.stdout:
                    if (record := json.loads(line))["event"] == event:
                        return record
                raise BenchError(f"{mode} through {peer.name} failed:\n{process.stderr.read()}"
                                 + peer.last_words())
            try:
                yield report
                # The end of its input: it closes its sessions, and ends.
                process.communicate()
            finally:
                process.kill()
            if process.returncode != 0:
                raise BenchError(f"{mode} through {peer.name} did not end well")
