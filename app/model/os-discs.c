/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "os-discs.h"

#define DEBIAN "http://debian.org/debian/"
#define UBUNTU "http://ubuntu.com/ubuntu/"
#define FEDORA "http://fedoraproject.org/fedora/"
#define WINDOWS "http://microsoft.com/win/"
#define FREEDOS "http://freedos.org/freedos/"
#define NIXOS "http://nixos.org/nixos/"
#define LEAP "http://opensuse.org/opensuse/\\1"
#define TUMBLEWEED "http://opensuse.org/opensuse/tumbleweed"

/* What Microsoft's labels begin with since Windows 10. */
#define RETAIL "^(?:J_)?(?:C?CCOMA|CCSN?A|CPBA|CPRN?A|CBBA|CENN?A|CESN?N?|ESD-ISO)"

/* Regular expressions in any case, all of which must fit; NULL fits always. What \1 and \2 stand
 * for is in the one that comes first. */
typedef struct
{
  const char *label; /* name of the volume */
  const char *maker; /* publisher and application */
  const char *file;  /* name of the file */
  const char *id, *name;
  unsigned memory, disk; /* MiB, GiB */
  gboolean live;
} Pattern;

#define LIVE TRUE

/* The first that fits counts. Older releases are left to the database. */
static const Pattern patterns[] = {
  /* Debian and what is made of it */
  { "^d-live (1[2-9]|[2-9]\\d)", NULL, NULL, DEBIAN "\\1", "Debian \\1 Live", 2048, 20, LIVE },
  { "^Debian (1[2-9]|[2-9]\\d)", NULL, NULL, DEBIAN "\\1", "Debian \\1", 2048, 20 },
  { "^d-live ", NULL, "debian", DEBIAN "testing", "Debian Live", 2048, 20, LIVE },
  { "^Debian \\w+-DI", NULL, NULL, DEBIAN "testing", "Debian testing", 2048, 20 },
  { "^LMDE (\\d+)", NULL, NULL, DEBIAN "12", "LMDE \\1", 2048, 20, LIVE },
  { "^Kali.*Live", NULL, NULL, DEBIAN "testing", "Kali Linux Live", 2048, 20, LIVE },
  { "^Kali", NULL, "live", DEBIAN "testing", "Kali Linux Live", 2048, 20, LIVE },
  { "^Kali", NULL, NULL, DEBIAN "testing", "Kali Linux", 2048, 25 },
  { "^Parrot", NULL, NULL, DEBIAN "testing", "Parrot OS", 2048, 20, LIVE },
  { "^TAILS (\\d+(?:\\.\\d+)?)", NULL, NULL, DEBIAN "12", "Tails \\1", 3072, 8, LIVE },
  { "^(?:TAILS)", NULL, NULL, DEBIAN "12", "Tails", 3072, 8, LIVE },
  { "^MX-?Live|^MX-?\\d", NULL, NULL, DEBIAN "12", "MX Linux", 2048, 20, LIVE },
  { "^antiX", NULL, NULL, DEBIAN "12", "antiX", 1024, 10, LIVE },
  { "^Devuan", NULL, NULL, NULL, "Devuan", 1024, 20 },
  { "^deepin", NULL, NULL, NULL, "deepin", 4096, 64 },
  { "^PVE$", NULL, NULL, DEBIAN "12", "Proxmox VE", 4096, 32 },
  { "^grml", NULL, NULL, DEBIAN "testing", "Grml", 1024, 8, LIVE },
  { "^KNOPPIX", NULL, NULL, DEBIAN "testing", "KNOPPIX", 1024, 8, LIVE },
  { "^slax", NULL, NULL, DEBIAN "12", "Slax", 1024, 8, LIVE },
  { "^finnix-?(\\d+)?", NULL, NULL, DEBIAN "testing", "Finnix \\1", 512, 4, LIVE },

  /* Ubuntu and what is made of it */
  { "^((?:X|K|L|Edu)ubuntu|Ubuntu[- ](?:MATE|Budgie|Unity|Cinnamon|Studio|Kylin)) "
    "((?:2[2-9]|[3-9]\\d)\\.\\d\\d)(?:\\.\\d+)?( LTS)?",
    NULL, NULL, UBUNTU "\\2", "\\1 \\2\\3", 4096, 25, LIVE },
  { "^Ubuntu-Server ((?:2[2-9]|[3-9]\\d)\\.\\d\\d)(?:\\.\\d+)?( LTS)?", NULL, NULL, UBUNTU "\\1",
    "Ubuntu Server \\1\\2", 2048, 25 },
  { "^Ubuntu ((?:2[2-9]|[3-9]\\d)\\.\\d\\d)(?:\\.\\d+)?( LTS)?", NULL, NULL, UBUNTU "\\1",
    "Ubuntu \\1\\2", 4096, 25, LIVE },
  { "^Linux Mint (2[2-9](?:\\.\\d)?)", NULL, NULL, UBUNTU "24.04", "Linux Mint \\1", 2048, 25,
    LIVE },
  { "^Linux Mint (\\d+(?:\\.\\d)?)", NULL, NULL, UBUNTU "22.04", "Linux Mint \\1", 2048, 25, LIVE },
  { "^Pop_OS (\\d\\d\\.\\d\\d)", NULL, NULL, "http://system76.com/popos/\\1", "Pop!_OS \\1", 4096,
    25, LIVE },
  { "^elementary OS (\\d+(?:\\.\\d+)?)", NULL, NULL, "http://elementary.io/elementary/\\1",
    "elementary OS \\1", 4096, 25, LIVE },
  { "^Zorin[- ]OS[- ](\\d+(?:\\.\\d)?)", NULL, NULL, UBUNTU "24.04", "Zorin OS \\1", 4096, 25,
    LIVE },
  { "^(?:KDE )?neon ", NULL, NULL, UBUNTU "24.04", "KDE neon", 4096, 25, LIVE },

  /* Fedora and the enterprise's */
  { "^Fedora-WS-Live-(3[89]|[4-9]\\d)", NULL, NULL, FEDORA "\\1", "Fedora Workstation \\1", 4096,
    25, LIVE },
  { "^Fedora-S-dvd-x86_64-(3[89]|[4-9]\\d)", NULL, NULL, FEDORA "\\1", "Fedora Server \\1", 2048,
    25 },
  { "^Fedora-SB-ostree-x86_64-(3[89]|[4-9]\\d)", NULL, NULL,
    "http://fedoraproject.org/silverblue/\\1", "Fedora Silverblue \\1", 4096, 25 },
  { "^Fedora-(\\w+?)-Live-(3[89]|[4-9]\\d)", NULL, NULL, FEDORA "\\2", "Fedora \\1 \\2", 4096, 25,
    LIVE },
  { "^Fedora-.*-(3[89]|[4-9]\\d)(?:$|[-_])", NULL, NULL, FEDORA "\\1", "Fedora \\1", 2048, 25 },
  { "^CentOS-Stream-(\\d+)", NULL, NULL, "http://centos.org/centos-stream/\\1", "CentOS Stream \\1",
    2048, 25 },
  { "^Rocky-(\\d+)", NULL, NULL, "http://rockylinux.org/rocky/\\1", "Rocky Linux \\1", 2048, 25 },
  { "^AlmaLinux-(\\d+)", NULL, NULL, "http://almalinux.org/almalinux/\\1", "AlmaLinux \\1", 2048,
    25 },
  { "^RHEL-(\\d+)-(\\d+)", NULL, NULL, "http://redhat.com/rhel/\\1.\\2",
    "Red Hat Enterprise Linux \\1.\\2", 2048, 25 },
  { "^OL-(\\d+)-(\\d+)", NULL, NULL, "http://oracle.com/ol/\\1.\\2", "Oracle Linux \\1.\\2", 2048,
    25 },
  { "^QUBES-R(\\d+)-(\\d+)", NULL, NULL, NULL, "Qubes OS \\1.\\2", 8192, 64 },

  /* openSUSE */
  { "^openSUSE[-_]Leap[-_](\\d+\\.\\d+).*(?:Live|Rescue)", NULL, NULL, LEAP,
    "openSUSE Leap \\1 Live", 2048, 25, LIVE },
  { "^(?:openSUSE[-_]|Install-)?Leap[-_](\\d+\\.\\d+)", NULL, NULL, LEAP, "openSUSE Leap \\1", 2048,
    40 },
  { "^openSUSE[-_]Tumbleweed.*(?:Live|Rescue)", NULL, NULL, TUMBLEWEED, "openSUSE Tumbleweed Live",
    2048, 25, LIVE },
  { "^openSUSE[-_]Tumbleweed", NULL, NULL, TUMBLEWEED, "openSUSE Tumbleweed", 2048, 40 },
  { "^openSUSE[-_]MicroOS", NULL, NULL, TUMBLEWEED, "openSUSE MicroOS", 2048, 20 },
  { "^SLE-(\\d+)-SP(\\d+)", NULL, NULL, "http://suse.com/sle/\\1.\\2",
    "SUSE Linux Enterprise \\1 SP\\2", 2048, 40 },

  /* Arch and what is made of it */
  { "^ARCH_\\d{6}", NULL, NULL, "http://archlinux.org/archlinux/rolling", "Arch Linux", 2048, 20 },
  { "^EOS_", NULL, NULL, "http://archlinux.org/archlinux/rolling", "EndeavourOS", 4096, 25, LIVE },
  { "^COS_\\d{6}", NULL, NULL, "http://archlinux.org/archlinux/rolling", "CachyOS", 4096, 32,
    LIVE },
  { "^GARUDA", NULL, NULL, "http://archlinux.org/archlinux/rolling", "Garuda Linux", 4096, 32,
    LIVE },
  { "^ARTIX", NULL, NULL, "http://archlinux.org/archlinux/rolling", "Artix Linux", 2048, 20, LIVE },
  { "^MANJARO", NULL, NULL, "http://manjaro.org/manjaro/rolling", "Manjaro", 4096, 25, LIVE },

  /* Other Linuxes */
  { "^alpine-\\S+ (\\d+\\.\\d+)", NULL, NULL, "http://alpinelinux.org/alpinelinux/\\1",
    "Alpine Linux \\1", 512, 4 },
  { "^nixos-minimal-(\\d\\d\\.\\d\\d)", NULL, NULL, NIXOS "\\1", "NixOS \\1", 2048, 25 },
  { "^nixos-\\w+-(\\d\\d\\.\\d\\d)", NULL, NULL, NIXOS "\\1", "NixOS \\1", 4096, 25, LIVE },
  { "^nixos-(\\d\\d\\.\\d\\d)", NULL, NULL, NIXOS "\\1", "NixOS \\1", 4096, 25 },
  { "^gentoo.*livegui", NULL, NULL, "http://gentoo.org/gentoo/rolling", "Gentoo Linux Live", 4096,
    40, LIVE },
  { "^gentoo", NULL, NULL, "http://gentoo.org/gentoo/rolling", "Gentoo Linux", 2048, 40 },
  { "^VOID_LIVE", NULL, NULL, "http://voidlinux.org/voidlinux/rolling", "Void Linux", 1024, 20,
    LIVE },
  { "^Slack(?:ware|DVD)", NULL, NULL, "http://slackware.com/slackware/14.2", "Slackware", 1024,
    20 },
  { "^GUIX_IMAGE", NULL, NULL, "http://guix.gnu.org/guix/latest", "Guix System", 2048, 20 },
  { "^Solus", NULL, NULL, NULL, "Solus", 4096, 25, LIVE },
  { "^puppy", NULL, NULL, NULL, "Puppy Linux", 1024, 8, LIVE },
  { NULL, NULL, "^puppy|(?:bookworm|jammy|noble|fossa)pup", NULL, "Puppy Linux", 1024, 8, LIVE },
  { NULL, NULL, "^(?:TinyCore|CorePlus|Core-\\d)", NULL, "Tiny Core Linux", 256, 2, LIVE },
  { "^Android-x86", NULL, NULL, "http://android-x86.org/android-x86/9.0", "Android-x86", 2048, 16,
    LIVE },

  /* Windows: the same labels stand on 10 and 11, whose files are named differently. */
  { RETAIL "_X86", NULL, NULL, WINDOWS "10", "Windows 10", 2048, 40 },
  { RETAIL "_X64.*_DV5", NULL, NULL, WINDOWS "10", "Windows 10", 4096, 40 },
  { RETAIL, NULL, "win(?:dows)?[ _.-]*10|\\b1904\\d", WINDOWS "10", "Windows 10", 4096, 40 },
  { RETAIL "_X64", NULL, NULL, WINDOWS "11", "Windows 11", 4096, 64 },
  { "^(?:GSP1RM|GRM)C", NULL, NULL, WINDOWS "7", "Windows 7", 2048, 40 },
  { "^(?:HRM|HB1)_", NULL, NULL, WINDOWS "8", "Windows 8", 2048, 40 },
  { "^IR[M1-5]_(?:CC|CE|CP)", NULL, NULL, WINDOWS "8.1", "Windows 8.1", 2048, 40 },
  { NULL, NULL, "windows[ _.-]*server[ _.-]*20(12|16|19|22|25)", WINDOWS "2k\\1",
    "Windows Server 20\\1", 4096, 64 },
  { "^SSS_X64", NULL, NULL, WINDOWS "2k22", "Windows Server", 4096, 64 },
  { NULL, NULL, "^win(?:dows)?[ _.-]*(11|10)(?!\\d)", WINDOWS "\\1", "Windows \\1", 4096, 64 },
  { NULL, NULL, "^win(?:dows)?[ _.-]*(8\\.1|8|7)(?!\\d)", WINDOWS "\\1", "Windows \\1", 2048, 40 },

  /* The BSDs */
  { "^(\\d+)_(\\d+)_(?:RELEASE|STABLE|RC\\d|BETA\\d|ALPHA\\d|CURRENT)_(?:AMD64|I386)", NULL, NULL,
    "http://freebsd.org/freebsd/\\1.\\2", "FreeBSD \\1.\\2", 1024, 20 },
  { "^OpenBSD/\\w+ +(\\d+\\.\\d+)", NULL, NULL, "http://openbsd.org/openbsd/\\1", "OpenBSD \\1",
    1024, 20 },
  { "^NETBSD_(\\d+)(\\d)$", NULL, NULL, "http://netbsd.org/netbsd/\\1.\\2", "NetBSD \\1.\\2", 1024,
    20 },
  { "^(?:DragonFly|DFLY)", NULL, NULL, NULL, "DragonFly BSD", 1024, 20 },
  { "^GhostBSD", NULL, NULL, "http://freebsd.org/freebsd/14.0", "GhostBSD", 4096, 25, LIVE },
  { "^OPNsense", NULL, NULL, "http://freebsd.org/freebsd/14.0", "OPNsense", 2048, 20 },
  { "^pfSense", NULL, NULL, "http://freebsd.org/freebsd/14.0", "pfSense", 2048, 20 },
  { "^TrueNAS", NULL, NULL, NULL, "TrueNAS", 8192, 32 },

  /* Rescue discs and tests of memory, which never need a disk of their own */
  { "^MT86PLUS", NULL, NULL, NULL, "Memtest86+", 512, 1, LIVE },
  { "^MEMTEST", NULL, NULL, NULL, "MemTest86", 1024, 1, LIVE },
  { "^RESCUE(\\d+)(\\d\\d)$", NULL, NULL, NULL, "SystemRescue \\1.\\2", 2048, 4, LIVE },
  { "^sysrcd|^SystemRescue", NULL, NULL, NULL, "SystemRescue", 2048, 4, LIVE },
  { "^GParted", NULL, NULL, NULL, "GParted Live", 1024, 4, LIVE },
  { "clonezilla", NULL, NULL, NULL, "Clonezilla", 1024, 4, LIVE },
  { NULL, "clonezilla", NULL, NULL, "Clonezilla", 1024, 4, LIVE },
  { NULL, NULL, "^clonezilla", NULL, "Clonezilla", 1024, 4, LIVE },
  { "^Rescuezilla", NULL, NULL, NULL, "Rescuezilla", 2048, 4, LIVE },
  { "^(?:SUPERGRUB|SUPER_?GRUB|SGD)", NULL, NULL, NULL, "Super GRUB2 Disk", 512, 1, LIVE },
  { "^(?:UBCD|Ultimate Boot)", NULL, NULL, NULL, "Ultimate Boot CD", 512, 4, LIVE },
  { "^HBCD", NULL, NULL, WINDOWS "11", "Hiren’s BootCD PE", 4096, 4, LIVE },
  { "^DBAN", NULL, NULL, NULL, "DBAN", 512, 4, LIVE },
  { "^KRD", NULL, NULL, NULL, "Kaspersky Rescue Disk", 2048, 4, LIVE },
  { "^(?:BOOT-?REPAIR)", NULL, NULL, NULL, "Boot-Repair-Disk", 2048, 4, LIVE },
  { "^VTOYLIVE", NULL, NULL, NULL, "Ventoy LiveCD", 1024, 4, LIVE },
  { "^iPXE", NULL, NULL, NULL, "iPXE", 2048, 20 },
  { NULL, NULL, "^netboot\\.xyz", NULL, "netboot.xyz", 2048, 20 },

  /* DOS and others */
  { "^(?:FD|FREEDOS)[-_ ]?(\\d)\\.?(\\d).*Live", NULL, NULL, FREEDOS "\\1.\\2",
    "FreeDOS \\1.\\2 Live", 64, 1, LIVE },
  { "^(?:FD|FREEDOS)[-_ ]?(\\d)\\.?(\\d)", NULL, NULL, FREEDOS "\\1.\\2", "FreeDOS \\1.\\2", 64,
    1 },
  { "^(?:FD-SETUP|FDI-CD|FREEDOS)", NULL, NULL, FREEDOS "1.2", "FreeDOS", 64, 1 },
  { "^haiku.*r1~?beta(\\d)", NULL, NULL, "http://haiku-os.org/haiku/r1beta3", "Haiku R1/beta\\1",
    2048, 8, LIVE },
  { "^haiku", NULL, NULL, "http://haiku-os.org/haiku/nightly", "Haiku", 2048, 8, LIVE },
  { "^ReactOS.*Live", NULL, NULL, NULL, "ReactOS Live", 512, 4, LIVE },
  { NULL, NULL, "^ReactOS.*Live", NULL, "ReactOS Live", 512, 4, LIVE },
  { "^ReactOS", NULL, NULL, NULL, "ReactOS", 512, 8 },
  { "^KolibriOS", NULL, NULL, NULL, "KolibriOS", 256, 1, LIVE },
  { "^MINIX", NULL, NULL, NULL, "MINIX 3", 512, 4 },
  { "^(?:9front|Plan ?9)", NULL, NULL, NULL, "Plan 9", 1024, 8 },
};

/* The first match of a pattern is what its \1 stands for. */
static gboolean
fits (const char *expression, const char *text, GMatchInfo **first)
{
  g_autoptr (GRegex) regex = NULL;
  g_autoptr (GMatchInfo) match = NULL;

  if (expression == NULL)
    return TRUE;
  if (text == NULL)
    return FALSE;
  regex = g_regex_new (expression, G_REGEX_CASELESS | G_REGEX_RAW, 0, NULL);
  g_assert (regex != NULL);
  if (!g_regex_match (regex, text, 0, &match))
    return FALSE;
  if (*first == NULL)
    *first = g_steal_pointer (&match);
  return TRUE;
}

static OsDetection *
detection_new (const Pattern *pattern, GMatchInfo *match)
{
  OsDetection *detection = g_new0 (OsDetection, 1);

  detection->known = TRUE;
  if (pattern->id != NULL)
    detection->id = g_match_info_expand_references (match, pattern->id, NULL);
  detection->name = g_strchomp (g_match_info_expand_references (match, pattern->name, NULL));
  detection->memory = pattern->memory;
  detection->disk = pattern->disk;
  detection->live = pattern->live;
  return detection;
}

OsDetection *
os_discs_find (const char *label, const char *maker, const char *file)
{
  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      const Pattern *pattern = &patterns[i];
      g_autoptr (GMatchInfo) match = NULL;

      if (fits (pattern->label, label, &match) && fits (pattern->maker, maker, &match)
          && fits (pattern->file, file, &match))
        return detection_new (pattern, match);
    }
  return NULL;
}
