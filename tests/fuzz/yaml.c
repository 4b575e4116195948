/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "profile/profile.h"

/*
 * A profile of any bytes is read, and then it names a connection that it has and
 * an agent that it has; or it is refused, and then each line of the error says
 * where: FILE:LINE:COLUMN: and a sentence.
 */

#define NAME "file"

static bool
says_where(const char *line, const char *end)
{
	char *after;
	long number;

	if (strncmp(line, NAME ":", strlen(NAME ":")) != 0)
		return false;
	line += strlen(NAME ":");
	for (int i = 0; i < 2; i++) {
		number = strtol(line, &after, 10);
		if (after == line || number < 1 || *after != ':')
			return false;
		line = after + 1;
	}
	return *line == ' ' && line + 1 < end;
}

static void
check_error(const struct error *err)
{
	const char *end;

	MUST(err->kind == ERR_CONFIG && err->text != NULL && *err->text != '\0');
	MUST(utf8_valid(err->text, strlen(err->text)));
	for (const char *line = err->text; *line != '\0'; line = *end == '\0' ? end : end + 1) {
		end = line + strcspn(line, "\n");
		MUST(says_where(line, end));
	}
}

static void
check_profile(const struct profile *profile)
{
	MUST(profile->connection != NULL);
	MUST(profile_connection(profile, profile->connection) != NULL);
	MUST(profile->agent == NULL || profile_agent(profile, profile->agent) != NULL);
	for (size_t i = 0; i < profile->functions.len; i++) {
		const struct function *f = &profile->functions.items[i];

		MUST(profile_function(profile, f->agent, f->name) == f);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct error err = ERROR_NONE;
	struct profile profile = {0};

	unsetenv("MISTRAL_BASE_URL");
	unsetenv("MISTRAL_API_KEY");
	if (profile_parse(&profile, NAME, (const char *)bytes, len, &err)) {
		MUST(err.kind == ERR_NONE);
		check_profile(&profile);
	} else {
		check_error(&err);
	}
	profile_done(&profile);
	error_done(&err);
	return 0;
}
