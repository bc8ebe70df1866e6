"""Prepare .venv from uv.lock with nothing but a plain python3.

    python3 tools/bootstrap.py env|demo|test

A fresh machine may have no venv module, no pip and an interpreter that refuses
system-wide installs; so uv is looked for on PATH, else put into .tools by pip,
else by a venv. What is installed is exactly what uv.lock names, hash by hash,
from whatever package index the machine is set to use. Safe to run twice at once.

Old interpreters must be able to read this file far enough to be told so: keep
its syntax plain.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOLS = os.path.join(ROOT, ".tools")
VENV = os.path.join(ROOT, ".venv")
OLDEST = (3, 11)

# Each profile holds the ones before it. All make the web assets; env goes without them
# where npm can not be reached, since the command line needs none.
PROFILES = {
    "env": ["--extra", "demo", "--group", "assets"],
    "demo": ["--extra", "demo", "--group", "assets"],
    "test": ["--extra", "demo", "--extra", "bench", "--group", "assets", "--group", "test"],
}


def fail(line):
    """Print one line for a person and stop."""
    sys.exit("fenhe: " + line)


def newer_python():
    """Go on under a newer interpreter when python3 is too old; fail when there is none."""
    if sys.version_info[:2] >= OLDEST:
        return
    for minor in (14, 13, 12, 11):
        path = shutil.which(f"python3.{minor}")
        if path and subprocess.call([path, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            os.execv(path, [path, *sys.argv])
    major, minor = sys.version_info[:2]
    fail(
        f"python3 is {major}.{minor}, but 3.11 or newer is needed: install one "
        "(apt-get install python3.11) or name it: make PYTHON=/path/to/python3.11"
    )


def works(uv):
    """Whether this uv runs and is new enough to read the lock file."""
    try:
        out = subprocess.check_output([uv, "--version"], stderr=subprocess.DEVNULL, text=True)
        return tuple(int(part) for part in out.split()[1].split(".")[:2]) >= (0, 6)
    except (OSError, ValueError, IndexError, subprocess.CalledProcessError):
        return False


def has_module(name):
    """Whether this interpreter can run ``-m name``."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)"
    return subprocess.call([sys.executable, "-c", code], stderr=subprocess.DEVNULL) == 0


def find_uv():
    """Return a working uv, bringing one into .tools when the machine has none."""
    by_pip = os.path.join(TOOLS, "uv", "bin", "uv")
    by_venv = os.path.join(TOOLS, "venv", "bin", "uv")
    for path in (shutil.which("uv"), by_pip, by_venv):
        if path and works(path):
            return path
    if not has_module("pip") and not has_module("ensurepip"):
        fail("python3 has neither pip nor venv: apt-get install python3-venv")
    print("fenhe: bringing the installer uv into .tools", flush=True)
    quiet = ["--quiet", "--disable-pip-version-check", "--no-warn-script-location"]
    env = dict(os.environ, PIP_ROOT_USER_ACTION="ignore")
    if has_module("pip"):
        target = ["--upgrade", "--target", os.path.join(TOOLS, "uv"), "uv"]
        subprocess.call([sys.executable, "-m", "pip", "install", *quiet, *target], env=env)
        if works(by_pip):
            return by_pip
    if has_module("ensurepip"):
        venv = os.path.join(TOOLS, "venv")
        if subprocess.call([sys.executable, "-m", "venv", "--clear", venv]) == 0:
            pip = os.path.join(venv, "bin", "pip")
            subprocess.call([pip, "install", *quiet[:2], "uv"], env=env)
        if works(by_venv):
            return by_venv
    return fail("could not bring uv from the package index: check the network, or install uv")


def index_of_pip():
    """Return the package index pip is set to, so that a local mirror serves here too."""
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    if not has_module("pip"):
        return ""
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    quiet = {"stderr": subprocess.DEVNULL, "text": True}
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, **quiet)
    return done.stdout.strip()


def environment():
    """Return the environment for uv: no interpreter downloads, the machine's own index."""
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never", npm_config_update_notifier="false")
    env.pop("VIRTUAL_ENV", None)
    bundle = "/etc/ssl/certs/ca-certificates.crt"
    if os.path.exists(bundle):  # an agency's own certificate authority is known only there
        env.setdefault("SSL_CERT_FILE", bundle)
        env.setdefault("NODE_EXTRA_CA_CERTS", bundle)
    if not (env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL")):
        index = index_of_pip()
        if index:
            env["UV_DEFAULT_INDEX"] = index
    return env


def digest():
    """Return what the environment must match: lock file, project file, this file."""
    sha = hashlib.sha256()
    for name in ("uv.lock", "pyproject.toml", os.path.join("tools", "bootstrap.py")):
        with open(os.path.join(ROOT, name), "rb") as file:
            sha.update(file.read())
    return sha.hexdigest()


def stamp(profile):
    """Return the path of the file that says this profile is installed."""
    return os.path.join(VENV, ".fenhe-" + profile)


def fresh(profile, wanted):
    """Whether this profile, or a larger one, is installed just as wanted."""
    names = list(PROFILES)
    for name in names[names.index(profile) :]:
        try:
            with open(stamp(name)) as file:
                if file.read() == wanted:
                    return os.access(os.path.join(VENV, "bin", "fenhe"), os.X_OK)
        except OSError:
            continue
    return False


def install(profile):
    """Install the locked packages of a profile and Fenhe itself into .venv."""
    uv, env = find_uv(), environment()

    def run(*arguments):
        code = subprocess.call([uv, *arguments], cwd=ROOT, env=env)
        if code:
            fail(f"uv {arguments[0]} failed (exit code {code}); its message is above")

    locked = os.path.join(TOOLS, profile + ".txt")
    python = os.path.join(VENV, "bin", "python")
    if not os.access(python, os.X_OK):
        run("venv", "--quiet", "--clear", "--python", sys.executable, VENV)
    export = ["export", "--quiet", "--frozen", "--no-emit-project", "--output-file", locked]
    run(*export, *PROFILES[profile])
    run("pip", "install", "--python", python, "--require-hashes", "--requirements", locked)
    run("pip", "install", "--quiet", "--python", python, "--no-deps", "--editable", ROOT)


def assets(required):
    """Bring the browser libraries from npm and compile the messages."""
    command = [os.path.join(VENV, "bin", "python"), "-m", "fenhe.platform.web.assets"]
    if subprocess.call(command, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL):
        line = "the web assets could not be made; the message is above"
        if required:
            fail(line)
        print("fenhe: " + line + "; the command line works, the pages do not", file=sys.stderr)


def main(profile):
    """Bring .venv and the web assets to the wanted state; one at a time, the others wait."""
    newer_python()
    os.makedirs(TOOLS, exist_ok=True)
    wanted = digest()
    with open(os.path.join(TOOLS, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not fresh(profile, wanted):
            install(profile)
            with open(stamp(profile), "w") as file:
                file.write(wanted)
        assets(required=profile != "env")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in PROFILES:
        fail("usage: python3 tools/bootstrap.py " + "|".join(PROFILES))
    main(sys.argv[1])
