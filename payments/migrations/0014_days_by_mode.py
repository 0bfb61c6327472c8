from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payments", "0013_versions_of_payments")]

    operations = [
        migrations.RemoveConstraint(model_name="daytotals", name="payments_day_once"),
        migrations.RemoveIndex(model_name="daytotals", name="payments_days"),
        migrations.AddField(
            model_name="daytotals",
            name="is_live",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="daytotals",
            index=models.Index(
                fields=["is_live", "day", "currency", "merchant"], name="payments_days"
            ),
        ),
        migrations.AddConstraint(
            model_name="daytotals",
            constraint=models.UniqueConstraint(
                fields=("merchant", "is_live", "currency", "day"), name="payments_day_once"
            ),
        ),
    ]
