"""A PostgreSQL cluster of a test's own: in its folder, on a unix socket there, nowhere else.

    with PrivatePostgres(folder) as postgres:
        postgres.sql("select 1")            # as superuser
        postgres.conninfo("aduan_query")    # for a program under test

Run as root it becomes user `postgres` for the server, which refuses root.  fsync stays on.
"""
import glob
import os
import pwd
import select
import shutil
import signal
import subprocess
import threading
import time

import psycopg2
import psycopg2.errors
import psycopg2.extensions


def _binary(name):
    found = sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"))
    if not found:
        raise RuntimeError(f"{name} is not there: install postgresql-15")
    return found[-1]


def _children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def _environment():
    """That of a server as deploy/up starts it."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "deploy", "lib", "postgres.env")
    with open(path, encoding="ascii") as file:
        return dict(os.environ, **dict(line.strip().split("=", 1) for line in file if not line.startswith("#")))


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


class PrivatePostgres:
    def __init__(self, folder, database="aduan"):
        self.folder = os.path.abspath(folder)
        self.data = os.path.join(self.folder, "cluster")
        self.database = database
        self.connections = threading.local()
        self.settings = "-c shared_buffers=32MB -c max_connections=40 -c max_wal_size=1GB"
        self.wal_segment = 1  # MiB: little to copy; who measures takes what a server has, 16
        self.as_user = "postgres" if os.geteuid() == 0 else None

    def _run(self, *command):
        if self.as_user:
            command = ("setpriv", "--reuid", self.as_user, "--regid", self.as_user, "--init-groups", *command)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", env=_environment(), check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}:\n{done.stdout}")

    def make_folder(self):
        os.makedirs(self.folder, exist_ok=True)
        if self.as_user:
            user = pwd.getpwnam(self.as_user)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            os.chmod(self.folder, 0o755)

    def __enter__(self):
        self.make_folder()
        if not os.path.exists(self.data):
            self._run(_binary("initdb"), "-D", self.data, "-A", "trust", "-U", "super", "-E", "UTF8", "--locale=C",
                      f"--wal-segsize={self.wal_segment}", "--data-checksums", "--no-sync")
        self.start()
        try:
            self.sql("select 1")
        except psycopg2.OperationalError:  # it was made just now
            self.sql(f'create database "{self.database}"', database="postgres")
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self, wait=True):
        """Starts the server and waits until it answers; or does not wait."""
        self._run(_binary("pg_ctl"), "-D", self.data, "-l", os.path.join(self.folder, "log"), "-w" if wait else "-W", "-t", "60", "-s",
                  "-o", f"-k {self.folder} -c listen_addresses= {self.settings}", "start")

    def answers(self):
        """Does it take connections now?"""
        try:
            return self.sql("select 1") == [(1,)]
        except psycopg2.Error:
            return False

    def stop(self, mode="immediate"):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            self._run(_binary("pg_ctl"), "-D", self.data, "-m", mode, "-w", "-s", "stop")

    def _server(self):
        """The number of the server's first process, or None."""
        try:
            with open(os.path.join(self.data, "postmaster.pid"), encoding="ascii") as file:
                return int(file.readline())
        except (FileNotFoundError, ValueError):
            return None

    def family(self):
        """The server's processes, the first one first."""
        server = self._server()
        return [server] + _children(server) if server else []

    def kill(self):
        """SIGKILL to the server and all its children, as a power cut of the database's host would end
        them; returns when they are gone.  (The first process alone would leave children behind that
        keep a new server from starting.)"""
        server = self._server()
        if server is None:
            return
        try:
            os.kill(server, signal.SIGSTOP)  # it makes no more children
        except ProcessLookupError:
            pass
        family = self.family()
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        deadline = time.monotonic() + 30
        while any(_lives(pid) for pid in family):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the server's processes {family} do not end")
            time.sleep(0.002)
        # its number may live on as a zombie, which a new server would take for a rival
        for lock in (os.path.join(self.data, "postmaster.pid"), os.path.join(self.folder, ".s.PGSQL.5432.lock")):
            if os.path.exists(lock):
                os.unlink(lock)

    def conninfo(self, user="super"):
        return f"host={self.folder} dbname={self.database} user={user}"

    def connect(self, user="super", database=None):
        connection = psycopg2.connect(host=self.folder, dbname=database or self.database, user=user)
        connection.autocommit = True
        return connection

    def _kept(self, user, database):
        """The calling thread's own connection: to make one for each question would cost more than all questions do."""
        kept = self.connections.__dict__.setdefault("kept", {})
        connection = kept.get((user, database))
        # what an idle server says is that it ends
        if connection is None or connection.closed or select.select([connection], [], [], 0)[0]:
            connection = kept[user, database] = self.connect(user, database)
        return connection

    def sql(self, text, *values, user="super", database=None):
        """Runs one text, as if on a connection of its own; its rows, or None where it has none.  Programs that run may lock the same rows in
        another order: the text that PostgreSQL ends for that has done nothing, and is said again."""
        for _ in range(4):
            try:
                return self._sql(text, values, user, database)
            except psycopg2.errors.DeadlockDetected:
                pass
        return self._sql(text, values, user, database)

    def _sql(self, text, values, user, database):
        connection = self._kept(user, database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(text, values or None)
                rows = cursor.fetchall() if cursor.description else None
                if connection.info.transaction_status != psycopg2.extensions.TRANSACTION_STATUS_IDLE:
                    connection.close()  # its own "begin" ends with it
                else:
                    cursor.execute("discard all")
                return rows
        except BaseException:
            connection.close()
            raise

    def migrate(self, schema):
        """The roles, then every file of a schema folder in order."""
        for role in ("aduan_store", "aduan_query", "aduan_desk", "aduan_web", "aduan_audit", "aduan_identity"):
            self.sql(f"do $$ begin create role {role} login; exception when duplicate_object then null; end $$")
        for path in sorted(glob.glob(os.path.join(schema, "*.sql"))):
            with open(path, encoding="utf-8") as file:
                self.sql(file.read())

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
