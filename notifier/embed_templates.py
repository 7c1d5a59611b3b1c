#!/usr/bin/python3
"""Turns templates/{id,en}/<key>.txt into lines of C: TEMPLATE (key, language, subject, text).

    embed_templates.py FOLDER OUTPUT

The first line of a file is the subject, the second is empty, the rest is the text.  A build fails on
an unknown placeholder, on one that does not belong into a subject (a subject may show the tracking
number and nothing else), on a template that lacks one of the languages, and on what no mail may hold.
"""
import pathlib
import re
import sys

LANGUAGES = {"id": "LANGUAGE_ID", "en": "LANGUAGE_EN"}
KNOWN = {"number", "agency", "text", "due", "url", "asks", "other", "code", "lost", "cut"} | {"new", "unanswered", "today", "tomorrow", "late", "decision", "doubt"}
RECEIPTS = {"received", "receipt"}  # the one letter that may tell the access code, and what became of its files
OF_RECEIPTS = {"code", "lost", "cut"}
KEY = re.compile(r"[a-z_]{1,32}")


def quote(text):
    """A C string literal; bytes beyond ASCII as octal, which cannot swallow what follows."""
    out = []
    for byte in text.encode("utf-8"):
        if byte == 10:
            out.append("\\n")
        elif byte in (34, 92):
            out.append("\\" + chr(byte))
        elif 32 <= byte < 127:
            out.append(chr(byte))
        else:
            out.append(f"\\{byte:03o}")
    return '"' + "".join(out).replace("??", '?""?') + '"'


def read(path):
    """Subject and text of one file; ValueError says what is wrong with it."""
    text = path.read_text(encoding="utf-8")
    if any(ord(char) < 32 and char != "\n" or ord(char) == 127 for char in text):
        raise ValueError("holds a control character (tabs and CR too)")
    lines = text.rstrip("\n").split("\n")
    if len(lines) < 3 or not lines[0] or lines[1]:
        raise ValueError("must be: the subject, an empty line, the text")
    for number, line in enumerate(lines, 1):
        if len(line.encode("utf-8")) > 400:
            raise ValueError(f"line {number}: longer than 400 bytes")
        found = set(re.findall(r"\{([^{}]*)\}", line))
        rest = re.sub(r"\{[^{}]*\}", "", line)
        if "{" in rest or "}" in rest:
            raise ValueError(f"line {number}: a brace without its partner")
        known = {"number"} if number == 1 else KNOWN if path.stem in RECEIPTS else KNOWN - OF_RECEIPTS
        for name in sorted(found - known):
            raise ValueError(f"line {number}: {{{name}}} is not one of {', '.join(sorted(known))}")
    return lines[0], "\n".join(lines[2:]) + "\n"


def main():
    folder, output = pathlib.Path(sys.argv[1]), sys.argv[2]
    keys = sorted({path.stem for path in folder.glob("*/*.txt")})
    out, faults = [], []
    for key in keys:
        if not KEY.fullmatch(key):
            faults.append(f"{key}: a key is 1 to 32 of a-z and _")
        for language, value in sorted(LANGUAGES.items()):
            path = folder / language / f"{key}.txt"
            try:
                subject, text = read(path)
                out.append(f"TEMPLATE ({quote(key)}, {value}, {quote(subject)},\n    {quote(text)})\n")
            except (OSError, ValueError) as fault:
                faults.append(f"{path}: {fault}")
    if "news" not in keys:
        faults.append(f"{folder}: the template `news`, on which secret complaints rely, is missing")
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        return 1
    with open(output, "w", encoding="ascii") as file:
        file.write("".join(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
