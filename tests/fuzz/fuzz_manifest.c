/* Manifests: a text either has errors, each with a place inside of it, or is a manifest that can be written as canonical
 * MessagePack and whose steps have an order in which each comes after what it reads. */
#include <stdlib.h>

#include "base/mp.h"
#include "packs/manifest/load.h"

#define OUT_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool held) {
    if (!held) {
        abort();
    }
}

/* Where the step stands in the order. */
static size_t rank(const struct manifest *m, const struct manifest_step *step) {
    size_t index = (size_t)(step - m->pack.steps.items), i = 0;
    while (i < m->pack.steps.n && m->order[i] != index) {
        i++;
    }
    must(i < m->pack.steps.n);
    return i;
}

static void check_order(const struct manifest *m) {
    for (size_t i = 0; i < m->pack.steps.n; i++) {
        const struct manifest_step *step = &m->pack.steps.items[i];
        must(manifest_step(&m->pack, step->id) == step);
        must(manifest_route(&m->pack, step->route) != NULL);
        for (size_t j = 0; j < step->inputs.n; j++) {
            const struct manifest_step *maker = manifest_maker(&m->pack, step->inputs.items[j]);
            must(maker != NULL || manifest_input(&m->pack, step->inputs.items[j]) != NULL);
            must(maker == NULL || rank(m, maker) < rank(m, step));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct finding_list found = {0};
    struct manifest *m = NULL;
    struct err err = {0};
    int rc = manifest_load_text((struct bytes){data, size}, "pack.yaml", NULL, &found, &m, &err);
    must(rc == 0 || rc == ERR_INVALID);
    must((rc == 0) == (found.errors == 0) && (rc == 0) == (m != NULL));
    for (size_t i = 0; i < found.n; i++) {
        must(found.list[i].at.line <= size + 2 && found.list[i].at.column <= size + 2);
        must(found.list[i].text[0] != '\0');
    }
    if (rc == 0) {
        struct buf out = {.max = OUT_MAX};
        must(manifest_load_write(m, &out, &err) == 0 && mp_check((struct bytes){out.p, out.n}, &err) == 0);
        check_order(m);
        buf_done(&out);
    }
    manifest_free(m);
    finding_done(&found);
    return 0;
}
