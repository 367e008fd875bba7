"""Migrations in order: `pre_` run before the new code starts, `post_` after the old code is gone."""
