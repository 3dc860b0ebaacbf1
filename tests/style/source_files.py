"""The files of the project as git knows them, for the style tests."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked(*patterns: str) -> list[pathlib.Path]:
    """Files that git tracks or would track, below the project's root; without git, every file that matches."""
    command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others",
               "--exclude-standard", "--", *patterns]
    listing = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).exists()]


def code(*folders: str) -> list[pathlib.Path]:
    return [path for path in tracked("*.cpp", "*.hpp")
            if not folders or path.relative_to(ROOT).parts[0] in folders]
