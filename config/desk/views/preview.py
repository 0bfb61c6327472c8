"""The desk as a role sees it: a list of its pages, and a walk through them."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from audit.access import saw
from audit.gate import requires, signed_in
from config.access import walks
from config.access.queries import HeldRole, list_roles
from config.desk.context import menu_of
from config.desk.preview import AsRole, list_pages


@requires(walks.PREVIEW)
@require_safe
def role_preview(request: HttpRequest, role_id: int) -> HttpResponse:
    """See as this role: its menu, the pages that would open, and why the others would not."""
    role = _get_role(role_id)
    saw(request, role.group)
    pages = list_pages(role)
    context = {
        "role": role,
        "menu": menu_of(AsRole(role)),
        "opens": [page for page in pages if not page.missing],
        "shut": [page for page in pages if page.missing],
    }
    return render(request, "desk/role_preview.html", context)


@requires(walks.PREVIEW)
@require_POST
def walk_new(request: HttpRequest, role_id: int) -> HttpResponse:
    """Begin to see the desk as a role does, from its home page on."""
    walks.begin(request, _get_role(role_id))
    return HttpResponseRedirect(reverse("desk:home"))


@signed_in
@require_POST
def walk_end(request: HttpRequest) -> HttpResponse:
    """Be oneself again, back where the walk began."""
    walk: walks.Walk | None = getattr(request, "walk", None)
    walks.end(request)
    if walk is None:
        return HttpResponseRedirect(reverse("desk:home"))
    return HttpResponseRedirect(reverse("desk:role_preview", args=[walk.role.group.pk]))


def _get_role(role_id: int) -> HeldRole:
    found = list_roles(Group.objects.filter(pk=role_id))
    if not found:
        raise Http404
    return found[0]
