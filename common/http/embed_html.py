#!/usr/bin/python3
"""Compiles templates of HTML (common/http/template.h) into C: NAME_steps[] for each, and templates[].

    embed_html.py OUTPUT TEXTS... -- TEMPLATE.html...

TEXTS are files as of deploy/text/id: a key that a template names and that is in none is a fault.  Where a value
stands decides how it is escaped; where none may stand, the build fails with file and line:

    in text                                   & < > " ' become entities
    in a quoted attribute                     the same
    at the beginning of href, src, action...  only an address on this server, else "#"
    later in such an attribute                percent signs
    in the name of a tag or an attribute, in an attribute without quotes, in script, style, a comment, in an
    attribute that is a program (on..., style, srcdoc)     a fault
"""
import pathlib
import re
import sys

ADDRESSES = {"href", "src", "action", "formaction", "poster", "cite", "data"}
FORBIDDEN = re.compile(r"on.*|style|srcdoc|srcset|ping")
TOKEN = re.compile(r"\{\{(.*?)\}\}", re.S)
PATH = r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)*"
VALUE = re.compile(rf"({PATH})(?:\|([a-z_]+))?")
WORD = re.compile(rf"_ ([a-z0-9_]+)(\*)?((?: {PATH}(?:\|[a-z_]+)?)?)((?: [a-z_]+={PATH}(?:\|[a-z_]+)?)*)")
IF = re.compile(rf"#if (not )?({PATH})(?: (=|!=) (\S+))?")
EACH = re.compile(rf"#each ({PATH}) as ([a-z_]+)")
INCLUDE = re.compile(r"> ([a-z_]+)")


class Fault(Exception):
    pass


class Context:
    """Where in the HTML we are; `feed` moves on over literal HTML."""

    def __init__(self):
        self.state, self.tag, self.attribute, self.value = "text", "", "", False

    def key(self):
        return self.state, self.attribute if self.state == "value" else "", self.state == "value" and self.value

    def feed(self, html):  # pylint: disable=too-many-branches
        at = 0
        while at < len(html):
            rest = html[at:]
            if self.state == "text":
                if rest.startswith("<!--"):
                    end = html.find("-->", at)
                    if end < 0:
                        raise Fault("a comment that does not end before the next {{")
                    at = end + 3
                    continue
                found = re.match(r"<(/?[A-Za-z!][A-Za-z0-9-]*)", rest)
                if found:
                    self.tag, self.state = found[1].lower(), "tag"
                    at += found.end()
                elif rest[0] == "<":
                    raise Fault(f"< that begins no tag: {rest[:20]!r}")
                else:
                    at += 1
            elif self.state == "tag":
                if rest[0] == ">":
                    self.state = "text"
                    if self.tag in ("script", "style", "textarea", "title") and self.tag in ("script", "style"):
                        end = re.search(rf"</{self.tag}\s*>", rest)
                        if not end:
                            raise Fault(f"{{{{ within <{self.tag}>")
                        at += end.end() - 1
                    at += 1
                    continue
                found = re.match(r'([A-Za-z_:][A-Za-z0-9_:.-]*)(\s*=\s*)?', rest)
                if found:
                    self.attribute = found[1].lower()
                    at += found.end()
                    if found[2]:
                        if html[at:at + 1] != '"':
                            raise Fault(f"{self.attribute}: an attribute's value stands in double quotes")
                        at += 1
                        self.state, self.value = "value", False
                elif rest[0] in " \n\t/":
                    at += 1
                else:
                    raise Fault(f"within a tag: {rest[:20]!r}")
            else:
                if rest[0] == '"':
                    self.state = "tag"
                else:
                    self.value = True
                at += 1

    def place(self):
        if self.state == "text":
            return "PLACE_TEXT"
        if self.state == "value":
            if FORBIDDEN.fullmatch(self.attribute):
                raise Fault(f"no value may stand in {self.attribute}")
            if self.attribute in ADDRESSES:
                place = "PLACE_ADDRESS_PART" if self.value else "PLACE_ADDRESS"
                self.value = True
                return place
            return "PLACE_ATTRIBUTE"
        raise Fault("a value stands in a tag, but in no quoted attribute")


def quote(text):
    if text is None:
        return "NULL"
    parts = []
    for piece in re.findall(r".{1,400}", text, re.S) or [""]:
        piece = piece.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("?", "\\?")
        parts.append(f'"{piece}"')
    return " ".join(parts)


class Template:
    def __init__(self, path, keys, names):
        self.path, self.keys, self.names = path, keys, names
        self.steps, self.context, self.open = [], Context(), []
        self.line = 1

    def step(self, kind, text=None, path=None, filter_=None, place="PLACE_TEXT", to=0):
        self.steps.append([kind, place, to, text, path, filter_])
        return len(self.steps) - 1

    def literal(self, html):
        self.context.feed(html)
        html = re.sub(r"<!--.*?-->", "", html, flags=re.S)
        html = re.sub(r"\n\s*", "\n", html)
        if html:
            self.step("STEP_LITERAL", html)

    def word(self, found):
        key, star, path, gives = found.groups()
        path = path.strip()
        if bool(star) != bool(path):
            raise Fault(f"{key}: a key that ends with * needs a path, another has none")
        if star and not any(known.startswith(key) for known in self.keys):
            raise Fault(f"no text has a key that begins with {key}")
        if not star and key not in self.keys:
            raise Fault(f"there is no text {key}")
        given = set()
        for name, value in re.findall(r"([a-z_]+)=(\S+)", gives):
            value = VALUE.fullmatch(value)
            given.add(name)
            self.step("STEP_GIVE", name, value[1], value[2])
        if not star:
            wanted = set(re.findall(r"\{([a-z_]+)\}", self.keys[key]))
            if wanted != given:
                raise Fault(f"{key}: the text has {sorted(wanted)}, the template gives {sorted(given)}")
        self.step("STEP_WORD", key, path or None, place=self.context.place())

    def token(self, text):  # pylint: disable=too-many-branches
        if found := WORD.fullmatch(text):
            self.word(found)
        elif found := IF.fullmatch(text):
            negated, path, compare, word = found.groups()
            at = self.step("STEP_IF", word if compare else "", path, compare or ("not" if negated else ""))
            self.open.append(("if", at, [], self.context.key(), None))
        elif found := EACH.fullmatch(text):
            self.open.append(("each", self.step("STEP_EACH", found[2], found[1], ""), [], self.context.key(), None))
        elif text == "else":
            kind, at, jumps, before, _ = self.open.pop()
            ended = self.context.key()
            if kind == "each":
                if ended != before:
                    raise Fault("a round of #each must end where it began")
                self.step("STEP_NEXT", to=at)
                self.steps[at][2] = len(self.steps)
                self.open.append(("if", self.step("STEP_IF", "", self.steps[at][4], "not"), [], before, None))
            else:
                jumps.append(self.step("STEP_JUMP"))
                self.steps[at][2] = len(self.steps)
                self.context.state, self.context.attribute, self.context.value = (before[0], before[1] or self.context.attribute, before[2])
                self.open.append(("else", at, jumps, before, ended))
        elif text == "/":
            if not self.open:
                raise Fault("{{/}} that closes nothing")
            kind, at, jumps, before, ended = self.open.pop()
            if self.context.key()[0] != (ended or before)[0]:
                raise Fault("both ways through an #if, and a round of #each, must end in the same place of the HTML")
            if kind == "each":
                self.step("STEP_NEXT", to=at)
            for jump in jumps:
                self.steps[jump][2] = len(self.steps)
            if kind in ("if", "each"):
                self.steps[at][2] = len(self.steps)
            # an address that begins in one way only may begin with what follows in the other
            self.context.value = self.context.value and (ended or before)[2]
        elif found := INCLUDE.fullmatch(text):
            if found[1] not in self.names:
                raise Fault(f"there is no template {found[1]}")
            if self.context.state != "text":
                raise Fault("another template stands in text only")
            self.step("STEP_INCLUDE", found[1])
        elif found := VALUE.fullmatch(text):
            self.step("STEP_VALUE", None, found[1], found[2], self.context.place())
        else:
            raise Fault(f"{{{{{text}}}}} is nothing that a template can say")

    def compile(self):
        text, at = self.path.read_text(encoding="utf-8"), 0
        for found in TOKEN.finditer(text):
            self.line = text.count("\n", 0, found.start()) + 1
            if found.start() > at:
                self.literal(text[at:found.start()])
            self.token(found[1].strip())
            at = found.end()
        self.literal(text[at:])
        if self.open:
            raise Fault("an #if or #each that is not closed")
        if self.context.state != "text":
            raise Fault("the template ends within a tag")
        self.step("STEP_OVER")

    def c(self):
        name = self.path.stem
        lines = [f"static const struct template_step {name}_steps[] = {{"]
        for kind, place, to, text, path, filter_ in self.steps:
            lines.append(f"    {{{kind}, {place}, {to}, {quote(text)}, {quote(path)}, {quote(filter_)}}},")
        return "\n".join(lines + ["};\n"])


def keys_of(path):
    texts, key = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        found = re.match(r"([a-z][a-z0-9_]*) =(?: (.*))?$", line)
        if found:
            key = found[1]
            texts[key] = found[2] or ""
        elif line.startswith("  ") and key:
            texts[key] += "\n" + line[2:]
    return texts


def main(output, *paths):
    keys = {}
    for texts in paths[:paths.index("--")]:
        keys.update(keys_of(pathlib.Path(texts)))
    paths = [pathlib.Path(path) for path in paths[paths.index("--") + 1:]]
    names = {path.stem for path in paths}
    out = []
    for path in paths:
        template = Template(path, keys, names)
        try:
            template.compile()
        except Fault as fault:
            return f"{path}:{template.line}: {fault}"
        out.append(template.c())
    rows = "".join(f'    {{"{path.stem}", {path.stem}_steps}},\n' for path in paths)
    out.append(f"static const struct template templates[] = {{\n{rows}}};\n")
    pathlib.Path(output).write_text("\n".join(out), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
