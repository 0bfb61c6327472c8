"""The words of the product: finds them in code and templates, and brings `locale/` up to date.

`make messages` after a text was added or changed; what it leaves empty is to be translated.
Django's own `makemessages` would want gettext on the machine.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po
from django.utils.translation import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
CODE = ("audit", "config", "disputes", "payments")
TEMPLATES = "templates"

Spec = tuple[int | tuple[int, str], ...] | None
ONE: Spec = None
PLURAL: Spec = (1, 2)
IN_CONTEXT: Spec = ((1, "c"), 2)
PLURAL_IN_CONTEXT: Spec = ((1, "c"), 2, 3)
KEYWORDS: dict[str, Spec] = {
    "_": ONE,
    "gettext": ONE,
    "gettext_lazy": ONE,
    "gettext_noop": ONE,
    "ngettext": PLURAL,
    "ngettext_lazy": PLURAL,
    "pgettext": IN_CONTEXT,
    "pgettext_lazy": IN_CONTEXT,
    "npgettext": PLURAL_IN_CONTEXT,
    "npgettext_lazy": PLURAL_IN_CONTEXT,
}


def collect() -> Catalog:
    """Every text that the code and the templates want translated, with the files it stands in."""
    found = Catalog(charset="utf-8")
    for path, source in _sources():
        for _line, message, _comments, context in extract("python", BytesIO(source), KEYWORDS):
            found.add(message, locations=[(path, 1)], context=context)
    return found


def _sources() -> Iterator[tuple[str, bytes]]:
    """Each file as Python that Babel can read, in a stable order."""
    for folder in CODE:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in file.parts:
                yield str(file.relative_to(ROOT)), file.read_bytes()
    for file in sorted((ROOT / TEMPLATES).rglob("*.*")):
        if file.suffix in {".html", ".txt"}:
            # In brackets, so that a template's indentation is nobody's business.
            yield str(file.relative_to(ROOT)), f"({templatize(file.read_text())}\n)".encode()


def read_catalogue(file: Path) -> Catalog:
    with file.open("rb") as lines:
        return read_po(lines, locale=file.parent.parent.name)


def is_translated(message: Message) -> bool:
    said = message.string or ""
    return bool(said) and all(said)


def update(file: Path, found: Catalog) -> int:
    """Add what is new, drop what is gone. Returns how many texts wait for their translation."""
    kept = read_catalogue(file)
    fresh = Catalog(locale=kept.locale, charset="utf-8")
    for message in sorted((one for one in found if one.id), key=_place):
        known = kept.get(message.id, message.context)
        string = known.string if known is not None else None
        fresh.add(message.id, string, message.locations, context=message.context)
    header = file.read_text(encoding="utf-8").partition("\n\n")[0]
    body = BytesIO()
    # Without line numbers: a text that only moved is no change.
    write_po(body, fresh, include_lineno=False, omit_header=True)
    file.write_bytes(f"{header}\n\n".encode() + body.getvalue().rstrip() + b"\n")
    return sum(1 for one in fresh if one.id and not is_translated(one))


def _place(message: Message) -> tuple[str, str, str]:
    """By file and then by text: one that moved within its file stays where it is."""
    first = min((file for file, _line in message.locations), default="")
    return first, str(message.id), message.context or ""


def main() -> int:
    found = collect()
    for file in sorted(LOCALE.glob("*/LC_MESSAGES/django.po")):
        waiting = update(file, found)
        sys.stdout.write(f"{file.relative_to(ROOT)}: {len(found)} texts, {waiting} to translate\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
