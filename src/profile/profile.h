/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROFILE_PROFILE_H
#define PROFILE_PROFILE_H

/*
 * What the user configured: connections, agents, settings, keys. Read from a
 * YAML file over the defaults compiled in (data/profile.yaml documents all of
 * them). Everything in it is optional; the program never guesses: whatever is
 * wrong is reported, all of it at once, each with file, line and column.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/array.h"
#include "model/agent.h"

struct buf;
struct error;

enum api {
	API_CONVERSATIONS,
	API_CHAT_COMPLETIONS,
	API_GUIDE,
};

enum key_source {
	KEY_NONE,
	KEY_LITERAL, /* in the profile itself, which must be readable by its owner alone */
	KEY_ENV,
	KEY_FILE,    /* must be readable by its owner alone */
	KEY_COMMAND,
};

/* The words of a command, without the NULL at the end. */
typedef ARRAY(char *) argv_list;
void argv_list_done(argv_list *);

struct connection {
	char *name;
	enum api api;
	char *base_url;
	enum key_source key_source;
	char *key; /* the literal, the variable's name, or the file's path */
	argv_list key_command;
	int connect_timeout, stall_timeout; /* seconds */
	char *ca_file, *proxy;
};

enum approval {
	APPROVAL_ASK,
	APPROVAL_ALWAYS,
	APPROVAL_NEVER,
};

/* A function that runs here. Its declaration is also in the agent's tools. */
struct function {
	char *agent; /* the profile's agent it belongs to */
	char *name, *description, *parameters; /* parameters: JSON schema */
	argv_list command; /* empty: declared only, its results are the user's business */
	enum approval approval;
	int timeout; /* seconds */
};

struct settings {
	bool stream, store, mouse;
	char *theme;	   /* auto, dark, light, none, or a file's name */
	bool enter_sends;  /* else it makes a newline */
	int list_width;	   /* columns */
	char *language;	   /* NULL: the locale's */
	char *preset;	   /* keys: default, emacs, vi */
};

/* A line of keys:. What the names mean is the screen's business (ui/keymap.h). */
struct binding {
	char *context, *key;
	char *action; /* NULL unbinds */
	int line, column;
};

struct profile {
	char *path;	   /* the file, whether it exists or not */
	bool exists;
	char *connection;  /* where a new conversation starts; never NULL after loading */
	char *agent;	   /* with whom: a name of agents, or NULL */
	ARRAY(struct connection *) connections; /* built-in mistral and guide among them */
	agent_list agents;
	ARRAY(struct function) functions;
	struct settings settings;
	ARRAY(struct binding) keys;
};

/*
 * path NULL: $CAUSERIE_PROFILE, else the XDG place; a missing file is an error
 * only if it was named (by path or variable). MISTRAL_BASE_URL changes the
 * address of the connection "mistral". Without "connection:" it is mistral if
 * that has a key (MISTRAL_API_KEY is set and not empty, or the profile says
 * where else the key is), else guide.
 *
 * Fails with ERR_CONFIG; the text then holds one problem a line, each
 * "FILE:LINE:COLUMN: sentence".
 */
bool profile_load(struct profile *, const char *path, struct error *);

/* The same from bytes; file is the name for messages. */
bool profile_parse(struct profile *, const char *file, const char *yaml, size_t len,
    struct error *);
void profile_done(struct profile *);

/* NULL if there is none. */
const struct connection *profile_connection(const struct profile *, const char *name);
const struct agent *profile_agent(const struct profile *, const char *name);
const struct function *profile_function(const struct profile *, const char *agent,
    const char *name);

/*
 * The key of any source but KEY_COMMAND, into key (which the caller wipes): a
 * line without CR, LF or anything but visible ASCII. ERR_AUTH says where it was
 * looked for; KEY_NONE leaves key empty.
 */
bool connection_key(const struct connection *, struct buf *key, struct error *);

/* The same checks for what a command printed: one line; trailing white space goes. */
bool connection_check_key(const struct connection *, struct buf *key, struct error *);

/* The known name nearest to a wrong one by edit distance, or NULL if none is near. */
const char *nearest_name(const char *wrong, const char *const *names, size_t count);

#endif
