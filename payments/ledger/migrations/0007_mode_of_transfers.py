from django.db import migrations, models


class Migration(migrations.Migration):
    """Transfers and entries say of which mode they are. A transfer keeps its three indexes: the
    reference comes to lead the one that made it unique."""

    dependencies = [("ledger", "0006_unclaimed_money")]

    operations = [
        migrations.AddField(
            model_name="transfer",
            name="is_live",
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="entry",
            name="is_live",
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.UniqueConstraint(
                fields=["id", "is_live"], name="ledger_account_mode"
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(
                fields=["id", "is_live"], name="ledger_transfer_mode"
            ),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.UniqueConstraint(
                fields=["reference", "code"], name="ledger_transfer_booked_once"
            ),
        ),
        migrations.RemoveConstraint(model_name="transfer", name="ledger_transfer_once"),
        migrations.RemoveIndex(model_name="transfer", name="ledger_transfer_reference"),
    ]
