/* A digest of the path and of what stat says, in a table of a process: whoever starts anew reads everything once more, which adds
 * nothing, because events have keys. */
#include "ingest/driver/unchanged.h"

#include <sys/stat.h>

#include "base/hash.h"

int unchanged_seen(struct line_counter *known, const char *path, bool *ret, struct err *err) {
    struct stat st;
    uint8_t digest[HASH_LEN];
    uint32_t n = 0;
    *ret = false;
    if (known == NULL || stat(path, &st) != 0) return 0;
    const uint64_t numbers[] = {st.st_dev,
                                st.st_ino,
                                (uint64_t)st.st_size,
                                (uint64_t)st.st_mtim.tv_sec,
                                (uint64_t)st.st_mtim.tv_nsec,
                                (uint64_t)st.st_ctim.tv_sec,
                                (uint64_t)st.st_ctim.tv_nsec};
    const struct bytes parts[] = {{(const uint8_t *)numbers, sizeof(numbers)}, bytes_of(path)};
    hash_parts(digest, parts, 2);
    int rc = line_counter_add(known, be64_get(digest), &n, err);
    *ret = rc == 0 && n > 1;
    return rc;
}
