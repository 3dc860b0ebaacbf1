"""Twelve servers, six of them bad in four ways, in shuffled roles: none of the six is ever chosen, in a hundred rounds each
with a fresh memory. In every third round the three liars agree with each other."""
import json
import random
import unittest

import home  # noqa: F401  (it finds the lab)
import lab

ROUNDS = 100
ADDRESSES = [f"127.40.{i}.1" for i in range(1, 13)]
BAD = ["liar", "liar", "liar", "rate", "origin", "silent"]


def behaviour(role: str, lie_s: float) -> str:
    return {"good": "stratum=2 delay=3ms jitter=200us",
            "liar": f"stratum=1 delay=1ms offset={lie_s:.6f}s",
            "rate": "stratum=2 delay=2ms kod=RATE",
            "origin": "stratum=2 delay=2ms fault=wrong_origin",
            "silent": "stratum=2 silent=yes"}[role]


class Liars(unittest.TestCase):
    def test_no_bad_server_is_ever_chosen(self):
        dice = random.Random(2026)
        chosen_in_all = 0
        for number in range(ROUNDS):
            roles = BAD + ["good"] * (len(ADDRESSES) - len(BAD))
            dice.shuffle(roles)
            together = dice.uniform(0.05, 5.0) if number % 3 == 0 else None
            lies = [together or dice.choice([-1, 1]) * dice.uniform(0.05, 5.0) for _ in roles]
            with self.subTest(round=number, together=together):
                report = self.one_round(number, roles, lies)
                bad = {f"{address}:1123" for address, role in zip(ADDRESSES, roles) if role != "good"}
                self.assertEqual(set(report["selected"]) & bad, set())
                self.assertEqual(report["outcome"], "would_apply", report["reason"])
                self.assertGreaterEqual(len(report["selected"]), 3)
                chosen_in_all += len(report["selected"])
        print(f"{ROUNDS} rounds, {chosen_in_all} servers chosen, none of them bad")

    def one_round(self, number, roles, lies):
        with lab.Machine() as machine:
            machine.start_fake_servers(
                [f"{address}:1123 name=s{i} refid=10.8.0.{i} {behaviour(role, lie)}"
                 for i, (address, role, lie) in enumerate(zip(ADDRESSES, roles, lies), start=1)], seed=number)
            machine.write_config([f"{address}:1123" for address in ADDRESSES],
                                 '[probe]\nspacing = "50ms"\ntimeout = "300ms"\n[schedule]\nboot_delay = "30min"\n')
            machine.start_private_bus(applier=False)
            machine.start_ntpoptd()
            done = machine.ctl("reoptimize", "--dry-run", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)


if __name__ == "__main__":
    lab.main()
