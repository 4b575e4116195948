-- Schema 2: what other programs and other machines do to a server.

-- 1: nobody said where it branched from; it begins with the words of its parent
ALTER TABLE conversation ADD COLUMN guessed INTEGER NOT NULL DEFAULT 0;

-- 1: a start that brought along what it inherits, for somebody who did not know it
ALTER TABLE conversation ADD COLUMN carried INTEGER NOT NULL DEFAULT 0;

-- The first entry of each conversation (SEQ_STEP in store-entry.c).
CREATE INDEX entry_opening ON entry (preview) WHERE seq = 65536;

-- Conversations of a server that were deleted here only. The server goes on
-- listing them; they come back when they change there after that time.
CREATE TABLE deleted_here (
	connection TEXT NOT NULL,
	id TEXT NOT NULL,
	at TEXT NOT NULL,
	PRIMARY KEY (connection, id)
) WITHOUT ROWID;
