import unicodedata

from django.db import migrations


def _key(name):
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).strip()[:80]


def fill(apps, schema_editor):
    accounts = apps.get_model("gateways", "ConnectorAccount").objects
    for account in accounts.filter(name_key="").order_by("pk"):
        accounts.filter(pk=account.pk).update(name_key=_key(account.name))


class Migration(migrations.Migration):
    dependencies = [("gateways", "0007_accounts_by_name")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
