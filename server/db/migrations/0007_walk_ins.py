"""Numbers of walk-ins and the counts that stay of them; the lists have the shape of 0002."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from server.bookings.models import QueueStatus, ServiceKind
from server.kit.ids import new_id
from tortoise import fields

CONSTRAINTS = {
    "walk_in_station_fk": ("walk_in", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "walk_in_offering_fk": ("walk_in", "FOREIGN KEY (offering_id) REFERENCES offering (id)"),
    "walk_in_booking_fk": ("walk_in", "FOREIGN KEY (booking_id) REFERENCES booking (id)"),
    "walk_in_person_fk": ("walk_in", "FOREIGN KEY (person_id) REFERENCES person (id)"),
    # A number of its own, or the booking that is called by its code.
    "walk_in_number": (
        "walk_in",
        "CHECK (num_nonnulls(letter, number) = CASE WHEN booking_id IS NULL THEN 2 ELSE 0 END AND number > 0)",
    ),
    "walk_in_called": (
        "walk_in",
        "CHECK (status NOT IN ('called', 'served') OR (called_at IS NOT NULL AND said_at IS NOT NULL))",
    ),
    "walk_in_finished": ("walk_in", "CHECK ((status IN ('served', 'left')) = (finished_at IS NOT NULL))"),
    "walk_in_day_station_fk": ("walk_in_day", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "walk_in_day_sane": ("walk_in_day", "CHECK (served >= 0 AND gone >= 0 AND served + gone <= taken)"),
}
INDEXES = {
    # What a visit takes is measured from the last ones.
    "walk_in_measured": "walk_in (offering_id, finished_at) WHERE status = 'served'",
    "walk_in_open": "walk_in (day) WHERE status IN ('waiting', 'called')",
    "walk_in_of_nobody": "walk_in (day) WHERE person_id IS NULL",
}
UNIQUE_INDEXES = {
    "walk_in_one_open": (
        "walk_in (person_id, offering_id, day) WHERE person_id IS NOT NULL AND status IN ('waiting', 'called')"
    ),
}
TRIGGERS = {
    # The desk, the display and the numbers' pages hear of each step.
    "walk_in_live": (
        "walk_in",
        "AFTER INSERT OR UPDATE OF status, said_at, came_at ON walk_in FOR EACH ROW EXECUTE FUNCTION tell_live()",
    ),
}


class Migration(migrations.Migration):
    dependencies = [("models", "0006_roles_audit_constraints")]

    initial = False

    operations = [
        ops.CreateModel(
            name="WalkIn",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("station_id", fields.UUIDField()),
                ("region_code", fields.IntField()),
                ("offering_id", fields.UUIDField(db_index=True)),
                (
                    "service",
                    fields.CharEnumField(
                        description="HAIRCUT: haircut\nHEALTH_CHECK: health_check\nFREE_CLINIC: free_clinic\nLEGAL_ADVICE: legal_advice\nCOUNSELLING: counselling\nFILM: film\nLECTURE: lecture\nVEHICLE_REPAIR: vehicle_repair\nHOT_MEAL: hot_meal\nJOB_ADVICE: job_advice\nTICKET_HELP: ticket_help",
                        enum_type=ServiceKind,
                        max_length=20,
                    ),
                ),
                ("day", fields.DateField()),
                ("letter", fields.CharField(null=True, max_length=1)),
                ("number", fields.SmallIntField(null=True)),
                ("booking_id", fields.UUIDField(null=True, unique=True)),
                ("person_id", fields.UUIDField(null=True, db_index=True)),
                ("name_sealed", fields.BinaryField(null=True)),
                ("secret", fields.CharField(unique=True, max_length=32)),
                ("request_key", fields.CharField(max_length=64)),
                (
                    "status",
                    fields.CharEnumField(
                        default=QueueStatus.WAITING,
                        description="WAITING: waiting\nCALLED: called\nSERVED: served\nLEFT: left",
                        enum_type=QueueStatus,
                        max_length=8,
                    ),
                ),
                (
                    "previous_status",
                    fields.CharEnumField(
                        null=True,
                        description="WAITING: waiting\nCALLED: called\nSERVED: served\nLEFT: left",
                        enum_type=QueueStatus,
                        max_length=8,
                    ),
                ),
                ("taken_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("came_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("previous_came_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("absent", fields.SmallIntField(default=0, db_default=0)),
                ("ahead", fields.BooleanField(default=False, db_default=False)),
                ("counter", fields.CharField(default="", db_default="", max_length=12)),
                ("called_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("said_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("finished_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_by", fields.UUIDField(null=True)),
            ],
            options={
                "table": "walk_in",
                "app": "models",
                "unique_together": (("station_id", "day", "letter", "number"), ("offering_id", "request_key")),
                "pk_attr": "id",
                "table_description": "One place in a station's queue of a day: a number that was taken, or a checked-in booking once it was called.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="WalkInDay",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("station_id", fields.UUIDField()),
                ("region_code", fields.IntField()),
                ("day", fields.DateField()),
                ("letter", fields.CharField(max_length=1)),
                (
                    "service",
                    fields.CharEnumField(
                        description="HAIRCUT: haircut\nHEALTH_CHECK: health_check\nFREE_CLINIC: free_clinic\nLEGAL_ADVICE: legal_advice\nCOUNSELLING: counselling\nFILM: film\nLECTURE: lecture\nVEHICLE_REPAIR: vehicle_repair\nHOT_MEAL: hot_meal\nJOB_ADVICE: job_advice\nTICKET_HELP: ticket_help",
                        enum_type=ServiceKind,
                        max_length=20,
                    ),
                ),
                ("taken", fields.SmallIntField()),
                ("served", fields.SmallIntField(default=0, db_default=0)),
                ("gone", fields.SmallIntField(default=0, db_default=0)),
                ("waited_seconds", fields.BigIntField(default=0, db_default=0)),
                ("served_seconds", fields.BigIntField(default=0, db_default=0)),
            ],
            options={
                "table": "walk_in_day",
                "app": "models",
                "unique_together": (("station_id", "day", "letter"),),
                "pk_attr": "id",
                "table_description": "The numbers of one letter at a station on a day: the last one given out, and what became of forgotten ones.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            [f"ALTER TABLE {table} ADD CONSTRAINT {name} {body}" for name, (table, body) in CONSTRAINTS.items()]
        ),
        ops.RunSQL([f"CREATE INDEX {name} ON {body}" for name, body in INDEXES.items()]),
        ops.RunSQL([f"CREATE UNIQUE INDEX {name} ON {body}" for name, body in UNIQUE_INDEXES.items()]),
        ops.RunSQL([f"CREATE TRIGGER {name} {body}" for name, (_, body) in TRIGGERS.items()]),
    ]
