"""Whatever people, machines, reporters and routers say, in any order: no invariant breaks, and nothing is done that may not be."""
import os
import random

from store_door import StoreDoor
from test_hand_back import agency, registry, stack  # noqa: F401
from walk import Walk


def test_whatever_is_said(stack, agency):
    seed = int(os.environ.get("ADUAN_SEED", "0")) or random.SystemRandom().randrange(1 << 32)
    print("seed", seed)
    door = StoreDoor(stack)
    Walk(stack, door, agency, random.Random(seed)).run(int(os.environ.get("ADUAN_WALK", "700")))
    door.close()
    stack.peers.remove(door)
