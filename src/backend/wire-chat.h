/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BACKEND_WIRE_CHAT_H
#define BACKEND_WIRE_CHAT_H

/*
 * The request of POST /chat/completions, from a conversation of ours.
 *
 * The path becomes a list of messages that any server accepts: roles alternate,
 * every call has its result and every result its call, thinking is not sent
 * back. What has no place there (runs of a server's tools, hand-offs) is left
 * out; a tool that only Mistral's servers can run is an error.
 */

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct conversation;
struct error;
struct turn;

/*
 * mistral: the server is Mistral's own, which refuses names that the others
 * have, and the other way round. The last member of the body is stream_options,
 * which not every server knows: *bare is the length without it, and without
 * the "}" at the end.
 */
bool wire_chat_body(const struct conversation *, const struct turn *, bool mistral, struct buf *out,
    size_t *bare, struct error *);

#endif
