

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Command',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mn', models.CharField(db_index=True, max_length=64)),
                ('cn', models.CharField(max_length=4)),
                ('st', models.CharField(max_length=2)),
                ('fields', models.JSONField(default=list)),
                ('sealed', models.TextField(blank=True)),
                ('changes', models.BooleanField(default=False)),
                ('state', models.CharField(choices=[('asked', 'waits for a second person'), ('approved', 'waits for the device'), ('sent', 'sent'), ('accepted', 'accepted by the device'), ('done', 'done'), ('failed', 'failed'), ('refused', 'refused by the device'), ('timed_out', 'no answer'), ('withdrawn', 'withdrawn')], db_index=True, max_length=10)),
                ('reason', models.TextField(blank=True)),
                ('asked_by', models.CharField(max_length=150)),
                ('asked_at', models.DateTimeField(auto_now_add=True)),
                ('decided_by', models.CharField(blank=True, max_length=150)),
                ('decided_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField()),
                ('gateway', models.CharField(blank=True, max_length=40)),
                ('qn', models.CharField(blank=True, max_length=17)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('sent_at', models.DateTimeField(null=True)),
                ('accepted_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('qn_rtn', models.CharField(blank=True, max_length=8)),
                ('exe_rtn', models.CharField(blank=True, max_length=8)),
                ('frames', models.PositiveIntegerField(default=0)),
                ('result', models.JSONField(default=list)),
                ('why', models.CharField(blank=True, max_length=300)),
            ],
            options={
                'ordering': ['-id'],
            },
        ),
    ]
