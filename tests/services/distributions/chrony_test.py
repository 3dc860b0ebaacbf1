"""Default configurations of the distributions: what is detected and planned is held against golden.json beside each tree,
and after a change and the way back every file of the distribution is as it was.

With NTPOPT_GOLDEN=write the golden files are written anew, to be read before they are committed.
"""
import json
import os
import unittest

from distributions_world import CHRONY, HERE, NTS, ChronyOfDistribution
from lab.applier import Refused, servers
import lab

CHOSEN = ["n1.test", "n2.test", "n3.test", "newpool.test"]


def normalised(seen, plan):
    """What does not depend on the addresses that chronyd happens to have picked."""
    deletions = [step for step in plan["steps"] if step.startswith("chronyc delete")]
    steps = [step for step in plan["steps"] if step not in deletions[1:]]
    if deletions:
        steps[steps.index(deletions[0])] = "chronyc delete (each source of the old names)"
    return {
        "observed": {key: seen[key] for key in ("service", "unit", "config_path", "active", "base_names", "capabilities", "refusals")
                     if key in seen},
        "origins": sorted({source["origin"] for source in seen["sources"]}),
        "plan": {"steps": steps, "verify": plan["verify"], "files": plan["files"], "refusals": plan["refusals"]},
    }


class Golden(unittest.TestCase):
    maxDiff = None

    def check(self, name):
        distribution = CHRONY[name]
        lines = ["edit_files = true"] if distribution.edit_files else []
        with ChronyOfDistribution(name, distribution, lines) as world:
            world.wait_for(world.is_synchronised, 30, "chronyd to follow the distribution's servers")
            found = normalised(world.call("observe"), world.call("plan", servers(CHOSEN)))
            golden = HERE / name / "golden.json"
            if os.environ.get("NTPOPT_GOLDEN") == "write":
                golden.write_text(json.dumps(found, indent=1) + "\n")
            self.assertEqual(found, json.loads(golden.read_text()))
            self.assertEqual(world.files(), world.before, "a plan changes nothing")

            pid = world.systemd.pid(distribution.unit)
            report = world.apply(CHOSEN)
            self.assertEqual((report["state"], report.get("reason")), ("committed", None), world.applier.log())
            self.assertEqual(world.followed(), CHOSEN)
            report = world.finish(world.call("rollback", {"original": True}))
            self.assertEqual(report["state"], "committed", report)
            self.assertEqual(world.followed(), sorted(distribution.pools))
            self.assertEqual(world.systemd.pid(distribution.unit), pid)
            self.assertEqual(world.files(), world.before)

    def test_nts_is_not_given_up_unless_it_is_allowed(self):
        with ChronyOfDistribution("ubuntu-25.10", NTS["ubuntu-25.10"]) as world:
            with self.assertRaisesRegex(Refused, r"1\.ntp\.ubuntu\.com is authenticated.*allow_auth_downgrade"):
                world.call("plan", servers(CHOSEN))
            with self.assertRaisesRegex(Refused, "allow_auth_downgrade"):
                world.call("apply", servers(CHOSEN))
            self.assertEqual(world.files(), world.before)

    def test_rhel_8_asks_for_leave(self):
        with ChronyOfDistribution("rhel-8", CHRONY["rhel-8"]) as world:
            with self.assertRaisesRegex(Refused, r"edit_files = true, or add the line .* to /etc/chrony\.conf"):
                world.call("apply", servers(CHOSEN))
            self.assertEqual(world.files(), world.before)


def _test_of(name):
    return lambda self: self.check(name)


for _name in CHRONY:
    setattr(Golden, "test_chrony_of_" + _name.replace("-", "_").replace(".", "_"), _test_of(_name))


if __name__ == "__main__":
    lab.main()
