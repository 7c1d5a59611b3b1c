"""Rules as an operator's file has them after years: phrases of one unit, often of one place."""
import pathlib
import re

from snapshot_text import table


def rules_text(registry, count, chance, places=None):
    """A rules file of `count` rules, with the phrases of the mandates in the folder `registry` (what deploy/registry/build
    makes), a quarter of them for one of `places` (the registry's regencies), a tenth with a function."""
    folder = pathlib.Path(registry)
    functions = {row["code"] for row in table(folder / "functions.tsv")}
    words = [row for row in table(folder / "mandates.tsv") if row["owner"] in functions and re.fullmatch(r"[a-z -]+", row["phrase"])]
    of_regions = places or [row["code"] for row in table(folder / "regions.tsv") if row["level"] == "2"]
    out = ["version: 1", "rules:"]
    for number in range(count):
        row, other = chance.choice(words), chance.choice(words)
        when = [f"any: [\"{row['phrase'].replace('-', ' ')}\", \"{other['phrase'].replace('-', ' ')}\"]"]
        if number % 4 == 0:
            when.append(f"place: [\"{chance.choice(of_regions)}\"]")
        if number % 5 == 0:
            when.append("none: [lampu merah]")
        then = f"function: {row['owner']}" if number % 10 == 0 and not places else "priority: high"
        out += [f"  - name: r{number}", f"    when: {{{', '.join(when)}}}", f"    then: {{{then}}}"]
    return "\n".join(out) + "\n"
