-- Schema 1 of the store. Never changed once it was released: what comes later
-- is a file of its own, 002.sql, applied in one transaction to what is there.
--
-- Keys are row numbers that are never used again. Times are ISO 8601 as the
-- server or this program wrote them; they order nothing but lists of the API.

-- All conversations that branch from one another, and what a line of the list
-- shows of them, kept up to date with every change.
CREATE TABLE tree (
	root INTEGER PRIMARY KEY,            -- key of its oldest conversation
	title TEXT NOT NULL DEFAULT '',      -- the last one given to any of them, else from the first prompt
	latest INTEGER NOT NULL DEFAULT 0,   -- the conversation changed last
	active INTEGER NOT NULL DEFAULT 0,   -- its order
	branches INTEGER NOT NULL DEFAULT 0, -- conversations in it, less one
	numbers INTEGER NOT NULL DEFAULT 0,  -- how many were ever made
	mark INTEGER NOT NULL DEFAULT 0,     -- enum store_mark
	pinned INTEGER NOT NULL DEFAULT 0,
	archived INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX tree_order ON tree (archived, pinned, active);

CREATE TABLE conversation (
	key INTEGER PRIMARY KEY AUTOINCREMENT,
	id TEXT,
	tail TEXT,                           -- the part of id behind its prefix
	own_id INTEGER NOT NULL,
	connection TEXT,
	parent INTEGER REFERENCES conversation,
	fork INTEGER REFERENCES entry DEFERRABLE INITIALLY DEFERRED,
	root INTEGER NOT NULL REFERENCES tree DEFERRABLE INITIALLY DEFERRED,
	number INTEGER NOT NULL,             -- in the order of making within its tree, from 1
	name TEXT,
	description TEXT,
	title TEXT,
	agent TEXT,
	agent_id TEXT,
	agent_version TEXT,
	model TEXT,
	instructions TEXT,
	tools TEXT,                          -- this and the next three: JSON
	completion_args TEXT,
	guardrails TEXT,
	metadata TEXT,
	handoff_execution TEXT,
	created_at TEXT,
	updated_at TEXT,
	prompt_tokens INTEGER NOT NULL DEFAULT 0,
	completion_tokens INTEGER NOT NULL DEFAULT 0,
	total_tokens INTEGER NOT NULL DEFAULT 0,
	connector_tokens INTEGER NOT NULL DEFAULT 0,
	connectors TEXT,                     -- JSON object: uses of each
	raw TEXT,
	label TEXT,
	active INTEGER NOT NULL,             -- larger: changed later
	hidden INTEGER NOT NULL DEFAULT 0,
	deleted INTEGER NOT NULL DEFAULT 0,  -- kept only because others hang on it
	unseen INTEGER NOT NULL DEFAULT 0,
	waiting INTEGER NOT NULL DEFAULT 0,  -- ends with a function call without its result
	failed INTEGER NOT NULL DEFAULT 0    -- its last turn ended early
);

CREATE INDEX conversation_id ON conversation (id);
CREATE INDEX conversation_tail ON conversation (tail);
CREATE INDEX conversation_parent ON conversation (parent);
CREATE INDEX conversation_fork ON conversation (fork);
CREATE INDEX conversation_root ON conversation (root, deleted, active);
CREATE INDEX conversation_active ON conversation (deleted, active);
CREATE INDEX conversation_connection ON conversation (connection, deleted, created_at);

CREATE TABLE entry (
	key INTEGER PRIMARY KEY AUTOINCREMENT,
	conversation INTEGER NOT NULL REFERENCES conversation,
	seq INTEGER NOT NULL,                -- order within it, with gaps
	id TEXT,
	own_id INTEGER NOT NULL,
	type TEXT NOT NULL,                  -- the API's name
	assistant INTEGER NOT NULL,
	state INTEGER NOT NULL,              -- enum entry_state
	reason TEXT,
	created_at TEXT,
	completed_at TEXT,
	prefix INTEGER NOT NULL,
	agent_id TEXT,
	model TEXT,
	name TEXT,
	function TEXT,
	tool_call_id TEXT,
	info TEXT,
	confirmation TEXT,
	previous_agent_id TEXT,
	previous_agent_name TEXT,
	next_agent_id TEXT,
	next_agent_name TEXT,
	raw TEXT,
	output_index INTEGER NOT NULL,
	preview TEXT NOT NULL DEFAULT '',    -- its first words on one line
	indexed INTEGER NOT NULL DEFAULT 0,  -- entry_fts has it
	UNIQUE (conversation, seq)
);

CREATE INDEX entry_prompt ON entry (key) WHERE type = 'message.input' AND assistant = 0;

-- What an entry is made of: its chunks, and as types of their own "arguments"
-- and "result". The order is that of index_, then key.
CREATE TABLE part (
	key INTEGER PRIMARY KEY,
	entry INTEGER NOT NULL REFERENCES entry ON DELETE CASCADE,
	index_ INTEGER NOT NULL,
	type TEXT NOT NULL,
	text TEXT NOT NULL,
	tool TEXT,
	title TEXT,
	url TEXT,
	favicon TEXT,
	description TEXT,
	file_id TEXT,
	file_name TEXT,
	file_type TEXT,
	signature TEXT,
	raw TEXT
);

CREATE INDEX part_entry ON part (entry, index_);

-- Growth of a part while it streams, until its entry is saved: the text from
-- byte start on.
CREATE TABLE piece (
	part INTEGER NOT NULL REFERENCES part ON DELETE CASCADE,
	start INTEGER NOT NULL,
	text TEXT NOT NULL,
	PRIMARY KEY (part, start)
) WITHOUT ROWID;

-- Turns under way. An instance holds a lock for as long as it lives; the turns
-- of one that does not are over.
CREATE TABLE turn (
	key INTEGER PRIMARY KEY AUTOINCREMENT,
	conversation INTEGER NOT NULL REFERENCES conversation,
	instance INTEGER NOT NULL,
	started_at TEXT NOT NULL
);

CREATE INDEX turn_conversation ON turn (conversation);

CREATE TABLE turn_entry (
	turn INTEGER NOT NULL REFERENCES turn ON DELETE CASCADE,
	entry INTEGER NOT NULL REFERENCES entry ON DELETE CASCADE,
	input INTEGER NOT NULL,              -- ours, else an answer's
	PRIMARY KEY (turn, entry)
) WITHOUT ROWID;

CREATE INDEX turn_entry_entry ON turn_entry (entry);

CREATE TABLE draft (
	conversation INTEGER NOT NULL,       -- 0: a new one
	entry INTEGER NOT NULL,              -- to go behind it; 0: at the end
	text TEXT NOT NULL,
	changed_at TEXT NOT NULL,
	PRIMARY KEY (conversation, entry)
);

CREATE TABLE state (
	name TEXT PRIMARY KEY,
	value TEXT NOT NULL
);

-- What is searched of an entry: of a very long text only its first 256 KiB. (As
-- bytes, since a NUL ends what substr() sees of a text.) The index holds no
-- text of its own and asks this view for it, so the view must give what it gave
-- when it was indexed.
CREATE VIEW entry_words (key, prompt, answer, other) AS
SELECT
	key,
	CASE WHEN assistant = 0 THEN words END,
	CASE WHEN assistant <> 0 THEN words END,
	coalesce(name || char(10), '') || coalesce(function || char(10), '') || coalesce(rest, '')
FROM (
	SELECT
		key, assistant, name, function,
		(SELECT group_concat(text, char(10)) FROM (
			SELECT CAST(substr(CAST(text AS BLOB), 1, 262144) AS TEXT) AS text
			FROM part WHERE entry = entry.key AND type = 'text'
			ORDER BY index_, key
		)) AS words,
		(SELECT group_concat(text, char(10)) FROM (
			SELECT coalesce(title || char(10), '') || coalesce(file_name || char(10), '')
				|| coalesce(description || char(10), '')
				|| CASE WHEN type IN ('thinking', 'arguments', 'result')
					THEN CAST(substr(CAST(text AS BLOB), 1, 262144) AS TEXT)
					ELSE '' END AS text
			FROM part WHERE entry = entry.key AND type <> 'text'
			ORDER BY index_, key
		)) AS rest
	FROM entry
);

CREATE VIRTUAL TABLE entry_fts USING fts5 (
	prompt, answer, other,
	content = 'entry_words', content_rowid = 'key',
	tokenize = 'unicode61 remove_diacritics 2', prefix = '2'
);

-- The prompts once more, for the filter of the list: whether there is a word that
-- begins so. With places, because what is typed as one word ("don't") can be
-- several here, which then stand side by side.
CREATE VIRTUAL TABLE prompt_fts USING fts5 (
	prompt,
	content = 'entry_words', content_rowid = 'key', columnsize = 0,
	tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3'
);

-- The titles of trees, by root.
CREATE VIRTUAL TABLE title_fts USING fts5 (
	title, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2'
);
