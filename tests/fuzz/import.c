/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "backend/wire-import.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "model/bundle.h"

/*
 * Any bytes as a file to import. It ends; what goes wrong is a sentence; every
 * conversation in it has an id and every entry of one that had none made has
 * one, branches do not run in a circle. What was read and put is an export
 * that gives the same when it is read and put again.
 */

static void
put_all(const struct buf *text, struct buf *out)
{
	struct wire_import import = {.text = text->data, .len = text->len};
	struct error err = ERROR_NONE;
	struct bundle bundle = {0};
	bool more = true;
	size_t before;

	do {
		before = import.at;
		if (!wire_import_next(&import, &bundle, &more, &err)) {
			MUST(err.kind != ERR_NONE && err.text[0] != '\0');
			MUST(strchr(err.text, '\n') == NULL && !more);
			break;
		}
		MUST(!more || import.at > before);
		if (more) {
			struct bundle_order order;

			MUST(bundle.branches.len > 0);
			MUST(bundle_order(&bundle, &order));
			bundle_order_done(&order);
			for (size_t i = 0; i < bundle.branches.len; i++)
				MUST(bundle.branches.items[i].conversation->id != NULL);
			wire_put_bundle(out, &bundle);
			buf_putc(out, '\n');
		}
		bundle_done(&bundle);
	} while (more);
	bundle_done(&bundle);
	error_done(&err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct buf text = BUF_EMPTY, once = BUF_EMPTY, twice = BUF_EMPTY;

	utf8_repair_all((const char *)bytes, len, &text);
	put_all(&text, &once);
	put_all(&once, &twice);
	MUST(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	buf_done(&text);
	buf_done(&once);
	buf_done(&twice);
	return 0;
}
