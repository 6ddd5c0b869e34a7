"""What the models of roles and of the audit's chain cannot say; the lists have the shape of 0002."""

from tortoise import migrations
from tortoise.migrations import operations as ops

ONE_SCOPE = "num_nonnulls(station_id, region_code, union_id)"
APPEND_ONLY = ("audit_entry", "audit_link", "audit_anchor", "booking_event", "membership_event")

CONSTRAINTS = {
    "invitation_kind": (
        "invitation",
        f"CHECK (CASE kind WHEN 'join' THEN role IS NOT NULL AND {ONE_SCOPE} = 1 "
        f"ELSE role IS NULL AND {ONE_SCOPE} = 0 AND staff_id IS NOT NULL END)",
    ),
    "invitation_by_fk": ("invitation", "FOREIGN KEY (invited_by) REFERENCES staff (id)"),
    "invitation_staff_fk": ("invitation", "FOREIGN KEY (staff_id) REFERENCES staff (id)"),
    "invitation_station_fk": ("invitation", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "invitation_union_fk": ("invitation", "FOREIGN KEY (union_id) REFERENCES trade_union (id)"),
    "role_request_kind": (
        "role_request",
        f"CHECK (CASE kind WHEN 'grant' THEN role IS NOT NULL AND {ONE_SCOPE} = 1 "
        f"ELSE role IS NULL AND {ONE_SCOPE} = 0 END)",
    ),
    # Two people, neither of whom it is about.
    "role_request_two_people": (
        "role_request",
        "CHECK (asked_by <> staff_id AND (outcome IS DISTINCT FROM 'approved' "
        "OR (decided_by IS NOT NULL AND decided_by <> asked_by AND decided_by <> staff_id)))",
    ),
    "role_request_decided": ("role_request", "CHECK ((outcome IS NULL) = (decided_at IS NULL))"),
    "role_request_staff_fk": ("role_request", "FOREIGN KEY (staff_id) REFERENCES staff (id)"),
    "role_request_by_fk": ("role_request", "FOREIGN KEY (asked_by) REFERENCES staff (id)"),
    "role_request_decider_fk": ("role_request", "FOREIGN KEY (decided_by) REFERENCES staff (id)"),
    "role_request_station_fk": ("role_request", "FOREIGN KEY (station_id) REFERENCES station (id)"),
    "role_request_union_fk": ("role_request", "FOREIGN KEY (union_id) REFERENCES trade_union (id)"),
    "recovery_code_staff_fk": ("recovery_code", "FOREIGN KEY (staff_id) REFERENCES staff (id)"),
    "audit_link_number": ("audit_link", "CHECK (number > 0)"),
}

INDEXES = {
    "staff_of_region": "staff (region_code)",
    "staff_called": "staff (display_name)",
    "role_grant_of_region": "role_grant (region_code) WHERE region_code IS NOT NULL",
    # A role's place is typed by its full name.
    "station_name": "station (name)",
    "union_name": "trade_union (name)",
    "invitation_open": "invitation (expires_at) WHERE used_at IS NULL AND withdrawn_at IS NULL",
    "invitation_of": "invitation (invited_by)",
    "role_request_open": "role_request (asked_at) WHERE outcome IS NULL",
    # A region is a province, a city or a county: each is one value of an index that gives its entries in order.
    "audit_of_province": "audit_entry ((region_code / 10000), at, id)",
    "audit_of_city": "audit_entry ((region_code / 100), at, id)",
    "audit_of_county": "audit_entry (region_code, at, id)",
    "audit_of_actor": "audit_entry (actor_id, at, id)",
    "audit_of_subject": "audit_entry (subject_kind, subject_id, at, id)",
    "audit_of_action": "audit_entry (action, at, id)",
}

UNIQUE_INDEXES = {
    "grant_once": "role_grant (staff_id, role, station_id, region_code, union_id) NULLS NOT DISTINCT",
    "role_request_one_open": (
        "role_request (staff_id, kind, role, station_id, region_code, union_id) NULLS NOT DISTINCT WHERE outcome IS NULL"
    ),
}

TRIGGERS = {
    "audit_entry_pending": (
        "audit_entry",
        "AFTER INSERT ON audit_entry REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION await_chaining()",
    ),
    "audit_link_append_only": (
        "audit_link",
        "BEFORE UPDATE OR DELETE ON audit_link FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    ),
    "audit_anchor_append_only": (
        "audit_anchor",
        "BEFORE UPDATE OR DELETE ON audit_anchor FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    ),
    **{
        f"{table}_never_emptied": (
            table,
            f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
        )
        for table in APPEND_ONLY
    },
    # An open page whose session has ended hears of it at once.
    "session_ended_live": (
        "session",
        "AFTER DELETE ON session FOR EACH ROW EXECUTE FUNCTION tell_session_ended()",
    ),
}

FUNCTIONS = """
CREATE FUNCTION await_chaining() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO audit_pending (entry_id) SELECT id FROM added;
  RETURN NULL;
END $$;
CREATE FUNCTION tell_session_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('live', 'session-' || OLD.id);
  RETURN NULL;
END $$;
-- Histories stay as they were written. Two things may happen to them, and only where they are announced in the same
-- transaction: the erasing of a person's data blanks what people wrote, and the audit lets go of what is older than
-- half a year, link and entry, behind a signed anchor.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF current_setting('niangjia.erasing', true) = 'on' AND to_jsonb(NEW) = to_jsonb(OLD) || '{"reason": ""}' THEN
      RETURN NEW;
    END IF;
  ELSIF TG_OP = 'DELETE' AND current_setting('niangjia.purging', true) = 'on' THEN
    IF TG_TABLE_NAME = 'audit_entry' THEN
      IF (to_jsonb(OLD) ->> 'at')::timestamptz < now() - interval '183 days' THEN
        RETURN OLD;
      END IF;
    ELSIF TG_TABLE_NAME IN ('audit_link', 'audit_anchor') THEN
      RETURN OLD;
    END IF;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
"""

HOME_REGIONS = """
UPDATE staff t SET region_code = first.region_code FROM (
  SELECT DISTINCT ON (g.staff_id) g.staff_id, coalesce(g.region_code, s.region_code, u.region_code) AS region_code
  FROM role_grant g LEFT JOIN station s ON s.id = g.station_id LEFT JOIN trade_union u ON u.id = g.union_id
  ORDER BY g.staff_id, g.created_at, g.id
) first WHERE first.staff_id = t.id
"""
GRANTED_TWICE = """
DELETE FROM role_grant g USING role_grant o WHERE o.id < g.id AND o.staff_id = g.staff_id AND o.role = g.role
  AND (o.station_id, o.region_code, o.union_id) IS NOT DISTINCT FROM (g.station_id, g.region_code, g.union_id)
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0005_roles_audit")]

    operations = [
        ops.RunSQL([GRANTED_TWICE, HOME_REGIONS]),
        ops.RunSQL(
            [f"ALTER TABLE {table} ADD CONSTRAINT {name} {body}" for name, (table, body) in CONSTRAINTS.items()]
        ),
        ops.RunSQL([f"CREATE INDEX {name} ON {body}" for name, body in INDEXES.items()]),
        ops.RunSQL([f"CREATE UNIQUE INDEX {name} ON {body}" for name, body in UNIQUE_INDEXES.items()]),
        ops.RunSQL([FUNCTIONS]),
        ops.RunSQL([f"CREATE TRIGGER {name} {body}" for name, (_, body) in TRIGGERS.items()]),
        # What was written before there was a chain is chained first.
        ops.RunSQL(["INSERT INTO audit_pending (entry_id) SELECT id FROM audit_entry"]),
    ]
