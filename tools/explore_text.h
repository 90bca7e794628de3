/* SPDX-License-Identifier: MIT */
/*
 * A scene as text, for zmm map and zmm step.
 */
#ifndef ZMM_EXPLORE_TEXT_H
#define ZMM_EXPLORE_TEXT_H

#include <stdio.h>

#include "tools/explore_scene.h"

struct zmm_scene_style {
	bool colour;
	bool blocks;       /* each block on a line of its own */
	unsigned width;    /* characters of a row of the map */
};

/* Whether standard output takes colours: a terminal, and NO_COLOR is not set. */
bool zmm_colour_wanted(void);

/* How many characters of a row fit into a terminal of so many columns: a power of two, as
 * a region's size is a multiple of one; 64 where it is none (0). */
unsigned zmm_style_width(unsigned columns);

/* The rows of each region, the legend, the lists and the figures. */
void zmm_scene_print(FILE *out, const struct zmm_scene *scene, const struct zmm_scene_style *style);

/* The operation, and what happened in words. */
void zmm_steps_print(FILE *out, const struct zmm_scene *scene, const zmm_program *program);

#endif
