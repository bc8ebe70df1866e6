"""Sites for the values published of a city as a whole."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("registry", "0003_homes")]
    operations = [
        migrations.AlterField(
            model_name="site",
            name="kind",
            field=models.CharField(
                choices=[("air", "air station"), ("city", "city, as published")],
                default="air",
                max_length=20,
            ),
        ),
    ]
