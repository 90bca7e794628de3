/* SPDX-License-Identifier: MIT */
/* Serves jobs from a queue.  One of doc/debugging.md's examples: it has a bug. */
#include <stdio.h>

#include "zend_alloc.h"

struct job {
	struct job *next;
	int number, served;
};

static struct job *queue;

static void add(int number)
{
	struct job *job = emalloc(sizeof *job);

	*job = (struct job){ queue, number, 0 };
	queue = job;
}

static void finish(struct job *job)
{
	queue = job->next;
	efree(job);
}

static void serve(struct job *job)
{
	printf("job %d\n", job->number);
	if (job->number % 2) {
		finish(job);
	}
	job->served++;
}

int main(void)
{
	for (int i = 0; i < 4; i++) {
		add(i);
	}
	while (queue && !queue->served) {
		serve(queue);
	}
	shutdown_memory_manager(0, 1);
	return 0;
}
