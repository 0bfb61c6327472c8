"""The documents speak of what is there: their links, their paths, their pictures of the states."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from payments.models import Asking, Attempt, Capture, Increment, LateAuthorization, Refund
from payments.states import MOVES, TABLES, Event

ROOT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text()


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)", path.read_text())
    inside = [target for target in targets if not target.startswith("http")]
    assert [target for target in inside if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_every_path_that_is_named_exists(path: Path) -> None:
    named = re.findall(r"`([a-z_.]+/[\w/.-]*)`", path.read_text())
    # What a run makes is not in the repository.
    kept = [one for one in named if not one.startswith((".venv/", "var/"))]
    assert [one for one in kept if not (ROOT / one).exists()] == []


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [path.name[:4] for path in DOCUMENTS if path.parent.name == "decisions"]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if path.parent.name == "decisions"], ids=name_of
)
def test_decision_has_its_parts(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(f"# {path.name[:4]} ")
    parts = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert parts == ["Context", "Decision", "Consequences", "Alternatives"]


def pictures() -> list[set[tuple[str, str, str]]]:
    """The arrows (from, to, label) of each picture, without the ways in."""
    found = []
    for block in re.findall(r"```mermaid\n(.*?)```", ARCHITECTURE, re.DOTALL):
        lines = [line.strip() for line in block.splitlines() if " --> " in line]
        arrows = [re.fullmatch(r"(\S+) --> (\w+)(?:: (\S+))?", line) for line in lines]
        assert None not in arrows
        found.append({(a[1], a[2], a[3] or "") for a in arrows if a and a[1] != "[*]"})
    return found


def drawn(machine: Mapping[tuple[str, Event], str]) -> Iterator[tuple[str, str, str]]:
    for (status, event), reached in machine.items():
        yield str(status), str(reached), event.value.removeprefix("payments.")


MACHINES = (Attempt, Increment, Capture, Refund, LateAuthorization)


@pytest.mark.parametrize(("place", "model"), list(enumerate(MACHINES)))
def test_picture_of_a_machine_is_its_table(place: int, model: type[Asking]) -> None:
    assert pictures()[place] == set(drawn(TABLES[model]))


def test_picture_of_a_payment_shows_every_possible_change() -> None:
    known = {(str(old), str(new), "") for old, reached in MOVES.items() for new in reached}
    assert pictures()[len(MACHINES)] == known
