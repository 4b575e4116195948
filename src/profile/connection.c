/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "profile/connection.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "profile/options.h"
#include "profile/profile.h"
#include "profile/secret.h"
#include "profile/yaml.h"

/* Longer than any key or address there is. */
#define MAX_KEY 4096
#define MAX_URL 2048

static void read_base_url(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
static void read_api_key(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
static void read_path(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
static void read_proxy(
    struct reading *, const struct option *, const struct yaml_node *, void *base);

static const char *const api_words[] = {
    [API_CONVERSATIONS] = "conversations",
    [API_CHAT_COMPLETIONS] = "chat-completions",
    [API_GUIDE] = "guide",
    NULL,
};

static const struct option timeout_rows[] = {
    {
	.key = "connect",
	.read = option_int,
	.offset = offsetof(struct connection, connect_timeout),
	.min = 1,
	.max = 3600,
	.fallback = "10",
	.help = N_("seconds until the connection must stand"),
    },
    {
	.key = "stall",
	.read = option_int,
	.offset = offsetof(struct connection, stall_timeout),
	.min = 1,
	.max = 3600,
	.fallback = "60",
	.help = N_("seconds of silence before a request is given up"),
    },
};

static const struct option_table timeout_options = OPTION_TABLE(timeout_rows);

static const struct option connection_rows[] = {
    {
	.key = "api",
	.read = option_enum,
	.offset = offsetof(struct connection, api),
	.words = api_words,
	.help = N_("what is spoken there: conversations, chat-completions or guide"),
    },
    {
	.key = "base_url",
	.read = read_base_url,
	.offset = offsetof(struct connection, base_url),
	.help = N_("the address, http or https"),
    },
    {
	.key = "api_key",
	.read = read_api_key,
	.help = N_("where the key is: {env: NAME}, {file: PATH}, {command: [WORD, ...]}, or null"),
    },
    {
	.key = "timeout",
	.read = option_map,
	.table = &timeout_options,
	.help = N_("how long to wait, in seconds"),
    },
    {
	.key = "ca_file",
	.read = read_path,
	.offset = offsetof(struct connection, ca_file),
	.nullable = true,
	.help = N_("a file of certificates to trust instead of the system's"),
    },
    {
	.key = "proxy",
	.read = read_proxy,
	.offset = offsetof(struct connection, proxy),
	.nullable = true,
	.help = N_("the address of a proxy; null leaves it to the environment"),
    },
};

static const struct option_table connection_options = OPTION_TABLE(connection_rows);

static const char *const url_schemes[] = {"http://", "https://", NULL};
static const char *const proxy_schemes[] = {
    "http://", "https://", "socks4://", "socks4a://", "socks5://", "socks5h://", NULL};

/* The part of a URL behind one of the schemes, or NULL. */
static const char *
skip_scheme(const char *url, const char *const *schemes)
{
	for (size_t i = 0; schemes[i] != NULL; i++)
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
			return url + strlen(schemes[i]);
	return NULL;
}

static bool
is_visible_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= 0x20 || text[i] >= 0x7f)
			return false;
	return true;
}

/* "host", "host:port", "[address]", "[address]:port". The host goes to host, without brackets. */
static bool
split_authority(const char *authority, size_t len, char host[256])
{
	bool brackets = len > 0 && authority[0] == '[';
	const char *end = memchr(authority, brackets ? ']' : ':', len);
	size_t host_len = end == NULL ? len : (size_t)(end - authority);
	size_t port_len;

	if (brackets) {
		if (end == NULL)
			return false;
		authority++;
		host_len--;
		end++;
		len -= (size_t)(end - authority) + 1;
	} else {
		len -= host_len;
	}
	if (host_len == 0 || host_len > 255)
		return false;
	memcpy(host, authority, host_len);
	host[host_len] = '\0';
	if (len == 0)
		return true;
	port_len = strspn(end + 1, "0123456789");
	return *end == ':' && port_len == len - 1 && port_len >= 1 && port_len <= 5 &&
	       atoi(end + 1) >= 1 && atoi(end + 1) <= 65535;
}

const char *
connection_url_problem(const char *url)
{
	const char *authority = skip_scheme(url, url_schemes);
	char host[256];
	size_t len;

	if (authority == NULL)
		return _("The address must begin with https:// (or http:// for this machine).");
	if (strlen(url) > MAX_URL || !is_visible_ascii(url, strlen(url)))
		return _("The address must be one word of plain letters, at most 2048 of them.");
	len = strcspn(authority, "/?#");
	if (memchr(authority, '@', len) != NULL)
		return _("The address must not hold a user name or password; the key belongs to "
			 "\"api_key\".");
	if (strpbrk(url, "?#\\") != NULL)
		return _("The address must end with its path; expected no \"?\", \"#\" or \"\\\".");
	if (!split_authority(authority, len, host))
		return _("The address must hold the name of a host and, if any, a port from 1 to "
			 "65535.");
	return NULL;
}

/* Only a number or this one name is sure to stay on this machine. */
static bool
is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

bool
connection_leaks_key(const struct connection *c)
{
	static const char *const plain[] = {"http://", NULL};
	const char *authority;
	char host[256];

	if (c->key_source == KEY_NONE || c->base_url == NULL)
		return false;
	authority = skip_scheme(c->base_url, plain);
	return authority != NULL &&
	       (!split_authority(authority, strcspn(authority, "/"), host) || !is_loopback(host));
}

char *
connection_trim_url(const char *url)
{
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	return xstrndup(url, len);
}

static void
read_base_url(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	struct connection *c = base;
	const char *problem;

	if (!option_is_text(r, row->key, value))
		return;
	problem = connection_url_problem(value->text);
	if (problem != NULL) {
		problem_add(r, value, "%s", problem);
		return;
	}
	free(c->base_url);
	c->base_url = connection_trim_url(value->text);
}

/* Relative to what would have to be guessed. */
static char *
check_path(struct reading *r, const char *key, const struct yaml_node *value)
{
	char *path;

	if (!option_is_text(r, key, value))
		return NULL;
	path = path_expand(value->text);
	if (path[0] == '/')
		return path;
	problem_add(r, value, _("\"%s\" must be a whole path that begins with / or ~/."), key);
	free(path);
	return NULL;
}

static void
read_path(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	char **slot = (char **)((char *)base + row->offset);
	char *path = yaml_is_null(value) ? NULL : check_path(r, row->key, value);

	if (path == NULL && !yaml_is_null(value))
		return;
	free(*slot);
	*slot = path;
}

/* A proxy's address may hold its password, so it is never quoted. */
static void
read_proxy(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	struct connection *c = base;
	const char *authority;

	if (yaml_is_null(value)) {
		xreplace(&c->proxy, NULL);
		return;
	}
	if (!option_is_text(r, row->key, value))
		return;
	authority = skip_scheme(value->text, proxy_schemes);
	if (authority == NULL || authority[strspn(authority, "/?#:@")] == '\0' ||
	    strlen(value->text) > MAX_URL || !is_visible_ascii(value->text, strlen(value->text)))
		problem_add(r, value,
		    _("\"%s\" must be an address with http, https, socks4, socks4a, socks5 or "
		      "socks5h "
		      "in front, like http://proxy.example.org:3128."),
		    row->key);
	else
		xreplace(&c->proxy, value->text);
}

static void
set_key(struct connection *c, enum key_source source, char *key)
{
	secret_free(c->key);
	argv_list_done(&c->key_command);
	c->key_source = source;
	c->key = key;
}

static void
read_key_env(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const char *name = value->text;

	if (!option_is_text(r, row->key, value))
		return;
	/* Whoever writes the key itself here shall not read it in an error text later. */
	if (name[strspn(name, allowed)] != '\0' || (name[0] >= '0' && name[0] <= '9') ||
	    strlen(name) > 64 || (strlen(name) >= 20 && strchr(name, '_') == NULL))
		problem_add(r, value,
		    _("\"%s\" must be the name of an environment variable, like MISTRAL_API_KEY, "
		      "not "
		      "the key itself."),
		    row->key);
	else
		set_key(base, KEY_ENV, xstrdup(name));
}

static void
read_key_file(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	char *path = check_path(r, row->key, value);

	if (path != NULL)
		set_key(base, KEY_FILE, path);
}

static void
read_key_command(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	static const struct option words = {.key = "command"};
	struct connection *c = base;
	argv_list command = {0};

	option_texts(r, &words, value, &command);
	if (command.len > 0 && command.items[0][0] == '\0')
		problem_add(r, value, _("The first word of \"%s\" must be a program."), row->key);
	if (command.len == 0)
		return;
	set_key(c, KEY_COMMAND, NULL);
	c->key_command = command;
}

static const struct option key_rows[] = {
    {.key = "env", .read = read_key_env, .help = N_("an environment variable")},
    {.key = "file", .read = read_key_file, .help = N_("a file only its owner can read")},
    {.key = "command", .read = read_key_command, .help = N_("a program that prints it")},
};

static const struct option_table key_options = OPTION_TABLE(key_rows);

static void
read_literal_key(struct reading *r, const struct yaml_node *value, struct connection *c)
{
	if (r->shared)
		problem_add(r, value,
		    _("A key may stand in this file only if nobody but you can read it: run "
		      "\"chmod 600\" "
		      "on it, or write {env: NAME}, {file: PATH} or {command: [WORD, ...]}."));
	else
		set_key(c, KEY_LITERAL, xstrdup(value->text));
}

/* Nothing of the value is quoted: it could be a key, in whatever wrong form. */
static void
read_api_key(struct reading *r, const struct option *row, const struct yaml_node *value, void *base)
{
	bool known = false;

	if (yaml_is_null(value)) {
		set_key(base, KEY_NONE, NULL);
		return;
	}
	if (value->type == YAML_SCALAR) {
		if (option_is_text(r, row->key, value))
			read_literal_key(r, value, base);
		return;
	}
	for (size_t i = 0; i < key_options.count && value->type == YAML_MAP && value->keys.len == 1;
	     i++)
		known = known || strcmp(value->keys.items[0]->text, key_rows[i].key) == 0;
	if (known)
		options_read(r, &key_options, value, base);
	else
		problem_add(r, value,
		    _("\"%s\" must be null, a text, or one of {env: NAME}, {file: PATH} and "
		      "{command: [WORD, ...]}."),
		    row->key);
}

static struct connection *
connection_new(const char *name)
{
	struct connection *c = xcalloc(1, sizeof(*c));

	c->name = xstrdup(name);
	options_default(&connection_options, c);
	return c;
}

void
connection_free(struct connection *c)
{
	if (c == NULL)
		return;
	set_key(c, KEY_NONE, NULL);
	free(c->name);
	free(c->base_url);
	free(c->ca_file);
	secret_free(c->proxy);
	free(c);
}

/* What the rows cannot say about themselves. */
static void
check_guide(struct reading *r, const struct yaml_node *map)
{
	static const char *const keys[] = {"base_url", "api_key", "timeout", "ca_file", "proxy"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct yaml_node *value = yaml_get(map, keys[i]);

		if (value != NULL && !yaml_is_null(value))
			problem_add(r, value,
			    _("The guide is inside causerie and knows no \"%s\"; expected only "
			      "\"api: guide\"."),
			    keys[i]);
	}
}

static void
check_connection(struct reading *r, const struct connection *c, bool fresh,
    const struct yaml_node *key, const struct yaml_node *map)
{
	const struct yaml_node *url = yaml_get(map, "base_url");

	if (strcmp(c->name, "guide") == 0 && c->api != API_GUIDE)
		problem_add(r, map,
		    _("The connection \"guide\" is always the guide; give yours another "
		      "name."));
	if (fresh && yaml_get(map, "api") == NULL)
		problem_add(r, key,
		    _("The connection \"%s\" needs \"api\"; expected conversations, "
		      "chat-completions or "
		      "guide."),
		    c->name);
	else if (c->api == API_GUIDE)
		check_guide(r, map);
	else if (c->base_url == NULL && url == NULL)
		problem_add(r, key,
		    _("The connection \"%s\" needs \"base_url\", the address of its server."),
		    c->name);
	if (connection_leaks_key(c))
		problem_add(r, url != NULL ? url : key,
		    _("With http:// anyone on the way could read the key of \"%s\"; expected "
		      "https://, "
		      "an address of this machine, or \"api_key: null\"."),
		    c->name);
}

static struct connection *
find_connection(const struct profile *profile, const char *name)
{
	for (size_t i = 0; i < profile->connections.len; i++)
		if (strcmp(profile->connections.items[i]->name, name) == 0)
			return profile->connections.items[i];
	return NULL;
}

static void
read_connection(struct reading *r, const struct yaml_node *key, const struct yaml_node *map)
{
	struct connection *c = find_connection(r->profile, key->text);
	bool fresh = c == NULL;

	if (!option_is_map(r, key->text, map))
		return;
	if (fresh) {
		c = connection_new(key->text);
		array_push(&r->profile->connections, c);
	}
	options_read(r, &connection_options, map, c);
	check_connection(r, c, fresh, key, map);
}

void
connections_read(
    struct reading *r, const struct option *row, const struct yaml_node *value, void *profile)
{
	(void)profile;
	if (yaml_is_null(value) || !option_is_map(r, row->key, value))
		return;
	for (size_t i = 0; i < value->keys.len; i++) {
		if (value->keys.items[i]->text[0] == '\0')
			problem_add(r, value->keys.items[i], _("A connection needs a name."));
		else
			read_connection(r, value->keys.items[i], value->items.items[i]);
	}
}

const struct connection *
profile_connection(const struct profile *profile, const char *name)
{
	return find_connection(profile, name);
}

bool
connection_has_key(const struct connection *c)
{
	const char *value;

	if (c->key_source != KEY_ENV)
		return true;
	value = getenv(c->key);
	return value != NULL && value[0] != '\0';
}

/* The same way on for every way a key can be missing. Takes the sentence over. */
static bool
no_key(struct error *err, char *sentence)
{
	error_set(err, ERR_AUTH, "%s %s", sentence,
	    _("\"causerie doctor\" checks where keys are looked for, and \"causerie --connection "
	      "guide\" explains it without one."));
	free(sentence);
	return false;
}

static bool
key_from_literal(const struct connection *c, struct buf *key, struct error *err)
{
	(void)err;
	buf_puts(key, c->key);
	return true;
}

static bool
key_from_env(const struct connection *c, struct buf *key, struct error *err)
{
	const char *value = getenv(c->key);

	if (value == NULL || value[0] == '\0')
		return no_key(err,
		    xasprintf(
			_("There is no key for \"%s\": the environment variable %s is not set. "
			  "Set it, or say in the profile where the key is."),
			c->name, c->key));
	if (strlen(value) > MAX_KEY)
		return no_key(err,
		    xasprintf(_("What the environment variable %s holds is too long for a key of "
				"\"%s\"."),
			c->key, c->name));
	buf_puts(key, value);
	return true;
}

static bool
key_from_file(const struct connection *c, struct buf *key, struct error *err)
{
	struct buf bytes = BUF_EMPTY;
	bool shared = false;
	int failure = secret_read(c->key, MAX_KEY, &bytes, &shared);

	if (failure != 0)
		return no_key(
		    err, xasprintf(_("There is no key for \"%s\": the file %s cannot be read: %s."),
			     c->name, c->key, strerror(failure)));
	if (!shared)
		buf_add(key, bytes.data, bytes.len);
	secret_buf_done(&bytes);
	if (shared)
		return no_key(err,
		    xasprintf(
			_("The key for \"%s\" was not read: others than you have a right to the "
			  "file %s. Run \"chmod 600\" on it."),
			c->name, c->key));
	return true;
}

static bool
key_from_nowhere(const struct connection *c, struct buf *key, struct error *err)
{
	(void)c;
	(void)key;
	(void)err;
	return true;
}

bool
connection_key(const struct connection *c, struct buf *key, struct error *err)
{
	static bool (*const sources[])(const struct connection *, struct buf *, struct error *) = {
	    [KEY_NONE] = key_from_nowhere,
	    [KEY_LITERAL] = key_from_literal,
	    [KEY_ENV] = key_from_env,
	    [KEY_FILE] = key_from_file,
	};

	assert(c->key_source != KEY_COMMAND);
	buf_clear(key);
	if (!sources[c->key_source](c, key, err))
		return false;
	return c->key_source == KEY_NONE || connection_check_key(c, key, err);
}

/* Where a key came from, for a sentence; yours. */
static char *
name_source(const struct connection *c)
{
	switch (c->key_source) {
	case KEY_ENV:
		return xasprintf(_("the environment variable %s"), c->key);
	case KEY_FILE:
		return xasprintf(_("the file %s"), c->key);
	case KEY_COMMAND:
		return xasprintf(_("the command %s"), c->key_command.items[0]);
	default:
		return xstrdup(_("the profile"));
	}
}

bool
connection_check_key(const struct connection *c, struct buf *key, struct error *err)
{
	char *source, *sentence = NULL;

	while (key->len > 0 && strchr(" \t\r\n", key->data[key->len - 1]) != NULL &&
	       key->data[key->len - 1] != '\0')
		buf_truncate(key, key->len - 1);
	if (key->len > 0 && key->len <= MAX_KEY && is_visible_ascii(key->data, key->len))
		return true;
	source = name_source(c);
	/* TRANSLATORS: the last %s is "the profile", "the file X", and so on. */
	if (key->len == 0)
		sentence =
		    xasprintf(_("The key for \"%s\" is empty. It was looked for in this place: "
				"%s."),
			c->name, source);
	else
		sentence =
		    xasprintf(_("The key for \"%s\" is no key: expected one line of plain letters, "
				"digits and signs without spaces. It came from this place: %s."),
			c->name, source);
	explicit_bzero(key->data, key->len);
	buf_clear(key);
	free(source);
	return no_key(err, sentence);
}
