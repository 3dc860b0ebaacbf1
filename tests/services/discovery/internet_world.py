"""What the tests of this folder share: a machine in a small internet with a real name server and a real HTTPS server."""
import contextlib
import http.server
import json
import pathlib
import socket
import sqlite3
import subprocess
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402
from lab.world import daemon_program  # noqa: E402

LISTS = "203.0.113.200"
LISTS_HOLE = "2001:db8:3::1"
POOL = {f"203.0.113.{i}": f"pool{i}" for i in range(1, 4)} | {f"198.51.{i}.1": f"pool{i}" for i in range(4, 9)}
NTP = {f"ntp{i}.list.example": f"198.18.{i}.1" for i in range(1, 6)}
MANY = {f"many{i}.list.example": f"198.18.{i % 5 + 1}.1" for i in range(1, 29)}
CORP = {"ntp.corp.example": "10.99.0.1"}
DNS_SILENT = "127.0.0.9"
# As in the code: a stage, and a name that is asked for.
DISCOVER_DEADLINE_S = 12
NAME_DEADLINE_S = 5
LOADED_S = 8  # what a machine that does much else may add to either; a second wait in a row would add more


def records(pool=tuple(POOL)) -> list:
    """Lines of the zones that unbound serves; `pool` is whom the continent's zone has at the time."""
    lines = [f"2.asia.pool.ntp.org. A {address}" for address in pool]
    lines += ["2.asia.pool.ntp.org. AAAA 2001:db8:1::1", "2.in.pool.ntp.org. A 203.0.113.1", "2.in.pool.ntp.org. A 203.0.113.2"]
    lines += [f"{name}. A {address}" for name, address in (NTP | MANY | CORP).items()]
    lines += ["_ntp._udp.corp.example. SRV 10 5 123 ntp.corp.example.", "_ntp._udp.corp.example. SRV 20 5 123 .",
              f"lists.example. A {LISTS}", f"lists.example. AAAA {LISTS_HOLE}", f"other.example. A {LISTS}",
              f"mirror.example. A {LISTS}",
              "a.loop.example. CNAME b.loop.example.", "b.loop.example. CNAME a.loop.example.",
              "turned.list.example. A 192.168.7.7", "six.list.example. AAAA 2001:db8:2::1"]
    return lines


class Truncating(http.server.BaseHTTPRequestHandler):
    """Promises more than it sends."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b"cut.list.example\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


class InternetWorld(lab.Machine):
    """A machine in Asia whose only way to names is unbound."""

    def __init__(self):
        super().__init__()
        self.add_addresses([*POOL, *NTP.values(), *CORP.values(), LISTS])
        (self.directory / "resolv.conf").write_text(
            "nameserver 127.0.0.1\nsearch dead.example corp.example\noptions timeout:1 attempts:1\n")
        self._silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._silent.bind((DNS_SILENT, 53))
        self._hole = []
        self.fakes = self.start_fake_servers(
            [f"{address} name=n{i} stratum=2 delay=2ms jitter=100us refid=10.9.0.{i}"
             for i, address in enumerate([*POOL, *NTP.values(), *CORP.values()], start=1)])

    def close(self) -> None:
        for sock in (self._silent, *self._hole):
            sock.close()
        super().close()

    def start_unbound(self, pool=tuple(POOL)) -> None:
        zones = sorted({".".join(line.split()[0].split(".")[-3:]) for line in records(pool)})
        config = self.directory / "unbound.conf"
        config.write_text("\n".join([
            "server:", "  interface: 127.0.0.1", "  do-daemonize: no", '  username: ""', '  chroot: ""', f'  directory: "{self.directory}"',
            '  pidfile: ""', "  use-syslog: no", '  logfile: ""', "  log-queries: yes", "  verbosity: 1", '  module-config: "iterator"',
            "  rrset-roundrobin: yes", "  do-not-query-localhost: no", "  do-ip6: no", "  num-threads: 1",
            *[f'  local-zone: "{zone}" static' for zone in zones],
            *[f'  local-data: "{line}"' for line in records(pool)],
            *[text for zone in ("dead.example", "hole.example")
              for text in ("stub-zone:", f'  name: "{zone}"', f"  stub-addr: {DNS_SILENT}")],
            "remote-control:", "  control-enable: no"]) + "\n")
        self.unbound = self.start(f"unbound{len(self.processes)}", [daemon_program("unbound", "usr/sbin/unbound"), "-d", "-p", "-c", config])
        self.wait_for(lambda: "start of service" in self.unbound.log() or not self.unbound.is_running(), 60, "unbound")
        if not self.unbound.is_running():
            raise RuntimeError(self.unbound.log())

    def asked(self, name: str, kind: str = "A") -> int:
        """How many questions unbound heard for these records of a name since it was started."""
        return sum(f" {name}. {kind} IN" in line for line in self.unbound.log().splitlines())

    def start_nginx(self, pages: dict) -> None:
        """https://lists.example and mirror.example with these pages, their certificate by a CA that this world trusts, as
        other.example's is not."""
        folder = self.directory / "nginx"
        root = folder / "root"
        root.mkdir(parents=True)
        for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (folder / name).mkdir()
        for name, text in pages.items():
            (root / name).write_text(text)
        self._make_certificates(folder)
        self._make_black_hole(LISTS_HOLE)
        upstream = http.server.ThreadingHTTPServer(("127.0.0.1", 8081), Truncating)
        threading.Thread(target=upstream.serve_forever, daemon=True).start()
        config = folder / "nginx.conf"
        self.access = folder / "access.log"
        config.write_text(f"""daemon off; master_process off; error_log stderr; pid {folder}/pid;
events {{}}
http {{
  access_log {self.access};
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen {LISTS}:443 ssl; server_name lists.example mirror.example; root {root};
    ssl_certificate {folder}/lists.pem; ssl_certificate_key {folder}/lists.key;
    location /slow {{ limit_rate 20; }}
    location = /hop4 {{ return 302 https://lists.example/hop3; }}
    location = /hop3 {{ return 307 /hop2; }}
    location = /hop2 {{ return 301 https://lists.example/hop1; }}
    location = /hop1 {{ return 308 https://lists.example/good.txt; }}
    location = /away {{ return 302 https://mirror.example/good.txt; }}
    location = /downgrade {{ return 302 http://lists.example/good.txt; }}
    location = /private {{ return 302 https://10.0.0.1/good.txt; }}
    location = /mapped {{ return 302 https://[::ffff:127.0.0.1]/good.txt; }}
    location = /group {{ return 302 https://224.0.1.1/good.txt; }}
    location = /zero {{ return 302 https://0.0.0.0/good.txt; }}
    location = /inside {{ return 302 https://turned.list.example/good.txt; }}
    location = /nowhere {{ return 302 https://x1.hole.example/good.txt; }}
    location = /truncated {{ proxy_pass http://127.0.0.1:8081; proxy_buffering off; }}
  }}
  server {{
    listen {LISTS}:443 ssl; server_name other.example; root {root};
    ssl_certificate {folder}/other.pem; ssl_certificate_key {folder}/other.key;
  }}
}}
""")
        self.nginx = self.start("nginx", [daemon_program("nginx", "usr/sbin/nginx"), "-p", folder, "-c", config])
        self.wait_for(lambda: _accepts(LISTS, 443) or not self.nginx.is_running(), 60, "nginx")
        if not self.nginx.is_running():
            raise RuntimeError(self.nginx.log())

    def _make_black_hole(self, address: str) -> None:
        """A full backlog: the kernel drops each SYN for port 443 of this address without a word."""
        self.run(["ip", "address", "add", f"{address}/128", "dev", "lo", "nodad"])
        listener = socket.create_server((address, 443), family=socket.AF_INET6, backlog=0)
        self._hole = [listener]
        for _ in range(3):
            waiting = socket.socket(socket.AF_INET6)
            waiting.setblocking(False)
            waiting.connect_ex((address, 443))
            self._hole.append(waiting)

    def _make_certificates(self, folder) -> None:
        def openssl(*words):
            subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        openssl("req", "-x509", *key, "-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-days", 30, "-subj", "/CN=Test CA")
        for name, trusted in (("lists", True), ("other", False)):
            names = f"DNS:{name}.example,DNS:mirror.example"
            extra = ("-CA", folder / "ca.pem", "-CAkey", folder / "ca.key") if trusted else ()
            openssl("req", "-x509", *key, "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", "-days", 30,
                    "-subj", f"/CN={name}.example", "-addext", f"subjectAltName={names}",
                    "-addext", "basicConstraints=critical,CA:FALSE", *extra)
        self.bind(folder / "ca.pem", pathlib.Path("/etc/ssl/certs/ca-certificates.crt"))

    def settle(self, discovery: str, max_candidates: int = 20) -> None:
        """The daemon with these lines in [discovery], and a chronyd on one of the good servers."""
        self.chrony = self.start_chronyd_client([f"server {NTP['ntp1.list.example']} iburst"])
        chronyc = f'chrony_conf = "{self.chrony.config}"\nchronyc = "{" ".join(self.chrony.chronyc_argv)}"\n'
        self.config.write_text(f"[discovery]\nglobal = false\ncloud = false\n{discovery}\n"
                               f"[probe]\nsamples = 1\ntimeout = \"1s\"\nmax_candidates = {max_candidates}\n"
                               f"[schedule]\nboot_delay = \"30min\"\n[apply]\n{chronyc}")
        self.config.chmod(0o644)
        self.wait_for(self.chrony.is_synchronised, 30, "chronyd to follow its server")
        self.start_private_bus()
        self.start_ntpoptd()

    def age_memory(self, change, seconds: int) -> None:
        """Stops ntpoptd and starts it on a memory in which `change`, called with the database and microseconds, made
        something that much older."""
        self.daemon.stop()
        with sqlite3.connect(self.directory / "state" / "ntpopt.db") as database:
            change(database, seconds * 10**6)
        database.close()
        self.start_ntpoptd()

    def look(self, meanwhile=None) -> dict:
        """The document of a dry run, whatever its outcome was. `meanwhile` is called when it has been asked for."""
        argv = [self.program("ctl/ntpoptctl"), "reoptimize", "--dry-run", "--json"]
        with subprocess.Popen(argv, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as asked:
            if meanwhile:
                meanwhile(asked)
            return json.loads(asked.communicate(timeout=120)[0])


def stage(document: dict, name: str) -> dict:
    return next(stage for stage in document["stages"] if stage["stage"] == name)


def discover_stage(document: dict) -> dict:
    return stage(document, "discover")


def verdicts(document: dict) -> dict:
    """Name to "verdict: reason"; of a name with several addresses the last."""
    return {server["name"]: f"{server['verdict']}: {server['reason']}" for server in document["servers"]}


def _accepts(address: str, port: int) -> bool:
    with contextlib.closing(socket.socket()) as sock:
        return sock.connect_ex((address, port)) == 0
