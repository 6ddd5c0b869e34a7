"""Visits at unattended stations, what is broken there, and where a station is missed."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [('models', '0009_figures')]

    initial = False

    operations = []
