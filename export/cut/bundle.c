/* Predicates over headers, the only ones whose completeness can be proven: bytewise, on what every header discloses. */
#include "export/cut/bundle.h"

#include <string.h>

#include "base/text.h"

static const char *const fields[] = {"kind", "subject", "run", "actor", "source", "grade", "key"};

void bundle_sum(struct buf *out, const char *name, const uint8_t digest[LOG_HASH]) {
    char hex[2 * LOG_HASH + 1];
    text_hex(hex, digest, LOG_HASH);
    buf_put_str(out, hex);
    buf_put_str(out, "  ");
    buf_put_str(out, name);
    buf_put_u8(out, '\n');
}

size_t bundle_field(const char *name) {
    size_t n = sizeof(fields) / sizeof(fields[0]);
    for (size_t i = 0; i < n; i++) {
        if (fields[i] == name) { /* usually it is one of these pointers */
            return i;
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (strcmp(fields[i], name) == 0) return i;
    }
    return SIZE_MAX;
}

const char *bundle_field_name(size_t field) {
    return fields[field];
}

static struct bytes field_of(const struct event_header *h, size_t field) {
    const struct bytes all[] = {h->kind, h->subject, h->run, h->actor, h->source, h->grade, h->key};
    return all[field];
}

static bool holds(const struct export_term *term, const struct event_header *header) {
    struct bytes text = field_of(header, bundle_field(term->field));
    if (term->op == EXPORT_EQUALS) return bytes_eq(text, term->value);
    return bytes_starts(text, term->value);
}

static const char *const bodies_names[] = {
    [EXPORT_BODIES_MATCHING] = "matching", [EXPORT_BODIES_ALL] = "all", [EXPORT_BODIES_NONE] = "none"};

const char *export_bodies_name(enum export_bodies bodies) {
    return bodies_names[bodies];
}

bool export_bodies_find(struct bytes name, enum export_bodies *ret) {
    for (size_t i = 0; i < sizeof(bodies_names) / sizeof(bodies_names[0]); i++) {
        if (bytes_is(name, bodies_names[i])) {
            *ret = (enum export_bodies)i;
            return true;
        }
    }
    return false;
}

bool bundle_matches(const struct export_term *terms, size_t n, const struct event_header *header) {
    for (size_t i = 0; i < n; i++) {
        if (!holds(&terms[i], header)) return false;
    }
    return true;
}

unsigned bundle_misses(const struct export_term *terms, size_t n, const struct event_header *header) {
    unsigned missed = 0;
    for (size_t i = 0; i < n; i++) {
        missed |= holds(&terms[i], header) ? 0 : 1U << bundle_field(terms[i].field);
    }
    return missed;
}
