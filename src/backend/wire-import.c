/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "backend/wire-import.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire-json.h"
#include "backend/wire-parts.h"
#include "backend/wire.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "model/bundle.h"

/* Values of a file: what each one is, and where one ends and the next begins. */

static void
skip_space(struct wire_import *import)
{
	while (import->at < import->len && strchr(" \t\r\n", import->text[import->at]) != NULL &&
	       import->text[import->at] != '\0')
		import->at++;
}

/* Where it went wrong, for a person; kept in front of what went wrong. */
static bool
wrong(const struct wire_import *import, size_t at, const char *what, struct error *err)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < at && i < import->len; i++) {
		column = import->text[i] == '\n' ? 1 : column + 1;
		line += import->text[i] == '\n';
	}
	return error_set(err, ERR_PROTOCOL, _("Line %zu, byte %zu: %s"), line, column, what);
}

static bool
at_end(struct wire_import *import, bool *end, struct error *err)
{
	*end = import->over;
	if (import->over)
		return true;
	if (!import->begun && import->len >= 3 && memcmp(import->text, "\xef\xbb\xbf", 3) == 0)
		import->at = 3;
	skip_space(import);
	if (!import->begun) {
		import->in_list = import->at < import->len && import->text[import->at] == '[';
		import->at += import->in_list;
		skip_space(import);
	}
	*end = import->at == import->len;
	if (!import->in_list) {
		import->begun = true;
		return true;
	}
	if (*end)
		return wrong(import, import->at,
		    _("The file ends in the middle of a list: it is not whole."), err);
	if (import->text[import->at] == ']') {
		import->at++;
		skip_space(import);
		*end = import->over = true;
		return import->at == import->len ||
		       wrong(import, import->at, _("There is something behind the end."), err);
	}
	if (import->begun) {
		if (import->text[import->at] != ',')
			return wrong(import, import->at, _("A comma is missing."), err);
		import->at++;
		skip_space(import);
	}
	import->begun = true;
	return true;
}

/* The next value, free it by json_free(); NULL at the end or with an error. */
static struct json_object *
next_value(struct wire_import *import, struct error *err)
{
	struct json_object *value;
	size_t end;
	bool over;

	if (!at_end(import, &over, err) || over)
		return NULL;
	import->start = import->at;
	if (!json_extent(import->text + import->at, import->len - import->at, &end)) {
		end += import->at;
		wrong(import, end,
		    end >= import->len ? _("The file ends in the middle: it is not whole.")
				       : _("This is no JSON, or nested too deeply."),
		    err);
		return NULL;
	}
	value = json_parse(import->text + import->at, end);
	if (value == NULL)
		wrong(import, import->at, _("This is no JSON object or list."), err);
	else
		import->at += end;
	return value;
}

/* Ids made from words. */

struct words_hash {
	uint64_t a, b;
};

/* FNV-1a twice, from two beginnings: to tell texts apart, not to keep anybody out. */
static void
hash_bytes(struct words_hash *hash, const char *bytes, size_t len)
{
	for (size_t i = 0; i <= len; i++) {
		/* One more, so that where a text ends makes a difference. */
		unsigned char c = i < len ? (unsigned char)bytes[i] : 0xff;

		hash->a = (hash->a ^ c) * UINT64_C(0x100000001b3);
		hash->b = (hash->b ^ (c + 0x5bU)) * UINT64_C(0x100000001b3);
		hash->b ^= hash->b >> 29;
	}
}

static struct words_hash
hash_begin(void)
{
	return (struct words_hash){UINT64_C(0xcbf29ce484222325), UINT64_C(0x9ae16a3b2f90404f)};
}

static char *
hash_id(const char *prefix, const struct words_hash *hash)
{
	return xasprintf(
	    "%s%016llx%016llx", prefix, (unsigned long long)hash->a, (unsigned long long)hash->b);
}

/* An id of ours from one of theirs: only letters and digits, and not too many. */
static char *
adopt_id(const char *prefix, const char *id)
{
	struct buf out = BUF_EMPTY;
	struct words_hash hash = hash_begin();
	bool odd = strlen(id) > 64;

	buf_puts(&out, prefix);
	for (const char *p = id; *p != '\0' && !odd; p++) {
		bool plain = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
			     (*p >= 'A' && *p <= 'Z');

		if (plain)
			buf_putc(&out, *p);
		odd = !plain && *p != '-';
	}
	if (!odd && out.len > strlen(prefix))
		return buf_take(&out);
	buf_done(&out);
	hash_bytes(&hash, id, strlen(id));
	return hash_id(prefix, &hash);
}

/* Times: seconds since 1970, or text. */
static char *
take_time(struct json_object *object, const char *const *keys)
{
	char text[CLOCK_ISO_SIZE];
	int64_t seconds;
	double number;

	for (; *keys != NULL; keys++) {
		struct json_object *value = json_member(object, *keys);
		const char *words = json_text(value);

		if (json_is_number(value, &number) && clock_iso_of(number, text))
			return xstrdup(text);
		if (words != NULL && clock_parse(words, &seconds))
			return xstrdup(words);
	}
	return NULL;
}

/* What both formats have. */

static void
add_chunk(struct entry *entry, enum chunk_type type, const char *text, size_t len)
{
	struct chunk chunk = {.type = type, .index = (int)entry->chunks.len, .text = BUF_EMPTY};

	buf_add(&chunk.text, text, len);
	entry_add_chunk(entry, &chunk);
}

static void
add_words(struct entry *entry, const char *text, size_t len)
{
	if (len > 0)
		add_chunk(entry, CHUNK_TEXT, text, len);
}

/* A part that is not words is told by its name, since nobody here has what it stands for. */
static void
add_name(struct entry *entry, const char *kind, const char *name)
{
	char *text = xasprintf("[%s: %s]", kind, name);

	if (entry->chunks.len > 0)
		add_words(entry, "\n", 1);
	add_words(entry, text, strlen(text));
	free(text);
}

static void
add_instructions(struct conversation *c, const char *text)
{
	char *both;

	if (text == NULL || text[strspn(text, " \t\r\n")] == '\0' ||
	    (c->instructions != NULL && strstr(c->instructions, text) != NULL))
		return;
	both =
	    c->instructions != NULL ? xasprintf("%s\n\n%s", c->instructions, text) : xstrdup(text);
	free(c->instructions);
	c->instructions = both;
}

/* Text for a member that has to be JSON. */
static void
add_arguments(struct entry *entry, const char *text, size_t len)
{
	char *copy = xstrndup(text, len);

	if (wire_is_object(copy)) {
		buf_add(&entry->arguments, text, len);
	} else {
		buf_putc(&entry->arguments, '{');
		json_put_text(&entry->arguments, "input", copy);
		buf_putc(&entry->arguments, '}');
	}
	free(copy);
}

/* ChatGPT. */

/* A node of the mapping. */
struct node {
	const char *id;
	struct json_object *value;
	bool seen;
	size_t branch; /* where it is */
};

/* A node that is still to be looked at, and what it hangs on. */
struct waiting {
	size_t node;
	struct bundle_place behind; /* branch BUNDLE_NOWHERE: it is a first one */
};

struct chatgpt {
	struct bundle *bundle;
	ARRAY(struct node) nodes; /* sorted by id */
	ARRAY(struct waiting) stack;
	const char *updated_at;
};

static const char *const create_times[] = {"create_time", "update_time", NULL};
static const char *const update_times[] = {"update_time", "create_time", NULL};

static int
compare_nodes(const void *a, const void *b)
{
	return strcmp(((const struct node *)a)->id, ((const struct node *)b)->id);
}

static bool
add_node(void *arg, const char *key, struct json_object *value)
{
	struct chatgpt *chat = arg;

	if (json_is_object(value))
		array_push(&chat->nodes, ((struct node){.id = key, .value = value}));
	return true;
}

static struct node *
find_node(const struct chatgpt *chat, const char *id)
{
	struct node wanted = {.id = id};

	if (id == NULL || chat->nodes.len == 0)
		return NULL;
	return bsearch(&wanted, chat->nodes.items, chat->nodes.len, sizeof(wanted), compare_nodes);
}

static const char *
attachment_name(struct json_object *message, const char *pointer)
{
	struct json_object *list =
	    json_list_member(json_member(message, "metadata"), "attachments");

	for (size_t i = 0; i < json_length(list); i++) {
		const char *id = json_text_member(json_item(list, i), "id");
		const char *name = json_text_member(json_item(list, i), "name");

		if (id != NULL && name != NULL && strstr(pointer, id) != NULL)
			return name;
	}
	return pointer;
}

static void
take_part(struct entry *entry, struct json_object *message, struct json_object *part)
{
	const char *type = json_text_member(part, "content_type"), *text, *pointer;
	size_t len;

	text = json_bytes(part, &len);
	if (text == NULL && json_is_object(part))
		text = json_bytes(json_member(part, "text"), &len);
	if (text != NULL) {
		if (entry->chunks.len > 0 && len > 0)
			add_words(entry, "\n\n", 2);
		add_words(entry, text, len);
		return;
	}
	if (!json_is_object(part))
		return;
	pointer = json_text_member(part, "asset_pointer");
	if (pointer == NULL)
		pointer =
		    json_text_member(json_member(part, "audio_asset_pointer"), "asset_pointer");
	add_name(entry, type != NULL ? type : "part",
	    pointer != NULL ? attachment_name(message, pointer) : "?");
}

static void
take_thoughts(struct entry *entry, struct json_object *list)
{
	struct buf text = BUF_EMPTY;

	for (size_t i = 0; i < json_length(list); i++) {
		const char *summary = json_text_member(json_item(list, i), "summary");
		const char *content = json_text_member(json_item(list, i), "content");

		if (summary != NULL && summary[0] != '\0')
			buf_printf(&text, "%s%s", text.len > 0 ? "\n\n" : "", summary);
		if (content != NULL && content[0] != '\0')
			buf_printf(&text, "%s%s", text.len > 0 ? "\n\n" : "", content);
	}
	if (text.len > 0)
		add_chunk(entry, CHUNK_THINKING, text.data, text.len);
	buf_done(&text);
}

/* Content of any type, into chunks. */
static void
take_content(struct entry *entry, struct json_object *message)
{
	static const char *const members[] = {"text", "result", "content", NULL};
	struct json_object *content = json_member(message, "content");
	struct json_object *parts = json_list_member(content, "parts");
	struct json_object *thoughts = json_list_member(content, "thoughts");
	const char *type = json_text_member(content, "content_type");
	size_t len;

	/* "Thought for 5 seconds", and what the service knows of its user. */
	if (type != NULL &&
	    (strcmp(type, "reasoning_recap") == 0 || strstr(type, "editable_context") != NULL))
		return;
	take_thoughts(entry, thoughts);
	for (size_t i = 0; i < json_length(parts); i++)
		take_part(entry, message, json_item(parts, i));
	for (size_t i = 0; members[i] != NULL && parts == NULL && thoughts == NULL; i++) {
		const char *text = json_bytes(json_member(content, members[i]), &len);

		if (text != NULL && len > 0) {
			add_words(entry, text, len);
			break;
		}
	}
}

/* A run of one of the service's tools: what it was given, or what came of it. */
static void
make_tool(struct entry *entry, const char *name, bool result)
{
	struct buf text = BUF_EMPTY;

	entry_text(entry, &text);
	for (size_t i = 0; i < entry->chunks.len; i++)
		chunk_done(&entry->chunks.items[i]);
	array_clear(&entry->chunks);
	entry->type = ENTRY_TOOL_EXECUTION;
	entry->name = xstrdup(name != NULL && name[0] != '\0' ? name : "tool");
	if (!result) {
		add_arguments(entry, text.data, text.len);
	} else {
		struct buf info = BUF_EMPTY;

		buf_putc(&info, '{');
		json_put_text(&info, "result", text.data);
		buf_putc(&info, '}');
		entry->info = buf_take(&info);
	}
	buf_done(&text);
}

/* What a node says; NULL: nothing that a person was shown. */
static struct entry *
take_node(struct chatgpt *chat, const struct node *node)
{
	struct json_object *message = json_member(node->value, "message");
	struct json_object *metadata = json_member(message, "metadata");
	struct json_object *author = json_member(message, "author");
	const char *role = json_text_member(author, "role");
	const char *recipient = json_text_member(message, "recipient");
	struct conversation *c = chat->bundle->branches.items[0].conversation;
	bool hidden = false;
	struct entry *entry;

	json_is_bool(json_member(metadata, "is_visually_hidden_from_conversation"), &hidden);
	if (role == NULL || hidden)
		return NULL;
	entry = entry_new(strcmp(role, "user") == 0 ? ENTRY_MESSAGE_INPUT : ENTRY_MESSAGE_OUTPUT);
	take_content(entry, message);
	if (strcmp(role, "system") == 0) {
		struct buf text = BUF_EMPTY;

		entry_text(entry, &text);
		add_instructions(c, text.data);
		buf_done(&text);
	}
	if (strcmp(role, "system") == 0 || entry->chunks.len == 0) {
		entry_free(entry);
		return NULL;
	}
	if (strcmp(role, "tool") == 0)
		make_tool(entry, json_text_member(author, "name"), true);
	else if (strcmp(role, "assistant") == 0 && recipient != NULL &&
		 strcmp(recipient, "all") != 0)
		make_tool(entry, recipient, false);
	entry->assistant = entry->type == ENTRY_MESSAGE_OUTPUT;
	entry->id = adopt_id("msg_", node->id);
	entry->created_at = take_time(message, create_times);
	entry->completed_at = xstrdup(entry->created_at);
	if (entry->type != ENTRY_MESSAGE_INPUT)
		entry->model = xstrdup(json_text_member(metadata, "model_slug"));
	return entry;
}

/* Behind the last entry of a branch it goes on; anywhere else it begins one. */
static struct bundle_place
put_node(struct chatgpt *chat, struct bundle_place behind, struct entry *entry)
{
	struct bundle *bundle = chat->bundle;
	size_t at = behind.branch == BUNDLE_NOWHERE ? 0 : behind.branch;
	struct conversation *c = bundle->branches.items[at].conversation;
	size_t end = behind.branch == BUNDLE_NOWHERE ? 0 : behind.entry + 1;
	struct bundle_branch *branch;

	if (c->entries.len != end) {
		const char *fork = end > 0 ? c->entries.items[end - 1]->id : NULL;

		branch = bundle_add(bundle);
		c = bundle->branches.items[at].conversation;
		branch->parent = xstrdup(c->id);
		branch->fork = xstrdup(fork);
		conversation_copy_settings(branch->conversation, c);
		xreplace(&branch->conversation->title, NULL);
		branch->conversation->id = xasprintf("conv_%s", strchr(entry->id, '_') + 1);
		branch->conversation->created_at = xstrdup(entry->created_at);
		at = bundle->branches.len - 1;
		c = branch->conversation;
	}
	array_push(&c->entries, entry);
	xreplace(&c->updated_at, entry->created_at != NULL ? entry->created_at : c->updated_at);
	return (struct bundle_place){at, c->entries.len - 1};
}

/* Depth first, the first child before the others, so that the oldest way on is the branch's own. */
static void
walk_nodes(struct chatgpt *chat)
{
	while (chat->stack.len > 0) {
		struct waiting waiting = chat->stack.items[--chat->stack.len];
		struct node *node = &chat->nodes.items[waiting.node];
		struct json_object *children = json_list_member(node->value, "children");
		struct entry *entry;

		if (node->seen)
			continue;
		node->seen = true;
		entry = take_node(chat, node);
		if (entry != NULL)
			waiting.behind = put_node(chat, waiting.behind, entry);
		node->branch = waiting.behind.branch;
		for (size_t i = json_length(children); i-- > 0;) {
			struct node *child = find_node(chat, json_text(json_item(children, i)));

			if (child != NULL && !child->seen)
				array_push(&chat->stack,
				    ((struct waiting){
					(size_t)(child - chat->nodes.items), waiting.behind}));
		}
	}
}

static void
walk_mapping(struct chatgpt *chat)
{
	for (size_t i = chat->nodes.len; i-- > 0;)
		if (find_node(chat, json_text_member(chat->nodes.items[i].value, "parent")) == NULL)
			array_push(
			    &chat->stack, ((struct waiting){i, {BUNDLE_NOWHERE, BUNDLE_NOWHERE}}));
	walk_nodes(chat);
	/* The model is known only when all was read. */
	for (size_t i = 1; i < chat->bundle->branches.len; i++)
		xreplace(&chat->bundle->branches.items[i].conversation->instructions,
		    chat->bundle->branches.items[0].conversation->instructions);
}

static void
take_chatgpt(struct bundle *bundle, struct json_object *value, struct error *err)
{
	struct chatgpt chat = {.bundle = bundle};
	struct conversation *c = bundle_add(bundle)->conversation;
	const char *id = json_text_member(value, "conversation_id");
	const struct node *current;
	bool archived = false;
	size_t first;

	if (id == NULL)
		id = json_text_member(value, "id");
	json_each(json_member(value, "mapping"), add_node, &chat);
	if (chat.nodes.len > 0)
		qsort(chat.nodes.items, chat.nodes.len, sizeof(struct node), compare_nodes);
	bundle->title = xstrdup(json_text_member(value, "title"));
	c->title = xstrdup(bundle->title);
	c->model = xstrdup(json_text_member(value, "default_model_slug"));
	c->created_at = take_time(value, create_times);
	json_is_bool(json_member(value, "is_archived"), &archived);
	json_is_bool(json_member(value, "is_starred"), &bundle->pinned);
	bundle->archived = archived;
	/* Until a node needs it, and for good if the file gives one. */
	c->id = id != NULL ? adopt_id("conv_", id) : NULL;
	walk_mapping(&chat);
	first = bundle->branches.items[0].conversation->entries.len;
	c = bundle->branches.items[0].conversation;
	if (c->id == NULL && first > 0) {
		c->id = xasprintf("conv_%s", strchr(c->entries.items[0]->id, '_') + 1);
		for (size_t i = 1; i < bundle->branches.len; i++)
			if (bundle->branches.items[i].parent == NULL)
				bundle->branches.items[i].parent = xstrdup(c->id);
	}
	/* The way it was left last is the one that was changed last. */
	current = find_node(&chat, json_text_member(value, "current_node"));
	if (current != NULL && current->seen && current->branch < bundle->branches.len) {
		struct conversation *last = bundle->branches.items[current->branch].conversation;
		char *time = take_time(value, update_times);

		if (time != NULL)
			xreplace(&last->updated_at, time);
		free(time);
	}
	if (chat.nodes.len > 0 && first == 0 && !chat.nodes.items[0].seen)
		error_set(err, ERR_PROTOCOL,
		    _("The messages of this conversation run in a circle: none is the first."));
	array_done(&chat.nodes);
	array_done(&chat.stack);
}

/* Plain messages. */

struct plain {
	struct bundle *bundle;
	struct words_hash hash; /* of all so far */
};

static const char *const message_times[] = {
    "created_at", "create_time", "timestamp", "created", "date", NULL};

static bool
is_message(struct json_object *value)
{
	return json_text_member(value, "role") != NULL;
}

static void
plain_begin(struct plain *plain, struct bundle *bundle)
{
	*plain = (struct plain){.bundle = bundle, .hash = hash_begin()};
	bundle_add(bundle);
}

static void
take_plain_part(struct entry *entry, struct json_object *part)
{
	const char *type = json_text_member(part, "type"), *text;
	struct json_object *image = json_member(part, "image_url");
	struct chunk chunk;
	size_t len;

	text = json_bytes(part, &len);
	if (text == NULL)
		text = json_bytes(json_member(part, "text"), &len);
	if (text != NULL) {
		add_words(entry, text, len);
		return;
	}
	if (!json_is_object(part))
		return;
	/* What the API knows by that name is one of its chunks. */
	if (type != NULL && (image != NULL || chunk_type_of(type) != CHUNK_UNKNOWN)) {
		wire_take_chunk(&chunk, (int)entry->chunks.len, true, part);
		entry_add_chunk(entry, &chunk);
		return;
	}
	add_name(entry, type != NULL ? type : "part",
	    json_text_member(part, "name") != NULL ? json_text_member(part, "name") : "?");
}

static void
take_plain_content(struct entry *entry, struct json_object *content)
{
	if (!json_is_list(content)) {
		take_plain_part(entry, content);
		return;
	}
	for (size_t i = 0; i < json_length(content); i++)
		take_plain_part(entry, json_item(content, i));
}

static char *
plain_text(struct json_object *content)
{
	struct entry *entry = entry_new(ENTRY_MESSAGE_OUTPUT);
	struct buf text = BUF_EMPTY;

	take_plain_content(entry, content);
	entry_text(entry, &text);
	entry_free(entry);
	return buf_take(&text);
}

/* Its id is that of its words and all before them. */
static void
plain_add(struct plain *plain, struct json_object *message, struct entry *entry)
{
	struct conversation *c = plain->bundle->branches.items[0].conversation;
	const char *model = json_text_member(message, "model");
	struct buf words = BUF_EMPTY;

	wire_put_entry(&words, entry);
	hash_bytes(&plain->hash, words.data, words.len);
	buf_clear(&words);
	entry->id = hash_id("msg_", &plain->hash);
	entry->created_at = take_time(message, message_times);
	entry->completed_at = xstrdup(entry->created_at);
	if (entry->type == ENTRY_MESSAGE_OUTPUT && model != NULL) {
		entry->model = xstrdup(model);
		xreplace(&c->model, model);
	}
	if (c->title == NULL && entry_is_prompt(entry)) {
		entry_text(entry, &words);
		c->title = conversation_make_title(words.data);
	}
	buf_done(&words);
	if (c->entries.len == 0) {
		c->id = hash_id("conv_", &plain->hash);
		c->created_at = xstrdup(entry->created_at);
	}
	if (entry->created_at != NULL)
		xreplace(&c->updated_at, entry->created_at);
	array_push(&c->entries, entry);
}

static void
take_calls(struct plain *plain, struct json_object *message)
{
	struct json_object *calls = json_list_member(message, "tool_calls");

	for (size_t i = 0; i < json_length(calls); i++) {
		struct json_object *function = json_member(json_item(calls, i), "function");
		struct json_object *arguments = json_member(function, "arguments");
		const char *id = json_text_member(json_item(calls, i), "id"), *text;
		const char *name = json_text_member(function, "name");
		struct entry *entry = entry_new(ENTRY_FUNCTION_CALL);
		size_t len;

		entry->name = xstrdup(name != NULL ? name : "?");
		entry->tool_call_id = xstrdup(id != NULL ? id : "");
		text = json_bytes(arguments, &len);
		if (text != NULL)
			add_arguments(entry, text, len);
		else if (arguments != NULL)
			json_write(&entry->arguments, arguments);
		else
			buf_puts(&entry->arguments, "{}");
		plain_add(plain, message, entry);
	}
}

static void
take_message(struct plain *plain, struct json_object *message)
{
	const char *role = json_text_member(message, "role");
	const char *thinking = json_text_member(message, "reasoning_content");
	struct json_object *content = json_member(message, "content");
	struct entry *entry;

	if (strcmp(role, "system") == 0 || strcmp(role, "developer") == 0) {
		char *text = plain_text(content);

		hash_bytes(&plain->hash, text, strlen(text));
		add_instructions(plain->bundle->branches.items[0].conversation, text);
		free(text);
		return;
	}
	if (strcmp(role, "tool") == 0 || strcmp(role, "function") == 0) {
		const char *id = json_text_member(message, "tool_call_id");
		char *text = plain_text(content);

		entry = entry_new(ENTRY_FUNCTION_RESULT);
		entry->tool_call_id = xstrdup(id != NULL ? id : "");
		buf_puts(&entry->result, text);
		free(text);
		plain_add(plain, message, entry);
		return;
	}
	/* "human" is a user in some files; whoever else speaks is the other side. */
	entry = entry_new(strcmp(role, "user") == 0 || strcmp(role, "human") == 0
			      ? ENTRY_MESSAGE_INPUT
			      : ENTRY_MESSAGE_OUTPUT);
	entry->assistant = entry->type == ENTRY_MESSAGE_OUTPUT;
	if (thinking != NULL && thinking[0] != '\0')
		add_chunk(entry, CHUNK_THINKING, thinking, strlen(thinking));
	take_plain_content(entry, content);
	if (entry->chunks.len > 0)
		plain_add(plain, message, entry);
	else
		entry_free(entry);
	take_calls(plain, message);
}

static void
take_messages(struct bundle *bundle, struct json_object *value, struct error *err)
{
	struct json_object *list =
	    json_is_list(value) ? value : json_list_member(value, "messages");
	struct conversation *c;
	struct plain plain;

	plain_begin(&plain, bundle);
	for (size_t i = 0; i < json_length(list); i++) {
		if (!is_message(json_item(list, i))) {
			error_set(err, ERR_PROTOCOL,
			    _("Message %zu of this conversation has no role."), i + 1);
			return;
		}
		take_message(&plain, json_item(list, i));
	}
	c = bundle->branches.items[0].conversation;
	if (c->model == NULL)
		c->model = xstrdup(json_text_member(value, "model"));
	if (json_text_member(value, "title") != NULL)
		xreplace(&c->title, json_text_member(value, "title"));
	bundle->title = xstrdup(c->title);
}

/* Messages one behind the other are one conversation. */
static bool
take_run(
    struct wire_import *import, struct bundle *bundle, struct json_object *first, struct error *err)
{
	struct json_object *value = first;
	struct plain plain;

	plain_begin(&plain, bundle);
	while (value != NULL) {
		struct wire_import before;

		take_message(&plain, value);
		if (value != first)
			json_free(value);
		before = *import;
		value = next_value(import, err);
		if (value != NULL && !is_message(value)) {
			*import = before;
			json_free(value);
			value = NULL;
		}
	}
	return err->kind == ERR_NONE;
}

/* What is wrong within a value is told with the line where that begins. */
static bool
take_value(
    struct wire_import *import, struct bundle *bundle, struct json_object *value, struct error *err)
{
	struct error what = ERROR_NONE;
	size_t start = import->start;

	import->format = IMPORT_MESSAGES;
	if (json_member(value, "causerie_export") != NULL) {
		import->format = IMPORT_CAUSERIE;
		wire_take_bundle(bundle, value, &what);
	} else if (json_is_object(json_member(value, "mapping"))) {
		import->format = IMPORT_CHATGPT;
		take_chatgpt(bundle, value, &what);
	} else if (is_message(value)) {
		return take_run(import, bundle, value, err);
	} else if (json_is_list(value) || json_list_member(value, "messages") != NULL) {
		take_messages(bundle, value, &what);
	} else {
		error_set(&what, ERR_PROTOCOL,
		    _("This is no conversation: neither an export of causerie or ChatGPT nor a "
		      "message with a role and a content."));
	}
	if (what.kind == ERR_NONE)
		return true;
	wrong(import, start, what.text, err);
	error_done(&what);
	return false;
}

/* A conversation in which nothing was said; causerie's own may have a draft. */
static bool
is_empty(const struct wire_import *import, const struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->branches.len; i++)
		if (import->format == IMPORT_CAUSERIE ||
		    bundle->branches.items[i].conversation->entries.len > 0)
			return false;
	return true;
}

bool
wire_import_next(struct wire_import *import, struct bundle *bundle, bool *more, struct error *err)
{
	*more = false;
	do {
		struct json_object *value;
		bool good;

		bundle_done(bundle);
		value = next_value(import, err);
		if (value == NULL)
			return err->kind == ERR_NONE;
		good = take_value(import, bundle, value, err);
		json_free(value);
		if (!good) {
			bundle_done(bundle);
			return false;
		}
	} while (is_empty(import, bundle));
	*more = true;
	return true;
}
