import base64
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from audit.cipher import DecryptionFailed
from audit.encryption import blind_index, new_data_key, open_data_key
from audit.keyring import LocalKeyring, create_file, key_provider, parse_keys

ROOT = Path(__file__).resolve().parent.parent.parent
PROCESSES = 6


def key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


def test_first_key_wraps_and_every_key_opens() -> None:
    before = LocalKeyring(f"2025a:{key('a')}")
    after = LocalKeyring(f"2026a:{key('b')},2025a:{key('a')}")
    wrapped = before.wrap(b"d" * 32)
    assert after.current_id == "2026a"
    assert after.unwrap(wrapped) == b"d" * 32
    assert after.wrap(b"d" * 32).split(".")[1] == "2026a"


def test_key_wrapped_under_a_key_that_left_the_keyring_does_not_open() -> None:
    wrapped = LocalKeyring(f"2025a:{key('a')}").wrap(b"d" * 32)
    with pytest.raises(DecryptionFailed):
        LocalKeyring(f"2026a:{key('b')}").unwrap(wrapped)


def test_key_wrapped_under_another_key_of_the_same_name_does_not_open() -> None:
    wrapped = LocalKeyring(f"2025a:{key('a')}").wrap(b"d" * 32)
    with pytest.raises(DecryptionFailed):
        LocalKeyring(f"2025a:{key('b')}").unwrap(wrapped)


def test_each_purpose_and_each_key_derives_its_own() -> None:
    ring = LocalKeyring(f"2026a:{key('b')},2025a:{key('a')}")
    derived = [
        ring.derive("digest"),
        ring.derive("blind-index"),
        ring.derive("digest", "2025a"),
        ring.derive("digest", "2026a"),
    ]
    assert len(set(derived)) == len(derived)
    assert all(len(one) == 32 for one in derived)
    assert not set(derived) & {b"a" * 32, b"b" * 32}


@pytest.mark.parametrize("root", ["", f",root:{key('r')}"])
def test_new_key_in_front_changes_no_index(root: str) -> None:
    before = LocalKeyring(f"2025a:{key('a')}{root}")
    after = LocalKeyring(f"2026a:{key('b')},2025a:{key('a')}{root}")
    assert before.derive("blind-index") == after.derive("blind-index")


def test_root_lets_the_oldest_key_go_without_changing_an_index() -> None:
    before = LocalKeyring(f"2026a:{key('b')},2025a:{key('a')},root:{key('r')}")
    after = LocalKeyring(f"2026a:{key('b')},root:{key('r')}")
    assert before.derive("blind-index") == after.derive("blind-index")


def test_root_is_never_used_to_wrap() -> None:
    ring = LocalKeyring(f"root:{key('r')},2026a:{key('b')}")
    assert ring.current_id == "2026a"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("nonsense", "<id>:<base64>"),
        (f"bad.id:{key('a')}", "<id>:<base64>"),
        ("2026a:***", "not base64"),
        ("2026a:" + base64.b64encode(b"short").decode(), "not 32 bytes"),
        (f"2026a:{key('a')},2026a:{key('b')}", "twice"),
        (f"root:{key('a')}", "beside its root"),
    ],
)
def test_unusable_keyring_is_refused_without_showing_a_key(text: str, complaint: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=complaint) as caught:
        LocalKeyring(text)
    assert key("a") not in str(caught.value)


def test_lines_and_commas_both_part_keys() -> None:
    assert list(parse_keys(f"\n2026a:{key('a')}\n2025a:{key('b')},x:{key('c')}\n")) == [
        "2026a",
        "2025a",
        "x",
    ]


def test_keyring_shows_no_key_when_printed() -> None:
    ring = LocalKeyring(f"2026a:{key('a')}")
    assert "2026a" in repr(ring)
    assert key("a") not in repr(ring)


@pytest.fixture
def no_keyring(settings: Settings) -> Iterator[Settings]:
    settings.COMPTOIR_KEYRING = ""
    settings.COMPTOIR_KEYRING_FILE = ""
    settings.COMPTOIR_KEYRING_CREATE = False
    return settings


def test_missing_keyring_says_which_setting_to_set(no_keyring: Settings) -> None:
    with pytest.raises(ImproperlyConfigured, match="COMPTOIR_KEYRING"):
        key_provider()


def test_missing_file_is_not_made_unless_asked(no_keyring: Settings, tmp_path: Path) -> None:
    no_keyring.COMPTOIR_KEYRING_FILE = str(tmp_path / "keyring")
    with pytest.raises(ImproperlyConfigured, match="does not exist"):
        key_provider()
    assert list(tmp_path.iterdir()) == []


def test_file_is_made_on_first_use_for_its_owner_only(no_keyring: Settings, tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "keyring"
    no_keyring.COMPTOIR_KEYRING_FILE = str(path)
    no_keyring.COMPTOIR_KEYRING_CREATE = True
    data_key, wrapped = new_data_key()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    assert LocalKeyring(path.read_text()).unwrap(wrapped) == data_key.secret


def test_file_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keyring"
    path.write_text(f"mine:{key('a')}")
    create_file(path)
    assert path.read_text() == f"mine:{key('a')}"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.processes
def test_processes_that_start_together_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "keyring"
    script = (
        "import sys; from pathlib import Path; from django.conf import settings;"
        "settings.configure(COMPTOIR_KEYRING='', COMPTOIR_KEYRING_CREATE=True,"
        "COMPTOIR_KEYRING_FILE=sys.argv[1]);"
        "from audit.keyring import LocalKeyring; print('ready', flush=True); input();"
        "print(LocalKeyring().derive('digest').hex())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = {process.communicate(timeout=60)[0].strip() for process in started}
    assert answers == {LocalKeyring(path.read_text()).derive("digest").hex()}
    assert list(tmp_path.iterdir()) == [path]


class ElsewhereProvider:
    """As a KMS would be: not a keyring, made without arguments."""

    current_id = "remote"

    def wrap(self, data_key: bytes) -> str:
        return "remote:" + data_key.hex()

    def unwrap(self, token: str) -> bytes:
        return bytes.fromhex(token.removeprefix("remote:"))

    def derive(self, purpose: str, key_id: str | None = None) -> bytes:
        return purpose.encode().ljust(32, b"-")[:32]


def test_provider_named_by_the_setting_is_used(settings: Settings) -> None:
    index = blind_index("a", purpose="p")
    settings.COMPTOIR_KEY_PROVIDER = f"{__name__}.ElsewhereProvider"
    data_key, wrapped = new_data_key()
    assert wrapped.startswith("remote:")
    assert open_data_key(wrapped) == data_key
    assert blind_index("a", purpose="p") != index
