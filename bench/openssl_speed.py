"""What OpenSSL itself takes on one core for what a TLS relay cannot do without: `openssl speed`."""

from pathlib import Path

from children import BenchError, run

_SECONDS = "1"
_BLOCKS = (16384, 256)  # a whole TLS record, and a small answer


def measure(folder: Path) -> dict[str, float]:
    """By name: microseconds per operation, or megabytes per second."""
    sign, verify = _rates(folder, "ecdsap256")[-2:]
    # Operations per second and, after it, the same the other way round.
    p256, x25519 = (_rates(folder, group)[-2] for group in ("ecdhp256", "ecdhx25519"))
    speeds = {"ECDSA P-256 sign, µs": 1e6 / sign, "ECDSA P-256 verify, µs": 1e6 / verify,
              "ECDH P-256, µs": 1e6 / p256, "ECDH X25519, µs": 1e6 / x25519}
    for block in _BLOCKS:
        bytes_per_second = _rates(folder, "-bytes", str(block), "-evp", "aes-256-gcm")[-1]
        speeds[f"AES-256-GCM of {block:,} B, MB/s"] = bytes_per_second / 1e6
    return speeds


def _rates(folder: Path, *what: str) -> list[float]:
    """The numbers of a result, which `-mr` writes as +F4:3:256:27055.5:8985.2 or so."""
    output = run(["openssl", "speed", "-mr", "-seconds", _SECONDS, *what], folder)
    for line in output.splitlines():
        if line.startswith("+F"):
            return [float(word) for word in line.split(":") if word.replace(".", "").isdigit()]
    raise BenchError(f"openssl speed {' '.join(what)} gave no result:\n{output}")
