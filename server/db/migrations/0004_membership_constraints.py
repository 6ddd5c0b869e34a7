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
    "application_wished_fk": ("application", "FOREIGN KEY (wished_union_id) REFERENCES trade_union (id)"),
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
    "union_size_fk": ("union_size", "FOREIGN KEY (union_id) REFERENCES trade_union (id)"),
    # Of an erased person nothing is left but the id.
    "person_erased": (
        "person",
        "CHECK (erased_at IS NULL OR "
        "(octet_length(phone_sealed) = 0 AND phone_tail = '' AND name_sealed IS NULL AND NOT is_member))",
    ),
    "consent_person_fk": ("consent", "FOREIGN KEY (person_id) REFERENCES person (id)"),
    "grant_union_fk": ("role_grant", "FOREIGN KEY (union_id) REFERENCES trade_union (id)"),
    "grant_one_scope": ("role_grant", "CHECK (num_nonnulls(station_id, region_code, union_id) = 1)"),
}

INDEXES = {
    "union_lineage": "trade_union USING gin (lineage)",
    "union_search": "trade_union USING gin (search_text gin_trgm_ops)",
    "union_position": "trade_union USING gist (ll_to_earth(lat, lng)) WHERE closed_at IS NULL AND lat IS NOT NULL",
    "application_queue": "application (union_id, submitted_at) WHERE state IN ('submitted', 'appealed')",
    "application_oldest": "application (submitted_at, id) WHERE state IN ('submitted', 'appealed')",
    "application_decided": "application (union_id, decided_at) WHERE decided_at IS NOT NULL",
    "application_drafts": "application (saved_at) WHERE state = 'draft'",
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
    # Whatever was under way while a person was erased adds nothing to them afterwards.
    "booking_of_nobody": (
        "booking",
        "BEFORE INSERT ON booking FOR EACH ROW EXECUTE FUNCTION refuse_erased()",
    ),
    "application_of_nobody": (
        "application",
        "BEFORE INSERT ON application FOR EACH ROW EXECUTE FUNCTION refuse_erased()",
    ),
    "notice_to_nobody": (
        "notice",
        "BEFORE INSERT ON notice FOR EACH ROW WHEN (NEW.person_id IS NOT NULL) EXECUTE FUNCTION drop_if_erased()",
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
    "member_added_counted": (
        "member",
        "AFTER INSERT ON member REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_members()",
    ),
    "member_changed_counted": (
        "member",
        "AFTER UPDATE ON member REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT "
        "EXECUTE FUNCTION count_members()",
    ),
    "member_removed_counted": (
        "member",
        "AFTER DELETE ON member REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION count_members()",
    ),
}

# What union_month counts, by column: decisions also by their days, in the classes of progress.WAIT_DAYS. Who is in the
# register already does not join; what is corrected and sent again is no further application; appeals are another matter.
MONTHS = {
    "applications": "subject = 'application' AND step = 'submitted' AND kind = 'join' AND NOT again",
    "approvals": "subject = 'application' AND step = 'approved' AND kind = 'join'",
    "returned": "subject = 'application' AND step = 'returned' AND kind = 'join'",
    "rejected": "subject = 'application' AND step = 'rejected' AND kind = 'join'",
    "joined": "subject = 'member' AND step = 'joined'",
    "imported": "subject = 'member' AND step = 'imported'",
    "moved_in": "subject = 'member' AND step = 'moved_in'",
    "moved_out": "subject = 'member' AND step = 'moved_out'",
    "departed": "subject = 'member' AND step = 'left'",
    "within_1": "days < 1",
    "within_2": "days >= 1 AND days < 2",
    "within_3": "days >= 2 AND days < 3",
    "within_5": "days >= 3 AND days < 5",
    "within_7": "days >= 5 AND days < 7",
    "within_14": "days >= 7 AND days < 14",
    "within_30": "days >= 14 AND days < 30",
    "later": "days >= 30",
}
COUNT_MONTHS = f"""
CREATE FUNCTION count_membership() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Whoever changes members of several unions holds their sizes by now, taken in one order; so two of these wait for
  -- each other and never in a circle.
  INSERT INTO union_month AS kept (union_id, month, {", ".join(MONTHS)})
  SELECT union_id, month, {", ".join(f"count(*) FILTER (WHERE {events})" for events in MONTHS.values())}
  FROM (
    SELECT e.union_id, date_trunc('month', e.at AT TIME ZONE 'Asia/Shanghai')::date AS month, e.subject, e.step, a.kind,
      e.step = 'submitted' AND EXISTS (SELECT FROM membership_event o
        WHERE o.subject_id = e.subject_id AND o.step = 'submitted' AND o.at < e.at) AS again,
      CASE WHEN e.step <> 'submitted' AND a.appeal_sealed IS NULL
        THEN extract(epoch FROM e.at - a.submitted_at) / 86400 END AS days
    FROM added e LEFT JOIN application a ON e.subject = 'application' AND a.id = e.subject_id
    WHERE e.union_id IS NOT NULL AND (
      e.subject = 'member' AND e.step IN ('joined', 'imported', 'moved_in', 'moved_out', 'left')
      OR a.kind <> 'correction' AND e.step IN ('submitted', 'approved', 'returned', 'rejected'))
  ) happened GROUP BY union_id, month ORDER BY union_id, month
  ON CONFLICT (union_id, month) DO UPDATE SET {", ".join(f"{name} = kept.{name} + excluded.{name}" for name in MONTHS)};
  RETURN NULL;
END $$;
"""
FUNCTIONS = """
CREATE FUNCTION tell_live_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.person_id IS NOT NULL THEN
    PERFORM pg_notify('live', NEW.person_id::text);
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION add_to_sizes(changes union_size[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO union_size (union_id, members)
  SELECT union_id, sum(members) FROM unnest(changes) GROUP BY 1 HAVING sum(members) <> 0 ORDER BY 1
  ON CONFLICT (union_id) DO UPDATE SET members = union_size.members + excluded.members
$$;
CREATE FUNCTION count_members() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changes union_size[] := '{}';
BEGIN
  IF TG_OP <> 'INSERT' THEN
    changes := array(SELECT (union_id, -count(*))::union_size FROM removed WHERE state <> 'left' GROUP BY union_id);
  END IF;
  IF TG_OP <> 'DELETE' THEN
    changes := changes
      || array(SELECT (union_id, count(*))::union_size FROM added WHERE state <> 'left' GROUP BY union_id);
  END IF;
  PERFORM add_to_sizes(changes);
  RETURN NULL;
END $$;
CREATE FUNCTION refuse_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The lock that the foreign key takes anyway, taken before: it waits for an erasing under way.
  PERFORM FROM person WHERE id = NEW.person_id AND erased_at IS NULL FOR KEY SHARE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nobody is left under this id' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION drop_if_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM person WHERE id = NEW.person_id AND erased_at IS NOT NULL) THEN
    RETURN NULL;
  END IF;
  RETURN NEW;
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
        ops.RunSQL([COUNT_MONTHS]),
        ops.RunSQL([FUNCTIONS]),
        ops.RunSQL([f"CREATE TRIGGER {name} {body}" for name, (_, body) in TRIGGERS.items()]),
    ]
