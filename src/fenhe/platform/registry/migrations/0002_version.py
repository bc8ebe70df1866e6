"""The registry's version changes with every row, whoever writes it: answers kept go by it."""

from django.db import migrations

TABLES = [f"registry_{name}" for name in ("region", "site", "sitecode", "sitename", "siteplace")]
CHANGES = ("INSERT", "UPDATE", "DELETE")
SQLITE = """
CREATE TRIGGER {table}_{change} AFTER {change} ON {table} BEGIN
    INSERT INTO registry_setting (key, value)
    VALUES ('registry_version', '"' || hex(randomblob(8)) || '"')
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END
"""
POSTGRESQL_FUNCTION = """
CREATE FUNCTION registry_new_version() RETURNS trigger AS $$ BEGIN
    INSERT INTO registry_setting (key, value)
    VALUES ('registry_version', to_jsonb(gen_random_uuid()::text))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
    RETURN NULL;
END $$ LANGUAGE plpgsql
"""
POSTGRESQL = """
CREATE TRIGGER {table}_{change} AFTER {change} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION registry_new_version()
"""


def watch(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    if vendor == "postgresql":
        schema_editor.execute(POSTGRESQL_FUNCTION)
    statement = {"sqlite": SQLITE, "postgresql": POSTGRESQL}[vendor]
    for table in TABLES:
        for change in CHANGES:
            schema_editor.execute(statement.format(table=table, change=change))


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_initial")]
    operations = [migrations.RunPython(watch, migrations.RunPython.noop)]
