"""A virtual environment in a folder, over the one that runs: what is there is there in it, too, and more can be added.

Nothing is fetched: a distribution is built by the hatchling that is installed, and its requirements must be there.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

NAME = ".venv"


def make(folder: Path) -> Path:
    """Make it below `folder`; returns the folder of its programs, `dxa` and `python` among them."""
    home = folder / NAME
    _run(sys.executable, "-m", "venv", "--without-pip", str(home))
    programs = home / "bin"
    below = f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    (packages(home) / "below.pth").write_text(below, encoding="utf-8")
    script = programs / "dxa"
    script.write_text(
        f"#!{programs / 'python'}\nimport sys\n\nfrom dxa.cli import main\n\nsys.exit(main())\n", encoding="utf-8"
    )
    script.chmod(0o755)
    return programs


def packages(home: Path) -> Path:
    """Where it keeps its modules."""
    return Path(sysconfig.get_path("purelib", "venv", vars={"base": str(home), "platbase": str(home)}))


def install(programs: Path, *what: str) -> None:
    """`pip install`, of what lies on this machine."""
    _pip(str(programs / "python"), *what)


def install_into(folder: Path, distribution: Path) -> None:
    """Install a distribution, built as a wheel, in a folder that is to be on the path of Python."""
    _pip(sys.executable, "--target", str(folder), str(distribution))


def wheel(distribution: Path, folder: Path) -> list[Path]:
    """Build the wheel of a distribution into a folder; returns what is there."""
    _pip(sys.executable, "--wheel-dir", str(folder), str(distribution), command="wheel")
    return sorted(folder.iterdir())


def _pip(python: str, *words: str, command: str = "install") -> None:
    offline = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index")
    _run(python, "-m", "pip", command, *offline, *words)


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
