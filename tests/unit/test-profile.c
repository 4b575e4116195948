/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "profile/profile.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/resource.h"
#include "profile/options.h"
#include "profile/yaml.h"
#include "unit/scratch.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static char *
data_path(const char *name)
{
	const char *srcdir = getenv("srcdir");

	return xasprintf("%s/profile/%s", srcdir != NULL ? srcdir : ".", name);
}

static void
read_data(const char *name, struct buf *out)
{
	struct error err = ERROR_NONE;
	char *path = data_path(name);

	if (!path_read(path, YAML_MAX_BYTES, out, &err))
		fail_msg("%s", err.text);
	free(path);
}

static void
set_environment(const char *key, const char *url, const char *profile)
{
	static const char *const names[] = {
	    "MISTRAL_API_KEY", "MISTRAL_BASE_URL", "CAUSERIE_PROFILE"};
	const char *values[] = {key, url, profile};

	for (size_t i = 0; i < COUNT(names); i++) {
		if (values[i] != NULL)
			setenv(names[i], values[i], 1);
		else
			unsetenv(names[i]);
	}
}

static void
must_parse(struct profile *profile, const char *yaml)
{
	struct error err = ERROR_NONE;

	if (!profile_parse(profile, "p", yaml, strlen(yaml), &err))
		fail_msg("%s", err.text);
}

static void
must_fail(const char *yaml, const char *expected)
{
	struct error err = ERROR_NONE;
	struct profile profile;

	assert_false(profile_parse(&profile, "p", yaml, strlen(yaml), &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_string_equal(err.text, expected);
	error_done(&err);
}

static int
setup(void **state)
{
	if (scratch_make(state) != 0)
		return -1;
	setenv("HOME", scratch, 1);
	setenv("XDG_CONFIG_HOME", scratch, 1);
	set_environment(NULL, NULL, NULL);
	return 0;
}

/* Compares with the .err beside it, which ends with a newline; without one it must be good. */
static void
check_data_file(const char *name)
{
	struct buf yaml = BUF_EMPTY, expected = BUF_EMPTY;
	struct error err = ERROR_NONE;
	struct profile profile;
	char *err_name = xasprintf("%.*s.err", (int)strlen(name) - 5, name);
	char *err_path = data_path(err_name);
	bool bad = access(err_path, F_OK) == 0, good;

	read_data(name, &yaml);
	good = profile_parse(&profile, name, yaml.data, yaml.len, &err);
	if (good && bad)
		fail_msg("%s: no problem was found", name);
	if (!good && !bad)
		fail_msg("%s", err.text);
	if (bad) {
		read_data(err_name, &expected);
		assert_int_equal(err.kind, ERR_CONFIG);
		buf_truncate(&expected, expected.len - 1);
		assert_string_equal(err.text, expected.data);
		/* What stands where a key belongs is never repeated. */
		assert_null(strstr(err.text, "canary"));
		assert_null(strstr(err.text, "AAAABBBB"));
	} else {
		profile_done(&profile);
	}
	error_done(&err);
	buf_done(&yaml);
	buf_done(&expected);
	free(err_name);
	free(err_path);
}

static void
test_data(void **state)
{
	char *path = data_path("");
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len <= 5 || strcmp(entry->d_name + len - 5, ".yaml") != 0)
			continue;
		check_data_file(entry->d_name);
		count++;
	}
	closedir(dir);
	free(path);
	assert_true(count >= 20);
}

static void
check_builtin(const struct profile *p)
{
	const struct connection *c = profile_connection(p, "mistral");

	assert_non_null(c);
	assert_int_equal(c->api, API_CONVERSATIONS);
	assert_string_equal(c->base_url, "https://api.mistral.ai");
	assert_int_equal(c->key_source, KEY_ENV);
	assert_string_equal(c->key, "MISTRAL_API_KEY");
	assert_int_equal(c->connect_timeout, 10);
	assert_int_equal(c->stall_timeout, 60);
	assert_null(c->ca_file);
	assert_null(c->proxy);
	c = profile_connection(p, "guide");
	assert_non_null(c);
	assert_int_equal(c->api, API_GUIDE);
	assert_int_equal(p->connections.len, 2);
	assert_int_equal(p->agents.len, 0);
	assert_int_equal(p->functions.len, 0);
	assert_int_equal(p->keys.len, 0);
	assert_null(p->agent);
	assert_true(p->settings.stream);
	assert_true(p->settings.store);
	assert_true(p->settings.mouse);
	assert_true(p->settings.enter_sends);
	assert_string_equal(p->settings.theme, "auto");
	assert_string_equal(p->settings.preset, "default");
	assert_int_equal(p->settings.list_width, 28);
	assert_null(p->settings.language);
}

static void
test_defaults(void **state)
{
	const struct resource *documented = resource_find("profile.yaml");
	struct profile p;

	(void)state;
	must_parse(&p, "");
	check_builtin(&p);
	assert_string_equal(p.connection, "guide");
	profile_done(&p);
	/* The documented defaults, taken as one's own profile, change nothing. */
	must_parse(&p, documented->data);
	check_builtin(&p);
	profile_done(&p);
}

/* The table knows what holds without a profile; what is documented must be the same. */
static void
test_documented_settings(void **state)
{
	const struct resource *documented = resource_find("profile.yaml");
	struct error err = ERROR_NONE;
	struct yaml_node *root =
	    yaml_parse("profile.yaml", documented->data, documented->size, &err);
	const struct yaml_node *settings = yaml_get(root, "settings");

	(void)state;
	assert_int_equal(settings->keys.len, settings_options.count);
	for (size_t i = 0; i < settings_options.count; i++) {
		const struct option *row = &settings_options.rows[i];
		const struct yaml_node *value = yaml_get(settings, row->key);

		assert_non_null(value);
		assert_string_equal(value->text, row->fallback);
		assert_non_null(row->help);
	}
	yaml_node_free(root);
}

/* Below connections:, agents: and keys: the examples are good once their "#" is taken away. */
static void
test_documented_examples(void **state)
{
	const struct resource *documented = resource_find("profile.yaml");
	struct buf yaml = BUF_EMPTY;
	struct profile p;
	bool inside = false;

	(void)state;
	for (const char *line = documented->data, *end; *line != '\0'; line = end) {
		end = strchr(line, '\n') + 1;
		if (line[0] >= 'a' && line[0] <= 'z')
			inside = true;
		else if (strncmp(line, "# --", 4) == 0)
			inside = false;
		if (inside && strncmp(line, "#  ", 3) == 0)
			line++;
		buf_add(&yaml, line, (size_t)(end - line));
	}
	must_parse(&p, yaml.data);
	assert_int_equal(p.connections.len, 5);
	assert_int_equal(p.agents.len, 3);
	assert_int_equal(p.functions.len, 1);
	assert_int_equal(p.keys.len, 3);
	profile_done(&p);
	buf_done(&yaml);
}

static void
parse_full(struct profile *p)
{
	struct buf yaml = BUF_EMPTY;

	read_data("full.yaml", &yaml);
	must_parse(p, yaml.data);
	buf_done(&yaml);
}

static void
test_full_connections(void **state)
{
	const struct connection *c;
	struct profile p;
	char *key;

	(void)state;
	parse_full(&p);
	assert_string_equal(p.connection, "mistral");
	assert_string_equal(p.agent, "physicist");
	c = profile_connection(&p, "mistral");
	assert_string_equal(c->base_url, "https://api.mistral.ai");
	assert_string_equal(c->key, "MISTRAL_API_KEY");
	assert_int_equal(c->connect_timeout, 5);
	assert_int_equal(c->stall_timeout, 60);
	c = profile_connection(&p, "laptop");
	assert_int_equal(c->api, API_CHAT_COMPLETIONS);
	assert_string_equal(c->base_url, "http://127.0.0.1:11434/v1");
	assert_int_equal(c->key_source, KEY_NONE);
	assert_int_equal(c->connect_timeout, 10);
	c = profile_connection(&p, "work");
	assert_int_equal(c->key_source, KEY_COMMAND);
	assert_int_equal(c->key_command.len, 3);
	assert_string_equal(c->key_command.items[2], "5");
	assert_int_equal(c->stall_timeout, 120);
	assert_string_equal(c->ca_file, "/etc/ssl/work.pem");
	assert_string_equal(c->proxy, "http://user:secret@proxy.example.org:3128");
	c = profile_connection(&p, "home");
	key = scratch_path(".config/causerie/key");
	assert_int_equal(c->key_source, KEY_FILE);
	assert_string_equal(c->key, key);
	free(key);
	assert_null(profile_connection(&p, "nowhere"));
	profile_done(&p);
}

static void
test_full_agents(void **state)
{
	const struct agent *a;
	struct profile p;

	(void)state;
	parse_full(&p);
	assert_int_equal(p.agents.len, 4);
	a = profile_agent(&p, "support");
	assert_int_equal(a->origin, AGENT_PROFILE);
	assert_string_equal(a->agent_id, "ag_019a0000000070008000000000000010");
	assert_string_equal(a->agent_version, "production");
	assert_null(a->model);
	assert_null(a->tools);
	assert_string_equal(profile_agent(&p, "numbered")->agent_version, "3");
	a = profile_agent(&p, "physicist");
	assert_null(a->connection);
	assert_string_equal(a->model, "mistral-medium-latest");
	assert_string_equal(a->description, "Explains physics patiently");
	assert_string_equal(a->instructions, "You are a physics teacher.\n");
	assert_string_equal(a->handoff_execution, "server");
	assert_string_equal(a->tools,
	    "[{\"type\":\"web_search\"},"
	    "{\"type\":\"code_interpreter\",\"tool_configuration\":{\"exclude\":[\"shell\"],"
	    "\"requires_confirmation\":null}},"
	    "{\"type\":\"document_library\",\"library_ids\":[\"6f3ac6a0-0000-4000-8000-"
	    "000000000001\"]},"
	    "{\"type\":\"connector\",\"connector_id\":\"gmail\",\"tool_configuration\":{"
	    "\"include\":["
	    "\"gmail_search\"]}},"
	    "{\"type\":\"function\",\"function\":{\"name\":\"weather\",\"description\":\"Current "
	    "weather "
	    "in a "
	    "city\",\"strict\":true,\"parameters\":{\"type\":\"object\",\"properties\":{\"city\":{"
	    "\"type\":\"string\"}},\"required\":[\"city\"]}}},"
	    "{\"type\":\"function\",\"function\":{\"name\":\"ask-me\",\"parameters\":{\"type\":"
	    "\"object\",\"properties\":{}}}}]");
	assert_string_equal(a->completion_args,
	    "{\"temperature\":0.3,\"top_p\":1,\"stop\":[\"END\",\"5\"],\"presence_penalty\":-2,"
	    "\"max_tokens\":16,\"random_seed\":7,\"tool_choice\":\"auto\",\"reasoning_effort\":"
	    "null,"
	    "\"prediction\":{\"type\":\"content\",\"content\":\"x\\ty\"},"
	    "\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\","
	    "\"schema\":{\"type\":\"object\",\"minimum\":1.0},\"strict\":false}}}");
	assert_string_equal(a->guardrails, "[{\"block_on_error\":false,\"moderation_llm_v1\":null,"
					   "\"moderation_llm_v2\":{\"action\":"
					   "\"block\"}}]");
	a = profile_agent(&p, "local");
	assert_string_equal(a->connection, "laptop");
	assert_string_equal(
	    a->completion_args, "{\"top_k\":40,\"mirostat\":2,\"temperature\":1.7}");
	profile_done(&p);
}

static void
test_full_functions(void **state)
{
	static const char *const words[] = {"weather-cli", "--json", "5", "", "true"};
	const struct function *f;
	struct profile p;

	(void)state;
	parse_full(&p);
	assert_int_equal(p.functions.len, 3);
	f = profile_function(&p, "physicist", "weather");
	assert_string_equal(f->description, "Current weather in a city");
	assert_string_equal(f->parameters,
	    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":["
	    "\"city\"]}");
	assert_int_equal(f->approval, APPROVAL_ALWAYS);
	assert_int_equal(f->timeout, 45);
	assert_int_equal(f->command.len, COUNT(words));
	for (size_t i = 0; i < COUNT(words); i++)
		assert_string_equal(f->command.items[i], words[i]);
	f = profile_function(&p, "physicist", "ask-me");
	assert_int_equal(f->command.len, 0);
	assert_int_equal(f->approval, APPROVAL_ASK);
	assert_int_equal(f->timeout, 30);
	f = profile_function(&p, "local", "weather");
	assert_int_equal(f->command.len, 1);
	assert_null(profile_function(&p, "local", "ask-me"));
	profile_done(&p);
}

static void
test_full_settings(void **state)
{
	struct profile p;

	(void)state;
	parse_full(&p);
	assert_false(p.settings.stream);
	assert_false(p.settings.store);
	assert_false(p.settings.mouse);
	assert_false(p.settings.enter_sends);
	assert_string_equal(p.settings.theme, "solarized.theme");
	assert_string_equal(p.settings.preset, "vi");
	assert_string_equal(p.settings.language, "pt_BR");
	assert_int_equal(p.settings.list_width, 40);
	assert_int_equal(p.keys.len, 3);
	assert_string_equal(p.keys.items[1].context, "global");
	assert_string_equal(p.keys.items[1].key, "C-x b");
	assert_string_equal(p.keys.items[1].action, "branch");
	assert_int_equal(p.keys.items[1].column, 26);
	assert_string_equal(p.keys.items[2].context, "messages");
	assert_null(p.keys.items[2].action);
	profile_done(&p);
}

static void
test_environment(void **state)
{
	struct profile p;

	(void)state;
	set_environment("", NULL, NULL);
	must_parse(&p, "");
	assert_string_equal(p.connection, "guide");
	profile_done(&p);
	set_environment("k", "http://127.0.0.1:8080/", NULL);
	must_parse(&p, "");
	assert_string_equal(p.connection, "mistral");
	assert_string_equal(profile_connection(&p, "mistral")->base_url, "http://127.0.0.1:8080");
	profile_done(&p);
	/* What the file says itself comes first, and the variable of the key is the file's. */
	must_parse(&p, "connection: guide");
	assert_string_equal(p.connection, "guide");
	profile_done(&p);
	must_parse(&p, "connections: {mistral: {api_key: {env: ANOTHER_KEY_OF_TESTS}}}");
	assert_string_equal(p.connection, "guide");
	profile_done(&p);
	set_environment(NULL, NULL, NULL);
	must_parse(&p, "connections: {mistral: {api_key: {file: /nowhere}}}");
	assert_string_equal(p.connection, "mistral");
	profile_done(&p);
}

static void
test_environment_problems(void **state)
{
	(void)state;
	set_environment(NULL, "http://10.0.0.1", NULL);
	must_fail("",
	    "MISTRAL_BASE_URL: With http:// anyone on the way could read the key; expected "
	    "https:// or an address of this machine.");
	set_environment(NULL, "api.mistral.ai", NULL);
	must_fail("agent: x", "p:1:8: \"agent\" is \"x\", but there is none yet to name.\n"
			      "MISTRAL_BASE_URL: The address must begin with https:// (or http:// "
			      "for this machine).");
	set_environment(NULL, NULL, NULL);
}

static void
test_many_problems(void **state)
{
	struct buf yaml = BUF_EMPTY;
	struct error err = ERROR_NONE;
	struct profile p;
	int lines = 1;

	(void)state;
	for (int i = 0; i < 60; i++)
		buf_printf(&yaml, "unknown%d: 1\n", i);
	assert_false(profile_parse(&p, "p", yaml.data, yaml.len, &err));
	for (const char *c = err.text; *c != '\0'; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 51);
	assert_non_null(strstr(err.text, "p: There are 10 more problems."));
	error_done(&err);
	buf_done(&yaml);
}

/* What a file says is shown as a mark, and a line break in it makes no second problem. */
static void
test_hostile_names(void **state)
{
	(void)state;
	must_fail("agent: \"a\\nb\\e[2Jc\"\nagents: {a: {model: m}}",
	    "p:1:8: \"agent\" is \"a b^[[2Jc\", which is not known; expected one of a.");
}

static void
load_fails(const char *path, const char *expected)
{
	struct error err = ERROR_NONE;
	struct profile p;

	assert_false(profile_load(&p, path, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, expected));
	assert_null(strstr(err.text, "canary"));
	error_done(&err);
}

static void
test_load_places(void **state)
{
	struct error err = ERROR_NONE;
	struct profile p;
	char *named = scratch_write("named.yaml", "settings: {list_width: 30}\n", 0644);
	char *folder = scratch_path("causerie"), *standard;

	(void)state;
	assert_true(profile_load(&p, NULL, &err));
	assert_false(p.exists);
	standard = scratch_path("causerie/profile.yaml");
	assert_string_equal(p.path, standard);
	profile_done(&p);
	assert_int_equal(mkdir(folder, 0700), 0);
	free(scratch_write("causerie/profile.yaml", "settings: {list_width: 31}\n", 0644));
	assert_true(profile_load(&p, NULL, &err));
	assert_true(p.exists);
	assert_int_equal(p.settings.list_width, 31);
	profile_done(&p);
	set_environment(NULL, NULL, named);
	assert_true(profile_load(&p, NULL, &err));
	assert_int_equal(p.settings.list_width, 30);
	assert_string_equal(p.path, named);
	profile_done(&p);
	assert_true(profile_load(&p, standard, &err));
	assert_int_equal(p.settings.list_width, 31);
	profile_done(&p);
	set_environment(NULL, NULL, "/nowhere/profile.yaml");
	load_fails(NULL, "/nowhere/profile.yaml:1:1: The profile cannot be read: ");
	set_environment(NULL, NULL, NULL);
	load_fails("/nowhere", "/nowhere:1:1: The profile cannot be read: ");
	load_fails("", ":1:1: The profile cannot be read: ");
	load_fails(folder, ":1:1: The profile cannot be read: ");
	free(named);
	free(folder);
	free(standard);
}

static void
test_load_literal_key(void **state)
{
	static const char yaml[] = "connections: {mistral: {api_key: sk-canary}}\n";
	struct error err = ERROR_NONE;
	struct buf key = BUF_EMPTY;
	struct profile p;
	char *path;

	(void)state;
	path = scratch_write("literal.yaml", yaml, 0640);
	load_fails(path, ":1:34: A key may stand in this file only if nobody but you can read it");
	free(path);
	path = scratch_write("literal.yaml", yaml, 0600);
	assert_true(profile_load(&p, path, &err));
	assert_string_equal(p.connection, "mistral");
	assert_true(connection_key(profile_connection(&p, "mistral"), &key, &err));
	assert_string_equal(key.data, "sk-canary");
	buf_done(&key);
	profile_done(&p);
	free(path);
}

static void
test_load_too_large(void **state)
{
	char *bytes = xmalloc(YAML_MAX_BYTES + 2), *path;

	(void)state;
	memset(bytes, '#', YAML_MAX_BYTES + 1);
	bytes[YAML_MAX_BYTES + 1] = '\0';
	path = scratch_write("large.yaml", bytes, 0600);
	load_fails(path, ":1:1: The file is larger than the 65536 bytes a profile may have.");
	free(path);
	free(bytes);
}

/* Where a key comes from, and what becomes of it: the key, or a piece of the error. */
static const struct key_case {
	const char *content;
	mode_t mode;
	const char *key, *error;
} key_cases[] = {
    {"abc123\n", 0600, "abc123", NULL},
    {"abc123 \t\r\n\n", 0400, "abc123", NULL},
    {"abc123", 0640, NULL, "others than you have a right to the file"},
    {"abc123", 0604, NULL, "others than you have a right to the file"},
    {"", 0600, NULL, "is empty"},
    {" \n", 0600, NULL, "is empty"},
    {"canary one", 0600, NULL, "is no key"},
    {"canary\none", 0600, NULL, "is no key"},
    {"canary\xc3\xa9", 0600, NULL, "is no key"},
    {"canary\x7f", 0600, NULL, "is no key"},
};

static void
check_key(const char *yaml, const char *expected, const char *error)
{
	struct error err = ERROR_NONE;
	struct buf key = BUF_EMPTY;
	struct profile p;
	bool good;

	must_parse(&p, yaml);
	good = connection_key(profile_connection(&p, "mistral"), &key, &err);
	if (expected != NULL) {
		assert_true(good);
		assert_string_equal(key.data, expected);
	} else {
		assert_false(good);
		assert_int_equal(err.kind, ERR_AUTH);
		assert_non_null(strstr(err.text, error));
		assert_non_null(strstr(err.text, "causerie doctor"));
		assert_non_null(strstr(err.text, "--connection guide"));
		assert_null(strstr(err.text, "canary"));
		assert_int_equal(key.len, 0);
	}
	buf_done(&key);
	error_done(&err);
	profile_done(&p);
}

static void
test_key_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(key_cases); i++) {
		char *path = scratch_write("key", key_cases[i].content, key_cases[i].mode);
		char *yaml = xasprintf("connections: {mistral: {api_key: {file: \"%s\"}}}", path);

		check_key(yaml, key_cases[i].key, key_cases[i].error);
		assert_int_equal(chmod(path, 0600), 0);
		free(path);
		free(yaml);
	}
	check_key("connections: {mistral: {api_key: {file: ~/key}}}", NULL, "is no key");
	check_key(
	    "connections: {mistral: {api_key: {file: ~/none}}}", NULL, "/none cannot be read");
	check_key("connections: {mistral: {api_key: {file: ~/}}}", NULL, "cannot be read");
}

static void
test_key_environment(void **state)
{
	(void)state;
	set_environment(NULL, NULL, NULL);
	check_key("", NULL, "the environment variable MISTRAL_API_KEY is not set");
	set_environment("", NULL, NULL);
	check_key("", NULL, "the environment variable MISTRAL_API_KEY is not set");
	set_environment("abc\n", NULL, NULL);
	check_key("", "abc", NULL);
	set_environment("canary\nX: y", NULL, NULL);
	check_key("", NULL, "the environment variable MISTRAL_API_KEY");
	set_environment(NULL, NULL, NULL);
	check_key("connections: {mistral: {api_key: null}}", "", NULL);
	check_key("connections: {mistral: {api_key: \"canary key\"}}", NULL, "the profile");
}

static void
test_key_of_command(void **state)
{
	struct error err = ERROR_NONE;
	struct buf key = BUF_EMPTY;
	struct profile p;

	(void)state;
	must_parse(&p, "connections: {mistral: {api_key: {command: [pass, show]}}}");
	buf_puts(&key, "abc\n");
	assert_true(connection_check_key(profile_connection(&p, "mistral"), &key, &err));
	assert_string_equal(key.data, "abc");
	buf_add(&key, "\0d", 2);
	assert_false(connection_check_key(profile_connection(&p, "mistral"), &key, &err));
	assert_non_null(strstr(err.text, "the command pass"));
	error_done(&err);
	buf_done(&key);
	profile_done(&p);
}

static void
test_nearest_name(void **state)
{
	static const char *const names[] = {"stream", "store", "theme", "list_width", "a"};
	static const struct {
		const char *wrong, *nearest;
	} cases[] = {
	    {"streem", "stream"},
	    {"strem", "stream"},
	    {"stor", "store"},
	    {"themes", "theme"},
	    {"list-width", "list_width"},
	    {"", NULL},
	    {"b", NULL},
	    {"colour", NULL},
	    {"completely different", NULL},
	};
	char *endless = xmalloc(1000);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *nearest = nearest_name(cases[i].wrong, names, COUNT(names));

		if (cases[i].nearest == NULL)
			assert_null(nearest);
		else
			assert_string_equal(nearest, cases[i].nearest);
	}
	memset(endless, 'x', 999);
	endless[999] = '\0';
	assert_null(nearest_name(endless, names, COUNT(names)));
	assert_null(nearest_name("x", names, 0));
	free(endless);
}

/* However the file is cut, there is a profile or an error. */
static void
test_cut(void **state)
{
	struct buf yaml = BUF_EMPTY;

	(void)state;
	read_data("full.yaml", &yaml);
	for (size_t len = 0; len < yaml.len; len += 11) {
		struct error err = ERROR_NONE;
		struct profile p;

		if (profile_parse(&p, "p", yaml.data, len, &err))
			profile_done(&p);
		else
			assert_int_equal(err.kind, ERR_CONFIG);
		error_done(&err);
	}
	buf_done(&yaml);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_data),
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_documented_settings),
	    cmocka_unit_test(test_documented_examples),
	    cmocka_unit_test(test_full_connections),
	    cmocka_unit_test(test_full_agents),
	    cmocka_unit_test(test_full_functions),
	    cmocka_unit_test(test_full_settings),
	    cmocka_unit_test(test_environment),
	    cmocka_unit_test(test_environment_problems),
	    cmocka_unit_test(test_many_problems),
	    cmocka_unit_test(test_hostile_names),
	    cmocka_unit_test(test_load_places),
	    cmocka_unit_test(test_load_literal_key),
	    cmocka_unit_test(test_load_too_large),
	    cmocka_unit_test(test_key_file),
	    cmocka_unit_test(test_key_environment),
	    cmocka_unit_test(test_key_of_command),
	    cmocka_unit_test(test_nearest_name),
	    cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, setup, scratch_remove);
}
