"""Sallyport as a child process: its configuration, its log, its ending."""

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

from .ports import PATIENCE, free_port

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("SALLYPORT", ROOT / "build" / "dev" / "sallyport"))
# Every test can run with each of them.
IO_METHOD = os.environ.get("SALLYPORT_IO_METHOD", "auto")


def to_toml(settings: dict) -> str:
    """The subset of TOML that the configuration needs; a list of tables becomes [[key]]."""
    def value(thing) -> str:
        if isinstance(thing, (list, tuple)):
            return "[" + ", ".join(value(item) for item in thing) + "]"
        if isinstance(thing, (bool, int, float)):
            return json.dumps(thing)
        return json.dumps(str(thing))

    def is_table(thing) -> bool:
        return isinstance(thing, dict) or (isinstance(thing, list) and thing
                                           and isinstance(thing[0], dict))

    lines = [f"{key} = {value(item)}" for key, item in settings.items() if not is_table(item)]
    for key, item in settings.items():
        if isinstance(item, dict):
            lines += ["", f"[{key}]", to_toml(item)]
        elif is_table(item):
            for table in item:
                lines += ["", f"[[{key}]]", to_toml(table)]
    return "\n".join(lines)


def run(*arguments, patience: float = 60, **options) -> subprocess.CompletedProcess:
    """One command of the program, to its end."""
    return subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True,
                          timeout=patience, stdin=subprocess.DEVNULL, **options)


class Gateway:
    """`settings` is the whole configuration; `data-dir` defaults to a folder of the gateway's own."""

    host = "127.0.0.1"

    def __init__(self, directory: Path, settings: dict):
        self.directory = directory
        self.settings = {"data-dir": str(directory / "data"), "workers": 2,
                         "io-method": IO_METHOD, **settings}
        self.config = directory / "sallyport.toml"
        self.process: subprocess.Popen | None = None
        self.records: list[dict] = []
        self.noise: list[str] = []
        self._changed = threading.Condition()
        self._reader: threading.Thread | None = None
        directory.mkdir(parents=True, exist_ok=True)
        self.write_config()

    # Its life.

    def start(self) -> "Gateway":
        self.launch()
        self.wait_for_log("sallyport is ready")
        return self

    def launch(self) -> None:
        """Starts the process, with an empty log, and does not wait until it is ready."""
        self.records, self.noise = [], []
        self.process = subprocess.Popen(
            [str(BINARY), "serve", "-c", str(self.config)], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """A graceful stop, which must succeed and leave nothing but JSON on stderr."""
        if not self.process:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.wait_for_exit()

    def wait_for_exit(self, patience: float = 60) -> None:
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the gateway did not stop\n" + self.log()) from None
        self._reader.join(PATIENCE)
        self.process = None
        assert not self.noise, "not JSON on the gateway's stderr:\n" + "\n".join(self.noise)
        assert status == 0, f"the gateway ended with {status}\n" + self.log()

    def __enter__(self) -> "Gateway":
        return self.start() if self.process is None else self

    def __exit__(self, *_) -> None:
        self.stop()

    # Its configuration.

    @property
    def data(self) -> Path:
        return Path(self.settings["data-dir"])

    @property
    def port(self) -> int:
        """The first listener's."""
        return int(self.settings["listener"][0]["address"].rpartition(":")[2])

    def write_config(self, **changes) -> None:
        """Top-level tables given here replace those of before."""
        self.settings.update(changes)
        # Renamed into place: a watcher must not read half a file that the test did not mean to.
        fresh = self.config.with_suffix(".new")
        fresh.write_text(to_toml(self.settings))
        fresh.rename(self.config)

    def reload(self) -> subprocess.CompletedProcess:
        return run("reload", "-c", self.config)

    # Its log.

    def log(self) -> str:
        return "\n".join(map(json.dumps, self.records)) + "\n".join(["", *self.noise])

    def events(self, event: str, **fields) -> list[dict]:
        """What was logged so far under this name, with these fields."""
        return [record for record in list(self.records) if record.get("event") == event
                and all(record.get(key) == value for key, value in fields.items())]

    def wait_for_log(self, event: str, count: int = 1, patience: float = PATIENCE, **fields) -> dict:
        """The `count`th such record, waited for."""
        end = time.monotonic() + patience
        with self._changed:
            while len(found := self.events(event, **fields)) < count:
                # The reader's end is the log's end: nothing can follow it.
                if not self._reader.is_alive() or not self._changed.wait(end - time.monotonic()):
                    found = self.events(event, **fields)
                    if len(found) >= count:
                        break
                    raise AssertionError(f"not logged: {event} {fields}\n" + self.log())
        return found[count - 1]

    def sessions(self, **fields) -> list[dict]:
        """The sessions that have ended."""
        return self.events("session ended", **fields)

    def wait_for_session(self, count: int = 1, **fields) -> dict:
        return self.wait_for_log("session ended", count, **fields)

    def _read_log(self) -> None:
        for line in self.process.stderr:
            try:
                record = json.loads(line)
                assert isinstance(record, dict)
            except (ValueError, AssertionError):
                with self._changed:
                    self.noise.append(line.rstrip("\n"))
                continue
            with self._changed:
                self.records.append(record)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()


def door(backend, *, tls: dict | None = None, listener: dict | None = None,
         backend_settings: dict | None = None, **settings) -> dict:
    """The configuration of one listener in front of one backend.

    `backend` has host and port, and a protocol where that is not MySQL's; or is a list of
    addresses. The backend is checked with no CA unless `backend_settings` say otherwise: most tests
    are about something else.
    """
    addresses = backend if isinstance(backend, list) else [f"{backend.host}:{backend.port}"]
    return {
        **settings,
        "tls": tls or {},
        "listener": [{
            "name": "front", "protocol": getattr(backend, "protocol", "mysql"),
            "address": f"127.0.0.1:{free_port()}",
            "backend": "database", **(listener or {}),
        }],
        "backend": [{
            "name": "database", "addresses": addresses, "ssl-mode": "REQUIRED",
            **(backend_settings or {}),
        }],
    }
