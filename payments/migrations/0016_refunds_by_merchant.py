"""Whose a refund is, and of which mode, kept on its row: its payment says both."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery

BATCH = 1000


def fill(apps: Any, _schema_editor: Any) -> None:
    """By key, a thousand at a time; what was filled already is not looked at again."""
    refunds = apps.get_model("payments", "Refund").objects
    payments = apps.get_model("payments", "Payment").objects.filter(pk=OuterRef("payment_id"))
    open_ones = refunds.filter(merchant__isnull=True).order_by("pk")
    while ids := list(open_ones.values_list("pk", flat=True)[:BATCH]):
        refunds.filter(pk__in=ids).update(
            merchant_id=Subquery(payments.values("merchant_id")[:1]),
            is_live=Subquery(payments.values("is_live")[:1]),
        )


class Migration(migrations.Migration):
    dependencies = [
        ("parties", "0009_versions_of_customers"),
        ("payments", "0015_days_added_up_anew"),
    ]

    operations = [
        migrations.AddField(
            model_name="refund",
            name="merchant",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="parties.merchant",
            ),
        ),
        migrations.AddField(
            model_name="refund",
            name="is_live",
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
