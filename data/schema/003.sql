-- Schema 3: of the branches of a tree one can be the one that opens by default.

-- The conversation that the list opens in place of the one changed last; 0: none
ALTER TABLE tree ADD COLUMN preferred INTEGER NOT NULL DEFAULT 0;
