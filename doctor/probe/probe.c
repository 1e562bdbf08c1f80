/* The table of probes. */
#include "doctor/probe/probe.h"

#include <string.h>

#include "base/clock.h"

const struct probe probe_all[] = {
#define PROBE(name, clauses, seconds, every, look, help)                                                                   \
    {#name, clauses, (seconds)*1000, (every) == PROBE_ASKED ? PROBE_ASKED : (every)*CLOCK_NS_PER_S, help, look},
#include "doctor/probe/probes.def"
#undef PROBE
};
const size_t probe_count = sizeof(probe_all) / sizeof(probe_all[0]);

const struct probe *probe_find(struct bytes name) {
    for (size_t i = 0; i < probe_count; i++) {
        if (bytes_is(name, probe_all[i].name)) return &probe_all[i];
    }
    return NULL;
}

bool probe_serves(const struct probe *probe, struct bytes clause) {
    const char *p = probe->clauses;
    while (*p != '\0') {
        size_t n = strcspn(p, " ");
        if (bytes_eq((struct bytes){(const uint8_t *)p, n}, clause)) return true;
        p += n + (p[n] == ' ');
    }
    return false;
}
