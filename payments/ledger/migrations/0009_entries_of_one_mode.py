import django.db.models.deletion
from django.db import migrations, models

import audit.constraints


class Migration(migrations.Migration):
    """An entry names its transfer and its account together with their mode."""

    dependencies = [("ledger", "0008_mode_of_what_is_booked")]

    operations = [
        migrations.AlterField(
            model_name="entry",
            name="transfer",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="ledger.transfer",
            ),
        ),
        migrations.AlterField(
            model_name="entry",
            name="account",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="ledger.account",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=audit.constraints.TrueOfReferenced(
                field="is_live", name="ledger_entry_of_transfer", through="transfer"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=audit.constraints.TrueOfReferenced(
                field="is_live", name="ledger_entry_of_account", through="account"
            ),
        ),
    ]
