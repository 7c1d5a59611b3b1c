"""The registry's snapshot (docs/snapshots.md) from the tables that deploy/registry/build makes, without PostgreSQL:
numbers are given in the order of the files.  tests/flow/test_registry.py holds it against the store's own."""
import pathlib
import sys

CLASSES = ("complaint", "complaint_plain", "complaint_oversight", "aspiration", "info_request")
LEVELS = {"province": 1, "regency": 2}


def table(path):
    """Rows as dictionaries; none where the file is absent."""
    if not path.exists():
        return []
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    head = lines[0].split("\t")
    return [dict(zip(head, line.split("\t"))) for line in lines[1:]]


def lines_of(folder):
    folder = pathlib.Path(folder)
    functions = {row["code"]: at for at, row in enumerate(table(folder / "functions.tsv"), 1)}
    rows = table(folder / "agencies.tsv")
    agencies = {row["code"]: at for at, row in enumerate(rows, 1)}

    def number(numbers, code):
        return str(numbers[code]) if code != "-" else "-"

    for row in table(folder / "functions.tsv"):
        yield "function", str(functions[row["code"]]), row["code"], row["name"]
    for row in rows:
        yield ("agency", str(agencies[row["code"]]), row["code"], number(agencies, row["parent_code"]), row["kind"],
               number(functions, row["function_code"]), row["region_code"], row["flags"], row["name"])
    for row in table(folder / "regions.tsv"):
        yield "region", row["code"], row["level"], row["name"]
    for row in table(folder / "categories.tsv"):
        yield ("category", row["number"], row["parent_number"], number(functions, row["function_code"]),
               number(agencies, row["agency_code"]), row["class"] if row["class"] in CLASSES else "-", row["name"],
               str(LEVELS.get(row["level"], 0)), "930" if row["sure"] == "-" else row["sure"])
    for row in table(folder / "oversight.tsv"):
        kind = row.get("kind", "word")
        yield ("oversight", row["phrase"]) if kind == "word" else ("oversight_part", row["phrase"], kind)
    for row in table(folder / "competence.tsv"):
        yield ("competence", str(agencies[row["agency_code"]]), str(functions[row["function_code"]]), row["region_code"])
    for row in table(folder / "mandates.tsv"):
        of = ("f", functions[row["owner"]]) if row["owner"] in functions else ("a", agencies[row["owner"]])
        level = LEVELS.get(row.get("level"))
        yield ("mandate", of[0], str(of[1]), row["weight"], row["phrase"], *([str(level)] if level else []))


def text_of(folder):
    return "".join("\t".join(line) + "\n" for line in lines_of(folder))


if __name__ == "__main__":
    sys.stdout.write(text_of(sys.argv[1]))
