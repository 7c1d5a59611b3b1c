"""The whole of Aduan on a machine's loopback and unix sockets, in a folder of its own.

    with Stack(folder) as stack:
        adapter = stack.adapter()
        adapter.submit("...")

Real PostgreSQL, real programs from the build named by ADUAN_BUILD.  Programs are killed by the pids
that were started here; every log is kept in `folder`/log and searched for sanitizer reports at stop.
"""
import functools
import os
import random
import signal
import socket
import subprocess
import sys
import time

import zmq

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(ROOT, "tests", "protocol")]

import made_cluster  # noqa: E402
from adapter import Adapter  # noqa: E402
from peer import frame  # noqa: E402
from people import SHOW, SHOWN, People, Reader  # noqa: E402
from private_postgres import PrivatePostgres  # noqa: E402
from worker import Worker  # noqa: E402

# A leak scan is half of a short program's life: of commands test_cli.py, test_libaduan.py and test_spool.py ask for it.
os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0:exitcode=99:handle_sigill=1")
BUILD = os.environ.get("ADUAN_BUILD", os.path.join(ROOT, "build"))
# All of a test comes from 127.0.0.1: it is counted where a test says `limit:` in its web section.
UNLIMITED = "  limit: {reports_hour: 0, reports_minute: 0, reads: 0, bodies: 0, codes_source: 0, contact: 0, text: 0, upload_token: 0}\n"
PROGRAMS = {"store": "store/aduan-store", "router": "router/aduan-router", "intake": "intake/aduan-intake",
            "query": "store/query/aduan-query", "desk": "router/desk/aduan-desk", "notifier": "notifier/aduan-notifier",
            "web": "intake/web/aduan-web"}
NOTICES = "  notices: email, sms, whatsapp\n"
REENCODER = os.path.join(BUILD, "common", "content", "reencode", "aduan-reencode")
REGISTRY = os.path.join(HERE, "registry")
CORE = ("store", "router", "intake")
DESK = (*CORE, "query", "desk")  # and who lets people in, from the front
WEB = (*CORE, "query", "web")  # and the public
ACCOUNTS = ("sms", "whatsapp", "mail", "open311", "desk-intake")  # adapters for which a front speaks; "web" is one, too


def free_port():
    """Free now, and not among those that the kernel lends to connections: while a program is down nobody gets it."""
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Program:
    """One daemon: started with its settings, ready when it says so on its descriptor."""

    def __init__(self, stack, name):
        self.stack, self.name, self.process, self.ready_fd = stack, name, None, None
        self.log = os.path.join(stack.folder, "log", name)
        self.starts = 0
        self.prefix = []  # what it runs under: strace, as `strace -D`, so that its pid is the program's

    def start(self, wait=True, **environment):
        read_end, write_end = os.pipe()
        log = open(self.log, "ab")  # pylint: disable=consider-using-with
        env = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99:handle_sigill=1", "UBSAN_OPTIONS": "print_stacktrace=1",
               **self.stack.environment, **environment}
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [*self.prefix, os.path.join(BUILD, PROGRAMS[self.name]), "-c", self.stack.settings, "-d", str(write_end)],
            stdout=log, stderr=log, pass_fds=[write_end], env=env)
        log.close()
        os.close(write_end)
        self.starts += 1
        self.ready_fd = read_end
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=60):
        ready = b""
        import select
        if select.select([self.ready_fd], [], [], seconds)[0]:
            ready = os.read(self.ready_fd, 1)
        os.close(self.ready_fd)
        self.ready_fd = None
        if ready != b"\n":
            raise RuntimeError(f"{self.name} did not come up:\n{self.tail()}")

    def wait_principals(self, seconds=60):
        """Until then its door refuses every key, and ZeroMQ does not try again."""
        path, deadline = os.path.join(self.stack.folder, "snapshots", self.name, "principals.snapshot"), time.monotonic() + seconds
        while not os.path.exists(path):  # what is written beside it is not in force
            assert time.monotonic() < deadline, f"{self.name} has not heard of any principal:\n{self.tail()}"
            time.sleep(0.01)

    def tail(self, lines=30):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-lines:])

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
        if self.process:
            self.process.wait()

    def terminate(self):
        if self.alive():
            self.process.send_signal(signal.SIGTERM)

    def stop(self, seconds=30):
        """TERM, and the exit status."""
        if not self.process:
            return 0
        self.terminate()
        if self.alive():
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise RuntimeError(f"{self.name} did not stop:\n{self.tail()}") from None
        return self.process.returncode


class Stack:
    def __init__(self, folder, registry=None, programs=CORE, settings="", workers=None, adapters=("web", "sms"), smtp=None,
                 environment=None, recent=100000, fronts=("desk", "cli", "web"), web="", notifier="", store="", desk=""):
        self.folder = os.path.abspath(folder)
        self.registry = registry or REGISTRY
        self.names = programs
        self.extra = settings
        self.environment = environment or {}
        self.adapters = adapters
        self.fronts = fronts
        self.workers = workers
        self.smtp = smtp
        self.web = web if "  limit:" in web else UNLIMITED + web  # further lines of its section of the settings
        self.notifier, self.store, self.desk = notifier, store, desk  # of theirs
        self.recent = recent
        self.settings = os.path.join(self.folder, "aduan.yaml")
        self.ports = {"intake": free_port(), "router": free_port(), "desk": free_port(), "web": free_port(), "metrics": free_port()}
        self.keys = {}
        self.programs = {}
        self.spool = "64MiB"
        self.peers = []
        self.beats = []  # called between the steps of what takes long, for who would be forgotten meanwhile
        self.people = People(self)
        self.postgres = PrivatePostgres(os.path.join(self.folder, "pg"))

    # ---- set-up

    def _path(self, *parts):
        return os.path.join(self.folder, *parts)

    def _make_keys(self):
        os.makedirs(self._path("keys"), exist_ok=True)
        if os.path.exists(self._path("keys", "id.key")):
            return
        from nacl.public import PrivateKey
        from nacl.signing import SigningKey

        def write(name, text):
            with open(self._path("keys", name), "w", encoding="ascii", opener=lambda p, f: os.open(p, f, 0o600)) as file:
                file.write(text)

        write("id.key", os.urandom(32).hex() + "\n")
        for name in ("access", "web", "gateway", "reply"):
            write(f"{name}.key", os.urandom(32).hex() + "\n")
        seed = os.urandom(32)
        write("audit.key", seed.hex() + "\n")
        write("audit.pub", bytes(SigningKey(seed).verify_key).hex() + "\n")
        for stem in ("seal", "contact"):
            secret = PrivateKey.generate()
            write(f"{stem}-1.pub", bytes(secret.public_key).hex() + "\n")
            write(f"{stem}-1.key", bytes(secret).hex() + "\n")
        names = ["intake", "router"] + [f"adapter-{n}" for n in self.adapters] + [f"worker-{n}" for n in self.workers]
        names += [f"front-{n}" for n in self.fronts]
        for name in names:
            public, secret = (key.decode() for key in zmq.curve_keypair())
            self.keys[name] = (public, secret)
            write(f"{name}.key", f"{public} {secret}\n")
            write(f"{name}.pub", f"{public}\n")

    def _agencies(self):
        with open(os.path.join(self.registry, "agencies.tsv"), encoding="utf-8") as file:
            return [line.split("\t")[0] for line in file][1:]

    def _write_principals(self):
        with open(self._path("principals.tsv"), "w", encoding="utf-8") as file:
            file.write("name\trole\tkey\trights\tagencies\tstate\n")
            for name in self.adapters:
                file.write(f"{name}\tadapter\t{self.keys['adapter-' + name][0]}\t{'emergency' if name == 'web' else '-'}\t-\tactive\n")
            for name in ("web", *ACCOUNTS):
                if name not in self.adapters:
                    file.write(f"{name}\tadapter\t{zmq.curve_keypair()[0].decode()}\t-\t-\tactive\n")
            for name, agencies in self.workers.items():
                file.write(f"{name}\tworker\t{self.keys['worker-' + name][0]}\t-\t{','.join(agencies)}\tactive\n")
            for name in self.fronts:
                file.write(f"front-{name}\tfront\t{self.keys['front-' + name][0]}\t-\t-\tactive\n")

    def _write_settings(self):
        smtp = f"  smtp:\n    url: {self.smtp}\n" if self.smtp else ""
        with open(self.settings, "w", encoding="utf-8") as file:
            file.write(f"run: {self._path('run')}\ndata: {self.folder}\nlog: {os.environ.get('ADUAN_LOG', 'info')}\n"
                       f"intake:\n  door: tcp://127.0.0.1:{self.ports['intake']}\n  recent: {self.recent}\n  spool:\n    bytes: {self.spool}\n    segment: {'64MiB' if self.spool.endswith('GiB') else '1MiB'}\n"
                       f"router:\n  door: tcp://127.0.0.1:{self.ports['router']}\n"
                       f"store:\n  database: {self.postgres.conninfo('aduan_store')}\n{self.store}"
                       f"query:\n  database: {self.postgres.conninfo('aduan_query')}\n  desk: {self.postgres.conninfo('aduan_desk')}\n  web: {self.postgres.conninfo('aduan_web')}\n"
                       f"audit:\n  database: {self.postgres.conninfo('aduan_audit')}\n"
                       f"identity:\n  database: {self.postgres.conninfo('aduan_identity')}\n"
                       f"desk:\n  door: tcp://127.0.0.1:{self.ports['desk']}\n  router: tcp://127.0.0.1:{self.ports['router']}\n  intake: tcp://127.0.0.1:{self.ports['intake']}\n  reencoder: {REENCODER}\n  metrics:\n    door: tcp://127.0.0.1:{self.ports['metrics']}\n{self.desk}"
                       f"web:\n  door: tcp://127.0.0.1:{self.ports['web']}\n  intake: tcp://127.0.0.1:{self.ports['intake']}\n  reencoder: {REENCODER}\n{'' if 'notices:' in self.web else NOTICES}{self.web}"
                       f"notifier:\n  domain: aduan.example\n{smtp}{self.notifier}"
                       f"aduan:\n  intake: tcp://127.0.0.1:{self.ports['intake']}\n  router: tcp://127.0.0.1:{self.ports['router']}\n"
                       f"{self.extra}")

    def migrate(self, *command):
        return made_cluster.migrate(BUILD, self.postgres, *command)

    def __enter__(self):
        for name in ("log", "run", "snapshots"):
            os.makedirs(self._path(name), exist_ok=True)
        if self.workers is None:
            self.workers = {"all": self._agencies()}
        made = self.registry == REGISTRY and not os.path.exists(self.postgres.data)
        if made:
            made_cluster.lay(BUILD, self.registry, self.postgres)
        self.postgres.__enter__()
        try:
            self._make_keys()
            self._write_principals()
            self._write_settings()
            if not made:
                made_cluster.fill(BUILD, self.postgres)
                self.migrate("registry", self.registry)
            self.migrate("principals", self._path("principals.tsv"))
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def _start(self):
        """All at once, as a machine does that comes up; their doors know whose key is whose when this is over."""
        for name in self.names:
            self.programs[name] = Program(self, name).start(wait=False)
        for program in self.programs.values():
            program.wait_ready()
        if "store" in self.names:
            for name in {"router", "intake"} & set(self.names):
                self.programs[name].wait_principals()

    def __exit__(self, kind, *_):
        for peer in self.peers:
            peer.close()
        for program in self.programs.values():
            program.terminate()
        statuses = {name: program.stop() for name, program in self.programs.items()}
        self.close()
        if kind is None:
            self.check_logs()
            bad = {name: status for name, status in statuses.items() if status not in (0, -9)}
            assert not bad, f"exit statuses {bad}"

    def close(self):
        for program in self.programs.values():
            program.kill()
        self.postgres.stop()

    def check_logs(self):
        for name, program in self.programs.items():
            with open(program.log, encoding="utf-8", errors="replace") as log:
                text = log.read()
            for sign in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "runtime error:", "our own bug"):
                assert sign not in text, f"{name}: {sign}\n{text[max(0, text.index(sign) - 500):][:6000]}"

    # ---- use

    def __getitem__(self, name):
        return self.programs[name]

    def restart(self, name, **environment):
        self.programs[name].kill()
        self.programs[name].start(**environment)

    def secret(self, name):
        """A key of hexadecimal digits, as the file has it."""
        with open(self._path("keys", f"{name}.key"), encoding="ascii") as file:
            return file.read().strip()

    def server_key(self, name):
        with open(self._path("keys", f"{name}.pub"), encoding="ascii") as file:
            return file.read().strip()

    def _adapter(self, key, name):
        peer = Adapter(f"tcp://127.0.0.1:{self.ports['intake']}", self.server_key("intake"), *self.keys[key], name)
        self.peers.append(peer)
        return peer

    def adapter(self, name="web", front="web"):
        """An adapter's key; where it names files a front's speaks for it, as aduan-web does (None: its own does, which intake refuses)."""
        def speaker():
            speaks = self._adapter(f"front-{front}", name)
            speaks.account = name
            return speaks
        peer = self._adapter(f"adapter-{name}", name)
        peer.front = functools.cache(speaker) if front in self.fronts else None
        return peer

    def worker(self, name="all"):
        peer = Worker(f"tcp://127.0.0.1:{self.ports['router']}", self.server_key("router"), *self.keys[f"worker-{name}"], name)
        self.peers.append(peer)
        return peer

    def front(self, name="desk"):
        """A front that speaks for people (support/people.py)."""
        return self.people.front(name)

    def person(self, agency=None, role=None, **more):
        """A new person with a session; appointed where an agency's code and a role are named."""
        return self.people.person(agency, role, **more)

    def reader(self):
        """Who asks aduan-query, also in a person's name."""
        return self.people.reader()

    def show(self, program, page="metrics"):
        """A page of a program's state, as it is now; a RuntimeError where nobody answers."""
        reader = Reader(self._path("run", f"{program}.ctl"))
        try:
            if not reader.hello(5):
                raise RuntimeError(f"{program} does not answer")
            reader.say([frame(SHOW, t1=page)])
            text = reader.take_number(SHOWN, 10)[1]
        except AssertionError as wrong:
            raise RuntimeError(f"{program}: {wrong}") from wrong
        finally:
            reader.close()
        return text.decode() if isinstance(text, bytes) else text

    def metric(self, program, name):
        """What a program's counter or gauge says now."""
        return int(next(line.split()[-1] for line in self.show(program).splitlines() if line.startswith(f"aduan_{name} ")))

    def sql(self, text, *values):
        return self.postgres.sql(text, *values)

    def rewrite(self, text, *values):
        """Changes what is append-only, as nobody but a test may: time that has passed."""
        return self.sql(f"set session_replication_role = replica; {text}", *values)

    def agency(self, code):
        return self.sql("select agency_id from agency where code = %s", code)[0][0]

    def wait(self, question, *values, seconds=30):
        """The rows of a query as soon as there are any."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            rows = self.sql(question, *values)
            if rows:
                return rows
            time.sleep(0.02)
        raise AssertionError(f"not within {seconds} s: {question} {values}\n" +
                             "\n".join(f"--- {n}\n{p.tail(12)}" for n, p in self.programs.items()))

    def checks(self):
        """Every invariant of store/sql/check must return no row."""
        folder = os.path.join(ROOT, "store", "sql", "check")
        for name in sorted(os.listdir(folder)):
            for beat in self.beats:
                beat()
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                rows = self.sql(file.read())
            assert not rows, f"store/sql/check/{name}: {rows[:5]}\n{self.history(str(rows[0][0]))}"

    def history(self, complaint):
        """What has happened to a complaint, for whom a check has found it; nothing for what is no complaint's id."""
        events = self.sql("select number, at, kind, principal, agency, data, text from event where complaint_id::text = %s order by at, number", complaint)
        return "\n".join(map(str, events))
