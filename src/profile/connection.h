/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef PROFILE_CONNECTION_H
#define PROFILE_CONNECTION_H

/* Reading connections: of the profile. What they are is in profile/profile.h. */

#include <stdbool.h>

struct connection;
struct option;
struct reading;
struct yaml_node;

void connection_free(struct connection *);

/* An option_fn for struct profile: a connection known already keeps what is not set anew. */
void connections_read(
    struct reading *, const struct option *, const struct yaml_node *, void *profile);

/* What is wrong with an http or https address as a translated sentence, or NULL. */
const char *connection_url_problem(const char *url);

/* A key would go over a network that anyone can listen to. */
bool connection_leaks_key(const struct connection *);

/* url without slashes at its end; yours. */
char *connection_trim_url(const char *url);

/* A connection of api conversations that has, as far as can be said now, a key or needs none. */
bool connection_has_key(const struct connection *);

#endif
