"""The watch that other tests hold over a change (lab.Following) sees a chronyd that has nobody to follow, which chronyd itself
does not tell: changes in the right order and in wrong ones, made by chronyc."""
import unittest

from applier_world import ApplierWorld, NAMES
import lab

NEW_NAMES = [f"n{i}.test" for i in range(1, 4)]
NEW = [NAMES[name][0] for name in NEW_NAMES]


class Following(unittest.TestCase):
    def setUp(self):
        self.world = ApplierWorld()
        self.addCleanup(self.world.close)
        self.chrony = self.world.chrony

    def add_new_ones(self):
        for address in NEW:
            self.chrony.chronyc("add", "server", address, "iburst")

    def delete_old_ones(self):
        for row in self.chrony.sources():
            if row["id"] not in NEW:
                self.chrony.chronyc("delete", row["id"])

    def wait_for_new_ones(self):
        self.world.wait_for(lambda: self.chrony.is_synchronised() and
                            sum(row["id"] in NEW and row["state"] in "*+-" for row in self.chrony.sources()) == len(NEW), 30,
                            "chronyd to follow the new ones")

    def test_the_new_ones_proven_before_the_old_ones_go(self):
        with lab.Following(self.chrony, 10) as watch:
            self.add_new_ones()
            self.world.wait_for(lambda: sum(row["id"] in NEW and row["state"] in "*+-" for row in self.chrony.sources()) == len(NEW), 30,
                                "the new ones to answer")
            self.delete_old_ones()
            self.wait_for_new_ones()
        self.assertEqual(watch.faults, [])
        self.assertGreater(watch.looks, 0)

    def test_the_old_ones_gone_before_the_new_ones_answer(self):
        memory = lab.Watch(lambda: self.chrony.leap() == "Not synchronised")
        self.world.set_fakes(NEW_NAMES, "silent=yes")
        with lab.Following(self.chrony, 10) as watch, memory:
            self.add_new_ones()
            self.delete_old_ones()
            self.world.wait_for(lambda: watch.faults, 60, "the watch to see it")
            self.world.set_fakes(NEW_NAMES, "silent=no")
            self.wait_for_new_ones()
        self.assertRegex(" ".join(watch.faults), "without a source to select")
        self.assertEqual(memory.faults, [], "chronyd's own word shows nothing of it")

    def test_the_old_ones_gone_before_the_new_ones_come(self):
        with lab.Following(self.chrony, 0) as watch:
            self.delete_old_ones()
            # chronyd chooses anew while they go one by one, which is not what is looked for.
            self.world.wait_for(lambda: "without any source" in watch.faults, 60, "the watch to see it")
            self.add_new_ones()
            self.wait_for_new_ones()

    def test_a_choice_that_takes_too_long(self):
        """Those that are left have no sample that came since chronyd last chose: it waits for one, and all can be selected."""
        self.world.set_fakes(["pool.test", "base.test"], "silent=yes")
        with lab.Following(self.chrony, 1) as watch:
            for _ in range(3):
                for row in self.chrony.sources():
                    if row["state"] == "*":
                        self.chrony.chronyc("delete", row["id"])
            self.world.wait_for(lambda: watch.faults, 30, "the watch to see it")
        self.assertRegex(watch.faults[0], "^without a selected source for")


if __name__ == "__main__":
    lab.main()
