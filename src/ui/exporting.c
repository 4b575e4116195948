/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "ui/exporting.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/i18n.h"
#include "base/mem.h"
#include "base/path.h"
#include "client/client.h"
#include "cmd/export.h"
#include "ui/panes.h"
#include "ui/screen.h"
#include "ui/view.h"

/*
 * What was chosen so far travels as a string from one question to the next:
 * "CONVERSATION FORMAT TREE PATH". What is open may change in between.
 */
struct chosen {
	int64_t conversation;
	enum export_format format;
	bool tree;
	const char *path; /* borrowed; "" until it is known */
};

static char *
note_of(const struct chosen *chosen)
{
	return xasprintf("%" PRId64 " %d %d %s", chosen->conversation, (int)chosen->format,
	    chosen->tree, chosen->path);
}

static struct chosen
read_note(const char *note)
{
	struct chosen chosen = {0};
	int format = 0, tree = 0, used = 0;

	sscanf(note, "%" SCNd64 " %d %d %n", &chosen.conversation, &format, &tree, &used);
	chosen.format = (enum export_format)format;
	chosen.tree = tree != 0;
	chosen.path = note + used;
	return chosen;
}

/* Only for its owner, as the store is. */
static void
write_file(struct screen *screen, const struct chosen *chosen)
{
	struct error err = ERROR_NONE;
	struct buf out = BUF_EMPTY;
	char *folder, *text;

	if (!export_put(client_store(screen_client(screen)), chosen->conversation, chosen->format,
		chosen->tree, &out, &err) ||
	    !path_replace(chosen->path, out.data, out.len, 0600, &err)) {
		screen_report(screen, &err);
	} else {
		folder = chosen->path[0] == '/' ? NULL : getcwd(NULL, 0);
		text = xasprintf(_("Exported to %s%s%s."), folder != NULL ? folder : "",
		    folder != NULL ? "/" : "", chosen->path);
		screen_notice(screen, text);
		free(text);
		free(folder);
	}
	error_done(&err);
	buf_done(&out);
}

static void
replace_answer(struct screen *screen, const char *answer, const char *note)
{
	struct chosen chosen = read_note(note);

	if (answer != NULL && answer[0] == 'y')
		write_file(screen, &chosen);
	else
		screen_notice(screen, _("Nothing was exported; the file is as it was."));
}

static void
named(struct screen *screen, const char *name, const char *note)
{
	struct chosen chosen = read_note(note);
	char *path, *question, *next;

	if (name == NULL || name[0] == '\0')
		return;
	path = path_expand(name);
	chosen.path = path;
	if (access(path, F_OK) != 0) {
		write_file(screen, &chosen);
	} else {
		question = xasprintf(_("%s is there already. Replace it?"), path);
		next = note_of(&chosen);
		screen_push(screen,
		    pane_dialog_about(
			pane_choice_new(screen, question, _("y: replace it   n: no"), "yn", NULL),
			next, replace_answer));
		free(next);
		free(question);
	}
	free(path);
}

static void
picked(struct screen *screen, const struct pick *pick)
{
	struct chosen chosen;
	char *name;

	if (pick == NULL)
		return;
	chosen = read_note(pick->value);
	name = export_file_name(
	    client_store(screen_client(screen)), chosen.conversation, chosen.format);
	screen_push(
	    screen, pane_dialog_about(pane_dialog_new(screen, _("Export to the file"), name, NULL),
			pick->value, named));
	free(name);
}

static void
add_pick(pick_list *picks, const char *text, struct chosen chosen)
{
	struct pick pick = {.text = xstrdup(text),
	    .detail = xstrdup(export_format_name(chosen.format)),
	    .value = note_of(&chosen)};

	array_push(picks, pick);
}

void
exporting_begin(struct screen *screen)
{
	static const char *const texts[EXPORT_FORMATS][2] = {
	    [EXPORT_MARKDOWN] = {N_("This branch, to read and to edit"),
		N_("The whole tree, to read and to edit")},
	    [EXPORT_HTML] = {N_("This branch, for a browser"), N_("The whole tree, for a browser")},
	    [EXPORT_JSON] = {N_("This branch, to import elsewhere"),
		N_("The whole tree, to import elsewhere")},
	    [EXPORT_DOT] = {N_("This branch as a graph"), N_("The whole tree as a graph")},
	};
	const struct pane *top = screen_top(screen);
	bool tree_first = top != NULL && strcmp(top->ops->name, "tree") == 0;
	int64_t key = view_key(screen_view(screen));
	pick_list picks = {0};

	if (key == 0) {
		screen_notice(screen, _("A new conversation: there is nothing to export yet."));
		return;
	}
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < EXPORT_FORMATS; i++) {
			bool tree = (pass == 0) == tree_first;

			add_pick(&picks, _(texts[i][tree]),
			    (struct chosen){key, (enum export_format)i, tree, ""});
		}
	screen_push(screen, pane_picker_new(screen, _("Export"), &picks, NULL, picked));
}
