#!/usr/bin/env python3
"""Checks the shape of the sources: arrows between folders, doors of outside libraries, calls that
have one home, and the length of files. The design's sections 2 and 11 say why.

    tools/check_layers.py SRC          one line for each violation; exit 1 where there are any
    tools/check_layers.py --self-test  breaks every rule in small made-up trees and sees it found

A check of SRC begins with the self-test: a checker that sees nothing would be a green light.
"""

import pathlib
import re
import sys
import tempfile

MAX_LINES = 400

# A folder may include itself and these. In the order of the arrows, which point up this list only.
ARROWS = {
    "base": [],
    "wire": ["base"],
    "net": ["base"],
    "tls": ["base", "net"],
    "pki": ["base", "tls"],
    "identity": ["base", "wire", "tls", "pki"],
    "config": ["base"],
    "gateway": ["base", "wire", "net", "tls", "pki", "identity", "config"],
}
for later in ["probe", "fleet", "console", "cli"]:
    ARROWS[later] = list(ARROWS)

# Includes of outside libraries and the folders that may have them. The first that matches decides.
DOORS = [
    (r"(spdlog|fmt)/", ["base"]),
    (r"openssl/(ssl|ssl2|ssl3|tls1|dtls1)\.h$", ["tls"]),
    # SCRAM's HMAC, PBKDF2, base64, randomness and wiping: no certificate, no TLS.
    (r"openssl/(evp|hmac|rand|crypto)\.h$", ["tls", "pki", "identity"]),
    (r"openssl/", ["tls", "pki"]),
    (r"stringprep\.h$", ["identity"]),
    (r"sqlite3\.h$", ["pki"]),
    (r"toml\+\+/", ["config"]),
    (r"CLI/", ["cli"]),
    (r"httplib\.h$", ["console"]),
    (r"liburing\.h$", ["net"]),
    (r"boost/asio(\.hpp$|/)", ["net", "gateway", "probe", "fleet", "console", "cli"]),
]

# Words in code, the files that may have them, and why. A file is named from SRC; folders end in /.
CALLS = [
    (r"\b(?:SSL|X509|EVP|BIO|ASN1|BN|EC|RSA|OPENSSL|PKCS\w*|GENERAL_\w+)(?:_\w+)?_free(?:_all)?\b",
     ["tls/handles.hpp"], "OpenSSL objects are freed by the owning types of tls/handles.hpp"),
    (r"\bSSL_\w+\s*\(", ["tls/"], "libssl is called in tls only"),
    # With an argument: waiting for an event may well be called sleep(). A directory's lock has no
    # event: flock() waits for ever, or not at all.
    (r"\b(?:u|nano)?sleep(?:_for|_until)?\s*\((?!\s*\))", ["pki/pair.cpp"],
     "wait for the event, not for a time"),
    (r"(?<!_)\b(?:quick_)?exit\s*\(", ["cli/main.cpp"], "only main ends the process"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.M)
# What is not code, in one pattern, so that a quote in a comment and a slash in a text stay apart.
NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])*'", re.S)


def blanked(text, keep_texts):
    """The source without its comments (and texts), every line where it was."""
    def blank(match):
        if keep_texts and not match.group().startswith("/"):
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())
    return NOT_CODE.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def arrow_faults(folder, text):
    for match in INCLUDE.finditer(blanked(text, keep_texts=True)):
        line = line_of(text, match.start(1) if match.group(1) else match.start(2))
        ours, outside = match.groups()
        if ours:
            target = ours.split("/")[0]
            if "/" not in ours or target not in ARROWS:
                yield line, f'"{ours}" is not named from src/'
            elif target != folder and target not in ARROWS[folder]:
                yield line, f"{folder} may not include {target} ({ours})"
        else:
            for door, folders in DOORS:
                if re.match(door, outside):
                    if folder not in folders:
                        yield line, f"<{outside}> is for {' and '.join(folders)} only"
                    break


def call_faults(name, text):
    code = blanked(text, keep_texts=False)
    for pattern, homes, why in CALLS:
        if any(name == home or home.endswith("/") and name.startswith(home) for home in homes):
            continue
        for match in re.finditer(pattern, code):
            yield line_of(code, match.start()), f"{match.group().rstrip('( ')}: {why}"


def check(source):
    """The number of files, and the violations as (name, line, what)."""
    files = sorted(f for f in source.rglob("*") if f.suffix in (".hpp", ".cpp", ".h", ".ipp"))
    faults = []
    for file in files:
        name = file.relative_to(source).as_posix()
        folder = name.split("/")[0]
        text = file.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > MAX_LINES:
            faults.append((name, lines, f"{lines} lines, the ceiling is {MAX_LINES}"))
        if folder not in ARROWS or "/" not in name:
            faults.append((name, 1, "is in no folder of the design"))
            continue
        found = [*arrow_faults(folder, text), *call_faults(name, text)]
        faults += [(name, line, what) for line, what in sorted(found)]
    return len(files), faults


# One made-up file each: its name, its text, and the violations as "line: how it begins".
EXAMPLES = [
    ("wire/a.cpp", '#include "tls/b.hpp"\n', ["1: wire may not include tls"]),
    ("wire/a.cpp", '\n#  include "pki/b.hpp"\n', ["2: wire may not include pki"]),
    ("base/a.cpp", '#include "wire/b.hpp"\n', ["1: base may not include wire"]),
    ("tls/a.cpp", '#include "pki/b.hpp"\n', ["1: tls may not include pki"]),
    ("tls/a.cpp", '#include "wire/b.hpp"\n', ["1: tls may not include wire"]),
    ("pki/a.cpp", '#include "identity/b.hpp"\n', ["1: pki may not include identity"]),
    ("identity/a.cpp", '#include "config/b.hpp"\n', ["1: identity may not include config"]),
    ("identity/a.cpp", '#include "wire/b.hpp"\n#include "tls/b.hpp"\n#include "pki/b.hpp"\n', []),
    ("config/a.cpp", '#include "tls/b.hpp"\n', ["1: config may not include tls"]),
    ("gateway/a.cpp", '#include "cli/b.hpp"\n', ["1: gateway may not include cli"]),
    ("gateway/a.cpp", '#include "probe/b.hpp"\n', ["1: gateway may not include probe"]),
    ("base/a.cpp", '#include "b.hpp"\n', ['1: "b.hpp" is not named from src/']),
    ("base/a.cpp", '#include "other/b.hpp"\n', ['1: "other/b.hpp" is not named from src/']),
    ("other/a.cpp", "", ["1: is in no folder"]),
    ("a.cpp", "", ["1: is in no folder"]),
    ("cli/a.cpp", '#include "base/a.hpp"\n#include "gateway/b.hpp"\n#include "cli/c.hpp"\n', []),
    ("gateway/a.cpp", "".join(f'#include "{f}/b.hpp"\n' for f in ARROWS["gateway"]), []),
    ("wire/a.cpp", '// #include "tls/b.hpp"\n/*\n#include "tls/b.hpp"\n*/\n', []),
    ("gateway/a.cpp", "#include <spdlog/spdlog.h>\n", ["1: <spdlog/spdlog.h> is for base"]),
    ("cli/a.cpp", "#include <fmt/core.h>\n", ["1: <fmt/core.h> is for base"]),
    ("base/a.cpp", "#include <spdlog/spdlog.h>\n#include <fmt/core.h>\n", []),
    ("pki/a.cpp", "#include <openssl/ssl.h>\n", ["1: <openssl/ssl.h> is for tls"]),
    ("gateway/a.cpp", "#include <openssl/x509.h>\n", ["1: <openssl/x509.h> is for tls and pki"]),
    ("wire/a.cpp", "#include <openssl/evp.h>\n", ["1: <openssl/evp.h> is for tls and pki"]),
    ("gateway/a.cpp", "#include <openssl/rand.h>\n", ["1: <openssl/rand.h> is for tls and pki"]),
    ("identity/a.cpp", "".join(f"#include <openssl/{h}.h>\n" for h in
                               ["evp", "hmac", "rand", "crypto"]), []),
    ("identity/a.cpp", "#include <openssl/ssl.h>\n", ["1: <openssl/ssl.h> is for tls"]),
    ("identity/a.cpp", "#include <openssl/x509.h>\n", ["1: <openssl/x509.h> is for tls and pki"]),
    ("identity/a.cpp", "#include <stringprep.h>\n", []),
    ("pki/a.cpp", "#include <stringprep.h>\n", ["1: <stringprep.h> is for identity"]),
    ("pki/a.cpp", "#include <openssl/x509v3.h>\n#include <sqlite3.h>\n", []),
    ("tls/a.cpp", "#include <openssl/ssl.h>\n", []),
    ("net/a.cpp", "#include <liburing.h>\n#include <boost/asio/ip/tcp.hpp>\n", []),
    ("cli/a.cpp", "#include <sqlite3.h>\n", ["1: <sqlite3.h> is for pki"]),
    ("cli/a.cpp", "#include <toml++/toml.h>\n", ["1: <toml++/toml.h> is for config"]),
    ("gateway/a.cpp", "#include <CLI/CLI.hpp>\n", ["1: <CLI/CLI.hpp> is for cli"]),
    ("gateway/a.cpp", "#include <httplib.h>\n", ["1: <httplib.h> is for console"]),
    *((f"{folder}/a.cpp", "#include <boost/asio.hpp>\n", ["1: <boost/asio.hpp> is for net"])
      for folder in ["base", "wire", "pki", "identity", "config"]),
    ("wire/a.cpp", "#include <boost/system/result.hpp>\n", []),
    ("tls/a.cpp", "void f(SSL* s) { SSL_free(s); }\n", ["1: SSL_free: OpenSSL objects are freed"]),
    ("pki/a.cpp", "\nauto f = &X509_STORE_CTX_free;\n", ["2: X509_STORE_CTX_free: OpenSSL"]),
    ("pki/a.cpp", "BIO_free_all(b);\n", ["1: BIO_free_all: OpenSSL objects are freed"]),
    ("tls/handles.hpp", "using P = std::unique_ptr<SSL, Free<SSL_free>>;\n", []),
    ("gateway/a.cpp", "int n = SSL_pending(s);\n", ["1: SSL_pending: libssl is called in tls"]),
    ("tls/a.cpp", "int n = SSL_pending(s);\n", []),
    ("gateway/a.cpp", "std::this_thread::sleep_for(1s);\n", ["1: sleep_for: wait for the event"]),
    ("gateway/a.cpp", "usleep (1);\n", ["1: usleep: wait for the event"]),
    ("tls/a.cpp", "co_await wakeup_.sleep();\n", []),
    ("cli/a.cpp", "if (bad) std::exit(1);\n", ["1: exit: only main ends the process"]),
    ("cli/main.cpp", "std::exit(1);\n", []),
    ("cli/a.cpp", "_exit(127); on_exit(f);\n", []),
    ("cli/a.cpp", '// exit(1)\nauto t = "exit(1) // "; auto r = R"x(sleep(1)")x"; /* SSL_free */\n',
     []),
    ("cli/a.cpp", "int n = 1'000; exit(n'0);\n", ["1: exit: only main ends the process"]),
    ("cli/a.cpp", "int i;\n" * MAX_LINES, []),
    ("cli/a.cpp", "int i;\n" * (MAX_LINES + 1), [f"{MAX_LINES + 1}: {MAX_LINES + 1} lines"]),
]


def self_test():
    failures = 0
    for name, text, expected in EXAMPLES:
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            found = [f"{line}: {what}" for _, line, what in check(pathlib.Path(directory))[1]]
        as_expected = len(found) == len(expected) and all(
            one.startswith(begin) for one, begin in zip(found, expected))
        if not as_expected:
            failures += 1
            print(f"self-test: {name} {text[:60]!r}: expected {expected}, found {found}")
    return failures


def main(arguments):
    if arguments == ["--self-test"]:
        failures = self_test()
        print(f"layers: self-test, {len(EXAMPLES)} examples, {failures} failed")
        return 1 if failures else 0
    if len(arguments) != 1 or not pathlib.Path(arguments[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    if self_test():
        return 1
    source = pathlib.Path(arguments[0])
    count, faults = check(source)
    for name, line, what in faults:
        print(f"{source / name}:{line}: {what}")
    if not faults:
        print(f"layers: {count} files, no violation")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
