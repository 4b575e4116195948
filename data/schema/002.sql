-- Schema 2: branches that other programs made are found by what they begin with.

-- 1: nobody said where it branched from; it begins with the words of its parent
ALTER TABLE conversation ADD COLUMN guessed INTEGER NOT NULL DEFAULT 0;

-- 1: a start that brought along what it inherits, for somebody who did not know it
ALTER TABLE conversation ADD COLUMN carried INTEGER NOT NULL DEFAULT 0;

-- The first entry of each conversation (SEQ_STEP in store-entry.c).
CREATE INDEX entry_opening ON entry (preview) WHERE seq = 65536;
