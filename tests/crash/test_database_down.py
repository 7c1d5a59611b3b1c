"""Ten seconds without PostgreSQL, twice: what the row t8_database_down does for a minute."""
from outage import database_down
from stack import Stack


def test_database_down(folder):
    with Stack(folder, programs=("store", "router", "intake", "query")) as stack:
        problems, _ = database_down(stack, 10, 100)
        assert not problems, "\n".join(problems[:20])
