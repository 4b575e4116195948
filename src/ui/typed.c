/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/typed.h"

#include "base/buf.h"
#include "base/sanitize.h"
#include "base/utf8.h"
#include "ui/key.h"

bool
typed_key(struct buf *typed, const struct key *key)
{
	char bytes[4];

	if (key_is_text(key))
		return buf_add(typed, bytes, utf8_encode(key->code, bytes));
	if (key->code == KEY_PASTE) {
		sanitize(typed, key->text, key->len, SANITIZE_LINE);
		return true;
	}
	if (key->code != KEY_BACKSPACE_ || typed->len == 0)
		return false;
	buf_truncate(typed, utf8_previous(typed->data, typed->len, typed->len));
	return true;
}
