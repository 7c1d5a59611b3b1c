"""What docs/openapi.yaml says of the desk's API (openapi-public.yaml: of the public one), and whether an answer is so.

    validated(described(), "/inbox", "get", Program(stack, person).get("/inbox"))
"""
import os

import jsonschema
import yaml

from stack import ROOT


def described(name="openapi.yaml"):
    with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as file:
        return yaml.safe_load(file)


def schema_of(description, node):
    """JSON schema of a schema of OpenAPI 3.0: references followed, `nullable` as a further type."""
    if isinstance(node, dict):
        if "$ref" in node:
            found = description
            for part in node["$ref"][2:].split("/"):
                found = found[part]
            return schema_of(description, found)
        made = {name: schema_of(description, value) for name, value in node.items() if name not in ("nullable", "example", "description")}
        if node.get("nullable"):
            made["type"] = [made["type"], "null"]
            if "enum" in made:
                made["enum"] = made["enum"] + [None]
        return made
    return [schema_of(description, item) for item in node] if isinstance(node, list) else node


def validated(description, path, method, answer):
    operation = description["paths"][path][method]
    told = operation["responses"]
    found = told.get(str(answer.status)) or told.get(f"{answer.status // 100}XX") or told["default"]
    found = schema_of(description, found)
    kind = answer.headers["Content-Type"].split(";")[0]
    assert kind in found["content"], (path, answer.status, kind)
    if "json" in kind:
        jsonschema.validate(answer.json, found["content"][kind]["schema"])
    return answer
