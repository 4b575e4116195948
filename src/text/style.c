/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "text/style.h"

#include <assert.h>
#include <string.h>

static const char *const names[STYLE_COUNT] = {
    [STYLE_NORMAL] = "normal",
    [STYLE_DIM] = "dim",
    [STYLE_EMPHASIS] = "emphasis",
    [STYLE_STRONG] = "strong",
    [STYLE_STRIKE] = "strike",
    [STYLE_HEADING] = "heading",
    [STYLE_CODE] = "code",
    [STYLE_CODE_BLOCK] = "code-block",
    [STYLE_CODE_LABEL] = "code-label",
    [STYLE_QUOTE] = "quote",
    [STYLE_RULE] = "rule",
    [STYLE_LINK] = "link",
    [STYLE_URL] = "url",
    [STYLE_BULLET] = "bullet",
    [STYLE_USER] = "user",
    [STYLE_ASSISTANT] = "assistant",
    [STYLE_TOOL] = "tool",
    [STYLE_THINKING] = "thinking",
    [STYLE_TIME] = "time",
    [STYLE_MARK] = "mark",
    [STYLE_NOTICE] = "notice",
    [STYLE_WARNING] = "warning",
    [STYLE_ERROR] = "error",
    [STYLE_BORDER] = "border",
    [STYLE_TITLE] = "title",
    [STYLE_STATUS] = "status",
    [STYLE_KEY] = "key",
    [STYLE_SELECTED] = "selected",
    [STYLE_SELECTED_DIM] = "selected-dim",
    [STYLE_MATCH] = "match",
    [STYLE_PROMPT] = "prompt",
    [STYLE_PLACEHOLDER] = "placeholder",
    [STYLE_REMOVED] = "removed",
    [STYLE_ADDED] = "added",
};

const char *
style_name(enum style style)
{
	assert((unsigned)style < STYLE_COUNT);
	return names[style];
}

bool
style_find(const char *name, enum style *style)
{
	for (unsigned i = 0; i < STYLE_COUNT; i++) {
		if (strcmp(names[i], name) == 0) {
			*style = (enum style)i;
			return true;
		}
	}
	return false;
}
