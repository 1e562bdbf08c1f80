/* What is kept of a run, copied out: a new directory with a file for each artifact that was made, whole or not at all. */
#ifndef PACKS_RUN_DELIVER_H
#define PACKS_RUN_DELIVER_H

#include "packs/run/running.h"

/* Where it will be: as asked for, else WORKSPACE/PACK-ID. ERR_INVALID: something is there already; ERR_IO: its parent cannot
 * be written. */
int deliver_where(const struct run_options *options, const char *id, char ret[FILE_PATH_MAX], struct err *err);
/* Copies the artifacts, or all outputs of a pack that names none. *ret: how many; 0: no directory was made. ERR_CONFLICT: the
 * name was taken meanwhile. */
int deliver(const struct running *run, const char *where, size_t *ret, struct err *err);
/* An artifact that the pack must make and that was not made; p NULL: none. */
struct bytes deliver_missing(const struct running *run);

#endif
