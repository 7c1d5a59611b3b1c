"""A strict reader of Prometheus' text form, written from its description alone (exposition formats, 0.0.4).

    families = read(text)
    families["aduan_intake_accepted_total"].kind      # "counter"
    families["aduan_queue_ready"].value (agency="33.74", priority="normal")
"""
import re

NAME, LABEL = r"[a-zA-Z_:][a-zA-Z0-9_:]*", r"[a-zA-Z_][a-zA-Z0-9_]*"
SAMPLE = re.compile(rf'({NAME})(\{{((?:{LABEL}="(?:[^"\\\n]|\\["\\n])*",?)*)\}})? (\S+)$')
PAIR = re.compile(rf'({LABEL})="((?:[^"\\\n]|\\["\\n])*)"')
UNITS = {"ms", "us", "ns", "sec", "min", "hours", "days", "minutes", "milliseconds", "microseconds", "kb", "mb", "gb", "kib", "mib", "percent", "pct"}
KINDS = {"counter", "gauge", "histogram"}


class Family:
    def __init__(self, name, text):
        self.name, self.help, self.kind, self.samples = name, text, None, []

    def value(self, **labels):
        """The one sample that has these labels, or None."""
        found = [value for name, has, value in self.samples if name == self.name and labels.items() <= has.items()]
        assert len(found) < 2, f"{self.name}: {len(found)} samples have {labels}"
        return found[0] if found else None

    def values(self, label):
        return {has[label]: value for name, has, value in self.samples if name == self.name}


def _number(text):
    return float("inf") if text == "+Inf" else float(text)


def _line(line, families, family):
    if line.startswith("# HELP "):
        name, text = line[7:].split(" ", 1)
        assert name not in families, f"{name} comes twice"
        assert text.strip() and "\\" not in text, line
        families[name] = Family(name, text)
        return families[name]
    if line.startswith("# TYPE "):
        name, kind = line[7:].split(" ")
        assert family and name == family.name and not family.kind and kind in KINDS, line
        family.kind = kind
        return family
    match = SAMPLE.match(line)
    assert match, f"no sample: {line!r}"
    name, labels = match[1], dict(PAIR.findall(match[3] or ""))
    ends = ("_bucket", "_sum", "_count") if family and family.kind == "histogram" else ("",)
    assert family and family.kind and name in [family.name + end for end in ends], f"{line!r} is not of {family and family.name}"
    assert (name, labels) not in [(n, has) for n, has, _ in family.samples[-50:]], f"{line!r} comes twice"
    family.samples.append((name, labels, _number(match[4])))
    return family


def _histogram(family):
    """Buckets of each set of labels: they grow, the last is all, and there is a sum."""
    buckets, counts, sums = {}, {}, {}
    for name, labels, value in family.samples:
        key = tuple(sorted((k, v) for k, v in labels.items() if k != "le"))
        if name.endswith("_bucket"):
            buckets.setdefault(key, []).append((_number(labels["le"]), value))
        else:
            (counts if name.endswith("_count") else sums)[key] = value
    assert buckets and buckets.keys() == counts.keys() == sums.keys(), family.name
    for key, rows in buckets.items():
        bounds, values = [b for b, _ in rows], [v for _, v in rows]
        assert bounds == sorted(set(bounds)) and bounds[-1] == float("inf"), f"{family.name}: {bounds}"
        assert values == sorted(values) and values[-1] == counts[key], f"{family.name}: {values}, {counts[key]} in all"


def _lint(family):
    words = family.name.split("_")
    assert family.kind, f"{family.name} has no type"
    assert (family.kind == "counter") == family.name.endswith("_total"), f"{family.name} is a {family.kind}"
    assert words[0] == "aduan" and not UNITS & set(words) and not KINDS & set(words), family.name
    assert not family.name.endswith(("_bucket", "_sum", "_count")), family.name
    assert family.kind != "counter" or all(value >= 0 for _, _, value in family.samples), family.name
    if family.kind == "histogram":
        _histogram(family)


def read(text):
    """Families by name; an AssertionError says what is wrong."""
    families, family = {}, None
    assert text.endswith("\n")
    for line in text.split("\n")[:-1]:
        family = _line(line, families, family)
    for one in families.values():
        _lint(one)
    return families
