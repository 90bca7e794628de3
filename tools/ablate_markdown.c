/* SPDX-License-Identifier: MIT */
/*
 * The table of doc/history.md: for each idea the workload that it was invented for, with the idea
 * and without, in Markdown.
 */
#include <inttypes.h>
#include <stdio.h>

#include "tools/ablate_ideas.h"

static void print_ratio(double ratio, const char *mark)
{
	printf(" %s%.*f |", mark, ratio < 10 ? 2 : 1, ratio);
}

static void print_row(const struct zmm_ablation *ablation, const struct zmm_ablation *base)
{
	struct zmm_ratio mean = zmm_course_measure(&ablation->course, ZMM_MEASURE_MEAN);

	if (base->ns_per_operation > 0)
		print_ratio(ablation->ns_per_operation / base->ns_per_operation, "× ");
	else
		fputs(" |", stdout);
	printf(" %.2f MiB |", (double)ablation->peak_held / (1 << 20));
	if (mean.validity == ZMM_VALID)
		print_ratio(mean.value, "");
	else
		fputs(" - |", stdout);
	printf(" %" PRIu64 " |", ablation->storage_calls);
	print_ratio(ablation->searched, "");
	putchar('\n');
}

static bool print_idea(const struct zmm_idea *idea, unsigned runs, struct zmm_error *error)
{
	zmm_program *program = zmm_idea_program(idea, error);
	struct zmm_ablation base, ablation;
	char workload[200];
	bool done = program && zmm_ablate(zmm_variant_at(0), program, runs, &base, error);

	if (done) {
		zmm_idea_command(idea, false, workload, sizeof workload);
		printf("| **%s** | `%s` |", idea->title, workload);
		print_row(&base, &base);
	}
	for (size_t i = 0; done && i < ZMM_IDEA_VARIANTS && idea->variants[i]; i++) {
		const struct zmm_variant *variant = zmm_variant_find(idea->variants[i]);

		done = zmm_ablate(variant, program, runs, &ablation, error);
		if (done) {
			printf("| %s | |", variant->title);
			print_row(&ablation, &base);
		}
	}
	zmm_program_free(program);
	return done;
}

bool zmm_ablate_markdown(unsigned runs, struct zmm_error *error)
{
	const struct zmm_idea *idea;
	bool done = true;

	puts("| idea, and the heap without it | workload | time | held | mean H/L − 1 "
		"| storage calls | looked at |\n| --- | --- | --: | --: | --: | --: | --: |");
	for (size_t i = 0; done && (idea = zmm_idea_at(i)); i++)
		done = print_idea(idea, runs, error);
	return done;
}
