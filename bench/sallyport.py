"""Sallyport as a peer: once as it serves clients without certificates, once with the mirror."""

import json

import certificates
from children import BenchError, run
from peers import CIPHER, TLS_VERSION, Peer, Role, Setting

_CONFIG = """data-dir = "{folder}/data"
workers = {workers}
[tls]
ssl-cert = "{keys}/{server}"
ssl-key = "{keys}/{server_key}"
{client_certificates}
[limits]
max-connections = {sessions}
[[listener]]
name = "bench"
protocol = "{protocol}"
address = "{host}:{port}"
backend = "database"
[[backend]]
name = "database"
addresses = ["{host}:{database}"]
ssl-ca = "{keys}/{ca}"
"""


class Sallyport(Peer):
    """TLS on both legs: the client's ends here, and is mirrored towards the database."""

    name = "sallyport"
    client_certificates = 'client-certificate = "none"'

    def __init__(self, setting: Setting, database: Peer):
        super().__init__(setting, database)
        self._config = self._write_config(_CONFIG, database=database.port,
                                          client_certificates=self.client_certificates)
        self._checked = 0  # bytes of the log

    def stop(self) -> None:
        super().stop()
        self._check_log()

    def _command(self) -> list[str]:
        return [str(self.setting.sallyport), "serve", "-c", self._config]

    def _check_log(self) -> None:
        """Proves that every session that came as far as its relay was TLS on the front leg."""
        path = self.folder / "log"
        if not path.exists():
            return
        with path.open("rb") as log:
            log.seek(self._checked)
            lines = log.readlines()
            self._checked = log.tell()
        for line in lines:
            record = json.loads(line)
            # A load that is stopped in the middle of a handshake leaves sessions without one.
            if record["event"] != "session ended" or record["stage"] not in ("relay", "drain"):
                continue
            if (record["tls_version"], record["tls_cipher"]) != (TLS_VERSION, CIPHER):
                raise BenchError(f"a session was not {TLS_VERSION} with {CIPHER}: {line}")


class MirroringSallyport(Sallyport):
    """With client certificates, which it mirrors. The database must be started after it was made,
    for it adds its mirror CA to those that the database trusts for clients."""

    roles = frozenset({Role.CERTIFIED})

    def __init__(self, setting: Setting, database: Peer):
        self.client_certificates = (f'client-certificate = "optional"\n'
                                    f'ssl-ca = "{setting.keys}/{certificates.CA}"')
        super().__init__(setting, database)
        certificates.trust_clients_of(setting.keys, self._mirror_ca())

    def _own_folder(self):
        return self.setting.folder / f"{self.name}-mirroring"

    def _mirror_ca(self) -> str:
        return run([str(self.setting.sallyport), "mirror-ca", "-c", self._config], self.folder)
