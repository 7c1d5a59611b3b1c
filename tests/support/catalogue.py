"""common/wire/messages.def, read: every message with its fields, limits and classes, for the tests that
must send, seed or visit all of it."""
import dataclasses
import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclasses.dataclass(frozen=True)
class Field:
    tag: int
    name: str
    kind: str
    required: bool
    limit: int  # of an ENUM: one more than its last value


@dataclasses.dataclass(frozen=True)
class Message:
    number: int
    name: str
    cost: str  # CONTROL, ACTS or REST
    fields: tuple

    def field(self, name):
        return next(field for field in self.fields if field.name == name)


def _source():
    with open(os.path.join(ROOT, "common", "wire", "messages.def"), encoding="utf-8") as file:
        return file.read()


def enums():
    """{"kind": {"complaint": 1, ...}, ...}"""
    found = {}
    for name, value, word in re.findall(r'^VALUE \((\w+),\s*\w+,\s*(\d+),\s*"(\w[\w-]*)"', _source(), re.M):
        found.setdefault(name, {})[word] = int(value)
    return found


def messages():
    """[Message], by number."""
    limits = {f"{name.upper()}_LAST": max(values.values()) + 1 for name, values in enums().items()}
    fields, found = {}, []
    for message, tag, name, kind, rule, limit in re.findall(r"^FIELD \((\w+),\s*(\d+), (\w+),\s*(\w+),\s*(\w+),\s*(\w+),", _source(), re.M):
        assert rule in ("REQUIRED", "OPTIONAL", "RETIRED"), rule
        limit = int(limit) if limit.isdigit() else limits[limit]
        if rule != "RETIRED":
            fields.setdefault(message, []).append(Field(int(tag), name, kind, rule == "REQUIRED", limit))
    for name, number, cost in re.findall(r"^MESSAGE \((\w+),\s*(\d+), (\w+),", _source(), re.M):
        found.append(Message(int(number), name, cost, tuple(fields.get(name, ()))))
    return sorted(found, key=lambda message: message.number)
