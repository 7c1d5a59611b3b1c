"""Some hundreds of complaints are handed about at random in a random tree, by agencies that do not agree and a router
that decides at random: whatever they do there is always an owner, nobody gets back what he gave back unless he is bound,
the third hand-back is the arbiter's, and neither clocks nor numbers move.  What should have happened is worked out here
from the events alone."""
import collections
import os
import random
import zlib

import pytest

from conftest import Stack
from store_door import StoreDoor

COMPLAINTS = int(os.environ.get("ADUAN_HAND_BACKS", "300"))
SEED = os.environ.get("ADUAN_SEED", "1")
PLACED, HANDED_OVER, HAND_BACK, ASSIGN, CLEARED = 1, 2, 19, 20, 54


class Tree:
    """A random nation: provinces, regencies with units and sub-units, central bodies; some desks are missing."""

    def __init__(self, dice):
        self.rows = [("ID", "-", "root", "-", "-", "desk"), ("ID/PENGAWASAN", "ID", "unit", "PENGAWASAN", "-", "inspectorate")]
        self.regions = []
        for number in range(dice.randint(1, 3)):
            self.rows.append((f"PUSAT{number}", "ID", "agency", "-", "-", "central"))
        for province in range(dice.randint(2, 4)):
            code = f"{31 + province}"
            self._government(dice, code, "ID", 1)
            for regency in range(dice.randint(1, 4)):
                self._government(dice, f"{code}.{regency + 1:02}", code, 2)
        self.parent = {row[0]: row[1] for row in self.rows}
        self.desks = {row[0] for row in self.rows if "desk" in row[5]}

    def _government(self, dice, code, parent, level):
        self.regions.append((code, level))
        self.rows.append((code, parent, "agency", "-", code, "desk" if dice.random() < 0.85 else "-"))
        if dice.random() < 0.7:
            self.rows.append((f"{code}/PENGAWASAN", code, "unit", "PENGAWASAN", code, "inspectorate"))
        for function in dice.sample(["PUPR", "KES", "LH", "TAMBANG"], dice.randint(1, 4)):
            self.rows.append((f"{code}/{function}", code, "unit", function, code, "-"))
            if dice.random() < 0.3:
                self.rows.append((f"{code}/{function}/A", f"{code}/{function}", "subunit", "-", code, "-"))

    def write(self, folder):
        from stack import HERE
        os.mkdir(folder)
        for name in ("functions", "oversight"):
            with open(os.path.join(HERE, "registry", f"{name}.tsv"), encoding="utf-8") as source:
                self._file(folder, name, source.read())
        self._file(folder, "categories", "number\tparent_number\tfunction_code\tagency_code\tclass\tname\n")
        self._file(folder, "regions", "code\tlevel\tname\tzone\n" + "".join(f"{code}\t{level}\tWilayah {code}\tWIB\n" for code, level in self.regions))
        self._file(folder, "agencies", "code\tparent_code\tkind\tfunction_code\tregion_code\tflags\tname\tzone\n" + "".join(
            "\t".join(row) + f"\tInstansi {row[0]}\tWIB\n" for row in self.rows))

    @staticmethod
    def _file(folder, name, text):
        with open(os.path.join(folder, f"{name}.tsv"), "w", encoding="utf-8") as file:
            file.write(text)

    def above(self, code):
        """The agency and all above it, upwards."""
        while code != "-":
            yield code
            code = self.parent[code]

    def below(self, code):
        return [other for other in self.parent if other != code and code in self.above(other)]

    def arbiter(self, asker, suggested, refusers):
        """The lowest coordinator above whoever is concerned who has not given it back himself; else the root."""
        concerned = [suggested] if suggested else sorted(refusers)
        for code in self.above(asker):
            if code in self.desks and code not in refusers and code != asker and all(code in self.above(other) for other in concerned):
                return code
        return "ID"


@pytest.fixture(scope="module")
def dice():
    return random.Random(zlib.crc32(f"hand-backs {SEED}".encode()))


@pytest.fixture(scope="module")
def tree(folder, dice):
    tree = Tree(dice)
    tree.write(os.path.join(folder, "registry"))
    return tree


@pytest.fixture(scope="module")
def stack(folder, tree):
    with Stack(folder, registry=os.path.join(folder, "registry"), programs=("store",)) as running:
        yield running


class Nation:
    """Agencies that pull and do something, well or badly, until the dice have had enough."""

    def __init__(self, stack, tree, dice):
        self.stack, self.tree, self.dice = stack, tree, dice
        self.door = StoreDoor(stack)
        self.door.decides = self.decide
        self.number = dict(stack.sql("select code, agency_id from agency"))
        self.code = {number: code for code, number in self.number.items()}
        self.counts = collections.Counter()

    def decide(self, asked):
        """Now and then a refuser, nobody, an inspectorate, or no answer at all."""
        throw = self.dice.random()
        if throw < 0.01:
            return None
        if asked["holder"] and self.dice.random() < 0.4:
            throw = 0.21
        if throw < 0.15:
            return {2: asked["refusers"][-1] if asked["refusers"] else 0, 3: 3}
        if throw < 0.2:
            return {2: 99999, 3: 4}
        if throw < 0.23:
            code = self.dice.choice([code for code in self.number if code.endswith("/PENGAWASAN")])
            return {2: self.number[code], 3: 0, 5: 3, 6: 2, 7: 2}
        code = self.dice.choice(list(self.number))
        rung = self.dice.choice([1, 2, 3, 4]) if code not in self.tree.desks else 5
        return {2: self.number[code], 3: rung, 4: 700}

    def someone(self):
        return self.number[self.dice.choice(list(self.number))]

    def handle(self, case):
        dice, code = self.dice, self.code[case["agency"]]
        if dice.random() < 0.1:
            self.door.say(case["id"], "Petugas minta uang", alarms=True, wait=dice.random() < 0.5)
        throw = dice.random()
        if code.endswith("/PENGAWASAN") and dice.random() < 0.3:
            done = self.door.act(case, "hand_back", "Bukan pengawasan", reason=6)
            self.counts["cleared"] += done == "done"
        elif throw < 0.62:
            to = self.someone() if dice.random() < 0.5 else None
            done = self.door.act(case, "hand_back", "Bukan kami", to=to, reason=dice.randint(1, 5))
        elif throw < 0.78:
            below = self.tree.below(code) or list(self.number)
            done = self.door.act(case, "assign", dice.choice([None, "Perintah"]), to=self.number[dice.choice(below)])
        elif throw < 0.84:
            done = self.door.act(case, "support", to=self.someone())
        elif throw < 0.92:
            done = self.door.act(case, "answer", "Sudah")
        elif throw < 0.97:
            done = self.door.act(case, "progress", "Sedang")
            if done == "done" and dice.random() < 0.5:
                self.counts[self.door.act(case, "close", "Selesai", resolution=1)] += 1
        else:
            done = self.door.act(case, "release")
        self.counts[done] += 1

    def run(self, complaints):
        for _ in range(complaints):
            code = self.dice.choice(list(self.number))
            oversight = self.dice.random() < 0.1
            if oversight:
                code = self.dice.choice([code for code in self.number if code.endswith("/PENGAWASAN")])
            self.door.place(self.number[code], rung=0 if oversight else 5 if code in self.tree.desks else 3, oversight=2 if oversight else None,
                            contact=None, wait=False)
        self.door.until("select 1 from complaint having count (*) = %s", complaints)
        before = self.facts()
        numbers = sorted(self.code)
        idle = 0
        for round_number in range(400):
            found = [case for at in range(0, len(numbers), 64) for case in self.door.pull(numbers[at:at + 64], 50, 0)]
            for case in found:
                self.handle(case)
            if round_number % 10 == 0:
                self.stack.checks()
            idle = 0 if found else idle + 1
            if idle > 60:
                break
            self.door.turn(0.0 if found else 0.1)
        self.door.until("select 1 where not exists (select from returned)", seconds=60)
        return before

    def facts(self):
        return {row[0]: row[1:] for row in self.stack.sql(
            "select complaint_id::text, number, received, due_verify, due_first, due_resolve, flags from complaint")}


def check_history(nation, complaint, rows):
    """What the events say, judged by the rules of DOMAIN 2.5 alone."""
    tree, code = nation.tree, nation.code
    holder, refusers, oversight, placed, arbiter, third = None, [], None, None, False, None
    for kind, agency, number, data in rows:
        where = (complaint, number, kind, data)
        if kind == PLACED:
            holder = code[agency]
        elif kind == HAND_BACK:
            assert code[agency] == holder, where
            suggested = code.get(data.get("suggested"))
            assert not arbiter, where
            if "to" not in data:  # a router decides it
                third = tree.arbiter(holder, suggested, refusers) if len(refusers) >= 2 else None
                refusers.append(holder)
                continue
            oversight = True
            assert code[data["to"]] not in refusers + [holder] and code[data["to"]].split("/")[-1] in ("PENGAWASAN", "ID"), where
            refusers.append(holder)
            holder = code[data["to"]]
        elif kind == CLEARED:
            assert code[agency] == holder and holder.endswith("/PENGAWASAN") and "to" not in data, where
        elif kind == HANDED_OVER:
            assert data["from"] == nation.number[holder] and data["to"] == agency, where
            assert code[agency] not in refusers or ("arbiter" in data and code[agency] == "ID"), where
            assert data["rung"] == 0 or third is None or ("arbiter" in data and code[agency] == third), where
            third = None
            arbiter = "arbiter" in data
            holder = code[agency]
        elif kind == ASSIGN:
            assert code[agency] == holder, where
            receiver = code[data["to"]]
            assert holder in tree.above(receiver) and (receiver != holder or arbiter), where
            assert ("binds" in data) == (arbiter or receiver in refusers), where
            arbiter = False
            holder = receiver
        placed = placed or (data or {}).get("placed")
    return holder, placed, oversight


def test_whatever_they_do(stack, tree, dice):
    nation = Nation(stack, tree, dice)
    before = nation.run(COMPLAINTS)
    stack.checks()
    after = nation.facts()
    assert len(before) == len(after) == COMPLAINTS
    histories = collections.defaultdict(list)
    for complaint, *row in stack.sql("select complaint_id::text, kind, agency, number, data from event where number is not null order by number"):
        histories[complaint].append(tuple(row))
    holders = dict(stack.sql("select complaint_id::text, a.code from complaint c join agency a on a.agency_id = c.holder"))
    depth = collections.Counter()
    for complaint, history in histories.items():
        holder, placed, _ = check_history(nation, complaint, history)
        assert holder == holders[complaint], (complaint, history)
        number, received, due_verify, due_first, due_resolve, flags = before[complaint]
        now = after[complaint]
        assert now[:2] == (number, received) and (now[4] == due_resolve or (flags | now[5]) & 4), "only another class moves the resolution"
        cleared = 4 if any(kind == CLEARED for kind, *_ in history) else 0
        assert flags & now[5] | cleared == flags | cleared, "flags are only ever tightened, but by an inspectorate's word"
        assert now[5] & 2 or not cleared, "and then it is secret still"
        if placed:
            assert due_first is None and now[2] is None and now[3] is not None
        else:
            assert (now[2], now[3]) == (due_verify, due_first)
        depth[sum(kind == HAND_BACK for kind, *_ in history)] += 1
    leads = stack.sql("select complaint_id, count(*) from assignment where lead and state <> 7 group by 1 having count(*) <> 1")
    assert leads == []
    print("hand-backs of a complaint:", sorted(depth.items()), "acts:", dict(nation.counts))
    assert sum(count for times, count in depth.items() if times >= 3) > COMPLAINTS / 50, "the dice must reach the arbiter"
    assert nation.counts["cleared"] and sum((data or {}).get("words", False) for history in histories.values() for _, _, _, data in history)
    assert nation.counts["bound"] and nation.counts["target"] and nation.counts["done"] > COMPLAINTS
