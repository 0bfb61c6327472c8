"""How the suite comes to a real CockroachDB; the binary of these tests is a stand-in."""

import subprocess
from pathlib import Path

import pytest

from deploy.install import ROOT

URL = "postgresql://root@127.0.0.1:26257/defaultdb?sslmode=disable"
TELL = ["sh", "-c", "echo $DATABASE_ENGINE $DATABASE_URL $COCKROACH_URL; exit 7"]
SERVER = f"""#!/bin/sh
for option; do case $option in --listening-url-file=*) file=${{option#*=}} ;; esac; done
echo $$ >"$(dirname "$0")/pid"
echo '{URL}' >"$file"
exec sleep 600
"""
BROKEN = "#!/bin/sh\necho 'no memory' >&2\nexit 1\n"

pytestmark = pytest.mark.processes


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "deploy/test_cockroach.sh", *TELL],
        cwd=ROOT,
        env={"PATH": f"{folder}:/usr/bin:/bin", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def put_binary(folder: Path, text: str) -> None:
    binary = folder / "cockroach"
    binary.write_text(text)
    binary.chmod(0o755)


def test_url_leads_to_the_cluster_and_the_exit_code_is_told(tmp_path: Path) -> None:
    told = run(tmp_path, COCKROACH_URL=URL)
    assert told.stdout.split() == ["config.cockroachdb", URL, URL]
    assert told.returncode == 7


def test_binary_is_started_and_ends_with_the_tests(tmp_path: Path) -> None:
    put_binary(tmp_path, SERVER)
    told = run(tmp_path)
    assert told.stdout.split() == ["config.cockroachdb", URL, URL]
    assert told.returncode == 7
    pid = (tmp_path / "pid").read_text().strip()
    assert not Path(f"/proc/{pid}").exists()


def test_binary_that_does_not_start_tells_why(tmp_path: Path) -> None:
    put_binary(tmp_path, BROKEN)
    told = run(tmp_path)
    assert (told.returncode, told.stderr) == (1, "no memory\n")


def test_without_a_cluster_it_says_so_and_that_is_no_failure(tmp_path: Path) -> None:
    told = run(tmp_path, PATH=str(tmp_path))
    assert told.returncode == 0
    assert told.stdout.startswith("NOT RUN: set COCKROACH_URL")
