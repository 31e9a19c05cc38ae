/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ide.h"

/* What the files of an IDE channel share: ide.c (registers, phases), ata-disk.c and atapi-cd.c
 * (commands). Sources: ATA/ATAPI-7 volumes 1 and 2, MMC-5. */

#define IDE_BUFFER_SIZE 65536

enum
{
  IDE_STATUS_ERR = 0x01, /* CHK for packets */
  IDE_STATUS_DRQ = 0x08,
  IDE_STATUS_DSC = 0x10,
  IDE_STATUS_DF = 0x20,
  IDE_STATUS_DRDY = 0x40,
  IDE_STATUS_BSY = 0x80,

  IDE_ERROR_ABRT = 0x04,
  IDE_ERROR_IDNF = 0x10,
  IDE_ERROR_UNC = 0x40
};

/* What the drive is in the middle of. */
typedef enum
{
  IDE_PHASE_IDLE,
  IDE_PHASE_IMAGE_READ,  /* the image fills the buffer */
  IDE_PHASE_IMAGE_WRITE, /* the image takes the buffer */
  IDE_PHASE_FLUSH,
  IDE_PHASE_DATA_IN,  /* DRQ: the guest reads the buffer */
  IDE_PHASE_DATA_OUT, /* DRQ: the guest fills the buffer */
  IDE_PHASE_PACKET,   /* DRQ: the guest writes the command packet */
  IDE_PHASE_DMA_WAIT  /* the bus master has not been started yet */
} IdePhase;

typedef enum
{
  IDE_RESET_NONE,
  IDE_RESET_SOFT,      /* SRST is set, or was until a moment ago */
  IDE_RESET_DIAGNOSTIC /* EXECUTE DEVICE DIAGNOSTIC */
} IdeReset;

/* As CHECK POWER MODE tells them. */
enum
{
  IDE_POWER_STANDBY = 0x00,
  IDE_POWER_IDLE = 0x80,
  IDE_POWER_ACTIVE = 0xff
};

typedef struct
{
  uint8_t features[2], count[2], lba_low[2], lba_mid[2],
    lba_high[2]; /* [1]: written before, LBA48 */
  uint8_t device, status, error, command;
  uint8_t multiple; /* sectors a block of READ/WRITE MULTIPLE; 0: disabled */
  uint8_t transfer_mode;
  uint8_t power; /* IDE_POWER_… */
  bool write_cache_off, look_ahead_off, smart_off;
  bool max_was_read;       /* the last command was READ NATIVE MAX ADDRESS */
  uint64_t max_sectors;    /* as SET MAX ADDRESS left them; 0: all */
  uint16_t heads, sectors; /* of the translation that INITIALIZE DEVICE PARAMETERS set */
  uint16_t default_heads, default_sectors; /* of the one after a reset */

  uint8_t phase;       /* IdePhase */
  bool dma, to_guest;  /* of the command under way */
  uint64_t offset;     /* of the next byte in the image */
  uint32_t remaining;  /* bytes of the command not yet read from (written to) the image */
  uint32_t block;      /* bytes for each DRQ */
  uint32_t at, filled; /* the buffer: next byte for the guest, bytes that are valid or wanted */
  uint32_t drq_end;    /* where this DRQ block ends */
  uint8_t buffer[IDE_BUFFER_SIZE];

  /* ATAPI */
  uint8_t packet[12];
  uint8_t sense_key, asc, ascq;
  uint8_t attention; /* additional sense code of a unit attention not told yet, or 0 */
  uint8_t event;     /* media event not told yet, or 0 */
  bool locked, tray_open;
  bool absence_untold; /* the host changed the disc, and the guest has not seen the drive open */
  uint8_t raw_fields;  /* READ CD: the fields of each sector that are made; 0: user data alone */
} IdeDriveState;

typedef struct
{
  IdeDriveState state;
  IdeChannel *channel;
  IdeDriveKind kind;
  unsigned unit;
  Image *image;
} IdeDrive;

typedef struct
{
  uint8_t control; /* Device Control: nIEN, SRST, HOB */
  bool irq;
  uint8_t reset;          /* IdeReset */
  int64_t reset_deadline; /* of the timer; -1: none */
  IdeDriveState drives[2];
} IdeChannelState;

struct IdeChannel
{
  Bus *io;
  uint16_t command_base, control_base;
  Clock *clock;
  Timer *reset_timer;
  IdeReset reset;
  Irq irq;
  char *id;
  uint8_t control;
  bool irq_pending;
  IdeDrive drives[2];
  const IdeDma *dma_ops;
  void *dma;
  void (*tray_moved) (void *data);
  void *tray_data;
  IdeChannelState saved;
};

/* ide.c: ends of commands and data phases */
/* The callback of every transfer with the image; data is the drive. */
void ide_image_done (void *data, int result);
/* Forgets the command under way. */
void ide_cancel (IdeDrive *drive);
void ide_raise_irq (IdeDrive *drive);
/* Shows what is pending to the channel's line, unless nIEN forbids. */
void ide_update_irq (IdeChannel *channel);
void ide_complete (IdeDrive *drive);
void ide_abort (IdeDrive *drive, uint8_t error);
/* Moves bytes at offset between image and guest, by DMA or in blocks of `block` bytes. */
void ide_start_transfer (IdeDrive *drive, uint64_t offset, uint32_t bytes, uint32_t block,
                         bool to_guest, bool dma);
/* Gives the guest the first length bytes of the buffer. */
void ide_start_data_in (IdeDrive *drive, uint32_t length, uint32_t block, bool dma);
void ide_start_flush (IdeDrive *drive);
void ide_set_signature (IdeDrive *drive);

/* ide-reset.c */
/* What every reset does to a drive, at its end. */
void ide_reset_drive (IdeDrive *drive);
void ide_reset_set_srst (IdeChannel *channel, bool srst);
/* EXECUTE DEVICE DIAGNOSTIC: both drives; the master answers with an interrupt. */
void ide_reset_diagnose (IdeChannel *channel);
/* The drives are done with themselves: the timer's callback. */
void ide_reset_expired (void *channel);

/* ata-disk.c */
#define ATA_MAX_MULTIPLE 16
void ata_disk_command (IdeDrive *drive, uint8_t command);
void ata_disk_identify (IdeDrive *drive);
/* Puts the first sector that could not be moved where the command had its address. */
void ata_disk_tell_address (IdeDrive *drive);
/* Text in IDENTIFY words: padded with spaces, bytes swapped. */
void ata_put_string (uint8_t *words, const char *text, unsigned length);
void ata_put_word (uint8_t *words, unsigned index, uint16_t value);
/* The byte that makes the sum of a sector's bytes zero, at its end. */
uint8_t ata_checksum (const uint8_t sector[512]);
/* What both kinds of drive take: features, power. TRUE if it was such a command. */
bool ata_common_command (IdeDrive *drive, uint8_t command);

/* ata-smart.c */
void ata_smart_command (IdeDrive *drive);

/* atapi-read.c */
#define ATAPI_SECTOR 2048
#define ATAPI_RAW_AT_ONCE (27 * ATAPI_SECTOR) /* as many whole sectors as the buffer holds */
/* Whether raw_fields can be these. */
bool atapi_read_are_fields (uint8_t fields);
/* Makes raw sectors of the user data in the buffer. */
void atapi_read_make_raw (IdeDrive *drive);

/* atapi-cd.c */
void atapi_cd_command (IdeDrive *drive, uint8_t command);
void atapi_cd_packet (IdeDrive *drive);
void atapi_cd_medium_changed (IdeDrive *drive);
void atapi_cd_powered_on (IdeDrive *drive);
/* Somebody would like to have the disc that the guest has locked in. */
void atapi_cd_request_eject (IdeDrive *drive);
/* Ends a packet command with a sense key, code and qualifier. */
void atapi_cd_fail (IdeDrive *drive, uint8_t key, uint8_t asc, uint8_t ascq);
