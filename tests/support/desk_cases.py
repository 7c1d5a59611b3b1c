"""Cases for tests of the desk: complaints that are ready at an agency, or that somebody there has pulled.

    number = placed(stack, web, "Lampu jalan padam")      # each with words of its own where none are given
    number = held(stack, web, liaison)
"""
import itertools

from desk_door import Program

COUNT = itertools.count(1)


def placed(stack, web, text=None, agency="91.01/PUPR", **more):
    """A complaint that is ready there: its number."""
    text = text or f"Trotoar amblas nomor {next(COUNT)} di jalan raya"
    word, fields = web.submit(text=text, category=1, place="91.01.01", **more)[:2]
    assert word == "accepted", (word, fields)
    return stack.wait("select number_text (c.number) from complaint c join assignment w using (complaint_id) join agency a on a.agency_id = w.agency "
                      "join content t using (complaint_id) where a.code = %s and t.body = %s", agency, text)[0][0]


def held(stack, web, who, text=None, **more):
    """A case that this person has pulled: its number.  What else is ready there is parked."""
    number, program = placed(stack, web, text, **more), Program(stack, who)
    for _ in range(50):
        for case in program.post("/pull", {}).json["cases"]:
            if case["number"] == number:
                return number
            program.post(f"/cases/{case['number']}/acts", {"act": "park", "id": case["id"], "agency": case["agency"], "version": case["version"]})
    raise AssertionError("never pulled")
