/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef CMD_VERBS_H
#define CMD_VERBS_H

/*
 * The rows of the table of verbs, each in its cmd-*.c. A new verb is a row
 * here, a row in command.c and its file.
 */

#include "cmd/command.h"

extern const struct command cmd_start, cmd_append, cmd_restart;
extern const struct command cmd_get, cmd_history, cmd_messages, cmd_list, cmd_delete;
extern const struct command cmd_agents, cmd_models;
extern const struct command cmd_tree, cmd_search;
extern const struct command cmd_export, cmd_import;
extern const struct command cmd_doctor;

#endif
