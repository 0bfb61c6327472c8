import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("parties", "0009_versions_of_customers"),
        ("payments", "0016_refunds_by_merchant"),
    ]

    operations = [
        migrations.AlterField(
            model_name="refund",
            name="merchant",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="parties.merchant",
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                fields=["merchant", "is_live", "created_at", "id"], name="payments_refund_merchant"
            ),
        ),
    ]
