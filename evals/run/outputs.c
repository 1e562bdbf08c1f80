/* A case has a few checks, so that lists are searched. */
#include "evals/run/outputs.h"

#include <stdlib.h>

#define OUTPUT_MAX ((size_t)64 << 20)

void run_outputs_free(void *ctx) {
    struct run_outputs *o = ctx;
    for (size_t i = 0; o != NULL && i < o->n; i++) {
        buf_done(&o->all[i].content);
    }
    if (o != NULL) free(o->all);
    free(o);
}

bool run_outputs_named(void *ctx, struct bytes name, struct bytes *ret) {
    const struct run_outputs *o = ctx;
    for (size_t i = 0; i < o->n; i++) {
        if (!bytes_eq(o->all[i].name, name)) continue;
        *ret = bytes_of_buf(&o->all[i].content);
        return o->all[i].made;
    }
    return false;
}

static void add(struct run_outputs *o, struct bytes name) {
    for (size_t i = 0; i < o->n; i++) {
        if (bytes_eq(o->all[i].name, name)) return;
    }
    o->all[o->n++] = (struct run_output){.name = name, .content = {.max = OUTPUT_MAX}};
}

struct run_outputs *run_outputs_new(const struct suite_case *one, struct bytes unnamed) {
    struct run_outputs *o = calloc(1, sizeof(*o));
    if (o != NULL) o->all = calloc(one->checks_n + 1, sizeof(*o->all));
    if (o == NULL || o->all == NULL) {
        free(o);
        return NULL;
    }
    for (size_t i = 0; i < one->checks_n; i++) {
        const struct suite_check *check = &one->checks[i];
        const struct bytes name = check->output.n > 0         ? check->output
                                  : check->type == SUITE_EXIT ? (struct bytes){0}
                                                              : unnamed;
        if (name.n > 0) add(o, name);
    }
    return o;
}
