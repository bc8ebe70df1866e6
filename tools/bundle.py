"""Make one archive that installs Fenhe on a machine without a network.

    python tools/bundle.py [FOLDER]      (make bundle; the archive goes to dist/)

Inside: the wheel of Fenhe with the pages' assets, every wheel uv.lock names for this Python and
platform, pip as a wheel, install.sh, the systemd unit, the guides for operators, checksums.
Run by the Python the bundle is for.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
import bootstrap  # noqa: E402

EXTRAS = tuple(os.environ.get("EXTRAS", "server").split(","))  # "server,demo": 77 MB more
GUIDES = ("install", "backup", "upgrade", "operate")
NEEDED = (
    "platform/web/static/vendor/manifest.json",
    "platform/locale/zh_Hans/LC_MESSAGES/django.mo",
)


def run(*command: str) -> str:
    """Run a command in the checkout and return what it printed; stop when it fails."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=bootstrap.environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        bootstrap.fail(f"{Path(command[0]).name} {command[1]} failed; its message is above")
    return done.stdout


def wheel(uv: str, into: Path) -> str:
    """Build the wheel of Fenhe and return its version."""
    run(uv, "build", "--quiet", "--wheel", "--out-dir", str(into), str(ROOT))
    (made,) = into.glob("fenhe-*.whl")
    return made.name.split("-")[1]


def dependencies(uv: str, work: Path, into: Path) -> None:
    """Bring every wheel the lock file names for this machine, hash by hash, and pip itself."""
    locked = work / "locked.txt"
    extras = [word for name in EXTRAS for word in ("--extra", name)]
    run(
        uv,
        "export",
        "--quiet",
        "--frozen",
        "--no-emit-project",
        "--output-file",
        str(locked),
        *extras,
    )
    run(uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(work / "pip"))
    pip = [str(work / "pip" / "bin" / "python"), "-m", "pip", "download", "-qq"]
    pip += ["--disable-pip-version-check", "--only-binary", ":all:", "--dest", str(into)]
    run(*pip, "--require-hashes", "--requirement", str(locked))
    run(*pip, "--no-deps", "pip")


def lay_out(work: Path) -> Path:
    """Put everything into one folder and return it."""
    uv = bootstrap.find_uv()
    wheels = work / "wheels"
    wheels.mkdir()
    version = wheel(uv, wheels)
    dependencies(uv, work, wheels)
    python = "{}.{}".format(*sys.version_info[:2])
    machine = sysconfig.get_platform()
    folder = work / f"fenhe-{version}-python{python}-{machine}"
    (folder / "docs").mkdir(parents=True)
    wheels.rename(folder / "wheels")
    for path in (ROOT / "packaging").iterdir():
        shutil.copy(path, folder)
    for name in GUIDES:
        shutil.copy(ROOT / "docs" / "how-to" / f"{name}.md", folder / "docs")
    shutil.copy(ROOT / "LICENSE", folder)
    describe(folder, version)
    sums(folder)
    return folder


def describe(folder: Path, version: str) -> None:
    """Write BUNDLE: what the archive holds and which Python and platform it is for."""
    python = "{}.{}".format(*sys.version_info[:2])
    machine = sysconfig.get_platform()
    told = {"VERSION": version, "PYTHON": python, "PLATFORM": machine, "EXTRAS": ",".join(EXTRAS)}
    lines = [f"BUNDLE_{name}={value}\n" for name, value in told.items()]
    (folder / "BUNDLE").write_text("".join(lines))


def sums(folder: Path) -> None:
    """Write SHA256SUMS over every file."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n"
        for path in files
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def main(dist: Path) -> Path:
    """Make the bundle; return the archive."""
    bootstrap.newer_python()
    absent = [name for name in NEEDED if not (ROOT / "src" / "fenhe" / name).is_file()]
    if absent:
        bootstrap.fail(f"the pages' assets are not made ({absent[0]}): run make bundle")
    dist.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=dist, prefix=".bundle-") as name:
        folder = lay_out(Path(name))
        archive = dist / f"{folder.name}.tar"
        with tarfile.open(archive.with_suffix(".part"), "w") as tar:  # wheels are compressed
            tar.add(folder, folder.name)
        os.replace(archive.with_suffix(".part"), archive)
    print(f"{archive}: {archive.stat().st_size / 1e6:.0f} MB")
    return archive


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist")
