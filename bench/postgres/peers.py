"""Who else ends PostgreSQL's TLS on both sides: PgBouncer and stunnel."""

from children import Child, free_port, hand_over, service_user
from peers import Peer, Setting
from postgres.database import DATABASE, SCRAM, TRUSTED, PostgreSQL

# Session mode: a client has its server connection to itself from its first query on. When it
# leaves, the connection is kept for the next one, as everybody runs it: so a connect costs
# PgBouncer the front leg only.
_PGBOUNCER = """[databases]
{schema} = host={host} port={database} dbname={schema}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
pool_mode = session
max_client_conn = {sessions}
default_pool_size = {sessions}
auth_type = hba
auth_hba_file = {folder}/hba
auth_file = {folder}/users
client_tls_sslmode = require
client_tls_protocols = tlsv1.3
client_tls_cert_file = {keys}/{server}
client_tls_key_file = {keys}/{server_key}
server_tls_sslmode = verify-full
server_tls_protocols = tlsv1.3
server_tls_ca_file = {keys}/{ca}
log_connections = 0
log_disconnections = 0
log_stats = 0
"""
_PGBOUNCER_HBA = f"""hostssl {DATABASE} {TRUSTED} 127.0.0.1/32 trust
hostssl {DATABASE} {SCRAM} 127.0.0.1/32 scram-sha-256
"""

# One process, two services: the first ends the clients' TLS, the second begins the database's.
_STUNNEL = """foreground = yes
pid =
debug = warning
sslVersion = {tls_version}
[front]
accept = {host}:{port}
connect = {host}:{between}
protocol = pgsql
cert = {keys}/{server}
key = {keys}/{server_key}
TIMEOUTidle = 3600
[back]
client = yes
accept = {host}:{between}
connect = {host}:{database}
protocol = pgsql
CAfile = {keys}/{ca}
verifyChain = yes
checkHost = localhost
TIMEOUTidle = 3600
"""


class PgBouncer(Peer):
    """A pooler that knows its users; one thread. It refuses to be root."""

    name = "pgbouncer"
    keeps_back_legs = True

    def __init__(self, setting: Setting, database: PostgreSQL):
        super().__init__(setting, database)
        self._config = self._write_config(_PGBOUNCER, schema=DATABASE, database=database.port)
        (self.folder / "hba").write_text(_PGBOUNCER_HBA)

    def _spawn(self) -> Child:
        # With the database's own verifier it can log in as the client did, without the password.
        users = self.folder / "users"
        users.write_text(f'"{TRUSTED}" ""\n"{SCRAM}" "{self._database.verifier()}"\n')
        user = service_user()
        hand_over(users, user)
        return Child(["pgbouncer", self._config], self.folder / "log", user)


class Stunnel(Peer):
    """Two TLS legs that speak PostgreSQL's opening, with plain text between them; a thread per
    leg and session."""

    name = "stunnel"
    # Each takes four descriptors, and a fresh Debian grants 20,000.
    most_sessions = 4000

    def __init__(self, setting: Setting, database: Peer):
        super().__init__(setting, database)
        self._config = self._write_config(_STUNNEL, between=free_port(), database=database.port)

    def _command(self) -> list[str]:
        return ["stunnel4", self._config]
