"""Installs what Comptoir needs into its own folder; run by `make setup` with the system's Python.

Each step leaves the hash of what it was made from, so a second run does in a moment what is left
to do: nothing. Only the standard library is at hand here.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE_MODULES = ROOT / "node_modules"
VENDORED = ROOT / "static" / "vendor"
LOCALE = ROOT / "locale"
RUNTIME = ROOT / "deploy" / "requirements.txt"
DEVELOPMENT = ROOT / "deploy" / "requirements-dev.txt"


class SetupError(Exception):
    """What stops the installation, in one line."""


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    """A hash of the files' names and contents, folders with all that is in them, and of texts."""
    digest = hashlib.sha256("\0".join(more).encode())
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in (one for one in files if one.is_file()):
            digest.update(f"\0{file.relative_to(ROOT)}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def is_done(stamp: Path, content: str) -> bool:
    return stamp.is_file() and stamp.read_text() == content


def say(text: str) -> None:
    sys.stdout.write(f"setup: {text}\n")
    sys.stdout.flush()


def run(*command: str | Path, what: str) -> None:
    """Run it in the project's folder; a failure has already told its story on the terminal."""
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SetupError(f"{what} failed; what it said is above")


def has_venv() -> bool:
    """Whether `.venv` works, was made at this place, and was made to its end."""
    pip = VENV / "bin" / "pip"
    if not pip.is_file() or str(PYTHON) not in pip.read_text():
        return False
    version = "import sys; sys.exit(sys.version_info < (3, 11))"
    return PYTHON.exists() and not subprocess.run([PYTHON, "-c", version], check=False).returncode


def make_venv() -> None:
    """A `.venv` of this Python, unless a good one is there; a copied or half-made one is not."""
    if has_venv():
        return
    say(f"a virtual environment of Python {sys.version.split()[0]}")
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        raise SetupError(
            f"{sys.executable} has no venv module (on Debian: apt-get install python3-venv)"
        ) from None
    venv.create(VENV, clear=True, symlinks=True, with_pip=True)


def install_packages(requirements: Path, what: str) -> None:
    """Exactly the pinned packages, each checked against its hash."""
    content = fingerprint([requirements])
    stamp = VENV / f".{requirements.stem}"
    if is_done(stamp, content):
        return
    say(what)
    options = ("-qq", "--no-input", "--disable-pip-version-check", "--no-deps")
    pip = (PYTHON, "-m", "pip", "install", *options)
    run(*pip, "--require-hashes", "--requirement", requirements, what="pip")
    stamp.write_text(content)
    if requirements == DEVELOPMENT:
        # It holds the runtime's packages too.
        (VENV / f".{RUNTIME.stem}").write_text(fingerprint([RUNTIME]))


def install_front_end() -> None:
    """The style sheet and scripts of the pages, copied to `static/vendor` by an allow-list."""
    sources = [ROOT / name for name in ("package.json", "package-lock.json", ".npmrc")]
    content = fingerprint([*sources, ROOT / "deploy" / "vendor_assets.py"])
    stamp = NODE_MODULES / ".vendored"
    if is_done(stamp, content) and VENDORED.is_dir():
        return
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise SetupError(f"{tool} is missing (on Debian: apt-get install nodejs npm)")
    say("front-end files")
    run("npm", "ci", "--ignore-scripts", "--loglevel=error", what="npm ci")
    run(sys.executable, ROOT / "deploy" / "vendor_assets.py", what="copying front-end files")
    stamp.write_text(content)


def compile_messages() -> None:
    """The texts in other languages, in the form in which Django reads them."""
    catalogues = sorted(LOCALE.glob("*/LC_MESSAGES/*.po"))
    program = ROOT / "deploy" / "compile_messages.py"
    content = fingerprint([*catalogues, program, RUNTIME])
    stamp = VENV / ".compiled_messages"
    if is_done(stamp, content) and all(one.with_suffix(".mo").is_file() for one in catalogues):
        return
    say("languages")
    run(PYTHON, program, what="compiling the languages")
    stamp.write_text(content)


def collect_static() -> None:
    """Every static file in one folder, where the web process serves it from."""
    where = [f"{name}={os.environ.get(name)}" for name in ("DJANGO_SETTINGS_MODULE", "VAR_DIR")]
    settings = sorted((ROOT / "config" / "settings").glob("*.py"))
    content = fingerprint([ROOT / "static", RUNTIME, ROOT / ".env", *settings], *where)
    stamp = VENV / ".collected"
    if is_done(stamp, content):
        return
    say("static files")
    run(PYTHON, "manage.py", "collectstatic", "--noinput", "--verbosity=0", what="collectstatic")
    stamp.write_text(content)


def main(arguments: list[str]) -> int:
    try:
        make_venv()
        if "--development" in arguments:
            install_packages(DEVELOPMENT, "packages for tests and checks")
        else:
            install_packages(RUNTIME, "packages")
        install_front_end()
        compile_messages()
        collect_static()
    except SetupError as error:
        sys.stderr.write(f"setup: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
