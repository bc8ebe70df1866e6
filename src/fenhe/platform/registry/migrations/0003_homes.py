"""Where a site counted, by date; the version of the registry changes with these rows too."""

import datetime

import django.db.models.deletion
from django.db import migrations, models

CHANGES = ("INSERT", "UPDATE", "DELETE")
TABLE = "registry_sitehome"
SQLITE = """
CREATE TRIGGER {table}_{change} AFTER {change} ON {table} BEGIN
    INSERT INTO registry_setting (key, value)
    VALUES ('registry_version', '"' || hex(randomblob(8)) || '"')
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END
"""
POSTGRESQL = """
CREATE TRIGGER {table}_{change} AFTER {change} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION registry_new_version()
"""


def watch(apps, schema_editor):
    statement = {"sqlite": SQLITE, "postgresql": POSTGRESQL}[schema_editor.connection.vendor]
    for change in CHANGES:
        schema_editor.execute(statement.format(table=TABLE, change=change))


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_version")]
    operations = [
        migrations.CreateModel(
            name="SiteHome",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("valid_from", models.DateField(default=datetime.date(1900, 1, 1))),
                ("valid_to", models.DateField(default=datetime.date(9999, 12, 31))),
                ("source", models.CharField(blank=True, max_length=300)),
                ("commit", models.BigIntegerField(default=0)),
                ("counts_for_city", models.BooleanField(default=True)),
                ("withdrawn_commit", models.BigIntegerField(blank=True, null=True)),
                ("region", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.region")),
                ("site", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="homes", to="registry.site")),
            ],
            options={"ordering": ["site_id", "valid_from"]},
        ),
        migrations.RunPython(watch, migrations.RunPython.noop),
    ]
