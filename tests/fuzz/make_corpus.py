#!/usr/bin/python3
"""Writes the seeds of the fuzz targets: mysql_seeds.py and postgres_seeds.py say which.

Run it after a change there; the files under corpus/ are committed, so that fuzzing needs no Python.
"""

from pathlib import Path

import mysql_seeds
import postgres_seeds


def main() -> None:
    corpus = Path(__file__).resolve().parent / "corpus"
    for target, inputs in {**mysql_seeds.seeds(), **postgres_seeds.seeds()}.items():
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in inputs.items():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
