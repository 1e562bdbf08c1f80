/* What readers of a manifest ask it: the record of a name, and the parts of texts that have a form. */
#include "packs/manifest/manifest.h"

#include <stdlib.h>

void manifest_free(struct manifest *manifest) {
    if (manifest == NULL) return;
    yaml_free(manifest->yaml);
    arena_done(&manifest->arena);
    free(manifest);
}

const struct manifest_route *manifest_route(const struct manifest_pack *pack, struct bytes name) {
    for (size_t i = 0; name.n > 0 && i < pack->routes.n; i++) {
        if (bytes_eq(pack->routes.items[i].name, name)) return &pack->routes.items[i];
    }
    return NULL;
}

enum manifest_role manifest_role(const struct manifest_route *route) {
    return bytes_is(route->role, "model") ? MANIFEST_MODEL : MANIFEST_TOOL;
}

const struct manifest_step *manifest_step(const struct manifest_pack *pack, struct bytes id) {
    for (size_t i = 0; id.n > 0 && i < pack->steps.n; i++) {
        if (bytes_eq(pack->steps.items[i].id, id)) return &pack->steps.items[i];
    }
    return NULL;
}

const struct manifest_step *manifest_maker(const struct manifest_pack *pack, struct bytes name) {
    for (size_t i = 0; name.n > 0 && i < pack->steps.n; i++) {
        const struct manifest_step *step = &pack->steps.items[i];
        for (size_t j = 0; j < step->outputs.n; j++) {
            if (bytes_eq(step->outputs.items[j], name)) return step;
        }
    }
    return NULL;
}

const struct manifest_input *manifest_input(const struct manifest_pack *pack, struct bytes name) {
    for (size_t i = 0; name.n > 0 && i < pack->inputs.n; i++) {
        if (bytes_eq(pack->inputs.items[i].name, name)) return &pack->inputs.items[i];
    }
    return NULL;
}

/* ---- texts with a form ---------------------------------------------------------------------------------------------- */

int manifest_when(struct bytes text, struct manifest_when *ret) {
    static const struct {
        const char *head, *tail;
        enum manifest_condition condition;
    } forms[] = {{"input ", " given", MANIFEST_GIVEN},
                 {"input ", " missing", MANIFEST_MISSING},
                 {"step ", " succeeded", MANIFEST_SUCCEEDED},
                 {"step ", " failed", MANIFEST_FAILED},
                 {"step ", " skipped", MANIFEST_SKIPPED}};
    if (text.n == 0) {
        *ret = (struct manifest_when){MANIFEST_ALWAYS, {NULL, 0}};
        return 0;
    }
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t head = strlen(forms[i].head), tail = strlen(forms[i].tail);
        if (text.n <= head + tail || !bytes_has_prefix(text, forms[i].head) ||
            memcmp(text.p + text.n - tail, forms[i].tail, tail) != 0) {
            continue;
        }
        const struct bytes name = {text.p + head, text.n - head - tail};
        if (bytes_find(name, ' ') != NULL) continue;
        *ret = (struct manifest_when){forms[i].condition, name};
        return 0;
    }
    return ERR_INVALID;
}

int manifest_piece(struct bytes *rest, struct bytes *ret_text, struct bytes *ret_name) {
    const uint8_t *open = rest->n >= 2 ? memmem(rest->p, rest->n, "${", 2) : NULL;
    const uint8_t *end = rest->p + rest->n;
    *ret_name = (struct bytes){NULL, 0};
    if (rest->n == 0) return 1;
    if (open == NULL) {
        *ret_text = *rest;
        *rest = (struct bytes){end, 0};
        return 0;
    }
    if (open > rest->p && open[-1] == '$') { /* "$${": the text ends with its first '$', and goes on with '{' */
        *ret_text = (struct bytes){rest->p, (size_t)(open - rest->p)};
        *rest = (struct bytes){open + 1, (size_t)(end - open - 1)};
        return 0;
    }
    const uint8_t *close = memchr(open, '}', (size_t)(end - open));
    if (close == NULL || close == open + 2) return ERR_INVALID;
    *ret_text = (struct bytes){rest->p, (size_t)(open - rest->p)};
    *ret_name = (struct bytes){open + 2, (size_t)(close - open - 2)};
    *rest = (struct bytes){close + 1, (size_t)(end - close - 1)};
    return 0;
}
