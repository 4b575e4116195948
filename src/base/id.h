/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef BASE_ID_H
#define BASE_ID_H

/*
 * Ids of the API's form: a prefix and 32 lowercase hexadecimal digits, which
 * are a UUID of version 7 (RFC 9562, section 5.7). Ids made by one process
 * sort in the order of their making. Others' ids are opaque text.
 */

#define ID_SIZE 64

/* id_make("conv_", id) → "conv_019a0000000070008000000000000001". */
void id_make(const char *prefix, char id[ID_SIZE]);

/* The part of an id behind its prefix: behind the last '_', or all of it. */
const char *id_tail(const char *id);

#endif
