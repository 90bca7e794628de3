/* SPDX-License-Identifier: MIT */
/*
 * The tables .symtab and .dynsym of a module, of which the first has more names where it is there.
 * A module is a file that may hold anything: every offset in it is checked before it is followed.
 *
 * Invariant: `functions` is sorted by address, and each name ends with a zero inside the file.
 */
#include "tools/elf_symbols.h"

#ifdef _WIN32
zmm_elf *zmm_elf_open(const char *path)
{
	(void)path;
	return NULL;
}

void zmm_elf_close(zmm_elf *elf)
{
	(void)elf;
}

const char *zmm_elf_function(const zmm_elf *elf, uint64_t offset)
{
	(void)elf;
	(void)offset;
	return NULL;
}
#else
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct function {
	uint64_t start;
	uint64_t size;
	const char *name;
};

struct zmm_elf {
	const unsigned char *bytes;
	size_t size;
	struct function *functions;
	size_t count;
	size_t room;
};

/* --- the file -------------------------------------------------------------------------------- */

static bool holds(const zmm_elf *elf, uint64_t offset, uint64_t bytes)
{
	return offset <= elf->size && bytes <= elf->size - offset;
}

/* `count` entries of `size` bytes at `offset`, NULL if the file does not hold them or they are not
 * aligned. */
static const void *part(const zmm_elf *elf, uint64_t offset, uint64_t count, uint64_t size)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || !holds(elf, offset, bytes)
		|| offset % sizeof(ElfW(Addr)) != 0)
		return NULL;
	return elf->bytes + offset;
}

static bool map_file(zmm_elf *elf, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return false;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
		void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (bytes != MAP_FAILED) {
			elf->bytes = bytes;
			elf->size = (size_t)status.st_size;
		}
	}
	close(fd);
	return elf->bytes;
}

static const ElfW(Ehdr) *header(const zmm_elf *elf)
{
	const ElfW(Ehdr) *head = part(elf, 0, 1, sizeof *head);
	const unsigned char native = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32;
	const uint16_t one = 1;
	const unsigned char order = *(const unsigned char *)&one ? ELFDATA2LSB : ELFDATA2MSB;

	if (!head || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0
		|| head->e_ident[EI_CLASS] != native || head->e_ident[EI_DATA] != order)
		return NULL;
	return head;
}

/* --- symbols --------------------------------------------------------------------------------- */

static bool add_function(zmm_elf *elf, const ElfW(Sym) *symbol, const char *names,
	uint64_t names_size)
{
	unsigned type = symbol->st_info & 15;

	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || symbol->st_shndx == SHN_UNDEF
		|| symbol->st_name >= names_size || !names[symbol->st_name]
		|| !memchr(names + symbol->st_name, 0, names_size - symbol->st_name))
		return true;
	if (elf->count == elf->room) {
		size_t room = elf->room ? elf->room * 2 : 1024;
		struct function *functions = realloc(elf->functions, room * sizeof *functions);
		if (!functions)
			return false;
		elf->functions = functions;
		elf->room = room;
	}
	elf->functions[elf->count++] = (struct function){
		symbol->st_value, symbol->st_size, names + symbol->st_name
	};
	return true;
}

static bool read_table(zmm_elf *elf, const ElfW(Shdr) *sections, size_t count,
	const ElfW(Shdr) *table)
{
	if (table->sh_link >= count)
		return true;
	const ElfW(Shdr) *strings = &sections[table->sh_link];
	size_t symbols = table->sh_size / sizeof(ElfW(Sym));
	const ElfW(Sym) *symbol = part(elf, table->sh_offset, symbols, sizeof *symbol);
	if (!symbol || !holds(elf, strings->sh_offset, strings->sh_size))
		return true;
	const char *names = (const char *)elf->bytes + strings->sh_offset;
	for (size_t i = 0; i < symbols; i++)
		if (!add_function(elf, &symbol[i], names, strings->sh_size))
			return false;
	return true;
}

static bool read_tables(zmm_elf *elf, const ElfW(Ehdr) *head)
{
	const ElfW(Shdr) *sections = part(elf, head->e_shoff, head->e_shnum, sizeof *sections);

	if (!sections || head->e_shentsize != sizeof *sections)
		return true;
	for (size_t i = 0; i < head->e_shnum; i++)
		if ((sections[i].sh_type == SHT_SYMTAB || sections[i].sh_type == SHT_DYNSYM)
			&& !read_table(elf, sections, head->e_shnum, &sections[i]))
			return false;
	return true;
}

/* Of names for the same code the longest function comes last, and then the shortest name without
 * leading underscores, which is what people call it. */
static int compare_functions(const void *left, const void *right)
{
	const struct function *a = left;
	const struct function *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	size_t marks_a = strspn(a->name, "_"), marks_b = strspn(b->name, "_");
	if (marks_a != marks_b)
		return marks_a > marks_b ? -1 : 1;
	size_t length_a = strlen(a->name), length_b = strlen(b->name);
	return length_a > length_b ? -1 : length_a < length_b;
}

zmm_elf *zmm_elf_open(const char *path)
{
	zmm_elf *elf = calloc(1, sizeof *elf);

	if (!elf)
		return NULL;
	const ElfW(Ehdr) *head = map_file(elf, path) ? header(elf) : NULL;
	if (!head || !read_tables(elf, head) || elf->count == 0) {
		zmm_elf_close(elf);
		return NULL;
	}
	qsort(elf->functions, elf->count, sizeof *elf->functions, compare_functions);
	return elf;
}

void zmm_elf_close(zmm_elf *elf)
{
	if (!elf)
		return;
	if (elf->bytes)
		munmap((void *)elf->bytes, elf->size);
	free(elf->functions);
	free(elf);
}

/* --- looking up ------------------------------------------------------------------------------ */

/* The address for which the module was linked, of what is at an offset of its file. */
static bool address_of(const zmm_elf *elf, uint64_t offset, uint64_t *address)
{
	const ElfW(Ehdr) *head = header(elf);
	const ElfW(Phdr) *parts = part(elf, head->e_phoff, head->e_phnum, sizeof *parts);

	for (size_t i = 0; parts && i < head->e_phnum; i++) {
		if (parts[i].p_type == PT_LOAD && offset - parts[i].p_offset < parts[i].p_filesz) {
			*address = offset - parts[i].p_offset + parts[i].p_vaddr;
			return true;
		}
	}
	return false;
}

const char *zmm_elf_function(const zmm_elf *elf, uint64_t offset)
{
	uint64_t address;
	size_t first = 0, end = elf->count;

	if (!address_of(elf, offset, &address))
		return NULL;
	while (first < end) {
		size_t middle = first + (end - first) / 2;
		if (elf->functions[middle].start <= address)
			first = middle + 1;
		else
			end = middle;
	}
	if (first == 0)
		return NULL;
	/* Symbols of assembly have no size; they reach up to the next one. */
	const struct function *function = &elf->functions[first - 1];
	bool inside = function->size == 0 || address - function->start < function->size;
	return inside ? function->name : NULL;
}
#endif
