"""The desk as a role sees it."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.access import saw
from audit.gate import requires
from config.access.queries import list_roles
from config.desk.context import menu_of
from config.desk.preview import AsRole, list_pages


@requires("auth.view_group")
@require_safe
def role_preview(request: HttpRequest, role_id: int) -> HttpResponse:
    """See as this role: its menu, the pages that would open, and why the others would not."""
    found = list_roles(Group.objects.filter(pk=role_id))
    if not found:
        raise Http404
    [role] = found
    saw(request, role.group)
    pages = list_pages(role)
    context = {
        "role": role,
        "menu": menu_of(AsRole(role)),
        "opens": [page for page in pages if not page.missing],
        "shut": [page for page in pages if page.missing],
    }
    return render(request, "desk/role_preview.html", context)
