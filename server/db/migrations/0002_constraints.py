"""What the ORM's models cannot say: extensions, figures of the operator, constraints, search indexes and triggers.

A list of `(name, sql)` per kind, so that a test can prove that each one exists in the database.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops

EXTENSIONS = ("btree_gist", "cube", "earthdistance", "pg_trgm")

TABLES = {
    # What the workers did, of all machines; see server/job_runs.py.
    "job_run": "(name text PRIMARY KEY, runs bigint NOT NULL, seconds double precision NOT NULL, "
    "last_at timestamptz NOT NULL)",
}

CONSTRAINTS = {
    # One worker cannot be in two places: no two active bookings of a person overlap.
    "booking_no_overlap": (
        "booking",
        "EXCLUDE USING gist (person_id WITH =, tstzrange(starts_at, ends_at) WITH &&) "
        "WHERE (status IN ('requested', 'confirmed', 'arrived'))",
    ),
    "booking_interval": ("booking", "CHECK (starts_at < ends_at)"),
    "booking_slot_fk": ("booking", "FOREIGN KEY (slot_id) REFERENCES slot (id)"),
    "booking_person_fk": ("booking", "FOREIGN KEY (person_id) REFERENCES person (id)"),
    "booking_event_booking_fk": ("booking_event", "FOREIGN KEY (booking_id) REFERENCES booking (id)"),
    "slot_never_oversold": ("slot", "CHECK (taken BETWEEN 0 AND capacity)"),
    "slot_interval": ("slot", "CHECK (starts_at < ends_at)"),
    "slot_offering_fk": ("slot", "FOREIGN KEY (offering_id) REFERENCES offering (id)"),
    "offering_station_fk": ("offering", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "offering_sane": (
        "offering",
        "CHECK (minutes BETWEEN 5 AND 1440 AND capacity BETWEEN 1 AND 2000 AND notice_minutes >= 0 "
        "AND cutoff_minutes >= 0 AND confirm_minutes >= 0 AND horizon_days BETWEEN 1 AND 90 "
        "AND general_days BETWEEN 0 AND horizon_days)",
    ),
    "station_on_earth": ("station", "CHECK (lat BETWEEN -90 AND 90 AND lng BETWEEN -180 AND 180)"),
    "station_hours_shape": ("station", "CHECK (jsonb_array_length(hours) = 8)"),
    "station_season": ("station", "CHECK (season_from <= season_until)"),
    "grant_station_fk": ("role_grant", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "grant_one_scope": ("role_grant", "CHECK (num_nonnulls(station_id, region_code) = 1)"),
    "session_one_owner": ("session", "CHECK (num_nonnulls(person_id, staff_id) = 1)"),
    "notice_one_reader": ("notice", "CHECK (num_nonnulls(person_id, staff_id) = 1)"),
}

INDEXES = {
    "station_position": "station USING gist (ll_to_earth(lat, lng)) WHERE retired_at IS NULL",
    "station_search": "station USING gin (search_text gin_trgm_ops)",
    "station_facilities": "station USING gin (facilities)",
    "division_position": "division USING gist (ll_to_earth(lat, lng))",
    "division_search": "division USING gin ((full_name || ' ' || pinyin || ' ' || initials) gin_trgm_ops)",
    "booking_awaiting": "booking (confirm_by) WHERE status = 'requested'",
    "notice_outbox": "notice (next_try_at) WHERE state = 'due'",
    "offering_rolling": "offering (rolled_until) WHERE active",
    "booking_event_at": "booking_event USING brin (at) WITH (autosummarize = on)",
}

TRIGGERS = {
    # Whoever changes a booking, by whatever road, the open sheets and tickets hear of it.
    "booking_live": (
        "booking",
        "AFTER INSERT OR UPDATE OF status, slot_id ON booking FOR EACH ROW EXECUTE FUNCTION tell_live()",
    ),
    "booking_event_append_only": (
        "booking_event",
        "BEFORE UPDATE OR DELETE ON booking_event FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    ),
    "audit_entry_append_only": (
        "audit_entry",
        "BEFORE UPDATE OR DELETE ON audit_entry FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    ),
    "notice_wake": (
        "notice",
        "AFTER INSERT ON notice FOR EACH STATEMENT EXECUTE FUNCTION wake_outbox()",
    ),
}

FUNCTIONS = """
CREATE FUNCTION tell_live() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('live', NEW.station_id || ' ' || NEW.id);
  IF TG_OP = 'UPDATE' THEN
    IF OLD.station_id <> NEW.station_id THEN
      PERFORM pg_notify('live', OLD.station_id::text);
    END IF;
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE FUNCTION wake_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY outbox;
  RETURN NULL;
END $$;
"""

STORAGE = (
    # Room on the page lets the counter be updated in place (HOT), without touching indexes.
    "ALTER TABLE slot SET (fillfactor = 70)",
    "ALTER TABLE booking SET (fillfactor = 85)",
)


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]

    operations = [
        ops.RunSQL([f"CREATE EXTENSION IF NOT EXISTS {name}" for name in EXTENSIONS]),
        ops.RunSQL([f"CREATE TABLE {name} {body}" for name, body in TABLES.items()]),
        ops.RunSQL(
            [f"ALTER TABLE {table} ADD CONSTRAINT {name} {body}" for name, (table, body) in CONSTRAINTS.items()]
        ),
        ops.RunSQL([f"CREATE INDEX {name} ON {body}" for name, body in INDEXES.items()]),
        ops.RunSQL([FUNCTIONS]),
        ops.RunSQL([f"CREATE TRIGGER {name} {body}" for name, (_, body) in TRIGGERS.items()]),
        ops.RunSQL(list(STORAGE)),
    ]
