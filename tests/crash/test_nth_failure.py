"""The N-th call of the spool fails, some of the errors: what the row t5_nth_failure does with all."""
from nthfail import everything, no_exit_is_caught

ERRORS = {"pwrite64": ("EIO",), "fdatasync": ("EIO", "ENOSPC"), "fsync": ("EIO",), "fallocate": ("ENOSPC",), "openat": ("EMFILE",)}


def test_nth_failure(folder):
    problems = everything(folder, (1, 5, 20), ERRORS)
    assert not problems, "\n".join(problems[:20])


def test_going_on_is_caught(folder):
    assert no_exit_is_caught(folder)
