"""Setting up: what is missing is said in one line, and what is done is not done again."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy import install

SH = "/bin/sh"


def find_python(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SH, "deploy/find_python.sh"],
        cwd=install.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_python_is_found_by_its_answer_not_by_its_name(tmp_path: Path) -> None:
    promise = tmp_path / "python3.11"
    promise.write_text("#!/bin/sh\nexit 127\n")
    promise.chmod(0o755)
    (tmp_path / "python3.12").symlink_to(sys.executable)
    found = find_python(PATH=str(tmp_path))
    assert found.returncode == 0
    assert Path(found.stdout.strip()).name.startswith("python3.12")


def test_missing_python_is_one_clear_line(tmp_path: Path) -> None:
    found = find_python(PATH=str(tmp_path))
    assert found.returncode == 1
    assert found.stderr.startswith("setup: Python 3.11 or newer is missing")
    assert found.stderr.count("\n") == 1


@pytest.fixture
def empty_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "NODE_MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(install, "VENDORED", tmp_path / "static" / "vendor")
    monkeypatch.setattr(install, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(install, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    return tmp_path


@pytest.mark.parametrize("tool", ["node", "npm"])
def test_missing_front_end_tool_is_one_clear_line(
    empty_checkout: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    for other in {"node", "npm"} - {tool}:
        program = empty_checkout / "bin" / other
        program.parent.mkdir(exist_ok=True)
        program.touch(0o755)
    monkeypatch.setenv("PATH", str(empty_checkout / "bin"))
    with pytest.raises(install.SetupError, match=f"^{tool} is missing"):
        install.install_front_end()


def test_step_that_failed_is_tried_again(
    empty_checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = empty_checkout / "requirements.txt"
    requirements.write_text("nothing\n")
    python = empty_checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    for status, outcome in [(1, "fails"), (0, "works"), (1, "is not tried")]:
        python.write_text(f"#!/bin/sh\nexit {status}\n")
        python.chmod(0o755)
        if outcome == "fails":
            with pytest.raises(install.SetupError, match=r"^pip failed"):
                install.install_packages(requirements, "packages")
        else:
            install.install_packages(requirements, "packages")


def test_fingerprint_follows_names_contents_and_texts(empty_checkout: Path) -> None:
    folder = empty_checkout / "folder"
    folder.mkdir()
    file = folder / "file"
    file.write_text("one")
    first = install.fingerprint([folder], "text")
    assert install.fingerprint([folder], "text") == first
    assert install.fingerprint([folder], "other") != first
    file.write_text("two")
    assert install.fingerprint([folder], "text") != first
    file.write_text("one")
    file.rename(folder / "moved")
    assert install.fingerprint([folder], "text") != first


def test_copied_environment_is_not_taken_for_a_good_one(empty_checkout: Path) -> None:
    programs = empty_checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").symlink_to(sys.executable)
    (programs / "pip").write_text("#!/somewhere/else/.venv/bin/python\n")
    assert not install.has_venv()
    (programs / "pip").write_text(f"#!{programs / 'python'}\n")
    assert install.has_venv()
