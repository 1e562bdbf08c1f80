/* Compressed streams and archives, in bounded memory.
 *
 * Sees: base's own files. Begin with zst.h.
 *
 *   zst     the door to zstd: blocks, and streams with a limit to what they may become
 *   gz      the door to zlib, for bodies of HTTP and files that others wrote
 *   zip     the door to libarchive: ZIP archives that others wrote, member by member
 *   ustar   one form of tar, written and read; what is not of that form is refused */
#ifndef BASE_ARCHIVE_ROOM_H
#define BASE_ARCHIVE_ROOM_H

#endif
