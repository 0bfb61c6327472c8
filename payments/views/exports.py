"""Taking the list out of the house as a file."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from audit import keyset, modes
from audit.gate import requires, step_up
from audit.lists.kept import address_of
from audit.lists.views import shown_columns
from payments.commands.exports import EXPORT, export_payments
from payments.filters import PaymentFilter
from payments.forms import ExportForm
from payments.parties.queries import list_merchants
from payments.queries.search import list_wanted
from payments.tables import COLUMNS
from payments.views.lists import PAYMENTS

MOST_COUNTED = 1000


@requires("payments.view_payment", EXPORT)
@step_up
@require_http_methods(["GET", "HEAD", "POST"])
def export_new(request: HttpRequest) -> HttpResponse:
    """Say what will be in the file and in which form; then it is made in the background."""
    address = request.GET
    query = PAYMENTS.tidy(address.urlencode())
    columns = shown_columns(PAYMENTS, address.urlencode())
    is_live = modes.is_live(request)
    form = ExportForm(request.POST if request.method == "POST" else None, is_live=is_live)
    if form.is_valid():
        job = export_payments(
            query=query,
            columns=columns,
            file_format=form.cleaned_data["format"],
            is_live=form.is_live,
            language=get_language() or "en",
            key=form.idempotency_key,
        )
        return HttpResponseRedirect(reverse("jobs:detail", args=[job.pk]))
    filters = PaymentFilter(address, list_merchants())
    is_readable = filters.is_valid()
    context = {
        "form": form,
        "mode": modes.word_of(form.is_live),
        "chips": filters.chips(request.path),
        "is_readable": is_readable,
        "count": keyset.count_up_to(list_wanted(filters.wanted(is_live=form.is_live)), MOST_COUNTED)
        if is_readable
        else 0,
        "most": MOST_COUNTED,
        "columns": [COLUMNS[name].label for name in columns],
        "back_url": address_of(PAYMENTS, query),
    }
    status = 400 if form.is_bound else 200
    return render(request, "payments/export_new.html", context, status=status)
