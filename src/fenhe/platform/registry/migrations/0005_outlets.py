"""Outlets, loggers, channels, limits and marks; versions that change with every row of them."""

import datetime
import django.db.models.deletion
import fenhe.platform.registry.fields
from django.db import migrations, models

CHANGES = ("INSERT", "UPDATE", "DELETE")
WATCHED = {
    "devices_version": ("device", "devicekey", "channel", "outlet"),
    "judging_version": ("outlet", "outletfact", "permitlimit", "mark"),
}
SQLITE = """
CREATE TRIGGER {name}_{change} AFTER {change} ON {table} BEGIN
    INSERT INTO registry_setting (key, value)
    VALUES ('{version}', '"' || hex(randomblob(8)) || '"')
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
END
"""
POSTGRESQL_FUNCTION = """
CREATE FUNCTION registry_new_{version}() RETURNS trigger AS $$ BEGIN
    INSERT INTO registry_setting (key, value)
    VALUES ('{version}', to_jsonb(gen_random_uuid()::text))
    ON CONFLICT (key) DO UPDATE SET value = excluded.value;
    RETURN NULL;
END $$ LANGUAGE plpgsql
"""
POSTGRESQL = """
CREATE TRIGGER {name}_{change} AFTER {change} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION registry_new_{version}()
"""


def watch(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for version, tables in WATCHED.items():
        if vendor == "postgresql":
            schema_editor.execute(POSTGRESQL_FUNCTION.format(version=version))
        for table in (f"registry_{name}" for name in tables):
            name = f"{table}_{version}"
            _triggers(schema_editor, {"sqlite": SQLITE, "postgresql": POSTGRESQL}[vendor],
                      version=version, table=table, name=name)


def watch_sites_again(apps, schema_editor):
    """The new constraint made SQLite build the table of sites anew, without its triggers."""
    if schema_editor.connection.vendor != "sqlite":
        return
    table = "registry_site"
    for change in CHANGES:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_{change}")
    _triggers(schema_editor, SQLITE, version="registry_version", table=table, name=table)


def _triggers(schema_editor, statement, **names):
    for change in CHANGES:
        schema_editor.execute(statement.format(change=change, **names))


class Migration(migrations.Migration):

    dependencies = [
        ('registry', '0004_city_sites'),
    ]

    operations = [
        migrations.CreateModel(
            name='Channel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(default=datetime.date(1900, 1, 1))),
                ('valid_to', models.DateField(default=datetime.date(9999, 12, 31))),
                ('source', models.CharField(blank=True, max_length=300)),
                ('commit', models.BigIntegerField(default=0)),
                ('withdrawn_commit', models.BigIntegerField(blank=True, null=True)),
                ('st', models.CharField(blank=True, max_length=2)),
                ('code', models.CharField(max_length=40)),
                ('item', models.CharField(max_length=40)),
                ('unit', models.CharField(blank=True, max_length=20)),
                ('unit_sum', models.CharField(blank=True, max_length=20)),
            ],
            options={
                'ordering': ['device_id', 'st', 'code', 'valid_from'],
            },
        ),
        migrations.CreateModel(
            name='Device',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mn', models.CharField(max_length=40, unique=True)),
                ('name', models.CharField(blank=True, max_length=120)),
                ('password', fenhe.platform.registry.fields.SecretField(blank=True, null=True)),
                ('edition', models.PositiveSmallIntegerField(blank=True, choices=[(2005, 'HJ/T 212-2005'), (2017, 'HJ 212-2017'), (2025, 'HJ 212-2025')], null=True)),
                ('minutes', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('model', models.CharField(blank=True, max_length=120)),
                ('enabled', models.BooleanField(default=True)),
                ('simulated', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['mn'],
            },
        ),
        migrations.CreateModel(
            name='DeviceKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', fenhe.platform.registry.fields.SecretField()),
                ('made_at', models.CharField(blank=True, max_length=17)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('valid', models.BooleanField(default=True)),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['device_id', '-id'],
            },
        ),
        migrations.CreateModel(
            name='DeviceParameter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('st', models.CharField(blank=True, max_length=2)),
                ('of', models.CharField(blank=True, max_length=40)),
                ('name', models.CharField(max_length=40)),
                ('kind', models.CharField(choices=[('parameter', 'parameter'), ('state', 'state'), ('log', 'log')], default='parameter', max_length=10)),
                ('value', models.TextField()),
                ('since', models.DateTimeField()),
                ('arrived_at', models.DateTimeField()),
                ('cn', models.CharField(max_length=4)),
                ('raw_sha256', models.CharField(max_length=64)),
                ('raw_row', models.BigIntegerField()),
                ('commit', models.BigIntegerField(default=0)),
            ],
            options={
                'ordering': ['device_id', 'of', 'name', 'since', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Mark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('facility', 'facility'), ('instrument', 'instrument')], max_length=12)),
                ('code', models.CharField(max_length=40)),
                ('items', models.JSONField(default=list)),
                ('start', models.DateTimeField(db_index=True)),
                ('end', models.DateTimeField(db_index=True)),
                ('reason', models.TextField(blank=True)),
                ('planned', models.BooleanField(default=False)),
                ('submitter', models.CharField(max_length=150)),
                ('submitted_at', models.DateTimeField()),
                ('ingested_at', models.DateTimeField(auto_now_add=True)),
                ('channel', models.CharField(choices=[('manual', 'by a person'), ('auto', 'by the device')], default='manual', max_length=8)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('attachments', models.JSONField(default=list)),
                ('findings', models.JSONField(default=list)),
                ('commit', models.BigIntegerField(default=0)),
                ('withdrawn_commit', models.BigIntegerField(blank=True, null=True)),
                ('withdrawn_by', models.CharField(blank=True, max_length=150)),
                ('withdrawn_reason', models.TextField(blank=True)),
            ],
            options={
                'ordering': ['site_id', 'start', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Outlet',
            fields=[
                ('site', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='outlet', serialize=False, to='registry.site')),
                ('medium', models.CharField(choices=[('gas', 'flue gas'), ('water', 'waste water')], max_length=10)),
                ('number', models.CharField(blank=True, max_length=40)),
                ('permit', models.CharField(blank=True, max_length=40)),
                ('simulated', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['site_id'],
            },
        ),
        migrations.CreateModel(
            name='OutletFact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(default=datetime.date(1900, 1, 1))),
                ('valid_to', models.DateField(default=datetime.date(9999, 12, 31))),
                ('source', models.CharField(blank=True, max_length=300)),
                ('commit', models.BigIntegerField(default=0)),
                ('withdrawn_commit', models.BigIntegerField(blank=True, null=True)),
                ('sector', models.CharField(blank=True, max_length=40)),
                ('source_type', models.CharField(blank=True, max_length=80)),
                ('discharge', models.CharField(blank=True, max_length=80)),
                ('receiver', models.CharField(blank=True, max_length=120)),
                ('reference_o2', fenhe.platform.registry.fields.ExactDecimalField(blank=True, max_length=30, null=True)),
                ('excess_air', fenhe.platform.registry.fields.ExactDecimalField(blank=True, max_length=30, null=True)),
                ('stack_area', fenhe.platform.registry.fields.ExactDecimalField(blank=True, max_length=30, null=True)),
                ('stack_height', fenhe.platform.registry.fields.ExactDecimalField(blank=True, max_length=30, null=True)),
                ('velocity_factor', fenhe.platform.registry.fields.ExactDecimalField(blank=True, max_length=30, null=True)),
                ('rated_load', fenhe.platform.registry.fields.ExactDecimalField(blank=True, max_length=30, null=True)),
                ('rated_unit', models.CharField(blank=True, max_length=20)),
            ],
            options={
                'ordering': ['outlet_id', 'valid_from'],
            },
        ),
        migrations.CreateModel(
            name='PermitLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(default=datetime.date(1900, 1, 1))),
                ('valid_to', models.DateField(default=datetime.date(9999, 12, 31))),
                ('source', models.CharField(blank=True, max_length=300)),
                ('commit', models.BigIntegerField(default=0)),
                ('withdrawn_commit', models.BigIntegerField(blank=True, null=True)),
                ('item', models.CharField(max_length=40)),
                ('quantity', models.CharField(choices=[('concentration', 'concentration'), ('rate', 'emission rate'), ('mass', 'total mass')], default='concentration', max_length=15)),
                ('averaging', models.CharField(choices=[('instant', 'spot value'), ('5min', '5 minutes'), ('hour', 'hour'), ('day', 'day'), ('month', 'month'), ('year', 'year')], max_length=10)),
                ('low', fenhe.platform.registry.fields.ExactDecimalField(blank=True, max_length=30, null=True)),
                ('limit', fenhe.platform.registry.fields.ExactDecimalField(max_length=30)),
                ('unit', models.CharField(blank=True, max_length=20)),
                ('reference_o2', fenhe.platform.registry.fields.ExactDecimalField(blank=True, max_length=30, null=True)),
                ('document', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'ordering': ['site_id', 'item', 'averaging', 'valid_from'],
            },
        ),
        migrations.AlterField(
            model_name='site',
            name='kind',
            field=models.CharField(choices=[('air', 'air station'), ('city', 'city, as published'), ('outlet', 'outlet of a firm')], default='air', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='site',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('key__startswith', 'outlet:'), ('kind', 'outlet')), models.Q(models.Q(('kind', 'outlet'), _negated=True), models.Q(('key__startswith', 'outlet:'), _negated=True)), _connector='OR'), name='outlets_and_their_keys'),
        ),
        migrations.AddField(
            model_name='channel',
            name='site',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='channels', to='registry.site'),
        ),
        migrations.AddField(
            model_name='device',
            name='organisation',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='devices', to='registry.organisation'),
        ),
        migrations.AddField(
            model_name='channel',
            name='device',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='channels', to='registry.device'),
        ),
        migrations.AddField(
            model_name='devicekey',
            name='device',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='keys', to='registry.device'),
        ),
        migrations.AddField(
            model_name='deviceparameter',
            name='device',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='parameters', to='registry.device'),
        ),
        migrations.AddField(
            model_name='mark',
            name='former',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='later', to='registry.mark'),
        ),
        migrations.AddField(
            model_name='mark',
            name='site',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='marks', to='registry.site'),
        ),
        migrations.AddField(
            model_name='outletfact',
            name='outlet',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='facts', to='registry.outlet'),
        ),
        migrations.AddField(
            model_name='permitlimit',
            name='site',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='limits', to='registry.site'),
        ),
        migrations.AddIndex(
            model_name='channel',
            index=models.Index(fields=['device', 'code'], name='channel_code'),
        ),
        migrations.AddIndex(
            model_name='deviceparameter',
            index=models.Index(fields=['device', 'name', 'since'], name='told_since'),
        ),
        migrations.AddConstraint(
            model_name='deviceparameter',
            constraint=models.UniqueConstraint(fields=('device', 'st', 'of', 'name', 'since', 'raw_sha256', 'raw_row'), name='one_row_per_telling'),
        ),
        migrations.AddConstraint(
            model_name='mark',
            constraint=models.CheckConstraint(condition=models.Q(('end__gt', models.F('start'))), name='mark_ends_later'),
        ),
        migrations.RunPython(watch, migrations.RunPython.noop),
        migrations.RunPython(watch_sites_again, migrations.RunPython.noop),
    ]
