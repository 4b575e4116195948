/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROFILE_TOOLS_H
#define PROFILE_TOOLS_H

/*
 * The parts of an agent that the API takes as JSON: tools:, completion_args:
 * and guardrails:. All three are option_fn for struct agent.
 */

struct function;
struct option;
struct reading;
struct yaml_node;

/* Functions among them also go to the profile's functions. */
void tools_read(struct reading *, const struct option *, const struct yaml_node *, void *agent);
void completion_args_read(
    struct reading *, const struct option *, const struct yaml_node *, void *agent);
void guardrails_read(
    struct reading *, const struct option *, const struct yaml_node *, void *agent);

/* Frees what a function holds, not the struct. */
void function_done(struct function *);

#endif
