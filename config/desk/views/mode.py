"""Going over to live data, or to test data."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from audit import log, modes
from audit.errors import Refusal
from audit.gate import requires
from audit.keyset import without_place
from audit.models import LogEntry

MOST_ADDRESS = 4000


@requires("payments.view_payment")
@require_POST
def mode(request: HttpRequest) -> HttpResponse:
    """Show the other data from now on, in this session, and the same page from its beginning."""
    word = request.POST.get("mode", "")
    if word not in (modes.LIVE, modes.TEST):
        raise Refusal("mode_unknown", _("Choose live data or test data."))
    modes.choose(request, is_live=word == modes.LIVE)
    log.record("access.mode.chosen", action=LogEntry.Action.ACCESS, data={"mode": word})
    return HttpResponseRedirect(_back(request))


def _back(request: HttpRequest) -> str:
    """Where the person was; a page in the middle of a list is one of the other mode's list."""
    address = request.POST.get("next", "")[:MOST_ADDRESS]
    if not url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure()):
        return reverse("desk:home")
    found = urlsplit(address)
    asked = QueryDict(found.query)
    query = without_place(asked)
    if len(query) < len(asked):
        query.pop(modes.KEY, None)
    return f"{found.path}?{query.urlencode()}" if query else found.path
