"""The doors under attack, in short: T17 with 4,000 messages, T18 with 3,000 strangers, and what one key
alone might do to all others."""
import os
import random
import signal
import time

import msgpack
import zmq

import siege
from collect import metrics
from hostile import DOORS, Line, Maker, bundle, frame
from raw_zmtp import storm
from siege import rss
from stack import Stack

# Freed memory is kept by the address sanitizer for a while; a little of it, where memory is measured.
LEAN = {"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:quarantine_size_mb=1:thread_local_quarantine_size_kb=64"}
SIEGE = {"programs": siege.PROGRAMS, "workers": siege.WORKERS, "adapters": siege.ADAPTERS, "recent": siege.RECENT}


def test_four_thousand_hostile_ones(folder):
    with Stack(os.path.join(folder, "stack"), environment=LEAN, **SIEGE) as stack:
        problems, _ = siege.besiege(stack, folder, 4000, 300, 17, None, alone=2.0)
        assert not problems, "\n".join(problems[:20])


def test_the_control_without_the_bounds_scan(folder):
    problems = []
    try:
        with Stack(os.path.join(folder, "stack"), environment={"MUTANT": "scan_off"}, **SIEGE) as stack:
            problems, _ = siege.besiege(stack, folder, 1500, 250, 17, None, alone=0.5)
    except AssertionError as wrong:  # the sanitizer has seen it too
        problems.append(str(wrong))
    assert any("bomb" in problem or "ended" in problem or "AddressSanitizer" in problem for problem in problems), problems


def test_three_thousand_strangers(folder):
    with Stack(folder, environment=LEAN) as stack:
        problems, _ = storm(stack, 3000, 18, stays_most=6)  # as this process sees it, on a machine that has other things to do
        assert not problems, problems


def doors(stack):
    return ((DOORS[0], f"tcp://127.0.0.1:{stack.ports['intake']}", stack.server_key("intake"), stack.keys["adapter-sms"]),
            (DOORS[1], f"tcp://127.0.0.1:{stack.ports['router']}", stack.server_key("router"), stack.keys["worker-all"]))


def test_a_peer_that_never_reads_is_ended(folder):
    """300,000 pings to each door, not one answer read: memory stays, and others are served."""
    with Stack(folder, environment=LEAN) as stack:
        assert stack.adapter("web").hello(30) and stack.worker().hello(30)
        for way in doors(stack):
            program = stack[way[0].program]
            before = rss(program.process.pid)
            line = Line(*way)
            line.close()
            deaf = zmq.Context.instance().socket(zmq.DEALER)
            deaf.linger = 0
            deaf.setsockopt(zmq.RCVHWM, 1)
            deaf.setsockopt(zmq.SNDHWM, 1000)
            deaf.curve_serverkey = way[2].encode()
            deaf.curve_publickey, deaf.curve_secretkey = (key.encode() for key in way[3])
            deaf.connect(way[1])
            deaf.send(frame(1, {1: 1, 2: "deaf", 3: os.urandom(16)}))
            ping, most = frame(4, {}), before
            for number in range(300000):
                deaf.send(ping)
                if number % 5000 == 0:
                    most = max(most, rss(program.process.pid))
            answers = Line(*way)  # another connection is served all the while
            answers.close()
            most = max(most, rss(program.process.pid))
            deaf.close()
            assert metrics(stack, way[0].program)["link_unread_total"] >= 1
            assert most - before < 16, (before, most)


def test_a_hundred_thousand_words_in_a_frame(folder):
    """Bundles full of the smallest words: a turn is not as long as ten of them, and others are served."""
    with Stack(folder, environment=LEAN) as stack:
        assert stack.adapter("web").hello(30) and stack.worker().hello(30)
        hello = frame(1, {1: 1, 2: "", 3: os.urandom(16)})
        for way in doors(stack):
            for word in (frame(4, {}), hello, frame(3, {1: 1, 2: 1}), b"\xc0"):
                many = bundle(*[[word]] * ((1 << 20) // (5 + len(word)) - 1))
                line, slowest = Line(*way), 0.0
                for _ in range(20):
                    line.socket.send(many)
                for _ in range(5):
                    began = time.monotonic()
                    Line(*way).close()
                    slowest = max(slowest, time.monotonic() - began)
                line.close()
                assert stack[way[0].program].alive() and slowest < 2, (way[0].name, word[:8], slowest)


def test_one_key_cannot_take_all_places(folder):
    with Stack(folder) as stack:
        assert stack.adapter("web").hello(30)
        way = doors(stack)[0]
        lines = [Line(*way) for _ in range(64)]
        unheard = metrics(stack, "intake")["link_unheard_total"]
        one_more = Line(*way, greets=False)
        one_more.socket.send(frame(1, {1: 1, 2: "one more", 3: os.urandom(16)}))
        assert one_more.take(1.0) is None
        assert metrics(stack, "intake")["link_unheard_total"] == unheard + 1
        assert stack.adapter("web").hello(5)
        lines.pop().close()
        deadline = time.monotonic() + 15
        while True:  # the place of one that went is free after three silent beats
            one_more.socket.send(frame(1, {1: 1, 2: "one more", 3: os.urandom(16)}))
            if one_more.take(0.5):
                break
            for line in lines:
                line.beat()
            assert time.monotonic() < deadline
        for line in (*lines, one_more):
            line.close()


def test_a_new_hello_brings_no_more_credit(folder):
    """What an older conversation left under way pays its credit to nobody."""
    with Stack(folder) as stack:
        assert stack.worker().hello(30)
        way, maker = doors(stack)[1], Maker(random.Random(1))
        line = Line(*way)
        os.kill(stack["store"].process.pid, signal.SIGSTOP)
        for _ in range(400):
            line.socket.send(frame(33, maker.fields(maker.by_name["act"])))
        line.socket.send(frame(1, {1: 1, 2: "again", 3: os.urandom(16)}))
        assert line.take(10)[0] == "welcome"
        os.kill(stack["store"].process.pid, signal.SIGCONT)
        pongs, deadline = 0, time.monotonic() + 30
        while pongs < 4:  # a second each: long after the store's answers
            line.socket.send(frame(4, {}))
            end = time.monotonic() + 1
            while line.socket.poll(max(0, int((end - time.monotonic()) * 1000))):
                _, number, fields = msgpack.unpackb(line.socket.recv_multipart()[0], strict_map_key=False)
                pongs += number == 5
                assert number == 5 or number == 3 and fields[1] <= 512, (number, fields)  # credit beyond the window, an old answer
            assert time.monotonic() < deadline
        line.close()
