/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROFILE_AGENTS_H
#define PROFILE_AGENTS_H

/* Reading agents: of the profile. */

struct option;
struct reading;
struct yaml_node;

/* The option_fn of agents:, for struct profile; connections are read before it. */
void agents_read(
    struct reading *, const struct option *, const struct yaml_node *, void *profile);

/* The option_fn of a name among connections or agents; char *. */
void connection_name_read(
    struct reading *, const struct option *, const struct yaml_node *, void *base);
void agent_name_read(
    struct reading *, const struct option *, const struct yaml_node *, void *base);

#endif
