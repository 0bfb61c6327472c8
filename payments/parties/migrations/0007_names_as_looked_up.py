import unicodedata

from django.db import migrations


def _key(name):
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(sign for sign in plain if not unicodedata.combining(sign)).strip()[:120]


def fill(apps, schema_editor):
    merchants = apps.get_model("parties", "Merchant").objects
    for merchant in merchants.filter(name_key="").order_by("pk"):
        merchants.filter(pk=merchant.pk).update(name_key=_key(merchant.name))


class Migration(migrations.Migration):
    dependencies = [("parties", "0006_merchants_by_name")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
