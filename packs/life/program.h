/* A program, by the name that a manifest has for it: a bare name is a program of the host, in one of PROGRAM_DIRS; a path with a
 * slash in it is a file of the pack, or absolute; /pack/... is one too. */
#ifndef PACKS_LIFE_PROGRAM_H
#define PACKS_LIFE_PROGRAM_H

#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"

#define PROGRAM_PACK "/pack" /* where the pack is, inside */

struct program {
    char inside[FILE_PATH_MAX]; /* as the step sees it */
    char host[FILE_PATH_MAX];   /* as this process does */
    uint8_t digest[HASH_LEN];   /* of its bytes now */
    struct stat seen;           /* the file as it was before they were read */
};

/* ERR_NOTFOUND: there is no such program; ERR_INVALID: it is not an executable file. `pack_dir`: where the pack is. */
int program_find(struct bytes name, const char *pack_dir, struct program *ret, struct err *err);
/* The same; *ret_fd is the file whose bytes were hashed, open for reading, for whoever runs it: close it. */
int program_open(struct bytes name, const char *pack_dir, struct program *ret, int *ret_fd, struct err *err);
/* The programs that start with a script, by its first line: of "#!/usr/bin/env python3" both. `line` has the names; a file that is no
 * script has none. Returns how many. */
#define PROGRAM_LINE         256
#define PROGRAM_INTERPRETERS 2
size_t program_interpreters(int fd, char line[PROGRAM_LINE], const char *ret[PROGRAM_INTERPRETERS]);
/* Digests of programs that were read before, for who asks for the same ones again and again; for several threads. A file is read
 * again when its inode, its size or its times are others, and as long as its time of change is so young that one more change
 * might not show in it. What runs is always read (program_open). */
struct program_cache;
int program_cache_new(struct program_cache **ret, struct err *err);
void program_cache_free(struct program_cache *cache); /* NULL is fine */
/* As program_find; without a cache (NULL), the same. */
int program_find_in(struct program_cache *cache, struct bytes name, const char *pack_dir, struct program *ret,
                    struct err *err);
/* Whether the file still has the size and the times that it had then. Nobody but root can set the time of change back. */
bool program_is_same(const struct program *program, int fd);

#endif
