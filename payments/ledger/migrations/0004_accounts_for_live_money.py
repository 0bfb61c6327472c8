import uuid

from django.db import migrations

NAMESPACE = uuid.UUID("6f0d5a52-6f0e-4f6f-9a0c-3f3b0c3a1d77")
PAGE = 500


def open_live(apps, schema_editor):
    """Beside each derived account of test money the one of live money. A repeat changes nothing."""
    accounts = apps.get_model("ledger", "Account").objects
    tests = accounts.filter(is_live=False, guarded=False).order_by("pk")
    page = list(tests[:PAGE])
    while page:
        accounts.bulk_create([_twin(one) for one in page], ignore_conflicts=True)
        page = list(tests.filter(pk__gt=page[-1].pk)[:PAGE])


def _twin(one):
    name = f"{one.owner_id}:{one.currency}:{one.code}::live"
    return type(one)(
        pk=uuid.uuid5(NAMESPACE, name),
        owner_id=one.owner_id,
        currency=one.currency,
        code=one.code,
        is_live=True,
    )


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_live_and_test")]

    operations = [migrations.RunPython(open_live, migrations.RunPython.noop)]
