/* SPDX-License-Identifier: MIT */
/*
 * Tables of a heap's figures for zmm_emit: the ledger, the measures with their formulas, the curve
 * of the unusable-free index, bins, pins.
 */
#ifndef ZMM_EMIT_FIGURES_H
#define ZMM_EMIT_FIGURES_H

#include "tools/emit.h"
#include "tools/fragmentation.h"
#include "tools/pins.h"

/* Table "ledger": the causes that the design has, their bytes and share of what is held. */
void zmm_emit_ledger(zmm_emit *emit, const struct zmm_ledger *ledger, zend_mm_mode mode);

/* Table "measures": those of a moment and those of a run, with the bytes that each is a ratio of
 * and its formula. Each may be NULL; usable counts where there is no shape. Table "symbols": the
 * letters in the formulas. */
void zmm_emit_measures(zmm_emit *emit, const struct zmm_shape *shape,
	const struct zmm_course *course, const struct zmm_usable *usable);
void zmm_emit_symbols(zmm_emit *emit);

/* Table "unusable": the index for each size of request, twice (see zmm_shape_curve()). */
void zmm_emit_curve(zmm_emit *emit, const struct zmm_shape *shape);

/* Table "bins": blocks of each small size, used and idle. */
void zmm_emit_bins(zmm_emit *emit, const struct zmm_shape *shape);

/* Tables "pins", the first `most` of them, and "pin_blocks", as many blocks of each of these. */
void zmm_emit_pins(zmm_emit *emit, const struct zmm_pins *pins, size_t most);

#endif
