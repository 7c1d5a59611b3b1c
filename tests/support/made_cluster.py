"""A cluster with the schema, the calendar and the registry of the tests in it, made once for all stacks of a build.

To make one costs some seconds of a core, to copy it a tenth of one; nearly every test has a stack of its own.
"""
import contextlib
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import time

from private_postgres import PrivatePostgres

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CALENDAR = os.path.join(ROOT, "deploy", "calendar", "days_off.tsv")
ROLES = os.path.join(ROOT, "deploy", "roles.sql")


def migrate(build, postgres, *command):
    done = subprocess.run([os.path.join(build, "store/aduan-migrate"), "-d", postgres.conninfo("aduan_migrate"), *command],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"aduan-migrate {' '.join(command)}:\n{done.stdout}")
    return done.stdout


def fill(build, postgres):
    """Roles, schema, calendar."""
    with open(ROLES, encoding="utf-8") as file:
        postgres.sql(file.read())
    migrate(build, postgres, "schema")
    migrate(build, postgres, "calendar", CALENDAR, "--shipped")


def _only_its_database(postgres):
    """Without those that no stack looks into there is half as much to copy."""
    postgres.sql("update pg_database set datistemplate = false where datname = 'template0'")
    for name in ("template0", "postgres"):
        postgres.sql(f"drop database {name} with (force)")


def _name(build, registry, postgres):
    """What it is made of decides where it is kept."""
    digest = hashlib.blake2b(str(postgres.wal_segment).encode(), digest_size=8)
    for path in [os.path.join(build, "store/aduan-migrate"), ROLES, CALENDAR, *sorted(glob.glob(os.path.join(registry, "*")))]:
        with open(path, "rb") as file:
            digest.update(path.encode() + b"\0" + hashlib.blake2b(file.read()).digest())
    return digest.hexdigest()


@contextlib.contextmanager
def _locked(path):
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _tidy(folder):
    """Those of earlier builds."""
    for path in glob.glob(os.path.join(folder, "*")):
        with contextlib.suppress(FileNotFoundError):  # another test's, made and renamed meanwhile
            if os.path.getmtime(path) < time.time() - 86400:
                shutil.rmtree(path, ignore_errors=True)


def lay(build, registry, postgres):
    """Copies it to where `postgres` will have its data, before that is started for the first time."""
    folder = os.path.join(build, "clusters")
    os.makedirs(folder, mode=0o755, exist_ok=True)
    kept = os.path.join(folder, _name(build, registry, postgres))
    with _locked(kept + ".lock"):
        if not os.path.exists(kept):
            _tidy(folder)
            making = PrivatePostgres(kept + ".making")
            making.wal_segment = postgres.wal_segment
            making.settings += " -c wal_recycle=off"  # or what is copied holds the log of its making
            making.remove()
            with making:
                fill(build, making)
                migrate(build, making, "registry", registry)
                _only_its_database(making)
                making.stop("fast")
            os.rename(making.data, kept)
            making.remove()
    postgres.make_folder()
    subprocess.run(["cp", "-a", "--reflink=auto", kept, postgres.data], check=True)


