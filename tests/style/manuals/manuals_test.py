"""Manual pages, journal catalog and completion against the programs: every option, verb, exit code, key, field, MESSAGE_ID."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAMS = dict(zip(("ntpoptd", "ntpopt-apply", "ntpoptctl"), sys.argv[1:4]))
del sys.argv[1:4]
PAGES = sorted((ROOT / "docs/man").glob("*.[158]"))
COMPLETIONS = {shell: (ROOT / f"packaging/completion/ntpoptctl.{shell}").read_text() for shell in ("bash", "zsh", "fish")}
JOURNAL = (ROOT / "daemon/io/sys/journal.hpp").read_text()
CATALOG = (ROOT / "packaging/systemd/ntpopt.catalog").read_text()


def plain(page):
    """The text of a manual without roff's escapes and fonts."""
    text = next(path for path in PAGES if path.name.rsplit(".", 1)[0] == page).read_text()
    text = re.sub(r"\\f[BIR]", "", text).replace("\\-", "-").replace("\\(aq", "'").replace("\\e", "\\")
    return re.sub(r'^\.\w+ |"', "", text, flags=re.M)


def help_of(program, *verbs):
    return subprocess.run([PROGRAMS[program], *verbs, "--help"], check=True, capture_output=True, text=True).stdout


def options_of(text):
    return set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", text))


def offered(help_text):
    """The options of a help's left column."""
    return options_of("\n".join(re.findall(r"(?m)^  (-.*?)(?:  |$)", help_text)))


def verbs():
    return re.findall(r"^  ([a-z]+)  ", help_of("ntpoptctl").split("Subcommands:")[1].split("Exit codes")[0], re.M)


def options_of_verbs():
    """Every option of every verb, of "blacklist add" too."""
    words = [(verb,) for verb in verbs()] + [("blacklist", "add"), ("blacklist", "remove")]
    return {option for verb in words for option in offered(help_of("ntpoptctl", *verb))}


class Manuals(unittest.TestCase):
    def test_rendered_pages_are_up_to_date(self):
        done = subprocess.run([sys.executable, ROOT / "docs/man/render.py", "--check"], capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_every_page_renders_without_a_warning(self):
        self.assertEqual(len(PAGES), 7)
        for page in PAGES:
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], capture_output=True, text=True,
                                  env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
            self.assertEqual((done.returncode, done.stderr), (0, ""), page.name)

    def test_every_option_of_every_program_is_explained(self):
        for program in PROGRAMS:
            wanted = offered(help_of(program)) | (options_of_verbs() if program == "ntpoptctl" else set())
            self.assertGreater(len(wanted), 5)
            self.assertEqual(wanted - options_of(plain(program)), set(), program)

    def test_every_verb_is_explained(self):
        self.assertGreater(len(verbs()), 8)
        for verb in verbs():
            self.assertRegex(plain("ntpoptctl"), rf"(?m)^{verb}\b")

    def test_exit_codes_are_those_of_the_program(self):
        codes = re.findall(r"^    \w+ = (\d+),", (ROOT / "common/exit_code.hpp").read_text(), re.M)
        section = plain("ntpoptctl").split("EXIT STATUS")[1].split("ENVIRONMENT")[0]
        self.assertEqual(re.findall(r"^(\d+)(?: .*)?$", section, re.M), codes)
        table = (ROOT / "docs/interface.md").read_text().split("| exit code | meaning |")[1].split("\n\n")[0]
        self.assertEqual(re.findall(r"^\| (\d+) \|", table, re.M), codes)

    def test_every_key_of_the_configuration_is_explained(self):
        keys = set(re.findall(r"^\| `([\w.]+)` \| [^|]* \| [^|]* \| [^|]* \| ", (ROOT / "docs/configuration.md").read_text(), re.M))
        self.assertGreater(len(keys), 40)
        page = plain("ntpopt.toml")
        self.assertEqual({key for key in keys if f"\n{key} = " not in page}, set())

    def test_every_member_of_the_bus_is_explained(self):
        page = plain("org.ntpopt1")
        for part in ("Manager", "Applier"):
            members = re.findall(r'<(?:method|signal|property) name="(\w+)"', (ROOT / f"dbus/org.ntpopt1.{part}.xml").read_text())
            self.assertGreater(len(members), 6)
            self.assertEqual({name for name in members if not re.search(rf"(?m)^{name}[( ]", page)}, set())

    def test_the_question_for_a_password_names_all_that_it_allows(self):
        face = (ROOT / "daemon/api/manager_face.cpp").read_text()
        policy = (ROOT / "packaging/polkit/org.ntpopt1.policy.in").read_text()
        methods = {re.findall(r"ManagerFace::(\w+)\(", face[:use.start()])[-1] for use in re.finditer("Action::configure", face)}
        words = {"SetInterval": "interval", "Blacklist": "blacklist", "Unblacklist": "blacklist", "Reload": "reload", "TestNotice": "test notice"}
        self.assertEqual(methods, set(words), "a method that the question does not know")
        question = policy.split('id="org.ntpopt1.configure"')[1].split("<message>")[1].split("</message>")[0]
        for method, word in words.items():
            self.assertIn(word, question, method)

    def test_the_distance_to_the_next_round_is_told_as_it_is(self):
        for text in (" ".join(plain("ntpoptctl").split()), (ROOT / "docs/interface.md").read_text()):
            self.assertIn("half an interval to one and a half after the first one since ntpoptd started", text)

    def test_message_ids_are_the_same_in_source_manual_and_catalog(self):
        wanted = set(re.findall(r'MessageId k\w+\{"([0-9a-f]{32})"', JOURNAL))
        self.assertGreater(len(wanted), 10)
        self.assertEqual(set(re.findall(r"(?m)^([0-9a-f]{32})\|", plain("ntpoptd"))), wanted)
        self.assertEqual(set(re.findall(r"(?m)^-- ([0-9a-f]{32})$", CATALOG)), wanted)

    def test_every_journal_field_is_explained(self):
        sources = "".join(path.read_text() for path in (ROOT / "daemon").rglob("*.cpp"))
        written = set(re.findall(r'"(NTPOPT_[A-Z_]+)"', sources)) - {"NTPOPT_USER", "NTPOPT_DATA_DIR"}
        self.assertGreater(len(written), 8)
        self.assertEqual(written - set(re.findall(r"NTPOPT_[A-Z_]+", plain("ntpoptd"))), set())
        self.assertEqual(written - set(re.findall(r"NTPOPT_[A-Z_]+", (ROOT / "docs/interface.md").read_text())), set())
        self.assertEqual(set(re.findall(r"@(NTPOPT_[A-Z_]+)@", CATALOG)) - written, set())


class Packages(unittest.TestCase):
    def test_everything_names_the_same_version(self):
        version = re.search(r"project\(ntpopt VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
        self.assertIn(f"ntpopt ({version}) ", (ROOT / "packaging/debian/changelog").read_text())
        self.assertRegex((ROOT / "packaging/rpm/ntpopt.spec").read_text(), rf"(?m)^Version: +{re.escape(version)}$")
        for page in PAGES:
            self.assertIn(f'"ntpopt {version}"', page.read_text(), page.name)

    def test_packages_list_every_manual_and_unit(self):
        spec, cmake = (ROOT / "packaging/rpm/ntpopt.spec").read_text(), (ROOT / "packaging/CMakeLists.txt").read_text()
        for page in PAGES:
            self.assertIn(f"/{page.name}*", spec)
            self.assertIn(f"/{page.name}\"", cmake)
        for unit in (ROOT / "packaging/systemd").glob("*.service.in"):
            self.assertIn(f"%{{_unitdir}}/{unit.stem}", spec)


class Completion(unittest.TestCase):
    def test_verbs_and_options_are_known_to_every_shell(self):
        wanted = {option.removeprefix("--") for option in options_of_verbs() | offered(help_of("ntpoptctl"))}
        for shell, text in COMPLETIONS.items():
            for word in {*verbs(), *wanted}:
                self.assertRegex(text, rf"(?<!\w)(?<!\w-){word}(?![\w-])", f"{shell}: {word}")

    def bash(self, *words, names=("a.test", "b.test")):
        """What TAB offers behind these words, where the daemon knows these servers."""
        servers = {"servers": [{"rank": rank, "name": name} for rank, name in enumerate(names, start=1)]}
        with tempfile.TemporaryDirectory() as folder:
            fake = pathlib.Path(folder) / "ntpoptctl"
            fake.write_text("#!/bin/sh\ncase \"$*\" in *blacklist*) echo '[{\"server\":\"bad.test\"}]' ;; "
                            f"*) echo '{json.dumps(servers)}' ;; esac\n")
            fake.chmod(0o755)
            script = f'source "{ROOT}/packaging/completion/ntpoptctl.bash"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ntpoptctl; ' \
                     'printf "%s\\n" "${COMPREPLY[@]}"'
            done = subprocess.run(["bash", "-c", script, "bash", "ntpoptctl", *words], capture_output=True, text=True,
                                  env={**os.environ, "LC_ALL": "C.UTF-8", "PATH": f"{folder}:{os.environ['PATH']}"})
            self.assertEqual(done.stderr, "")
            return done.stdout.split()

    def test_bash_offers_verbs_options_and_the_daemons_servers(self):
        self.assertEqual(self.bash("re"), ["reoptimize", "report"])
        self.assertEqual(self.bash("reoptimize", "--dr"), ["--dry-run"])
        self.assertEqual(self.bash("explain", ""), ["--json", "--no-color", "--no-pager", "--no-ask-password", "--host", "--timeout", "--help", "a.test", "b.test"])
        self.assertEqual(self.bash("-H", "somewhere", "history", "b"), ["b.test"])
        self.assertEqual(self.bash("blacklist", "add", "a"), ["a.test"])
        self.assertEqual(self.bash("blacklist", "remove", "b"), ["bad.test"])

    def test_names_that_a_shell_would_run_are_not_offered(self):
        with tempfile.TemporaryDirectory() as folder:
            names = [f"$(>{folder}/run)", f"`>{folder}/run`", "a b", "c;d", "-e", "$HOME", "[2001:db8::1]:1123", "fine_1.test"]
            self.assertEqual(self.bash("blacklist", "add", "", names=names)[-2:], ["[2001:db8::1]:1123", "fine_1.test"])
            offered = self.bash("explain", "", names=names)
            self.assertFalse(set(names[:-2]) & set(offered), offered)
            self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    sys.exit(unittest.main())
