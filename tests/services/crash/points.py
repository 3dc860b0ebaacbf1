"""The points at which the applier is stopped or cheated: the system calls of one change that touch the journal, the
service's files, or another process."""
import re

# What changes something, or could fail where something is changed. How the applier speaks to others is the side's to say.
ON_FILES = ("openat", "write", "fchmod", "fsync", "renameat", "renameat2", "unlinkat", "mkdirat")


def watched_paths(side, state_dir):
    """The folders, the files and the temporary names beside them, as strace's -P takes them."""
    files = [state_dir / "txn.json", *side.files()]
    paths = {path for file in files for path in (file, file.parent, *(file.parent / f".{file.name}.{end}" for end in ("new", "ntpopt-old")))}
    return sorted(str(path) for path in paths)


def tracer(output, calls, paths=(), inject=None):
    argv = ["strace", "-qq", "-o", str(output), "-e", f"trace={','.join(calls)}"]
    for path in paths:
        argv += ["-P", path]
    return argv + (["-e", f"inject={inject}"] if inject else [])


def count_calls(trace_text):
    """How often each system call stands in a trace."""
    counts = {}
    for line in trace_text.splitlines():
        found = re.match(r"(\w+)\(", line)
        if found:
            counts[found[1]] = counts.get(found[1], 0) + 1
    return counts


def points_of(before, after, what):
    """(call, number, what) for each call between two counts of one trace."""
    return [(call, number, what) for call in after for number in range(before.get(call, 0) + 1, after[call] + 1)]
