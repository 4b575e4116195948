/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <locale.h>
#include <stdbool.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "text/diff.h"

/*
 * Two texts with a NUL between them, compared: the runs follow each other
 * without a gap and make up both texts, what is called the same is the same,
 * and changing the sides over changes nothing but the sides.
 */

static void
check(const char *left, size_t left_len, const char *right, size_t right_len, const diff_list *runs)
{
	size_t a = 0, b = 0;

	for (size_t i = 0; i < runs->len; i++) {
		const struct diff_run *run = &runs->items[i];

		MUST(run->len > 0 && run->left == a && run->right == b);
		MUST(i == 0 || run->kind != run[-1].kind);
		MUST(i == 0 || run->kind != DIFF_LEFT || run[-1].kind == DIFF_SAME);
		a += run->kind != DIFF_RIGHT ? run->len : 0;
		b += run->kind != DIFF_LEFT ? run->len : 0;
		MUST(a <= left_len && b <= right_len);
		MUST(run->kind != DIFF_SAME ||
		     memcmp(left + run->left, right + run->right, run->len) == 0);
	}
	MUST(a == left_len && b == right_len);
}

static void
check_mirrored(const diff_list *runs, const diff_list *mirrored)
{
	MUST(runs->len == mirrored->len);
	for (size_t i = 0; i < runs->len; i++) {
		const struct diff_run *run = &runs->items[i], *other = &mirrored->items[i];

		if (run->kind == DIFF_SAME)
			MUST(other->kind == DIFF_SAME && other->left == run->right);
		else
			MUST(other->kind != DIFF_SAME);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *left = (const char *)bytes, *end;
	diff_list runs = {0}, mirrored = {0};
	size_t left_len, right_len;

	setlocale(LC_ALL, "C.UTF-8");
	end = len > 0 ? memchr(left, '\0', len) : NULL;
	if (end == NULL)
		return 0;
	left_len = (size_t)(end - left);
	right_len = len - left_len - 1;
	diff_texts(left, left_len, end + 1, right_len, &runs);
	check(left, left_len, end + 1, right_len, &runs);
	diff_texts(end + 1, right_len, left, left_len, &mirrored);
	check(end + 1, right_len, left, left_len, &mirrored);
	check_mirrored(&runs, &mirrored);
	array_done(&runs);
	array_done(&mirrored);
	return 0;
}
