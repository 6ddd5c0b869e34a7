"""What a day at a station came to, kept for long-term figures."""

from tortoise import migrations


class Migration(migrations.Migration):
    dependencies = [('models', '0008_waitlist')]

    initial = False

    operations = []
