"""A small world to test in: real NTP daemons, fake NTP servers and a private bus, in namespaces of their own.

    import lab
    if __name__ == "__main__":
        lab.main()          # unittest.main() inside fresh namespaces, as root, without CAP_SYS_TIME

    with lab.World() as world:
        world.add_names({"good.example": ["127.1.1.1"]})
        world.start_fake_servers(["127.1.1.1 name=good delay=2ms"])
        chrony = world.start_chronyd_client(["server good.example iburst"])
        world.wait_for(chrony.is_synchronised, 20, "chronyd to follow its server")

Everything lives in the namespaces and on a tmpfs in them, so nothing is left behind however a test ends. Nothing here can
move this machine's clock: the capability is dropped before the first daemon starts, and chronyd runs with -x.
"""
from lab.applier import ApplierWorld
from lab.following import Following
from lab.internet import Internet
from lab.machine import Machine
from lab.namespaces import enter, main, need_root
from lab.ntpd import Ntpd
from lab.processes import Process, Watch, wait_for
from lab.systemd import Systemd
from lab.timesyncd import Timesyncd
from lab.world import Chrony, FakeServers, World

__all__ = ["ApplierWorld", "Chrony", "FakeServers", "Following", "Internet", "Machine", "Ntpd", "Process", "Systemd", "Timesyncd", "Watch",
           "World", "enter", "main", "need_root", "wait_for"]
