#!/bin/sh
# Run once by the postgres image: the service `backup` may receive changes from its container, with the same password.
echo "host replication all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
