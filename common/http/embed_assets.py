#!/usr/bin/python3
"""Turns small files into C: ASSET ("name", "type", "digest", bytes, length, gzipped bytes, length).

    embed_assets.py OUTPUT FILE...

The digest stands in the file's address, so that a browser keeps it for ever and never asks for it again.
"""
import gzip
import hashlib
import pathlib
import sys

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
         ".yaml": "application/yaml; charset=utf-8"}


def bytes_of(data):
    return '"' + "".join(f"\\{byte:03o}" for byte in data) + '"'


def main(output, *paths):
    lines = []
    for path in map(pathlib.Path, paths):
        data = path.read_bytes()
        packed = gzip.compress(data, 9, mtime=0)
        digest = hashlib.sha256(data).hexdigest()[:16]
        lines.append(f'ASSET ("{path.name}", "{TYPES[path.suffix]}", "{digest}", {bytes_of(data)}, {len(data)}, {bytes_of(packed)}, {len(packed)})\n')
    pathlib.Path(output).write_text("".join(lines), encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
