/* The ledger's configuration file, DIR/config: lines of "name = value", # comments. Absent means all defaults.
 *
 *   map_bytes = 68719476736     quota of the evidence database (fixed map of LMDB)
 *   rotate_hours = 24           an epoch key older than this is replaced with the next append; 0: never by itself
 *   keys = PATH                 where the secret keys are; default: keys, below the ledger's directory */
#ifndef LEDGER_CORE_CONFIG_H
#define LEDGER_CORE_CONFIG_H

#include "base/file.h"

#define CONFIG_MAP_DEFAULT ((uint64_t)64 << 30)
#define CONFIG_MAP_MIN     ((uint64_t)1 << 20)
#define CONFIG_MAP_MAX     ((uint64_t)16 << 40)

struct config {
    uint64_t map_bytes;
    uint64_t rotate_hours;
    char keys[FILE_PATH_MAX];
};

/* ERR_INVALID names the file and line. */
int config_load(const char *dir, struct config *ret, struct err *err);
/* The text of a config file that sets map_bytes. */
int config_encode(struct buf *out, uint64_t map_bytes);

#endif
