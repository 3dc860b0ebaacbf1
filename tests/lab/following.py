"""Whether a chronyd has somebody to follow at every moment of a change: what its sources are, since its own word for being
synchronised is a memory that outlives them."""
from __future__ import annotations

import time

from lab.processes import Watch

SELECTABLE = "*+-"


def fault_of(leap: str, sources: list) -> str:
    """What is wrong with one look at a chronyd, "" where nothing is; leap status and sources as Chrony.glance() tells them."""
    if leap == "Not synchronised":
        return "not synchronised"
    if not sources:
        return "without any source"
    if not any(row["state"] in SELECTABLE for row in sources):
        return "without a source to select: " + ", ".join(f"{row['id']} {row['state']}" for row in sources)
    return ""


class Following(Watch):
    """Looks at a chronyd all the time. `faults` are the looks that found nobody whom it could follow.

    When the source goes that chronyd follows, it takes the best of the others with the next sample that comes from that
    one, and has selected none in between, although they can be (SRC_SelectSource() of chrony's sources.c). New sources are
    asked every 2 s at first, so that is a second or two; the applier undoes a change after which it takes longer than the
    proof may. `choice_may_s` is how long it may take here, `longest_choice_s` how long it took.
    """

    def __init__(self, chrony, choice_may_s: float):
        super().__init__(self.observe)
        self.chrony, self.choice_may_s = chrony, choice_may_s
        self.longest_choice_s, self._since = 0.0, None

    def observe(self) -> str:
        leap, sources = self.chrony.glance()
        now = time.monotonic()
        if any(row["state"] == "*" for row in sources):
            self._since = None
            return fault_of(leap, sources)
        self._since = now if self._since is None else self._since
        choice_s = now - self._since
        self.longest_choice_s = max(self.longest_choice_s, choice_s)
        return fault_of(leap, sources) or (f"without a selected source for {choice_s:.1f} s" if choice_s > self.choice_may_s else "")
