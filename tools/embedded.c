/* SPDX-License-Identifier: MIT */
/*
 * tools/embedded.c - the files of pages, taken into the program by the assembler.
 *
 * ZMM_SRCDIR is the top of the source tree, by the makefile, which also knows that this file has to
 * be compiled again when one of them changes.
 */
#include "tools/embedded.h"

#include <assert.h>
#include <string.h>

#ifdef _WIN32
# define SECTION ".section .rdata,\"dr\""
#else
# define SECTION ".section .rodata"
#endif

/* Defines symbol and symbol_end around the bytes of a file. */
#define EMBED(symbol, file) \
	__asm__(SECTION "\n" \
		".global " #symbol "\n" #symbol ":\n.incbin \"" ZMM_SRCDIR "/" file "\"\n" \
		".global " #symbol "_end\n" #symbol "_end:\n.byte 0\n.text\n"); \
	extern const char symbol[], symbol##_end[];

/* symbol, name */
#define FILES(_) \
	_(zmm_file_uplot_js, "vendor/uplot/uPlot.iife.min.js") \
	_(zmm_file_uplot_css, "vendor/uplot/uPlot.min.css") \
	_(zmm_file_explorer_html, "web/explorer.html") \
	_(zmm_file_explorer_css, "web/explorer.css") \
	_(zmm_file_explorer_js, "web/explorer.js") \
	_(zmm_file_explorer_state_js, "web/explorer_state.js") \
	_(zmm_file_explorer_map_js, "web/explorer_map.js") \
	_(zmm_file_explorer_pages_js, "web/explorer_pages.js") \
	_(zmm_file_explorer_course_js, "web/explorer_course.js") \
	_(zmm_file_explorer_lists_js, "web/explorer_lists.js") \
	_(zmm_file_report_html, "web/report.html") \
	_(zmm_file_report_css, "web/report.css") \
	_(zmm_file_report_js, "web/report.js") \
	_(zmm_file_report_plots_js, "web/report_plots.js")

FILES(EMBED)

const struct zmm_embedded *zmm_embedded_file(const char *name)
{
#define FIND(symbol, file_name) \
	if (strcmp(name, file_name) == 0) { \
		static struct zmm_embedded file = { file_name, symbol, 0 }; \
		\
		file.length = (size_t)(symbol##_end - symbol); \
		return &file; \
	}
	FILES(FIND)
	assert(!"a file of a page is not embedded");
	return NULL;
}
