/* Packs for stages that need one installed. */
#ifndef BENCH_RUN_PACK_H
#define BENCH_RUN_PACK_H

#include "bench/bench.h"
#include "packs/life/change.h"

/* Writes the directory `name` with this manifest and no other file. */
int pack_write(const struct bench *b, const char *name, struct bytes manifest, char dir[FILE_PATH_MAX], struct err *err);
/* Installs it. ERR_INVALID: something refuses it. */
int pack_install(const struct change *change, const char *from, const struct grants *grants, struct err *err);

#endif
