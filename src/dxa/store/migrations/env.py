"""Alembic runs this for every command; the connection comes from `dxa.store.upgrade`."""

from alembic import context

from dxa.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
