from django.db import migrations

PAGE = 500


def fill(apps, schema_editor):
    """What stands on accounts of live money is live. A repeat changes nothing."""
    entries = apps.get_model("ledger", "Entry").objects
    transfers = apps.get_model("ledger", "Transfer").objects
    wrong = entries.filter(account__is_live=True, is_live=False).order_by("pk")
    page = list(wrong.values_list("pk", "transfer_id")[:PAGE])
    while page:
        transfers.filter(pk__in={transfer for _entry, transfer in page}).update(is_live=True)
        entries.filter(pk__in=[entry for entry, _transfer in page]).update(is_live=True)
        page = list(wrong.values_list("pk", "transfer_id")[:PAGE])


class Migration(migrations.Migration):
    dependencies = [("ledger", "0007_mode_of_transfers")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
