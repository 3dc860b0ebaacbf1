"""What the tests of this folder share: a settled machine whose ntpoptd tells people by a real Exim (STARTTLS, TLS, or
neither; authentication) and by a real nginx that plays Slack, Discord and webhooks, both with certificates of a test CA."""
import base64
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import lab  # noqa: E402
from lab.world import NOBODY, daemon_program  # noqa: E402

GOOD = {f"good{i}.test": f"127.20.{i}.1" for i in range(1, 6)}
OLD = {"old.test": "127.30.1.1"}
WEB, MAIL = "127.40.1.1", "127.40.2.1"
STRANGER = "127.40.2.2"  # the same Exim with a certificate that nobody here trusts
PASSWORD, SECRET = "pAsSwOrD-7f3a", "wEbHoOk-SeCrEt-91c2"
PATHS = {"slack": "/services/T000/B000/sLaCkToKeN55", "discord": "/api/webhooks/42/dIsCoRdToKeN77", "webhook": "/hook/wEbToKeN33"}
LOGIN, ECHO = "lOgInPaSs/66e1", "eChOtOkEn-88"  # of the URL of a server that repeats what it is asked
SECRETS = [PASSWORD, SECRET, "sLaCkToKeN55", "dIsCoRdToKeN77", "wEbToKeN33", "oThErToKeN11", "hAnGsToKeN22", LOGIN, ECHO]


def openssl(*words) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def secrets_in(text: str) -> list:
    """Those of which six characters in a row stand there, as they are or as SMTP and HTTP send them (RFC 4616, RFC 7617)."""
    sent = [base64.b64encode(secret.encode()).decode().rstrip("=") for secret in SECRETS]
    return [secret for secret in SECRETS + sent if any(secret[i:i + 6] in text for i in range(len(secret) - 5))]


class NoticesWorld(lab.Machine):
    def __init__(self):
        super().__init__()
        self.certificates = self._folder("certificates")
        self.secrets = self._folder("secrets")
        self.shown = []  # by ntpoptctl
        self.hole = socket.create_server((WEB, 444))  # accepts in the backlog, and says nothing
        self._make_certificates()

    def close(self) -> None:
        self.hole.close()
        super().close()

    def _folder(self, name: str) -> pathlib.Path:
        folder = self.directory / name
        folder.mkdir(mode=0o755)
        return folder

    def _make_certificates(self) -> None:
        folder = self.certificates
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 30)
        for authority in ("ca", "stranger"):
            openssl("req", "-x509", *key, "-keyout", folder / f"{authority}.key", "-out", folder / f"{authority}.pem", "-subj",
                    f"/CN=Test CA {authority}")
        for name, authority in (("web", "ca"), ("mail", "ca"), ("other", "stranger")):
            extra = ("-CA", folder / f"{authority}.pem", "-CAkey", folder / f"{authority}.key")
            openssl("req", "-x509", *key, "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem", "-subj", f"/CN={name}.test",
                    "-addext", f"subjectAltName=DNS:{name}.test", "-addext", "basicConstraints=critical,CA:FALSE", *extra)
        for path in folder.iterdir():
            os.chown(path, NOBODY, NOBODY)
        self.bind(folder / "ca.pem", pathlib.Path("/etc/ssl/certs/ca-certificates.crt"))

    def secret(self, name: str, content: str, mode: int = 0o640) -> pathlib.Path:
        """A file as the administrator makes it: root's, readable by the daemon's group."""
        path = self.secrets / name
        path.write_text(content + "\n")
        os.chown(path, 0, NOBODY)
        path.chmod(mode)
        return path

    def start_nginx(self) -> None:
        folder = self._folder("nginx")
        for name in ("body", "proxy", "fastcgi", "uwsgi", "scgi"):
            (folder / name).mkdir()
        self.posts_log = folder / "posts.jsonl"
        config = folder / "nginx.conf"
        config.write_text(f"""daemon off; master_process off; error_log stderr; pid {folder}/pid;
events {{}}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi; client_body_buffer_size 1m;
  log_format post escape=json '{{"path":"$request_uri","type":"$content_type","time":"$http_x_ntpopt_timestamp",'
                              '"signature":"$http_x_ntpopt_signature","body":"$request_body"}}';
  server {{ listen 127.0.0.1:8081; access_log off; location / {{ return 200; }} }}
  server {{
    listen {WEB}:443 ssl; server_name web.test; access_log {self.posts_log} post;
    ssl_certificate {self.certificates}/web.pem; ssl_certificate_key {self.certificates}/web.key;
    location / {{ proxy_pass http://127.0.0.1:8081; }}
    location = /moved {{ return 307 https://web.test/hook; }}
  }}
  server {{
    listen {WEB}:443 ssl; server_name other.test; access_log off;
    ssl_certificate {self.certificates}/other.pem; ssl_certificate_key {self.certificates}/other.key;
    location / {{ return 200; }}
  }}
  server {{
    listen {WEB}:445 ssl; server_name web.test; access_log off;
    ssl_certificate {self.certificates}/web.pem; ssl_certificate_key {self.certificates}/web.key;
    location /asked {{ return 500 "you asked for $request_uri"; }}
    location /signed {{ return 403 "$http_authorization, not {SECRET} as in $http_x_ntpopt_signature"; }}
    location /long {{ return 500 "{'.' * 56} I am https://web.test:445$request_uri"; }}
    location /moved {{ return 307 https://hooks:{LOGIN}@web.test:445$request_uri; }}
  }}
}}
""")
        self.nginx = self.start("nginx", [daemon_program("nginx", "usr/sbin/nginx"), "-p", folder, "-c", config])
        self._wait_for_port(WEB, 443, self.nginx)

    def start_exim(self) -> None:
        """Port 587 has STARTTLS, 465 TLS from the first byte, and whoever talks there has to log in; port 25 has no TLS,
        takes log-ins and wants none. Debian's Exim insists on its user, so this world's list of users has one."""
        folder = self._folder("exim")
        for path, line in (("passwd", f"Debian-exim:x:{NOBODY}:{NOBODY}::{folder}:/bin/false\n"), ("group", f"Debian-exim:x:{NOBODY}:\n")):
            (folder / path).write_text(pathlib.Path("/etc", path).read_text() + line)
            self.bind(folder / path, pathlib.Path("/etc", path))
        for name in ("spool", "log", "mail"):
            (folder / name).mkdir()
            os.chown(folder / name, NOBODY, NOBODY)
        self.mail_folder = folder / "mail"
        self.exim_log = folder / "log" / "mainlog"
        self.greylist = folder / "mail" / "greylist"  # while it exists
        program = daemon_program("exim4-daemon-light", "usr/sbin/exim4")
        config = folder / "exim.conf"
        config.write_text(f"""primary_hostname = mail.test
local_interfaces = {MAIL} : {STRANGER}
daemon_smtp_ports = 25 : 465 : 587
tls_on_connect_ports = 465
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/pid
log_selector = +incoming_interface +smtp_no_mail
tls_advertise_hosts = ${{if eq{{$received_port}}{{25}}{{}}{{*}}}}
tls_certificate = {self.certificates}/${{if eq{{$received_ip_address}}{{{MAIL}}}{{mail}}{{other}}}}.pem
tls_privatekey = {self.certificates}/${{if eq{{$received_ip_address}}{{{MAIL}}}{{mail}}{{other}}}}.key
auth_advertise_hosts = ${{if and{{{{eq{{$tls_in_cipher}}{{}}}}{{!eq{{$received_port}}{{25}}}}}}{{}}{{*}}}}
acl_smtp_rcpt = recipient
acl_smtp_data = accept
disable_ipv6
keep_environment =
host_lookup =
rfc1413_hosts =
never_users =
begin acl
recipient:
  deny !authenticated = *
       condition = ${{if eq{{$received_port}}{{25}}{{no}}{{yes}}}}
  deny recipients = gone@admins.test
  defer recipients = second@admins.test
        message = greylisted
        condition = ${{if exists{{{self.greylist}}}}}
  accept
begin routers
all:
  driver = accept
  local_parts = first : second
  transport = files
begin transports
files:
  driver = appendfile
  directory = {self.mail_folder}/$local_part_data
  maildir_format
  delivery_date_add
  user = Debian-exim
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{time}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth2
""")
        self.exim_argv = [program, "-C", config, "-bdf"]
        self.start_exim_again()

    def start_exim_again(self) -> None:
        self.exim = self.start("exim", self.exim_argv)
        self._wait_for_port(MAIL, 587, self.exim)

    def _wait_for_port(self, address, port, process) -> None:
        def accepts():
            with contextlib.closing(socket.socket()) as sock:
                return sock.connect_ex((address, port)) == 0
        self.wait_for(lambda: accepts() or not process.is_running(), 30, f"{address}:{port}")
        if not process.is_running():
            raise RuntimeError(process.log())

    def settle(self) -> None:
        """Everything runs, chronyd follows its old server, every channel is configured; no round has run."""
        names = GOOD | OLD
        self.add_names({name: [address] for name, address in (names | {"web.test": WEB, "other.test": WEB, "mail.test": MAIL}).items()})
        self.fakes = self.start_fake_servers(
            [f"{address} name={name.split('.')[0]} stratum=2 delay={'40ms' if name in OLD else '2ms'} jitter=100us refid=10.9.0.{i}"
             for i, (name, address) in enumerate(names.items(), start=1)])
        self.start_nginx()
        self.start_exim()
        files = {name: self.secret(name, f"https://web.test{path}") for name, path in PATHS.items()}
        self.secret("password", PASSWORD)
        self.secret("hook-secret", SECRET)
        self.heard = self.directory / "state" / "heard"
        (self.directory / "state").mkdir(mode=0o700, exist_ok=True)
        os.chown(self.directory / "state", NOBODY, NOBODY)
        self.notify = f"""
[notify.email]
server = "mail.test"
from = "ntpopt@machine.test"
to = ["first@admins.test", "gone@admins.test", "second@admins.test"]
username = "time"
password_file = "{self.secrets}/password"
[notify.slack]
url_file = "{files['slack']}"
[notify.discord]
url_file = "{files['discord']}"
[[notify.webhook]]
url_file = "{files['webhook']}"
secret_file = "{self.secrets}/hook-secret"
[notify.command]
argv = ["/usr/bin/tee", "-a", "{self.heard}"]
"""
        self.chrony = self.start_chronyd_client(["server old.test iburst"])
        self.write_config(GOOD, f'[probe]\nspacing = "100ms"\n[schedule]\nboot_delay = "30min"\n{self.notify}')
        self.wait_for(self.chrony.is_synchronised, 30, "chronyd to follow its old server")
        self.start_private_bus()
        self._capture_bus()
        self.start_ntpoptd()

    def _capture_bus(self) -> None:
        """Every message on the bus from now on goes to a file as it is."""
        self.monitor = self.start("monitor", ["dbus-monitor", "--system", "--binary"])
        self.bus_messages("begin")

    def bus_messages(self, mark: str) -> str:
        """All until now: those that were sent before the last one, of our own, which names the mark."""
        def marked():
            self.has_owner(f"ntpopt.mark.{mark}")
            log = pathlib.Path(self.monitor.log_path).read_bytes().decode("latin-1")
            return log if f"ntpopt.mark.{mark}" in log else ""
        return self.wait_for(marked, 60, "the monitor of the bus")

    def mails(self, user: str) -> list:
        """Those that were delivered to a user, the oldest first."""
        folder = self.mail_folder / user / "new"
        return [path.read_text() for path in sorted(folder.iterdir())] if folder.exists() else []

    def posts(self, name: str) -> list:
        """What nginx was sent at a path."""
        if not self.posts_log.exists():
            return []
        rows = [json.loads(line) for line in self.posts_log.read_text().splitlines()]
        return [row for row in rows if row["path"] == PATHS[name]]

    def ctl(self, *words, timeout: float = 120):
        done = super().ctl(*words, timeout=timeout)
        self.shown.append(done.stdout + done.stderr)
        return done

    def test_channel(self, *channel) -> dict:
        done = self.ctl("notify", "test", *channel, "--json")
        return {row["channel"]: row for row in json.loads(done.stdout)}


def signature(post: dict) -> str:
    return "sha256=" + hmac.new(SECRET.encode(), f"{post['time']}.{post['body']}".encode(), hashlib.sha256).hexdigest()
