/* A limit is said as it was set, not rounded: in the largest unit that it is a whole number of. */
#include "work/run/bound.h"

#include <stdio.h>

struct unit {
    uint64_t of;
    const char *name;
};

static const char *in_units(uint64_t n, const struct unit *units, char ret[BOUND_WORDS]) {
    while (units->of > 1 && (n < units->of || n % units->of != 0)) {
        units++;
    }
    (void)snprintf(ret, BOUND_WORDS, "%llu %s%s", (unsigned long long)(n / units->of), units->name,
                   units->of == 1 && units->name[0] == 'b' && n != 1 ? "s" : "");
    return ret;
}

const char *run_bound_time(uint64_t ms, char ret[BOUND_WORDS]) {
    static const struct unit units[] = {{3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    return in_units(ms, units, ret);
}

const char *run_bound_size(uint64_t bytes, char ret[BOUND_WORDS]) {
    static const struct unit units[] = {
        {UINT64_C(1) << 40, "TiB"}, {UINT64_C(1) << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}, {1, "byte"}};
    return in_units(bytes, units, ret);
}
