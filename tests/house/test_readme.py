"""What the README tells of settings, roles and accounts is what the code knows."""

import re
from pathlib import Path

from config.access.roles import TABLE
from config.demo.people import COLLEAGUES, PASSWORD
from tests.house.test_environment import INNER, READERS, names_read_by

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text()


def section(title: str) -> str:
    """What stands under a heading, up to the next one."""
    parts = re.split(rf"^##+ {re.escape(title)}$", README, maxsplit=1, flags=re.MULTILINE)
    assert len(parts) == 2, f"no heading {title!r}"
    return re.split(r"^##+ ", parts[1], maxsplit=1, flags=re.MULTILINE)[0]


def table(title: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_variable_that_the_settings_read_is_in_the_table_once() -> None:
    read = {name for path in READERS for name in names_read_by(path)}
    told = [row[0] for row in table("Configuration")]
    assert sorted(told) == sorted(read - INNER | {"DJANGO_SETTINGS_MODULE"})


def test_defaults_in_the_table_are_those_of_the_example() -> None:
    example = (ROOT / ".env.example").read_text()
    known = dict(re.findall(r"^# ([A-Z_]+)=(.*)$", example, re.MULTILINE))
    told = {row[0]: row[1] for row in table("Configuration")}
    del told["DJANGO_SETTINGS_MODULE"]
    assert told == known


def test_every_role_is_explained_under_its_name() -> None:
    assert [row[0] for row in table("Roles")] == [str(role.label) for role in TABLE]


def test_demo_accounts_are_those_of_the_demo() -> None:
    labels = {role.code: str(role.label) for role in TABLE}
    known = [[labels[one.role], one.email] for one in COLLEAGUES]
    assert table("Demo accounts") == known
    assert f"`{PASSWORD}`" in section("Demo accounts")
