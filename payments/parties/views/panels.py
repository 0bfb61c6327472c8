"""The parts of a customer's page that parties themselves can tell."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from audit.panels import About, Content, Panel
from payments.parties import queries
from payments.parties.views import looks


def read_cards(about: About) -> Content:
    """The cards a customer paid with. One SELECT."""
    cards = queries.list_cards(about.ids)
    shown = cards[: queries.MOST_CARDS]
    return Content({"cards": shown, "has_more": len(cards) > len(shown)}, shown)


def read_notes(about: About) -> Content:
    """The template asks for them itself: three SELECTs at most. Duplicates' have their own page."""
    return Content({"merged_ids": about.ids[1:]})


PANELS = (
    Panel(
        code="cards",
        title=_("Cards"),
        permission="parties.view_customer",
        template="parties/panels/cards.html",
        read=read_cards,
        position=40,
        is_aside=True,
        tells_belongings=True,
    ),
    Panel(
        code="notes",
        title=_("Notes and tags"),
        permission="notes.view_note",
        template="parties/panels/notes.html",
        read=read_notes,
        position=60,
        is_lazy=True,
        is_bare=True,
    ),
    Panel(
        code="looks",
        title=_("Who has seen this customer"),
        permission="audit.view_logentry",
        template="parties/panels/looks.html",
        read=looks.read_panel,
        position=90,
        is_lazy=True,
        is_aside=True,
    ),
)
