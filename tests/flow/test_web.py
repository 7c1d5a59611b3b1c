"""The public door's pages: a report, its receipt, what is sent twice, what is not right, what is away."""
import re

import pytest

from nginx import Nginx
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


def follow(stack, visitor, words):
    """A report that is stored, and its page; number."""
    number, _ = visitor.report(words)
    stored(stack, number)
    return number


@pytest.mark.parametrize("doing, more", [("rate", {"rating": "5"}), ("complete", {}), ("reopen", {}), ("consent", {"consent": "yes"})])
def test_what_the_case_cannot_take_is_said(stack, visitor, doing, more):
    number = follow(stack, visitor, f"Jembatan gantung putus, {doing}.")
    fields = visitor.get("/case").fields()
    answer = visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": doing, "text": "Kata yang tidak boleh hilang.", **more})
    assert answer.status == 409 and "tidak t" in answer.text.lower() and "Kata yang tidak boleh hilang." in answer.text, answer.text
    assert stack.sql("select count (*) from refused where parent = number_bits (%s)", number) == [(0,)]


def test_a_word_that_ended_the_case_may_come_again(stack, visitor):
    number = follow(stack, visitor, "Papan nama jalan hilang.")
    fields = visitor.get("/case").fields()
    said = {"token": fields["token"], "created": fields["created"], "do": "withdraw", "text": "Sudah ketemu."}
    assert visitor.post("/case", said).status == 303
    stack.wait("select 1 from complaint where number_text (number) = %s and state = 8", number)
    assert visitor.post("/case", said).headers["Location"] == "/case?said=withdraw", "its answer was lost"
    fields = visitor.get("/case").fields()
    for doing in ("withdraw", "reply", "close"):
        assert visitor.post("/case", {"token": fields["token"], "created": fields["created"], "do": doing, "text": "Lain lagi."}).status == 409, doing
    assert stack.sql("select count (*) from event e join complaint c using (complaint_id) where number_text (c.number) = %s and e.kind = 35", number) == [(1,)]


def test_a_right_code_before_the_case_is_stored(stack, visitor):
    """Accepted, and the record is away: whoever has number and code is told that it is kept; whoever has not, that nobody knows it."""
    stack["store"].stop()
    try:
        number, code = visitor.report("Tangga penyeberangan licin.")
        other = Visitor(stack)
        assert other.post("/track", {"number": number, "code": code[:-1] + ("0" if code[-1] != "0" else "1")}).status == 404
        assert other.post("/track", {"number": number, "code": code.lower()}).status == 303
        page = other.get("/case")
        assert page.status == 200 and "sudah kami terima dan tersimpan" in page.text
        stack["query"].stop()
        third = Visitor(stack)
        assert third.post("/track", {"number": number, "code": code}).status == 303 and "sudah kami terima dan tersimpan" in third.get("/case").text
        assert Visitor(stack).post("/track", {"number": number, "code": "0" * 26}).status == 503
    finally:
        if not stack["query"].alive():
            stack["query"].start()
        stack["store"].start()
    stored(stack, number)
    assert other.get("/case").status == 200 and Visitor(stack).post("/track", {"number": number, "code": code}).status == 303


def test_methods_that_a_page_takes(visitor):
    for path, methods in (("/track", {"GET", "HEAD", "POST"}), ("/reports", {"GET", "HEAD"}), ("/track/forget", {"POST"})):
        answer = visitor.ask("DELETE", path)
        assert answer.status == 405 and set(answer.headers["Allow"].split(", ")) == methods, path


def test_in_english(stack):
    page = Visitor(stack, "en").get("/report")
    assert 'lang="en"' in page.text and "Write a report" in page.text
    chosen = Visitor(stack)
    assert 'lang="en"' in chosen.get("/report?lang=en").text and 'lang="en"' in chosen.get("/").text


# ---- behind a proxy

def test_behind_nginx(stack, folder):
    """docs/examples/nginx-web.conf as it stands, but for names, ports and folders."""
    with open(stack.settings, encoding="utf-8") as file:
        text = file.read()
    with open(stack.settings, "w", encoding="utf-8") as file:
        file.write(re.sub(r"limit: {reports_hour: 0, reports_minute: 0", "tls: true\n  origin: https://lapor.example.go.id\n  limit: {reports_hour: 2, reports_minute: 0", text))
    stack["web"].stop()
    stack["web"].start()
    with Nginx(folder, "nginx-web.conf", "lapor.example.go.id", stack.ports["web"]) as proxy:
        page = proxy.call("/report")
        assert page.startswith(b"HTTP/1.1 200") and b"Strict-Transport-Security" in page
        fields = {**dict(re.findall(r'<input[^>]*name="(token|created|incident)"[^>]*value="([^"]*)"', page.decode())),
                  "class": "1", "location": "Jalan Kenari", "open": "1", "anonymous": "2", "text": "Lewat nginx."}
        head = b"".join(f'--bb\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items())
        files = b"".join(b'--bb\r\nContent-Disposition: form-data; name="photo"; filename="a.txt"\r\n\r\n' + f"{i}".encode() * 10400000 + b"\r\n" for i in range(5))
        lines = "Content-Type: multipart/form-data; boundary=bb\r\nOrigin: https://lapor.example.go.id\r\n"
        taken = proxy.call("/report", lines, head + files + b"--bb--\r\n", "POST")
        assert taken.startswith(b"HTTP/1.1 200") and b"__Host-aduan-case=" in taken, taken[:500]
        # what is too large or too long is said in words that a program reads
        for path, told in (("/open311/v2/requests.json", b'[{"code":413'), ("/api/v1/files", b'"code":"body_large"')):
            large = proxy.call(path, "Content-Type: application/x-www-form-urlencoded\r\n", b"x" * 54000000, "POST")
            assert large[9:12] == b"413" and told in large and b"json" in large, large[:300]
        ids = "A0000000000000," * 3600
        assert proxy.call(f"/open311/v2/requests.json?service_request_id={ids}").startswith(b"HTTP/1.1 200")
        long = proxy.call(f"/open311/v2/requests.json?service_request_id={ids * 2}")
        assert long[9:12] == b"414" and b"application/json" in long, long[:300]
        # who connects is the source, whatever he claims
        small = head + b"--bb--\r\n"
        claims = [f"X-Forwarded-For: 198.51.100.{at}\r\n" for at in range(3)]
        assert [proxy.call("/report", lines + claim, small, "POST")[9:12] for claim in claims][1:] == [b"429", b"429"]
        assert proxy.call("/report", lines, small, "POST", "127.0.0.9")[9:12] == b"200"
        # gateways alone speak to the door itself
        for path in ("/gateway/sms?secret=x", "/gateway/sms/report?notice=x", "/REST/1.0/NoAuth/mail-gateway"):
            answer = proxy.call(path)
            assert answer[9:12] == b"404" and b"<center>nginx" in answer, path
        assert b"refused: secret" in proxy.call("/gateway/whatsapp")
