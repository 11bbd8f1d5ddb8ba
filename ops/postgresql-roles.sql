-- Roles for a store in PostgreSQL that may do no more than their work needs; see docs/store.md. Run by a superuser in
-- the store's database once its owner has made the store, and again after each upgrade:
--
--   psql --dbname valuelift --file postgresql-roles.sql
--   psql --dbname valuelift --command 'CREATE ROLE ana LOGIN IN ROLE valuelift_writer'
--
-- The owner may do everything: init and upgrades, batches, runs prune, restore, accounts and tokens.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I NOLOGIN', role)
FROM unnest(ARRAY['valuelift_reader', 'valuelift_writer']) AS listed (role)
WHERE NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role) \gexec

BEGIN;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO valuelift_reader, valuelift_writer;
GRANT USAGE ON SCHEMA public TO valuelift_reader, valuelift_writer;

-- The reader asks: recommendations, customers, portfolio, explanations, runs. Passwords and tokens are no affair of its.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO valuelift_reader, valuelift_writer;
REVOKE SELECT ON accounts, account_sessions, api_tokens, kept_answers, drafts FROM valuelift_reader;

-- The writer records, confirms, imports, puts packs to use, and serves the pages. Runs are the owner's.
GRANT INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO valuelift_writer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO valuelift_writer;
GRANT DELETE ON account_sessions, kept_answers, drafts TO valuelift_writer;
REVOKE INSERT, UPDATE ON alembic_version, settings, decision_runs, decisions, portfolio, rule_lists FROM valuelift_writer;
COMMIT;
