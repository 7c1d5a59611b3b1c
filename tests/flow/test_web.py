"""The public door's pages: a report, its receipt, what is sent twice, what is not right, what is away."""
import pytest

from stack import WEB, Stack
from web import Visitor


@pytest.fixture(scope="module")
def stack(folder):
    with Stack(folder, programs=WEB) as running:
        yield running


@pytest.fixture
def visitor(stack):
    return Visitor(stack)


def stored(stack, number):
    return stack.wait("select c.complaint_id, c.state, c.flags, c.channel, t.body, t.seal is not null, t.contact is not null"
                      " from complaint c join content t using (complaint_id) where number_text (c.number) = %s", number)[0]


def test_a_report_and_its_receipt(stack, visitor):
    number, code = visitor.report("Lampu jalan di depan pasar padam sejak Senin malam.", contact_kind="email", contact="warga@example.org")
    row = stored(stack, number)
    assert row[3] == 1 and row[4].startswith("Lampu jalan") and len(code) == 26
    assert row[2] & 3 == 1, "anonymous, not secret"
    assert row[5] is False and row[6] is True, "no identity, a contact"


def test_a_form_sent_twice_is_one_report_with_one_receipt(stack, visitor):
    form = visitor.form("Saluran air di gang kami tersumbat.")
    first, again = visitor.post("/report", form), visitor.post("/report", form)
    assert first.receipt() == again.receipt()
    stored(stack, first.receipt()[0])
    assert stack.sql("select count (*) from content where body = %s", form["text"])[0][0] == 1


def test_the_same_form_with_other_words_is_refused_and_keeps_what_was_typed(visitor):
    form = visitor.form("Jembatan bambu rusak.")
    assert visitor.post("/report", form).status == 200
    answer = visitor.post("/report", {**form, "text": "Jembatan bambu rusak parah, dua anak jatuh."})
    assert answer.status == 422 and answer.faults() == ["text"] and "dua anak jatuh" in answer.text


@pytest.mark.parametrize("field, value", [("text", "  \n "), ("text", "x" * 3001), ("class", "9"), ("incident", "2999-01-01"), ("incident", "kemarin"),
                                          ("open", ""), ("contact", "bukan alamat"), ("point", "di sana")],
                         ids=lambda value: value[:12])
def test_what_is_not_right_comes_back_by_field(visitor, field, value):
    answer = visitor.post("/report", visitor.form("Pohon tumbang menutup jalan.", **{field: value}))
    assert answer.status == 422 and answer.faults() == [field]
    assert "Jalan Kenari" in answer.text, "nothing is typed twice"


def test_a_report_of_no_form_is_refused(visitor):
    assert visitor.post("/report", {"text": "tanpa formulir"}).status == 400
    forged = visitor.ask("POST", "/report", "text=x", {"Content-Type": "application/x-www-form-urlencoded", "Origin": "https://evil.example"})
    assert forged.status == 403


def test_intake_is_away(stack, visitor):
    form = visitor.form("Sampah tidak diangkut dua minggu.")
    stack["intake"].kill()
    away = visitor.post("/report", form)
    assert away.status == 503 and int(away.headers["Retry-After"]) > 0 and "dua minggu" in away.text
    assert away.fields()["token"] == form["token"], "the form comes back with its token"
    stack["intake"].start()
    stack["intake"].wait_principals()
    number, _ = visitor.post("/report", form).receipt()
    stored(stack, number)


def test_in_english(stack):
    page = Visitor(stack, "en").get("/report")
    assert 'lang="en"' in page.text and "Write a report" in page.text
    chosen = Visitor(stack)
    assert 'lang="en"' in chosen.get("/report?lang=en").text and 'lang="en"' in chosen.get("/").text
