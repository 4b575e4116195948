/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/store-private.h"

static const struct {
	const char *name;
	const char *sql; /* of an entry e and its conversation c; %d: the parameter's number */
	bool date;
} filters[] = {
    {"agent:",
	"coalesce(c.agent, '') || ' ' || coalesce(c.agent_id, '') || ' ' || coalesce(e.agent_id,"
	" '') LIKE ?%d ESCAPE '\\'",
	false},
    {"model:", "coalesce(e.model, c.model, '') LIKE ?%d ESCAPE '\\'", false},
    {"tool:",
	"EXISTS (SELECT 1 FROM (SELECT e.name AS tool UNION ALL SELECT e.function UNION ALL SELECT"
	" tool FROM part WHERE entry = e.key) WHERE tool LIKE ?%d ESCAPE '\\')",
	false},
    {"after:", "coalesce(e.created_at, '') >= ?%d", true},
    {"before:", "coalesce(e.created_at, '~') < ?%d", true},
};

/* The first parameter that is a filter's; those before it are the statement's own. */
#define FIRST_FILTER 4

/* What it is compared with: anything that holds the words. */
static char *
make_pattern(const char *words)
{
	struct buf out = BUF_EMPTY;

	buf_putc(&out, '%');
	for (; *words != '\0'; words++) {
		if (*words == '"')
			continue;
		if (strchr("%_\\", *words) != NULL)
			buf_putc(&out, '\\');
		buf_putc(&out, *words);
	}
	buf_putc(&out, '%');
	return buf_take(&out);
}

/* "3d" or "2w" ago, "today", "yesterday": how many days back; -1: none of these. */
static int
days_back(const char *date)
{
	char unit, more;
	int count;

	if (strcmp(date, "today") == 0)
		return 0;
	if (strcmp(date, "yesterday") == 0)
		return 1;
	if (sscanf(date, "%4d%c%c", &count, &unit, &more) != 2 || count < 0 ||
	    (unit != 'd' && unit != 'w'))
		return -1;
	return unit == 'w' ? count * 7 : count;
}

/* The beginning of a local day, month or year as the store has dates, in UTC; or NULL. */
static char *
make_date(const char *date)
{
	int year, month = 1, day = 1, back = days_back(date), end = 0;
	struct tm tm = {0};
	time_t now = time(NULL);
	char text[sizeof("0000-00-00T00:00:00")];

	if (back >= 0) {
		localtime_r(&now, &tm);
		tm.tm_mday -= back;
	} else {
		size_t len = strlen(date);

		sscanf(date, "%4d-%2d-%2d%n", &year, &month, &day, &end);
		if (len == 7)
			sscanf(date, "%4d-%2d%n", &year, &month, &end);
		else if (len == 4)
			sscanf(date, "%4d%n", &year, &end);
		if ((len != 10 && len != 7 && len != 4) || (size_t)end != len || year < 1970 ||
		    month < 1 || month > 12 || day < 1 || day > 31)
			return NULL;
		tm.tm_year = year - 1900;
		tm.tm_mon = month - 1;
		tm.tm_mday = day;
	}
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	now = mktime(&tm);
	gmtime_r(&now, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return xstrdup(text);
}

static bool
make_filter(const struct word *word, size_t kind, struct filter *filter, struct error *err)
{
	const char *value = word->text + strlen(filters[kind].name);

	*filter = (struct filter){.kind = kind, .not = word->not };
	filter->value = filters[kind].date ? make_date(value) : make_pattern(value);
	if (filter->value != NULL)
		return true;
	return error_set(err, ERR_USAGE,
	    _("\"%s\" is no date to search by. Write it as 2026, 2026-11, 2026-11-23, 3d or 2w "
	      "(days or weeks ago), today or yesterday."),
	    word->text);
}

/* Takes the filters out of the words. */
bool
search_take_filters(word_list *words, filter_list *list, struct error *err)
{
	for (size_t i = words->len; i > 0; i--) {
		struct word *word = &words->items[i - 1];

		for (size_t kind = 0; kind < sizeof(filters) / sizeof(filters[0]); kind++) {
			size_t len = strlen(filters[kind].name);
			struct filter filter;

			if (word->quoted || strncmp(word->text, filters[kind].name, len) != 0 ||
			    word->text[len] == '\0')
				continue;
			if (!make_filter(word, kind, &filter, err))
				return false;
			array_push(list, filter);
			free(word->text);
			array_remove(words, i - 1);
			break;
		}
	}
	return true;
}

void
search_filters_done(filter_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->items[i].value);
	array_done(list);
}

/* " AND EXISTS (...)" for an entry; nothing without filters. */
void
search_put_filters(struct buf *sql, const filter_list *list, const char *entry)
{
	if (list->len == 0)
		return;
	buf_printf(sql,
	    " AND EXISTS (SELECT 1 FROM entry e JOIN conversation c ON c.key = e.conversation"
	    " WHERE e.key = %s",
	    entry);
	for (size_t i = 0; i < list->len; i++) {
		buf_puts(sql, list->items[i].not ? " AND NOT (" : " AND (");
		for (const char *p = filters[list->items[i].kind].sql; *p != '\0'; p++) {
			if (p[0] == '%' && p[1] == 'd') {
				buf_printf(sql, "%d", FIRST_FILTER + (int)i);
				p++;
			} else {
				buf_putc(sql, *p);
			}
		}
		buf_putc(sql, ')');
	}
	buf_putc(sql, ')');
}

void
search_bind_filters(struct stmt *s, const filter_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		db_bind_text(s, FIRST_FILTER + (int)i, list->items[i].value);
}
