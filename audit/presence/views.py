"""A page says every few seconds that it is open, and hears who else is there."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from audit.actor import current_actor
from audit.gate import signed_in
from audit.presence.queries import DOING, HERE, beat, leave
from audit.subjects import get_subject


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def beats(request: HttpRequest, kind: str, subject_id: uuid.UUID) -> HttpResponse:
    """Who else is at an object. It shows nothing of the object itself."""
    subject = get_subject(kind, current_actor())
    if request.method != "POST":
        return HttpResponseRedirect(subject.url(subject_id))
    subject.find(subject_id)
    doing = request.POST.get("doing", HERE)
    doing = doing if doing in DOING else HERE
    person = request.user
    if "leave" in request.POST:
        leave(kind, subject_id, person.pk, doing)
        return HttpResponse(status=204)
    name = person.get_full_name() if person.is_authenticated else ""
    others = beat(kind, subject_id, person.pk, name, doing)
    return render(request, "presence/others.html", {"others": others})
