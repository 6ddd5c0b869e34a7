"""Providers, photos and roads with warm stops."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [('models', '0011_groups')]

    initial = False

    operations = []
