from django.db import migrations

PAGE = 1000


def copy_modes(apps, schema_editor):
    """An attempt is of its payment's mode. Few are live yet. A repeat changes nothing."""
    attempts = apps.get_model("payments", "Attempt").objects
    late = attempts.filter(payment__is_live=True, is_live=False)
    while page := list(late.order_by("pk").values_list("pk", flat=True)[:PAGE]):
        attempts.filter(pk__in=page).update(is_live=True)


class Migration(migrations.Migration):
    dependencies = [("payments", "0018_lists_by_mode")]

    operations = [migrations.RunPython(copy_modes, migrations.RunPython.noop)]
