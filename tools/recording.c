/* SPDX-License-Identifier: MIT */
/*
 * A recorder writes straight into its file and does nothing at its end, so there is something
 * left to do: see recording.h. All of it is done in place; every step leaves a file that reads.
 */
#include "tools/recording.h"

#ifdef _WIN32
bool zmm_recording_look(const char *path, struct zmm_recording *recording)
{
	(void)path;
	(void)recording;
	return false;
}

bool zmm_recording_finish(const char *path, bool name_functions,
	struct zmm_recording *recording, struct zmm_error *error)
{
	(void)name_functions;
	(void)recording;
	zmm_error_set(error, ZMM_ERROR_INPUT, "%s: there are no recordings on this system", path);
	return false;
}
#else
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/elf_symbols.h"
#include "trace/binary_layout.h"
#include "trace/map.h"

/* A file that is being finished. */
struct file {
	const char *path;
	int fd;
	struct zmm_file_header header;
	unsigned char *block; /* room for one */
	uint64_t end;         /* of what is used */
};

/* --- input and output ------------------------------------------------------------------------ */

static bool blame(const struct file *file, const char *what, struct zmm_error *error)
{
	zmm_error_set(error, ZMM_ERROR_SYSTEM, "%s: %s: %s", file->path, what, strerror(errno));
	return false;
}

/* Up to `count` bytes from `offset` on; how many, -1 on failure. */
static ssize_t read_at(int fd, unsigned char *bytes, size_t count, uint64_t offset)
{
	size_t done = 0;

	while (done < count) {
		ssize_t got = pread(fd, bytes + done, count - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static bool write_at(const struct file *file, const unsigned char *bytes, size_t count,
	uint64_t offset)
{
	while (count) {
		ssize_t put = pwrite(file->fd, bytes, count, (off_t)offset);
		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		bytes += put;
		offset += (uint64_t)put;
		count -= (size_t)put;
	}
	return true;
}

/* --- opening --------------------------------------------------------------------------------- */

static bool read_header(int fd, struct zmm_file_header *header)
{
	unsigned char bytes[ZMM_FILE_HEADER_BYTES];

	return read_at(fd, bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes
		&& !zmm_file_header_read(header, bytes) && header->flags & ZMM_FILE_RECORDED
		&& header->stride && header->stride <= ZMM_ROOM_MAX;
}

bool zmm_recording_look(const char *path, struct zmm_recording *recording)
{
	struct zmm_file_header header;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool good = fd >= 0 && read_header(fd, &header);

	if (good) {
		off_t end = lseek(fd, 0, SEEK_END);
		recording->process = header.process;
		recording->start_time = header.start_time;
		recording->bytes = end > 0 ? (uint64_t)end : 0;
	}
	if (fd >= 0)
		close(fd);
	return good;
}

static bool open_file(struct file *file, struct zmm_error *error)
{
	file->fd = open(file->path, O_RDWR | O_CLOEXEC);
	if (file->fd < 0)
		return blame(file, "cannot open it", error);
	if (!read_header(file->fd, &file->header)) {
		zmm_error_set(error, ZMM_ERROR_INPUT, "%s: this is no recording", file->path);
		return false;
	}
	file->block = malloc(file->header.stride);
	return file->block || blame(file, "cannot finish it", error);
}

/* --- blocks ---------------------------------------------------------------------------------- */

/* Give the block in file->block, which begins at `offset`, its checksum. */
static bool close_block(struct file *file, const struct zmm_block_info *info, uint64_t offset,
	struct zmm_error *error)
{
	unsigned char *bytes = file->block;

	bytes[BLOCK_STATE] = BLOCK_STATE_CLOSED;
	zmm_put32(bytes + BLOCK_CHECKSUM,
		zmm_block_checksum(bytes, bytes + ZMM_BLOCK_HEADER_BYTES, info->used));
	/* The checksum first: it counts once the state says so. */
	return (write_at(file, bytes + BLOCK_CHECKSUM, 4, offset + BLOCK_CHECKSUM)
		&& write_at(file, bytes + BLOCK_STATE, 1, offset + BLOCK_STATE))
		|| blame(file, "cannot close its blocks", error);
}

/* Look at the block at `offset`: 1, 0 behind the last one, -1 on failure. */
static int finish_block(struct file *file, uint64_t offset, struct zmm_error *error)
{
	struct zmm_block_info info;
	ssize_t got = read_at(file->fd, file->block, ZMM_BLOCK_HEADER_BYTES, offset);

	if (got < 0)
		return blame(file, "cannot read it", error) ? 0 : -1;
	if (got < ZMM_BLOCK_HEADER_BYTES)
		return 0;
	if (zmm_block_header_read(&info, file->block)
		|| info.used > file->header.stride - ZMM_BLOCK_HEADER_BYTES)
		return 1; /* never begun: readers know what to do with it */
	file->end = offset + ZMM_BLOCK_HEADER_BYTES + info.used;
	if (info.closed)
		return 1;
	got = read_at(file->fd, file->block + ZMM_BLOCK_HEADER_BYTES, info.used,
		offset + ZMM_BLOCK_HEADER_BYTES);
	if (got < 0)
		return blame(file, "cannot read it", error) ? 0 : -1;
	if ((uint32_t)got < info.used)
		return 0; /* cut: they know that, too */
	return close_block(file, &info, offset, error) ? 1 : -1;
}

static bool finish_blocks(struct file *file, struct zmm_error *error)
{
	uint64_t offset = file->header.first;
	int result;

	file->end = file->header.first;
	while ((result = finish_block(file, offset, error)) == 1)
		offset += file->header.stride;
	if (result < 0)
		return false;
	off_t size = lseek(file->fd, 0, SEEK_END);
	if (size >= 0 && (uint64_t)size <= file->end)
		return true; /* it was cut, or nothing is left over */
	return (size >= 0 && ftruncate(file->fd, (off_t)file->end) == 0)
		|| blame(file, "cannot cut off what was not used", error);
}

/* --- names of functions ---------------------------------------------------------------------- */

struct module {
	uint64_t start, size, offset;
	zmm_elf *elf;
};

/* What the events of the file say about call stacks. */
struct stacks {
	struct zmm_map frames; /* return addresses */
	struct zmm_map elves;  /* hash of a path to its module's index + 1, for `elf` */
	struct module *modules;
	size_t module_count, module_room;
	bool named;            /* by an earlier call */
};

static bool note_module(struct stacks *stacks, const struct zmm_event *event)
{
	uint64_t name = zmm_xxh32((const unsigned char *)event->text, event->text_length, 1);
	uint64_t known = zmm_map_get(&stacks->elves, name + 1);
	zmm_elf *elf;

	if (stacks->module_count == stacks->module_room) {
		size_t room = stacks->module_room ? stacks->module_room * 2 : 64;
		struct module *modules = realloc(stacks->modules, room * sizeof *modules);
		if (!modules)
			return false;
		stacks->modules = modules;
		stacks->module_room = room;
	}
	if (known) {
		elf = stacks->modules[known - 1].elf;
	} else {
		char *path = strndup(event->text, event->text_length);
		if (!path)
			return false;
		elf = zmm_elf_open(path);
		free(path);
		if (!zmm_map_put(&stacks->elves, name + 1, stacks->module_count + 1))
			return false;
	}
	stacks->modules[stacks->module_count++] =
		(struct module){ event->id, event->size, event->offset, elf };
	return true;
}

static bool note_frames(struct stacks *stacks, const struct zmm_event *event)
{
	for (size_t i = 0; i < event->frame_count; i++)
		if (!zmm_map_put(&stacks->frames, event->frames[i], 1))
			return false;
	return true;
}

static bool read_stacks(struct file *file, struct stacks *stacks, struct zmm_error *error)
{
	zmm_reader *reader = zmm_reader_open(file->path, error);
	struct zmm_event event;
	bool room = true;
	int result = reader ? 1 : -1;

	while (room && result == 1 && (result = zmm_reader_next(reader, &event, error)) == 1) {
		if (event.kind == ZMM_EVENT_STACK)
			room = note_frames(stacks, &event);
		else if (event.kind == ZMM_EVENT_MODULE)
			room = note_module(stacks, &event);
		stacks->named |= event.kind == ZMM_EVENT_SYMBOL;
	}
	zmm_reader_close(reader);
	return room ? result == 0 : blame(file, "cannot read its call stacks", error);
}

/* The function that will be returned to: a call can be the last thing in a function, so the address
 * before counts. The module that was told last is the one that is there. */
static const char *name_of(const struct stacks *stacks, uint64_t frame)
{
	for (size_t i = stacks->module_count; i-- > 0;) {
		const struct module *module = &stacks->modules[i];
		if (frame - 1 - module->start < module->size)
			return module->elf ? zmm_elf_function(module->elf,
				frame - 1 - module->start + module->offset) : NULL;
	}
	return NULL;
}

/* Begin a block of names behind the last block. Their stamps are greater than any recorder's. */
static void open_block(struct file *file, struct zmm_block *block)
{
	uint64_t stride = file->header.stride;
	uint64_t blocks = (file->end - file->header.first + stride - 1) / stride;
	const struct zmm_block_start start = { .stamped = true,
		.id_shift = file->header.id_shift, .stamp = (1ull << 62) + blocks * stride };

	file->end = file->header.first + blocks * stride;
	memset(file->block, 0, stride);
	zmm_block_open(block, file->block, stride, &start);
}

static bool write_block(struct file *file, struct zmm_block *block, struct zmm_error *error)
{
	size_t used = (size_t)(block->at - block->header);

	zmm_block_close(block, false);
	if (!write_at(file, block->header, used, file->end))
		return blame(file, "cannot append the names of functions", error);
	file->end += used;
	return true;
}

static bool write_names(struct file *file, const struct stacks *stacks, struct zmm_error *error)
{
	struct zmm_block block;

	open_block(file, &block);
	for (size_t i = 0; i < stacks->frames.capacity; i++) {
		const struct zmm_map_entry *frame = &stacks->frames.entries[i];
		const char *name = frame->value ? name_of(stacks, frame->key) : NULL;
		if (!name)
			continue;
		const struct zmm_event event = { .kind = ZMM_EVENT_SYMBOL, .id = frame->key,
			.text = name, .text_length = strnlen(name, file->header.stride / 4),
			.stamp = block.stamp + 1 };
		if (!zmm_block_add(&block, &event)) {
			if (!write_block(file, &block, error))
				return false;
			open_block(file, &block);
			zmm_block_add(&block, &event);
		}
	}
	return block.events == 0 || write_block(file, &block, error);
}

static bool add_names(struct file *file, struct zmm_error *error)
{
	struct stacks stacks = { .named = false };
	bool good = read_stacks(file, &stacks, error);

	if (good && stacks.frames.count && !stacks.named)
		good = write_names(file, &stacks, error);
	for (size_t i = 0; i < stacks.elves.capacity; i++)
		if (stacks.elves.entries[i].value)
			zmm_elf_close(stacks.modules[stacks.elves.entries[i].value - 1].elf);
	zmm_map_free(&stacks.frames);
	zmm_map_free(&stacks.elves);
	free(stacks.modules);
	return good;
}

bool zmm_recording_finish(const char *path, bool name_functions,
	struct zmm_recording *recording, struct zmm_error *error)
{
	struct file file = { .path = path, .fd = -1 };
	bool good = open_file(&file, error) && finish_blocks(&file, error)
		&& (!name_functions || add_names(&file, error));

	if (good) {
		recording->process = file.header.process;
		recording->start_time = file.header.start_time;
		recording->bytes = file.end;
	}
	free(file.block);
	if (file.fd >= 0)
		close(file.fd);
	return good;
}
#endif
