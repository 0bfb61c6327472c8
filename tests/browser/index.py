"""The pictures on one page: a row for each page of the house, a column for each state."""

from __future__ import annotations

from pathlib import Path

from tests.browser.gallery import EVERYTHING, STATES, Shown, states_of
from tests.browser.places import Place


def missing_pictures(folder: Path) -> list[str]:
    """The pictures that a page has not, by page and state."""
    return [
        f"{one.name}: {state}"
        for one in EVERYTHING
        for state in states_of(one)
        if not (folder / one.file / f"{state}.png").exists()
    ]


def write_index(folder: Path) -> Path:
    """A page with all of them: a row for each page, a column for each state."""
    heads = "".join(f"<th>{state}</th>" for state in STATES)
    rows = "".join(
        f"<tr><th>{one.name}<br><small>{one.role}</small></th>"
        + "".join(_cell(one, state) for state in STATES)
        + "</tr>\n"
        for one in EVERYTHING
    )
    index = folder / "index.html"
    index.write_text(INDEX.format(heads=heads, rows=rows), encoding="utf-8")
    return index


def _cell(one: Shown | Place, state: str) -> str:
    if state not in states_of(one):
        return "<td></td>"
    source = f"{one.file}/{state}.png"
    return f'<td><a href="{source}"><img loading="lazy" src="{source}" alt="{state}"></a></td>'


INDEX = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Comptoir in pictures</title><style>
body {{ font: 14px system-ui, sans-serif; margin: 1rem; }}
th {{ text-align: start; vertical-align: top; padding: .5rem; position: sticky; left: 0; top: 0;
  background: #fff; }}
td {{ vertical-align: top; padding: .25rem; }}
img {{ width: 15rem; max-height: 20rem; object-fit: cover; object-position: top;
  border: 1px solid #ccc; }}
</style></head><body><h1>Comptoir in pictures</h1>
<table><thead><tr><th>Page</th>{heads}</tr></thead><tbody>
{rows}</tbody></table></body></html>
"""
