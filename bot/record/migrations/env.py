"""Alembic's entry: the connection comes from ``bot.record.migrate``."""

from alembic import context

from bot.record.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transactional_ddl=False)
context.run_migrations()
