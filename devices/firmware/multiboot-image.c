/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multiboot Specification 0.6.96, 3.1 “OS image format”; System V ABI for ELF. */
#include "multiboot-image.h"

#include <elf.h>
#include <gio/gio.h>
#include <stdbool.h>
#include <string.h>

#define HEADER_SEARCH 8192
#define HEADER_MAGIC 0x1badb002
#define HEADER_FLAGS_ADDRESSES (1u << 16)
#define HEADER_FLAGS_MUST_KNOW 0xffffu
#define HEADER_FLAGS_KNOWN 0x7u /* pages, memory information, video */
#define HEADER_FIXED_SIZE 12

/* Conventional memory that neither the firmware nor the information of multiboot.c needs. */
#define LOW_FIRST 0x1000u
#define LOW_INFO 0x10000u
#define LOW_INFO_END 0x19000u
#define LOW_END 0x80000u
#define HIGH_FIRST 0x100000u

typedef struct
{
  const char *path;
  const uint8_t *data;
  gsize length;
  uint64_t top;
  uint64_t total; /* of the segments' sizes in memory */
  MultibootImage *image;
} Parser;

/* The header's place, or -1. */
static gssize
find_header (const uint8_t *data, gsize length, MultibootHeader *header)
{
  for (gsize at = 0; at + HEADER_FIXED_SIZE <= MIN (length, HEADER_SEARCH); at += 4)
    {
      *header = (MultibootHeader){ 0 };
      memcpy (header, data + at, MIN (length - at, sizeof *header));
      if (header->magic == HEADER_MAGIC && header->magic + header->flags + header->checksum == 0)
        return at;
    }
  return -1;
}

gboolean
multiboot_find_header (GBytes *kernel, MultibootHeader *header)
{
  gsize length;
  const uint8_t *data = g_bytes_get_data (kernel, &length);

  return find_header (data, length, header) >= 0;
}

static gboolean
damaged (const Parser *parser, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "The Multiboot kernel “%s” is truncated or damaged. Choose another file.",
               parser->path);
  return FALSE;
}

static gboolean
is_free (uint64_t first, uint64_t end)
{
  return first >= HIGH_FIRST || (first >= LOW_FIRST && end <= LOW_INFO)
         || (first >= LOW_INFO_END && end <= LOW_END);
}

static gboolean
add_segment (Parser *parser, const MultibootSegment *segment, GError **error)
{
  MultibootImage *image = parser->image;

  if (segment->memory_size == 0)
    return TRUE;
  if (segment->file_size > segment->memory_size || segment->offset > parser->length
      || segment->file_size > parser->length - segment->offset)
    return damaged (parser, error);
  if (image->n_segments == MULTIBOOT_MAX_SEGMENTS)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "The Multiboot kernel “%s” has more than %u segments. Link it with fewer.",
                 parser->path, MULTIBOOT_MAX_SEGMENTS);
  else if (segment->address > parser->top || segment->memory_size > parser->top - segment->address)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "The machine has too little memory for the Multiboot kernel “%s”. Give it more.",
                 parser->path);
  else if (!is_free (segment->address, segment->address + segment->memory_size))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "The Multiboot kernel “%s” is to be loaded where the firmware is. Link it for "
                 "1 MiB or more.",
                 parser->path);
  else
    {
      image->segments[image->n_segments++] = *segment;
      image->end = MAX (image->end, segment->address + segment->memory_size);
      parser->total += segment->memory_size;
      return TRUE;
    }
  return FALSE;
}

/* The header says where the file goes, from the header's own place backwards and onwards. */
static gboolean
parse_addresses (Parser *parser, const MultibootHeader *header, gsize header_at, GError **error)
{
  uint32_t before = header->header_addr - header->load_addr;
  MultibootSegment segment = { .address = header->load_addr };
  uint32_t load_end = header->load_end_addr, bss_end = header->bss_end_addr;

  if (header_at + sizeof *header > parser->length || header->header_addr < header->load_addr
      || before > header_at)
    return damaged (parser, error);
  segment.offset = header_at - before;
  segment.file_size = parser->length - segment.offset;
  if (load_end != 0)
    {
      if (load_end < header->load_addr || load_end - header->load_addr > segment.file_size)
        return damaged (parser, error);
      segment.file_size = load_end - header->load_addr;
    }
  segment.memory_size = segment.file_size;
  if (bss_end != 0)
    {
      if (bss_end < header->load_addr || bss_end - header->load_addr < segment.file_size)
        return damaged (parser, error);
      segment.memory_size = bss_end - header->load_addr;
    }
  parser->image->entry = header->entry_addr;
  return add_segment (parser, &segment, error);
}

/* The program header number n, of either class, as that of 64 bits. */
static Elf64_Phdr
get_program_header (const Parser *parser, uint64_t offset, bool wide)
{
  Elf64_Phdr result;
  Elf32_Phdr narrow;

  if (wide)
    {
      memcpy (&result, parser->data + offset, sizeof result);
      return result;
    }
  memcpy (&narrow, parser->data + offset, sizeof narrow);
  return (Elf64_Phdr){
    .p_type = narrow.p_type,
    .p_offset = narrow.p_offset,
    .p_vaddr = narrow.p_vaddr,
    .p_paddr = narrow.p_paddr,
    .p_filesz = narrow.p_filesz,
    .p_memsz = narrow.p_memsz,
  };
}

static gboolean
parse_segments (Parser *parser, uint64_t offset, unsigned entry_size, unsigned n, uint64_t entry,
                bool wide, GError **error)
{
  gsize least = wide ? sizeof (Elf64_Phdr) : sizeof (Elf32_Phdr);

  if (entry_size < least || offset > parser->length
      || (uint64_t) n * entry_size > parser->length - offset || entry > UINT32_MAX)
    return damaged (parser, error);
  parser->image->entry = entry;
  for (unsigned i = 0; i < n; i++)
    {
      Elf64_Phdr header = get_program_header (parser, offset + (uint64_t) i * entry_size, wide);
      MultibootSegment segment
        = { header.p_offset, header.p_filesz, header.p_paddr, header.p_memsz };

      if (header.p_type != PT_LOAD)
        continue;
      if (!add_segment (parser, &segment, error))
        return FALSE;
      /* An entry among the virtual addresses of a segment means the same place in memory. */
      if (entry >= header.p_vaddr && entry - header.p_vaddr < header.p_memsz)
        parser->image->entry = entry - header.p_vaddr + header.p_paddr;
    }
  return TRUE;
}

static gboolean
parse_elf (Parser *parser, GError **error)
{
  const uint8_t *ident = parser->data;

  if (parser->length >= sizeof (Elf64_Ehdr) && ident[EI_DATA] == ELFDATA2LSB
      && ident[EI_CLASS] == ELFCLASS64)
    {
      Elf64_Ehdr header;

      memcpy (&header, parser->data, sizeof header);
      if (header.e_machine == EM_X86_64)
        return parse_segments (parser, header.e_phoff, header.e_phentsize, header.e_phnum,
                               header.e_entry, true, error);
    }
  else if (parser->length >= sizeof (Elf32_Ehdr) && ident[EI_DATA] == ELFDATA2LSB
           && ident[EI_CLASS] == ELFCLASS32)
    {
      Elf32_Ehdr header;

      memcpy (&header, parser->data, sizeof header);
      if (header.e_machine == EM_386 || header.e_machine == EM_X86_64)
        return parse_segments (parser, header.e_phoff, header.e_phentsize, header.e_phnum,
                               header.e_entry, false, error);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "The Multiboot kernel “%s” is for another processor, or truncated. Choose another "
               "file.",
               parser->path);
  return FALSE;
}

gboolean
multiboot_image_parse (MultibootImage *image, const char *path, GBytes *kernel, uint64_t top,
                       GError **error)
{
  Parser parser = { .path = path, .top = top, .image = image };
  MultibootHeader header;
  gssize header_at;

  *image = (MultibootImage){ 0 };
  parser.data = g_bytes_get_data (kernel, &parser.length);
  header_at = find_header (parser.data, parser.length, &header);
  if (header_at < 0)
    return damaged (&parser, error);
  if (header.flags & HEADER_FLAGS_MUST_KNOW & ~HEADER_FLAGS_KNOWN)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "The Multiboot kernel “%s” asks for a feature (flags %#x) that is not known. "
                   "Choose another file.",
                   path, header.flags);
      return FALSE;
    }
  if (header.flags & HEADER_FLAGS_ADDRESSES)
    {
      if (!parse_addresses (&parser, &header, header_at, error))
        return FALSE;
    }
  else if (parser.length < SELFMAG || memcmp (parser.data, ELFMAG, SELFMAG) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "The Multiboot kernel “%s” is no ELF file and has no addresses in its header. "
                   "Choose another file.",
                   path);
      return FALSE;
    }
  else if (!parse_elf (&parser, error))
    return FALSE;
  /* Segments on top of each other could make more data than there is memory. */
  if (parser.total > image->end)
    return damaged (&parser, error);
  for (unsigned i = 0; i < image->n_segments; i++)
    if (image->entry >= image->segments[i].address
        && image->entry - image->segments[i].address < image->segments[i].memory_size)
      return TRUE;
  return damaged (&parser, error);
}
