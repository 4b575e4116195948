-- Schema 4: the trash, and tags.

-- Conversations that were deleted, until that is carried out. conversation.deleted
-- is 2 for them: nothing finds them any more, nothing of them is gone. tree.archived
-- has 2 added to it while that is so for all conversations of a tree.
CREATE TABLE trash (
	conversation INTEGER PRIMARY KEY REFERENCES conversation,
	batch INTEGER NOT NULL,              -- what went in one go; a larger one went later
	server INTEGER NOT NULL,             -- 1: it is to be deleted there too
	instance INTEGER NOT NULL,           -- the one that can bring it back
	at TEXT NOT NULL
);

CREATE INDEX trash_batch ON trash (instance, batch);

-- Words, with a blank before and behind each of them
ALTER TABLE tree ADD COLUMN tags TEXT NOT NULL DEFAULT '';
