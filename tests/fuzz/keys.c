/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz/fuzz.h"
#include "ui/input.h"
#include "ui/key.h"

/* Whatever can be printed of a key is its name again. */
static void
check_name(const struct key *key)
{
	char name[KEY_NAME_SIZE];
	struct key again;

	key_print(key, name, sizeof(name));
	if (key_is_text(key) && (!key_parse(name, &again) || !key_equal(key, &again)))
		abort();
}

static void
take(struct input *in, int64_t now)
{
	struct key key;
	int more;

	while (input_take(in, now, &key, &more)) {
		check_name(&key);
		free(key.text);
	}
}

/* Bytes as a terminal sends them, in pieces of the size the first byte says. */
static void
run_input(const uint8_t *bytes, size_t len)
{
	struct input *in = input_new(INPUT_UTF8);
	size_t piece = len > 0 ? (size_t)bytes[0] + 1 : 1;

	for (size_t at = 1; at < len; at += piece) {
		input_push(in, (const char *)bytes + at, len - at < piece ? len - at : piece, 0);
		take(in, 0);
	}
	/* Each wait that is over settles something at least. */
	for (size_t i = 0; i <= len && !input_is_empty(in); i++)
		take(in, (int64_t)(i + 1) * 10000);
	if (!input_is_empty(in))
		abort();
	input_free(in);
}

/* The same bytes as a name. */
static void
run_name(const uint8_t *bytes, size_t len)
{
	char *name = xstrndup((const char *)bytes, len);
	struct key key;

	if (key_parse(name, &key))
		check_name(&key);
	free(name);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	setlocale(LC_ALL, "C.UTF-8");
	run_input(bytes, len);
	run_name(bytes, len);
	return 0;
}
