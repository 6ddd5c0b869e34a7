"""What the models of membership and consent cannot say; the lists have the shape of 0002."""

from tortoise import migrations
from tortoise.migrations import operations as ops

CONSTRAINTS = {
    "union_parent_fk": ("trade_union", "FOREIGN KEY (parent_id) REFERENCES trade_union (id)"),
    "union_stands_in_its_lineage": (
        "trade_union",
        "CHECK (lineage[cardinality(lineage)] = id AND (cardinality(lineage) = 1) = (parent_id IS NULL))",
    ),
    "union_target": ("trade_union", "CHECK (target BETWEEN 0 AND 100000000)"),
    "application_person_fk": ("application", "FOREIGN KEY (person_id) REFERENCES person (id)"),
    "application_union_fk": ("application", "FOREIGN KEY (union_id) REFERENCES trade_union (id)"),
    # What waits for a reviewer is complete.
    "application_complete": (
        "application",
        "CHECK (state NOT IN ('submitted', 'appealed') OR "
        "num_nulls(union_id, identity_sealed, document_index, submitted_at) = 0)",
    ),
    "application_appealed": ("application", "CHECK (state <> 'appealed' OR appeal_sealed IS NOT NULL)"),
    "member_union_fk": ("member", "FOREIGN KEY (union_id) REFERENCES trade_union (id)"),
    "member_person_fk": ("member", "FOREIGN KEY (person_id) REFERENCES person (id)"),
    "member_left": ("member", "CHECK ((state = 'left') = (left_at IS NOT NULL))"),
    "member_named": ("member", "CHECK (state = 'left' OR num_nulls(identity_sealed, document_index) = 0)"),
    "transfer_member_fk": ("transfer", "FOREIGN KEY (member_id) REFERENCES member (id)"),
    "transfer_from_fk": ("transfer", "FOREIGN KEY (from_union_id) REFERENCES trade_union (id)"),
    "transfer_to_fk": ("transfer", "FOREIGN KEY (to_union_id) REFERENCES trade_union (id)"),
    "transfer_moves": ("transfer", "CHECK (from_union_id <> to_union_id)"),
    "union_month_fk": ("union_month", "FOREIGN KEY (union_id) REFERENCES trade_union (id)"),
    "consent_person_fk": ("consent", "FOREIGN KEY (person_id) REFERENCES person (id)"),
    "grant_union_fk": ("role_grant", "FOREIGN KEY (union_id) REFERENCES trade_union (id)"),
    "grant_one_scope": ("role_grant", "CHECK (num_nonnulls(station_id, region_code, union_id) = 1)"),
}

INDEXES = {
    "union_lineage": "trade_union USING gin (lineage)",
    "union_search": "trade_union USING gin (search_text gin_trgm_ops)",
    "union_position": "trade_union USING gist (ll_to_earth(lat, lng)) WHERE closed_at IS NULL AND lat IS NOT NULL",
    "application_queue": "application (union_id, submitted_at) WHERE state IN ('submitted', 'appealed')",
    "application_decided": "application (union_id, decided_at) WHERE decided_at IS NOT NULL",
    "transfer_waiting": "transfer (answer_by) WHERE state = 'requested'",
    "card_revoked": "member (card_revoked_at) WHERE card_revoked_at IS NOT NULL",
    # The ORM's tool adds the column without its index.
    "role_grant_of_union": "role_grant (union_id)",
}

UNIQUE_INDEXES = {
    # One open application per person, and one per document that waits for a decision.
    "application_one_open": "application (person_id) WHERE state IN ('draft', 'submitted', 'returned', 'appealed')",
    "application_one_per_document": "application (document_index) WHERE state IN ('submitted', 'appealed')",
    "member_one_per_document": "member (document_index) WHERE state <> 'left'",
    "member_one_per_person": "member (person_id) WHERE state <> 'left'",
    "transfer_one_open": "transfer (member_id) WHERE state = 'requested'",
}

TRIGGERS = {
    "application_live": (
        "application",
        "AFTER UPDATE OF state ON application FOR EACH ROW EXECUTE FUNCTION tell_live_person()",
    ),
    "member_live": (
        "member",
        "AFTER UPDATE OF state, union_id, card_version ON member FOR EACH ROW EXECUTE FUNCTION tell_live_person()",
    ),
    "membership_event_append_only": (
        "membership_event",
        "BEFORE UPDATE OR DELETE ON membership_event FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    ),
    "membership_event_counted": (
        "membership_event",
        "AFTER INSERT ON membership_event REFERENCING NEW TABLE AS added FOR EACH STATEMENT "
        "EXECUTE FUNCTION count_membership()",
    ),
}

FUNCTIONS = """
CREATE FUNCTION tell_live_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.person_id IS NOT NULL THEN
    PERFORM pg_notify('live', NEW.person_id::text);
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION count_membership() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- In one order, so that two transactions with several unions wait for each other and never in a circle.
  INSERT INTO union_month (union_id, month, subject, step, count)
  SELECT union_id, date_trunc('month', at AT TIME ZONE 'Asia/Shanghai')::date, subject, step, count(*)
  FROM added WHERE union_id IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (union_id, month, subject, step) DO UPDATE SET count = union_month.count + excluded.count;
  RETURN NULL;
END $$;
-- Histories stay as they were written; only the erasing of a person's data blanks what people wrote in them.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND current_setting('niangjia.erasing', true) = 'on'
    AND to_jsonb(NEW) = to_jsonb(OLD) || '{"reason": ""}' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0003_membership")]

    operations = [
        ops.RunSQL(["ALTER TABLE role_grant DROP CONSTRAINT grant_one_scope"]),
        ops.RunSQL(
            [f"ALTER TABLE {table} ADD CONSTRAINT {name} {body}" for name, (table, body) in CONSTRAINTS.items()]
        ),
        ops.RunSQL([f"CREATE INDEX {name} ON {body}" for name, body in INDEXES.items()]),
        ops.RunSQL([f"CREATE UNIQUE INDEX {name} ON {body}" for name, body in UNIQUE_INDEXES.items()]),
        ops.RunSQL([FUNCTIONS]),
        ops.RunSQL([f"CREATE TRIGGER {name} {body}" for name, (_, body) in TRIGGERS.items()]),
    ]
