/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef UI_ACT_CONVERSATION_H
#define UI_ACT_CONVERSATION_H

/*
 * Actions on a whole conversation: in the list on the one that is selected
 * there, anywhere else on the one that is open.
 */

struct screen;

void act_rename(struct screen *);
void act_tags(struct screen *);
void act_pin(struct screen *);
void act_archive(struct screen *);
void act_delete(struct screen *);
void act_undelete(struct screen *);
void act_information(struct screen *);

#endif
