-- The journal's chain after each record, in hex; NULL in rows of older programs until the database is rebuilt.
ALTER TABLE audit ADD COLUMN digest VARCHAR;
