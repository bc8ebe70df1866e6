"""The set of limits an outlet is judged by is a dated fact of it."""

from importlib import import_module

from django.db import migrations, models

VERSION, TABLE = "judging_version", "registry_outletfact"
NAME = f"{TABLE}_{VERSION}"


def watch_again(apps, schema_editor):
    """SQLite builds a table anew for a column with a default, without the table's triggers."""
    if schema_editor.connection.vendor != "sqlite":
        return
    former = import_module("fenhe.platform.registry.migrations.0005_outlets")
    for change in former.CHANGES:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {NAME}_{change}")
        schema_editor.execute(
            former.SQLITE.format(change=change, version=VERSION, table=TABLE, name=NAME)
        )


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0005_outlets'),
    ]

    operations = [
        migrations.AddField(
            model_name='outletfact',
            name='limit_set',
            field=models.CharField(blank=True, default='', max_length=200),
        ),
        migrations.RunPython(watch_again, migrations.RunPython.noop),
    ]
