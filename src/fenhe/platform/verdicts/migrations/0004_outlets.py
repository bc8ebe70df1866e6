"""Hours of outlets that are to be judged, and what they were judged with."""

from django.db import migrations, models

SUBJECTS = [('site', 'Site'), ('city', 'City'), ('published', 'Published'), ('outlet', 'Outlet')]
ID = models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')


class Migration(migrations.Migration):

    dependencies = [
        ('verdicts', '0003_periods'),
    ]

    operations = [
        migrations.AlterField(
            model_name='assessment',
            name='subject',
            field=models.CharField(choices=SUBJECTS, max_length=10),
        ),
        migrations.AlterField(
            model_name='due',
            name='subject',
            field=models.CharField(choices=SUBJECTS, max_length=10),
        ),
        migrations.CreateModel(
            name='OutletHour',
            fields=[
                ('id', ID),
                ('site', models.CharField(max_length=60)),
                ('hour', models.BigIntegerField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('hour', 'site'), name='one_outlet_hour')],
            },
        ),
        migrations.CreateModel(
            name='OutletBasis',
            fields=[
                ('id', ID.clone()),
                ('site', models.CharField(max_length=60)),
                ('since', models.BigIntegerField()),
                ('until', models.BigIntegerField()),
                ('what', models.TextField()),
            ],
        ),
    ]
