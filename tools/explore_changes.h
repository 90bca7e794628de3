/* SPDX-License-Identifier: MIT */
/*
 * What changed from one scene to the next, as JSON. Of each thing that consists of items in order
 * (a region's blocks, a list's members, the regions) the items' texts are kept; the next scene's
 * are compared with these.
 *
 * For each thing of a scene: zmm_changes_begin(), then for each item its text into ->now and
 * zmm_changes_item(), then zmm_changes_end(). After the last one zmm_changes_rest(), which empties
 * what was not there any more.
 *
 * A change is [KEY, at, removed, item, …]: of the items of KEY, so many are removed from that
 * index on, and those that follow are put there. Changes are in the order in which they have to be
 * made.
 */
#ifndef ZMM_EXPLORE_CHANGES_H
#define ZMM_EXPLORE_CHANGES_H

#include "tools/json_text.h"

enum { ZMM_CHANGES_KEY = 24 };

/* The items of one thing. */
struct zmm_kept {
	char key[ZMM_CHANGES_KEY];
	struct zmm_json_text text;
	size_t *ends;            /* where each item's text ends */
	size_t *places;          /* what says that two items are the same one, changed: ascending */
	size_t count, room;
	uint64_t seen;           /* the scene that had it last */
};

struct zmm_changes {
	struct zmm_json_text *out;      /* where changes are written to */
	struct zmm_json_items items;    /* what was written there */
	struct zmm_kept now;
	struct zmm_kept *kept;
	size_t kept_count, kept_room, next;
	uint64_t scene;
	bool any;                       /* this scene has one */
};

void zmm_changes_begin(struct zmm_changes *changes);
/* The text that was added to changes->now.text since the last item is one. place: ascending; an
 * item that has the same place and another text is a changed one. Without places (all 0) only what
 * is equal at both ends is known as unchanged. */
void zmm_changes_item(struct zmm_changes *changes, size_t place);
void zmm_changes_end(struct zmm_changes *changes, const char *key);
void zmm_changes_rest(struct zmm_changes *changes);
/* Forgets all items: the next scene is the first. */
void zmm_changes_forget(struct zmm_changes *changes);

#endif
