"""`.env.example` is the truth about what comes from the environment."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
READERS = [*ROOT.glob("config/settings/*.py"), ROOT / "deploy/gunicorn.py", ROOT / "deploy/run.py"]
# Not for `.env`: too late there, or between make and its launcher.
INNER = {"DJANGO_SETTINGS_MODULE", "STARTED_BY"}


def names_read_by(path: Path) -> Iterator[str]:
    """The first arguments of `env.…("NAME")`, `os.environ.get("NAME")` and our own readers."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="env") | ast.Attribute(attr="environ")),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield name
            case ast.Call(func=ast.Name(id="read_port"), args=[ast.Constant(value=str(name)), *_]):
                yield name


def names_explained() -> list[str]:
    return re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)


def test_every_variable_that_is_read_is_explained_once() -> None:
    read = {name for path in READERS for name in names_read_by(path)}
    assert sorted(names_explained()) == sorted(read - INNER)


def test_example_sets_nothing() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
