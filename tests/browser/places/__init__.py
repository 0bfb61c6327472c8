"""Pages that no address alone leads to, and pages in a state of their own: who comes there, and how.

The ways are walked in English and in French, so they know no words: names of fields and addresses.
"""

from __future__ import annotations

from tests.browser.places import customers, door, finding, payments, records
from tests.browser.places.base import STATES, Place, Visit
from tests.browser.places.no_page import NO_PAGE

__all__ = ["NO_PAGE", "PLACES", "STATES", "Place", "Visit"]

PLACES: tuple[Place, ...] = (
    *finding.PLACES,
    *door.PLACES,
    *customers.PLACES,
    *payments.PLACES,
    *records.PLACES,
)
