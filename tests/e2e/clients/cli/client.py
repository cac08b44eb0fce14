"""The `mariadb` command line: every step is one run of it. See ../README.md."""

import json
import os
import re
import subprocess


def told(name):
    return os.environ.get(f"CLIENT_{name}", "")


class Refused(Exception):
    pass


def mariadb(sql, *options):
    command = ["mariadb", "--no-defaults", "--batch", "--raw", "--skip-column-names",
               "--protocol=tcp", "--default-character-set=utf8mb4", "--local-infile=1",
               f"--host={told('HOST')}", f"--port={told('PORT')}", f"--user={told('USER')}"]
    if told("COMPRESS") == "1":
        command.append("--compress")
    if not told("CA"):
        command.append("--skip-ssl")
    else:
        command += [f"--ssl-ca={told('CA')}", "--ssl-verify-server-cert"]
        if told("CERT"):
            command += [f"--ssl-cert={told('CERT')}", f"--ssl-key={told('KEY')}"]
    done = subprocess.run([*command, *options, told("DATABASE")], input=sql.encode(),
                          capture_output=True, env={**os.environ, "MYSQL_PWD": told("PASSWORD")})
    if done.returncode:
        raise Refused(done.stderr.decode())
    return done.stdout.decode()


def rows(sql):
    return [line.split("\t") for line in mariadb(sql).splitlines()]


def megabyte():
    text = " ".join(str(n) for n in range(200_000))[: 1 << 20]
    return {"bytes": len(text), "same": mariadb(f"SELECT '{text}' AS m") == text + "\n"}


def own_tls():
    cipher = re.search(r"SSL:\s+Cipher in use is (\S+)", mariadb("\\s"))
    return {"cipher": cipher[1]} if cipher else None


STEPS = {
    "account": lambda: rows("SELECT CURRENT_USER(), @@version"),
    "status": lambda: rows("SHOW SESSION STATUS WHERE Variable_name IN "
                           "('Compression', 'Ssl_cipher', 'Ssl_version')"),
    "prepared": lambda: rows("""EXECUTE IMMEDIATE "SELECT ? + 1, CONCAT(?, '/é')" """
                             "USING 41, 'naïve ☃'"),
    "megabyte": megabyte,
    "several": lambda: rows("DELIMITER //\nSELECT 1; SELECT 'two'; SELECT 3//\n"),
    "load_local": lambda: rows(
        "CREATE TEMPORARY TABLE loaded (n INT, word VARCHAR(20));"
        f"LOAD DATA LOCAL INFILE '{told('FILE')}' INTO TABLE loaded;"
        "SELECT COUNT(*), SUM(n), MAX(word) FROM loaded"),
}

report = {"steps": {}}
try:
    report["driver"] = subprocess.check_output(["mariadb", "--version"], text=True).strip()
    report["own_tls"] = own_tls()
    for step in filter(None, told("STEPS").split(",")):
        report["steps"][step] = STEPS[step]()
except Refused as refusal:
    said = re.search(r"ERROR (\d+) \((\w+)\)[^:]*: (.*)", str(refusal), re.DOTALL)
    code, sqlstate, message = said.groups()
    report["error"] = {"code": int(code), "sqlstate": sqlstate, "message": message.strip()}
print(json.dumps(report, ensure_ascii=False))
