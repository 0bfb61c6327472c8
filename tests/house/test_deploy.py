"""The units and the proxy of `deploy/`: that they name what there is, and keep the API apart."""

import configparser
import re
import shlex
from pathlib import Path

import pytest
from django.urls import resolve, reverse

ROOT = Path(__file__).resolve().parent.parent.parent
UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
PROXY = (ROOT / "deploy/nginx.conf").read_text()


def service_of(path: Path) -> configparser.SectionProxy:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(path)
    return unit["Service"]


def port_of(name: str) -> str:
    told: str = service_of(ROOT / f"deploy/systemd/comptoir-{name}.service")["Environment"]
    return told.split(maxsplit=1)[0].removeprefix("PORT=")


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_unit_starts_a_program_of_ours_with_a_configuration_that_is_there(unit: Path) -> None:
    command = shlex.split(service_of(unit)["ExecStart"])
    assert command[0] in ("/srv/comptoir/.venv/bin/gunicorn", "/srv/comptoir/.venv/bin/celery")
    if "--config" in command:
        assert (ROOT / command[command.index("--config") + 1]).is_file()
    procfile = (ROOT / "Procfile").read_text()
    name = unit.stem.removeprefix("comptoir-")
    same = re.search(rf"^{'web' if name == 'api' else name}: exec (.*)$", procfile, re.MULTILINE)
    assert same is not None
    assert Path(shlex.split(same[1])[0]).name == Path(command[0]).name


def upstream_for(path: str) -> str:
    places = re.findall(r"location (\S+) \{[^}]*proxy_pass http://(\w+);", PROXY)
    fitting: list[tuple[str, str]] = [one for one in places if path.startswith(one[0])]
    return max(fitting, key=lambda one: len(one[0]))[1]


def test_api_and_providers_have_processes_of_their_own() -> None:
    assert port_of("web") != port_of("api")
    api = service_of(ROOT / "deploy/systemd/comptoir-api.service")
    assert "SERVES=api" in api["Environment"].split()
    for name, port in (("web", port_of("web")), ("api", port_of("api"))):
        assert f"upstream comptoir_{name} {{\n  server 127.0.0.1:{port};" in PROXY
    for path in ("/api/v1/payments", "/webhooks/sandbox/"):
        assert resolve(path).route
        assert upstream_for(path) == "comptoir_api"
    for path in (reverse("desk:home"), reverse("payments:list"), "/admin/", "/api-keys/"):
        assert upstream_for(path) == "comptoir_web"
