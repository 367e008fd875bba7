"""The roles that sessions take on. They belong to the whole server, not to one database: made before everything else, in a transaction that ends
at once, so that the migration of another database of the same server does not wait for this one.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.db import ROLES


def make_roles(connection: sa.Connection) -> None:
    """Make those that are missing and let the owner take them on. Where all are there, nothing is asked for that an administrator may have kept."""
    for role in ROLES:
        known = sa.text("SELECT pg_has_role(current_user, oid, 'MEMBER') FROM pg_roles WHERE rolname = :role")
        member = connection.execute(known, {"role": role}).scalar()
        if member is None:
            connection.execute(
                sa.text(
                    f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
                )
            )
        if not member:
            connection.execute(
                sa.text(f"DO $$ BEGIN GRANT {role} TO CURRENT_USER; EXCEPTION WHEN OTHERS THEN NULL; END $$")
            )
