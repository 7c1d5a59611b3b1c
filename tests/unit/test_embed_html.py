"""Templates that would let a value stand where it cannot be made harmless do not compile, and say where."""
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "common" / "http" / "embed_html.py"

FAULTS = {
    "script": ("<p>x</p>\n<script>var a = {{v}};</script>", 2, "script"),
    "style_element": ("<style>p { color: {{v}} }</style>", 1, "style"),
    "style": ('<p style="color: {{v}}">', 1, "style"),
    "handler": ('<p onclick="{{v}}">', 1, "onclick"),
    "handler_word": ('<p onclick="{{_ known}}">', 1, "onclick"),
    "srcdoc": ('<iframe srcdoc="{{v}}"></iframe>', 1, "srcdoc"),
    "unquoted": ("<p title={{v}}>", 1, "double quotes"),
    "single_quotes": ("<p title='{{v}}'>", 1, "double quotes"),
    "attribute_name": ("<p {{v}}>", 1, "in a tag"),
    "tag_name": ("<{{v}}>", 1, "begins no tag"),
    "comment": ("<!-- {{v}} -->", 1, "comment"),
    "branches": ('<p{{#if a}} title="{{/}}">x</p>', 1, "same place"),
    "branches_else": ('{{#if a}}<p>{{else}}<p title="{{/}}">', 1, "same place"),
    "round": ('{{#each a as b}}<p title="{{/}}', 1, "same place"),
    "no_end": ("{{#if a}}x", 1, "not closed"),
    "no_begin": ("x{{/}}", 1, "closes nothing"),
    "ends_in_tag": ("<p", 1, "within a tag"),
    "unknown_text": ("\n\n{{_ unknown}}", 3, "no text unknown"),
    "unknown_beginning": ("{{_ unknown_* v}}", 1, "begins with unknown_"),
    "values": ("{{_ given}}", 1, "the text has"),
    "unknown_template": ("{{> nowhere}}", 1, "no template nowhere"),
    "include_in_tag": ('<p title="{{> fault}}">', 1, "in text only"),
    "raw": ("{{{v}}}", 1, "nothing that a template can say"),
    "statement": ("{{#while v}}", 1, "nothing that a template can say"),
}


def compiled(tmp_path, html):
    (tmp_path / "words.txt").write_text("known = x\ngiven = {name}\n", encoding="utf-8")
    (tmp_path / "fault.html").write_text(html, encoding="utf-8")
    return subprocess.run([SCRIPT, tmp_path / "out.inc", tmp_path / "words.txt", "--", tmp_path / "fault.html"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


@pytest.mark.parametrize("name", FAULTS)
def test_refused(tmp_path, name):
    html, line, word = FAULTS[name]
    done = compiled(tmp_path, html)
    assert done.returncode != 0 and f"fault.html:{line}: " in done.stdout and word in done.stdout, done.stdout


@pytest.mark.parametrize("html", ['<p title="{{v}}">{{v}}</p>', '<input{{#if a}} checked{{/}} value="{{v}}">', "{{_ given name=v}}",
                                  '<a href="{{#if a}}/x{{else}}{{v}}{{/}}">x</a>', "<script src=\"{{v}}\" defer></script>"])
def test_taken(tmp_path, html):
    assert compiled(tmp_path, html).returncode == 0


def test_address_after_a_branch(tmp_path):
    """What follows a branch that may be empty is judged as the beginning of the address."""
    compiled(tmp_path, '<a href="{{#if a}}/x{{/}}{{v}}">x</a>')
    text = (tmp_path / "out.inc").read_text(encoding="utf-8")
    assert "PLACE_ADDRESS," in text and "PLACE_ADDRESS_PART" not in text
