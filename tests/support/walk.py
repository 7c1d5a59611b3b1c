"""A random walk through the life of complaints: people, machines, reporters and a router say whatever comes to their minds, and
a model that knows nothing but DOMAIN 2.4 says what must come of it.

    walk = Walk(stack, door, agencies, dice)
    walk.run(acts)             # AssertionError: the store did what the model forbids
"""
import collections
import os

UNITS = ("33.01/PUPR", "33.01/KES", "33.01/LH", "33.01/PUPR/JALAN", "33.02/PUPR", "33.02/KES", "34.01/PUPR")
DESKS = ("33.01", "33.02", "33", "34.01")
INSPECTORATES = ("33.01/PENGAWASAN", "33/PENGAWASAN", "ID/PENGAWASAN", "34/PENGAWASAN", "34.01/PENGAWASAN")
OPEN = {1, 2, 3, 4, 5, 6}
C, A, L, W = "coordinator", "agency_admin", "liaison", "worker"

# act: (from states -> to; None: the same), who may.  Of the holder, or of a coordinator above (ABOVE).
MOVES = {
    "verify": ({1: 2}, {C, A}), "take_on": ({1: 4, 2: 4, 4: 4}, {C, A, L, W}), "assign": ({1: 4, 2: 4, 4: 4, 5: 5, 6: 4}, {C, A, W}),
    "hand_back": ({1: 6, 2: 6, 4: 6, 5: 6}, {C, A, L, W}), "ask": ({1: 3, 2: 3, 4: 3, 5: 5}, {C, A, W}),
    "progress": ({1: 5, 2: 5, 4: 5, 5: 5}, {L, A, W}), "answer": ({1: 5, 2: 5, 4: 5, 5: 5}, {L, A, W}), "draft": ({4: 4, 5: 5}, {L, A}),
    "correct": ({state: state for state in OPEN}, {C, A}), "archive": ({1: 8, 2: 8, 4: 8}, {C, A}), "close": ({5: 7}, {C, A, W}),
    "split": ({state: state for state in OPEN}, {C, A}), "block": ({state: 9 for state in OPEN | {7, 8}}, {C}),
    "chase": ({state: state for state in OPEN}, {C}), "support": ({state: state for state in OPEN}, {C, A, W}),
    "park": (None, {C, A, L, W}), "release": (None, {C, A, L, W}), "nack": (None, {C, A, L, W}), "extend": (None, {C, A, L, W}),
    "ack": (None, {C, A, L, W}), "merge": (None, {C, A, W}), "unmerge": (None, {C, A, W}), "link": (None, {C, A, W}),
    "approve": ({4: 5, 5: 5}, {C, A}), "send_back": ({4: 4, 5: 5}, {C, A}),
    "note": ({state: state for state in OPEN | {7}}, {C, A, L, W}), "take_over": (None, {C, A, L}),
    "publish": ({state: state for state in OPEN | {7}}, {C, A}), "unpublish": ({state: state for state in OPEN | {7}}, {C, A}),
}
ABOVE = {"publish", "unpublish", "note", "assign", "close", "verify", "correct", "archive", "chase", "split", "block"}
# a reporter's word: kind -> from states; None where more than the state decides
WORDS = {2: None, 3: None, 4: {7}, 5: OPEN | {10}, 6: {5}, 7: None, 8: None, 9: None}
WORDS_OF = {2: "Terima kasih", 3: "Jalan Mawar 5", 4: "", 5: "", 6: "Sudah beres", 7: "Masih berlubang", 8: "", 9: ""}


class Walk:
    def __init__(self, stack, door, agencies, dice, cases=60):
        self.stack, self.door, self.agencies, self.dice, self.most = stack, door, agencies, dice, cases
        self.codes = {number: code for code, number in agencies.items()}
        self.cases, self.counts = [], collections.Counter()
        self.people = {}
        for code in (*UNITS, *DESKS, *INSPECTORATES):
            for role in (C, A, L):
                # an inspectorate's staff is named
                self.people[code, role] = door.person(agencies[code], role, named=code in INSPECTORATES)
        stack.sql("insert into principal_agency select %s, agency_id from agency on conflict do nothing", door.principal)
        door.decides = self.decide

    def decide(self, asked):
        """A router that decides well, badly, or not at all."""
        if self.dice.random() < 0.1:
            return None
        if self.dice.random() < 0.05:
            return {2: self.agencies[self.dice.choice(INSPECTORATES)], 3: 0, 5: 3, 6: 2, 7: 2}
        rung = self.dice.choice((3, 4, 5, 6))
        code = self.dice.choice(UNITS if rung < 5 else DESKS)
        return {2: self.agencies[code], 3: rung, 4: self.dice.randrange(1000)}

    # ---- what is there

    def fresh(self):
        rung = self.dice.choice((3, 3, 4, 5, 6))
        code = self.dice.choice(UNITS if rung < 5 else DESKS)
        return self.door.place(self.agencies[code], rung=rung, region="33.01", class_=self.dice.choice((None, 1, 2, 4, 5)))

    def facts(self, case):
        state, version, holder, flags, *rest = self.stack.sql(
            "select state, version, holder, flags, received, number, due_verify, due_first, due_resolve from complaint where complaint_id = %s", case.hex())[0]
        lead = self.stack.sql("select agency, state, version, leased_by, bond from assignment where complaint_id = %s and agency = %s", case.hex(), holder)
        return {"state": state, "version": version, "holder": holder, "flags": flags, "fixed": rest[:2], "lead": lead[0] if lead else None, "clocks": rest[2:]}

    # ---- one step

    def needs(self, act):
        dice, some = self.dice, self.agencies[self.dice.choice((*UNITS, *DESKS))]
        return {"verify": dict(class_=dice.choice((1, 2, 4, 5))), "assign": dict(text="Silakan", to=some), "support": dict(to=some),
                "hand_back": dict(text="Bukan kami", to=dice.choice((None, some)), reason=dice.randrange(1, 6)), "ask": dict(text="Di mana?"),
                "progress": dict(text="Kami periksa"), "answer": dict(text="Sudah"), "draft": dict(text="Konsep"),
                "correct": dict(title=dice.choice((None, "Judul")), category=dice.choice((None, 1, 2)), class_=dice.choice((None, 2, 5))),
                "archive": dict(text="Tidak jelas", ending=3), "close": dict(text="Selesai", resolution=dice.randrange(1, 6)),
                "split": dict(title="Bagian", body="Hal lain", to=dice.choice((None, some))), "block": dict(ending=10), "chase": dict(text="Segera"),
                "nack": {}, "note": dict(text="Catatan"), "take_over": dict(text="Rekan sakit"), "merge": dict(other=dice.choice(self.cases)), "link": dict(other=dice.choice(self.cases)),
                "approve": dict(event=dice.randrange(1, 9)), "send_back": dict(event=dice.randrange(1, 9))}.get(act, {})

    def say_act(self, case):
        before = self.facts(case)
        act = self.dice.choice(list(MOVES))
        role = self.dice.choice((C, A, L, W))
        above = role == C and act in ABOVE and self.dice.random() < 0.3
        code = self.codes[before["holder"]] if self.dice.random() < 0.8 else self.dice.choice((*UNITS, *DESKS))
        office = self.dice.choice(DESKS) if above else code
        if role != W and (office, role) not in self.people:
            return
        more = dict(self.needs(act))
        if role != W:
            more["session"] = self.people[office, role]
        mine = {"id": case, "agency": self.agencies[office], "version": before["lead"][2] if before["lead"] else 1}
        if above:
            more["complaint"] = before["version"]
        if self.dice.random() < 0.05:
            mine["version"] -= 1
            more["complaint"] = max(1, more["complaint"] - 1) if above else None
        more = {name: value for name, value in more.items() if value is not None}
        fields = self.door.acted(mine, act, **more)
        done = fields[3] == 1
        after = self.facts(case)
        self.counts[act, done] += 1
        what = f"{act} by {role} of {office} ({'above' if above else 'holder'}) on {case.hex()}: {before} -> {after}, {fields}"
        assert after["fixed"] == before["fixed"], f"receipt or number moved: {what}"
        if not done:
            # a router's decision and a timer may have come between; else nothing moved
            return
        moves, who = MOVES[act]
        assert role in who or (act, role, before["state"]) == ("ask", L, 5), f"not his to say: {what}"
        if self.agencies[office] == before["holder"] or above:
            assert not above or self.is_above(office, before["holder"]), f"not above: {what}"
            if moves and before["state"] != 6:
                assert before["state"] in moves, f"it did not fit: {what}"
            if moves and after["holder"] == before["holder"] and after["state"] not in (moves.get(before["state"]), 6):
                # an inspectorate's hand-back goes on at once; the router may have been faster than this reading
                assert act == "hand_back" and after["state"] in (1, 4) or before["state"] == 6, f"to another state: {what}"
        if before["flags"] & 4 and not above and role != W:
            assert office in INSPECTORATES or code == self.codes[before["holder"]], f"oversight content: {what}"

    def is_above(self, office, holder):
        return self.stack.sql("select 1 from agency_above where agency = %s and above = %s and depth > 0", holder, self.agencies[office]) != []

    def say_word(self, case):
        before = self.facts(case)
        kind = self.dice.choice(list(WORDS))
        more = {4: dict(t21=self.dice.randrange(1, 6)), 6: dict(t21=self.dice.choice((None, 5))), 8: dict(t22=2),
                9: dict(t14=self.dice.choice((1, 2)), t15=self.dice.choice((1, 2)))}.get(kind, {})
        outcome, _ = self.door.say(case, WORDS_OF[kind], kind, alarms=kind in (2, 3, 7) and self.dice.random() < 0.05, **more)
        after = self.facts(case)
        self.counts[f"kind {kind}", outcome == 1] += 1
        if WORDS[kind] is not None and before["state"] != 6 and before["state"] != 10:
            assert (outcome == 1) == (before["state"] in WORDS[kind]), f"kind {kind} of state {before['state']}: {outcome}, {after}"
        if before["flags"] & 4:
            assert after["flags"] & 6 == 6, "oversight content is secret"

    def pull(self):
        code = self.dice.choice((*UNITS, *DESKS, *INSPECTORATES))
        for case in self.door.pull([self.agencies[code]], 3, 0):
            if self.dice.random() < 0.7:
                self.door.act(case, "ack")

    def run(self, acts, checks=1000):
        for at in range(acts):
            if len(self.cases) < self.most or self.dice.random() < 0.03:
                self.cases.append(self.fresh())
                if len(self.cases) > self.most:
                    self.cases.pop(self.dice.randrange(len(self.cases)))
            case, luck = self.dice.choice(self.cases), self.dice.random()
            if luck < 0.75:
                self.say_act(case)
            elif luck < 0.9:
                self.say_word(case)
            else:
                self.pull()
            if at % checks == checks - 1:
                self.stack.checks()
                self.door.greet()
        self.door.decides = lambda asked: {2: 0, 3: 6}
        self.door.until("select 1 where not exists (select from returned r join complaint c using (complaint_id) "
                        "where c.state = 6 or (r.aside and c.state < 7))", seconds=60)
        self.stack.checks()
        never = [name for name in {act for act, _ in self.counts} if not self.counts[name, True]]
        assert acts < 5000 or not [name for name in never if name not in ("approve", "send_back", "kind 8")], f"never done: {never}"
        return self.counts
