#!/usr/bin/python3
"""Turns deploy/text/{id,en}/NAME.txt into lines of C: TEXT (key, "Indonesian", "English").

    embed_texts.py ID_FILE EN_FILE OUTPUT

A line is `key = text`; lines that begin with two spaces go on with the text on a new line, empty
lines between such lines belong to it, and \\n at the end is a line end.  Lines that begin with # are
for translators.  Both languages must have the same keys, and in each key the same
{names}: a text that one language lacks is a fault here and not a surprise at a desk.
"""
import pathlib
import re
import sys

KEY = re.compile(r"([a-z][a-z0-9_]*) =(?: (.*))?$")


def read(path):
    texts, key, empty = {}, None, 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("#"):
            continue
        if not line.strip():
            empty += 1
            continue
        if line.startswith("  ") and key:
            texts[key] += "\n" * (empty + 1) + line[2:]
            empty = 0
            continue
        empty = 0
        found = KEY.fullmatch(line)
        if not found:
            raise ValueError(f"{path}:{number}: neither `key = text` nor two spaces and more text")
        key = found[1]
        if key in texts:
            raise ValueError(f"{path}:{number}: {key} is there twice")
        texts[key] = found[2] or ""
    return texts


def quote(text):
    text = text.lstrip("\n").replace("\\n", "\n")
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + text + '"'


def main():
    indonesian, english = read(pathlib.Path(sys.argv[1])), read(pathlib.Path(sys.argv[2]))
    faults = [f"{key}: only in one language" for key in sorted(set(indonesian) ^ set(english))]
    for key in sorted(set(indonesian) & set(english)):
        names = [set(re.findall(r"\{([a-z_]+)\}", text)) for text in (indonesian[key], english[key])]
        if names[0] != names[1]:
            faults.append(f"{key}: {sorted(names[0])} in Indonesian, {sorted(names[1])} in English")
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        return 1
    lines = [f"TEXT ({key}, {quote(indonesian[key])},\n    {quote(english[key])})\n" for key in sorted(indonesian)]
    pathlib.Path(sys.argv[3]).write_text("".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, ValueError) as fault:
        sys.exit(str(fault))
