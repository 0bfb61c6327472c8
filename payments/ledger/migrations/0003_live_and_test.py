from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_lifecycle")]

    operations = [
        migrations.AddField(
            model_name="account",
            name="is_live",
            field=models.BooleanField(default=False),
        ),
        migrations.RemoveIndex(model_name="account", name="ledger_account_owner"),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                fields=["owner_id", "is_live", "currency", "code"], name="ledger_account_owner"
            ),
        ),
    ]
