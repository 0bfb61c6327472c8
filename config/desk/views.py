"""Where everybody begins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.gate import signed_in
from config.desk.context import links


@signed_in
@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """On to the first page of the menu that this person may open; a word to who may open none."""
    pages = [link for link in links(request) if not link.is_current]
    if pages:
        return HttpResponseRedirect(pages[0].url)
    response: HttpResponse = render(request, "desk/home.html")
    return response
