/* SPDX-License-Identifier: MIT */
/*
 * heap/guarded/records.c - the records of a guarded heap's blocks: a table by address, with chains,
 * and two queues.
 *
 * All memory is scratch memory straight from the system.  Called by the other files of this folder.
 *
 * Invariant: at most one record per data address; a record in state kept or gone is in the queue of
 * that name, a live one in none; those of a request that has ended are in the queue `gone`.
 */
#include "heap/guarded/records.h"
#include "storage/sanitizer.h"
#include "storage/storage.h"

enum { slab_bytes = 256 * 1024, chains_at_first = 1024 };

struct guard_slab {
	struct guard_slab *next;
	size_t unused;   /* padding, so that records are aligned to 16 */
};

static size_t chain_of(const struct guard_records *records, const void *data)
{
	uint64_t mixed = (uint64_t)(uintptr_t)data * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(mixed >> 32) & (records->chain_count - 1);
}

/* {{{ Making. */

bool zend_mm_guard_records_open(struct guard_records *records, bool with_calls)
{
	*records = (struct guard_records){
		.chain_count = chains_at_first,
		.record_size = sizeof(struct guard_record) +
			(with_calls ? 2 * sizeof(struct guard_calls) : 0),
	};
	records->chains = zend_mm_scratch_alloc(records->chain_count * sizeof *records->chains);
	return records->chains != NULL;
}

void zend_mm_guard_records_close(struct guard_records *records)
{
	while (records->slabs) {
		struct guard_slab *slab = records->slabs;

		records->slabs = slab->next;
		zend_mm_scratch_free(slab, slab_bytes);
	}
	zend_mm_scratch_free(records->chains, records->chain_count * sizeof *records->chains);
	records->chains = NULL;
}

/* Cuts a slab into unused records. */
static bool add_slab(struct guard_records *records)
{
	struct guard_slab *slab = zend_mm_scratch_alloc(slab_bytes);
	size_t size = records->record_size;

	if (!slab) {
		return false;
	}
	slab->next = records->slabs;
	__atomic_store_n(&records->slabs, slab, __ATOMIC_RELEASE); /* always a whole list */
	for (size_t at = sizeof *slab; at + size <= slab_bytes; at += size) {
		struct guard_record *record = (struct guard_record *)((char *)slab + at);

		record->chained = records->unused;
		records->unused = record;
	}
	return true;
}

/* Twice as many chains.  Where there is no memory for them, chains become longer. */
static void grow(struct guard_records *records)
{
	struct guard_records wider = *records;

	wider.chain_count *= 2;
	wider.chains = zend_mm_scratch_alloc(wider.chain_count * sizeof *wider.chains);
	if (!wider.chains) {
		return;
	}
	for (size_t i = 0; i < records->chain_count; i++) {
		struct guard_record *record = records->chains[i];

		while (record) {
			struct guard_record *next = record->chained;
			struct guard_record **chain = &wider.chains[chain_of(&wider, record->data)];

			record->chained = *chain;
			*chain = record;
			record = next;
		}
	}
	zend_mm_scratch_free(records->chains, records->chain_count * sizeof *records->chains);
	*records = wider;
}

/* A slab's head stays readable, for the way to the next one. */
void zend_mm_guard_records_forbid(const struct guard_records *records)
{
	for (const struct guard_slab *slab = records->slabs; slab; slab = slab->next) {
		zend_mm_sanitizer_forbid(slab + 1, slab_bytes - sizeof *slab);
	}
}

void zend_mm_guard_records_permit(const struct guard_records *records)
{
	for (const struct guard_slab *slab = records->slabs; slab; slab = slab->next) {
		zend_mm_sanitizer_permit(slab + 1, slab_bytes - sizeof *slab);
	}
}

const void *zend_mm_guard_records_memory(const struct guard_records *records, const void *address,
	const void **end)
{
	const char *lowest = NULL;

	for (const struct guard_slab *slab = records->slabs; slab; slab = slab->next) {
		const char *begins = (const char *)slab;

		if (begins + slab_bytes > (const char *)address && (!lowest || begins < lowest)) {
			lowest = begins;
		}
	}
	*end = lowest ? lowest + slab_bytes : NULL;
	return lowest;
}

/* }}} */
/* {{{ The queues. */

void zend_mm_guard_queue_put(struct guard_queue *queue, struct guard_record *record)
{
	record->older = queue->newest;
	record->newer = NULL;
	*(queue->newest ? &queue->newest->newer : &queue->oldest) = record;
	queue->newest = record;
	queue->count++;
	queue->bytes += record->room;
}

void zend_mm_guard_queue_take(struct guard_queue *queue, struct guard_record *record)
{
	*(record->older ? &record->older->newer : &queue->oldest) = record->newer;
	*(record->newer ? &record->newer->older : &queue->newest) = record->older;
	queue->count--;
	queue->bytes -= record->room;
}

/* }}} */
/* {{{ Single records. */

/* Forgets a record that is gone. */
static void forget(struct guard_records *records, struct guard_record *record)
{
	struct guard_record **link = &records->chains[chain_of(records, record->data)];

	while (*link != record) {
		link = &(*link)->chained;
	}
	*link = record->chained;
	zend_mm_guard_queue_take(&records->gone, record);
	record->chained = records->unused;
	records->unused = record;
	records->count--;
}

struct guard_record *zend_mm_guard_record_at(const struct guard_records *records, const void *data)
{
	struct guard_record *record = records->chains[chain_of(records, data)];

	while (record && record->data != data) {
		record = record->chained;
	}
	return record;
}

struct guard_record *zend_mm_guard_record_add(struct guard_records *records, char *data)
{
	struct guard_record *record = zend_mm_guard_record_at(records, data);
	struct guard_record **chain;

	if (record) {
		forget(records, record);
	}
	while (records->gone.count > guard_gone_most) {
		forget(records, records->gone.oldest);
	}
	if (!records->unused && !add_slab(records)) {
		return NULL;
	}
	if (records->count >= records->chain_count) {
		grow(records);
	}
	record = records->unused;
	records->unused = record->chained;
	memset(record, 0, records->record_size);
	record->data = data;
	chain = &records->chains[chain_of(records, data)];
	record->chained = *chain;
	*chain = record;
	records->count++;
	return record;
}

/* A record that is unused was gone, or has never had data. */
const struct guard_record *zend_mm_guard_record_in_slabs(const struct guard_records *records,
	const void *data)
{
	size_t size = records->record_size;

	for (const struct guard_slab *slab = records->slabs; slab; slab = slab->next) {
		for (size_t at = sizeof *slab; at + size <= slab_bytes; at += size) {
			const struct guard_record *record =
				(const struct guard_record *)((const char *)slab + at);

			if (record->data == data && record->state == guard_live) {
				return record;
			}
		}
	}
	return NULL;
}

void zend_mm_guard_record_bury(struct guard_records *records, struct guard_record *record,
	enum guard_state state)
{
	record->state = state;
	record->hidden = NULL;
	record->all_hidden = false;
	zend_mm_guard_queue_put(&records->gone, record);
}

/* }}} */
/* {{{ All records. */

int zend_mm_guard_records_visit(const struct guard_records *records,
	int (*visitor)(void *context, struct guard_record *record), void *context)
{
	for (size_t i = 0; i < records->chain_count; i++) {
		struct guard_record *record = records->chains[i];

		while (record) {
			struct guard_record *next = record->chained;
			int answer = visitor(context, record);

			if (answer) {
				return answer;
			}
			record = next;
		}
	}
	return 0;
}

struct around {
	const void *address;
	struct guard_record *found;
};

static int is_around(void *context, struct guard_record *record)
{
	struct around *around = context;

	if (record->state <= guard_kept &&
		(uintptr_t)around->address - (uintptr_t)record->base < record->room) {
		around->found = record;
	}
	return around->found != NULL;
}

struct guard_record *zend_mm_guard_record_around(const struct guard_records *records,
	const void *address)
{
	struct around around = { address, NULL };

	zend_mm_guard_records_visit(records, is_around, &around);
	return around.found;
}

/* }}} */
