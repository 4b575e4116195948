/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "fake.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIELD(name) offsetof(struct script, name)

/*
 * A directive is a word that begins with "!". A number behind it is its
 * argument; without one the default holds. Words that are neither make the
 * text of the prompt. README tells what each does.
 */
static const struct directive {
	const char *name;
	size_t field;
	long fallback;
	bool number; /* takes one, if there is one */
} directives[] = {
    {"think", FIELD(think), 1, false},
    {"tool", FIELD(tool), 1, false},
    {"code", FIELD(code), 1, false},
    {"file", FIELD(file), 1, false},
    {"handoff", FIELD(handoff), 1, false},
    {"markdown", FIELD(markdown), 1, false},
    {"hostile", FIELD(hostile), 1, false},
    {"unknown", FIELD(unknown), 1, false},
    {"error", FIELD(error), 1, false},
    {"context", FIELD(context), 1, false},
    {"length", FIELD(length), 1, false},
    {"long", FIELD(words), 200, true},
    {"pieces", FIELD(pieces), 3, true},
    {"cut", FIELD(cut), 200, true},
    {"reset", FIELD(reset), 200, true},
    {"reset-head", FIELD(reset_head), 1, false},
    {"stall", FIELD(stall), 3, true},
    {"keepalive", FIELD(keepalive), 3, true},
    {"nodone", FIELD(nodone), 1, false},
    {"close", FIELD(close), 1, false},
    {"drop", FIELD(drop), 1, false},
    {"hold", FIELD(hold), 0, true},
    {"slow", FIELD(slow), 50, true},
    {"status", FIELD(status), 500, true},
    {"retry", FIELD(retry_after), 1, true},
    {"retry-date", FIELD(retry_date), 1, true},
    {"stored", FIELD(stored), 1, false},
    {"forget", FIELD(forget), 1, false},
    {"busy", FIELD(busy), 1, true},
    {"times", FIELD(times), 1, true},
    {"once", FIELD(times), 1, false},
    {"html", FIELD(html), 1, false},
    {"204", FIELD(no_content), 1, false},
    {"empty", FIELD(empty), 1, false},
    {"json-for-stream", FIELD(json_for_stream), 1, false},
    {"stream-for-json", FIELD(stream_for_json), 1, false},
    {"gzip", FIELD(gzip), 1, false},
    {"bighead", FIELD(bighead), 128, true},
    {"redirect", FIELD(redirect), 0, true},
    {"onebyte", FIELD(onebyte), 1, false},
    {"crlf", FIELD(crlf), 1, false},
    {"bom", FIELD(bom), 1, false},
};

#define DIRECTIVES (sizeof(directives) / sizeof(directives[0]))

static long *
field(struct script *s, size_t offset)
{
	return (long *)((char *)s + offset);
}

void
script_init(struct script *s)
{
	*s = (struct script){.again = OFF};
	for (size_t i = 0; i < DIRECTIVES; i++)
		*field(s, directives[i].field) = OFF;
}

void
script_done(struct script *s)
{
	for (size_t i = 0; i < s->call_count; i++) {
		free(s->calls[i].name);
		free(s->calls[i].arguments);
	}
	free(s->replay);
	free(s->raw);
	free(s->text);
	free(s->bad);
	script_init(s);
}

static size_t
word_len(const char *text)
{
	return strcspn(text, " \n");
}

static const char *
skip_blanks(const char *text)
{
	return text + strspn(text, " ");
}

/* A number that is a word of its own; moves behind it. */
static bool
take_number(const char **text, long *number)
{
	const char *start = skip_blanks(*text);
	char *end;

	errno = 0;
	*number = strtol(start, &end, 10);
	if (end == start || errno != 0 || !isdigit((unsigned char)*start) ||
	    (*end != '\0' && *end != ' ' && *end != '\n'))
		return false;
	*text = end;
	return true;
}

/* "!call NAME JSON" to the end of the line; the JSON is {} if it is not there. */
static const char *
take_call(struct script *s, const char *at, bool pending)
{
	struct call *call = &s->calls[s->call_count];
	size_t len;

	if (s->call_count == MAX_CALLS)
		die("more than %d calls in one prompt", MAX_CALLS);
	s->call_count++;
	at = skip_blanks(at);
	len = word_len(at);
	call->name = copy_len(at, len);
	at = skip_blanks(at + len);
	len = strcspn(at, "\n");
	call->arguments = len > 0 ? copy_len(at, len) : copy("{}");
	call->pending = pending;
	return at + len;
}

static const struct directive *
find_directive(const char *name, size_t len)
{
	for (size_t i = 0; i < DIRECTIVES; i++)
		if (strlen(directives[i].name) == len &&
		    strncmp(directives[i].name, name, len) == 0)
			return &directives[i];
	return NULL;
}

/* at is behind the "!"; returns what is behind the directive. */
static const char *
take_directive(struct script *s, const char *at)
{
	size_t len = word_len(at);
	const struct directive *d = find_directive(at, len);
	const char *end = at + len;
	long number;

	if (d != NULL) {
		number = d->fallback;
		if (d->number && !take_number(&end, &number))
			number = d->fallback;
		*field(s, d->field) = number;
		if (strcmp(d->name, "status") == 0 && take_number(&end, &number))
			s->retry_after = number;
		return end;
	}
	if (len == 4 && strncmp(at, "call", 4) == 0)
		return take_call(s, end, false);
	if (len == 7 && strncmp(at, "confirm", 7) == 0)
		return take_call(s, end, true);
	if (len == 6 && strncmp(at, "replay", 6) == 0) {
		end = skip_blanks(end);
		len = word_len(end);
		free(s->replay);
		s->replay = copy_len(end, len);
		return end + len;
	}
	free(s->bad);
	s->bad = copy_len(at, len);
	return end;
}

void
script_parse(struct script *s, const char *prompt)
{
	struct text rest = {0};
	bool start = true; /* of a word */

	free(s->raw);
	s->raw = copy(prompt);
	text_add(&rest, "", 0);
	while (*prompt != '\0') {
		if (start && *prompt == '!' && isalnum((unsigned char)prompt[1])) {
			prompt = take_directive(s, prompt + 1);
			prompt += *prompt == ' ' || *prompt == '\n';
			continue;
		}
		start = *prompt == ' ' || *prompt == '\n';
		text_add(&rest, prompt++, 1);
	}
	free(s->text);
	s->text = rest.data;
}
