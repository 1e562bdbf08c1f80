/* Numbers for field names. Body fields are numbered by name, so a walk over a body, whose names are sorted too, meets them
 * in order. A body field with the name of a header element, or of another column of the table of events, is called
 * "body_<name>". */
#include "query/condition/field.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/kinds/kind.h"
#include "query/condition/hash64.h"
#include "query/condition/value.h"

#define SLOTS            1024 /* power of two, more than three times FIELD_BODY_MAX */
#define PUBLIC_NAME_MAX  64
#define SUGGEST_NAME_MAX 64

static const char *const header_names[QUERY_HEADER_FIELDS] = {
    [QUERY_SEQ] = "seq",         [QUERY_TIME] = "time",   [QUERY_KIND] = "kind",     [QUERY_SCHEMA] = "schema",
    [QUERY_SUBJECT] = "subject", [QUERY_ACTOR] = "actor", [QUERY_SOURCE] = "source", [QUERY_GRADE] = "grade",
    [QUERY_RUN] = "run",         [QUERY_CAUSE] = "cause", [QUERY_KEY] = "key",
};
/* The other columns of the table of events. */
static const char *const other_columns[] = {"at", "happened", "happened_at", "leaf", "body", "private", "rowid"};

/* A name's first and last bytes, which are all of it up to 16. */
struct field_word {
    uint64_t first, last;
};

struct field_slot {
    struct field_word word;
    const char *name;
    uint16_t n, field; /* n: length of the name, 0: free */
};

static struct {
    pthread_once_t once;
    size_t n;                    /* of all fields */
    const char *name[FIELD_MAX]; /* as used in queries */
    const char *body[FIELD_MAX]; /* as used in bodies; NULL: of the header */
    uint64_t rules;
    struct field_slot slot[SLOTS];                  /* body fields by body name */
    char prefixed[FIELD_BODY_MAX][PUBLIC_NAME_MAX]; /* names that got the prefix */
} all = {.once = PTHREAD_ONCE_INIT};

static struct field_word word_of(struct bytes name) {
    struct field_word w = {0};
    uint32_t first, last;
    if (name.n >= 8) {
        memcpy(&w.first, name.p, 8);
        memcpy(&w.last, name.p + name.n - 8, 8);
    } else if (name.n >= 4) {
        memcpy(&first, name.p, 4);
        memcpy(&last, name.p + name.n - 4, 4);
        w = (struct field_word){first, last};
    } else if (name.n > 0) {
        w.first = (uint64_t)name.p[0] << 16 | (uint64_t)name.p[name.n / 2] << 8 | name.p[name.n - 1];
    }
    return w;
}

static size_t slot_of(struct field_word w, size_t n) {
    return (size_t)(hash64_mix(w.first ^ n << 56, w.last ^ UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (SLOTS - 1);
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_taken(const char *name) {
    for (size_t i = 0; i < QUERY_HEADER_FIELDS; i++) {
        if (strcmp(name, header_names[i]) == 0) return true;
    }
    for (size_t i = 0; i < sizeof(other_columns) / sizeof(other_columns[0]); i++) {
        if (strcmp(name, other_columns[i]) == 0) return true;
    }
    return false;
}

/* The slot of a body name, or the free one where it belongs. */
static struct field_slot *slot_for(struct bytes name) {
    size_t at = slot_of(word_of(name), name.n);
    while (all.slot[at].n != 0 && !bytes_is(name, all.slot[at].name)) {
        at = (at + 1) & (SLOTS - 1);
    }
    return &all.slot[at];
}

static void collect_body_names(void) {
    const char *names[FIELD_BODY_MAX];
    size_t n = 0;
    for (size_t k = 0; k < kind_count(); k++) {
        const struct kind *kind = kind_at(k);
        for (size_t f = 0; f < kind->n_fields; f++) {
            if ((kind->fields[f].flags & KIND_INDEXED) == 0) continue;
            struct bytes name = bytes_of(kind->fields[f].name);
            struct field_slot *slot = slot_for(name);
            if (slot->n == 0) {
                assert(n < FIELD_BODY_MAX);
                *slot = (struct field_slot){word_of(name), kind->fields[f].name, (uint16_t)name.n, 0};
                names[n++] = kind->fields[f].name;
            }
        }
    }
    qsort(names, n, sizeof(names[0]), by_text);
    for (size_t i = 0; i < n; i++) {
        all.body[QUERY_BODY_FIELDS + i] = names[i];
        slot_for(bytes_of(names[i]))->field = (uint16_t)(QUERY_BODY_FIELDS + i);
    }
    all.n = QUERY_BODY_FIELDS + n;
}

/* Changes with the names, and on a machine with another byte order, where hash64 differs. */
static uint64_t rules_of(void) {
    uint64_t chain[2] = {all.n, 0};
    for (size_t f = 0; f < all.n; f++) {
        chain[1] = hash64(bytes_of(all.body[f] == NULL ? all.name[f] : all.body[f]));
        chain[0] = hash64((struct bytes){(const uint8_t *)chain, sizeof(chain)});
    }
    return chain[0];
}

static void make(void) {
    collect_body_names();
    for (size_t f = 0; f < QUERY_HEADER_FIELDS; f++) {
        all.name[f] = header_names[f];
    }
    all.name[QUERY_HAPPENED] = "happened";
    for (size_t f = QUERY_BODY_FIELDS; f < all.n; f++) {
        char *changed = all.prefixed[f - QUERY_BODY_FIELDS];
        all.name[f] = all.body[f];
        if (is_taken(all.body[f])) {
            snprintf(changed, PUBLIC_NAME_MAX, "body_%s", all.body[f]);
            all.name[f] = changed;
        }
    }
    all.rules = rules_of();
}

size_t query_field_count(void) {
    pthread_once(&all.once, make);
    return all.n;
}

const char *query_field_name(size_t field) {
    return field < query_field_count() ? all.name[field] : NULL;
}

size_t query_field_find(struct bytes name) {
    size_t n = query_field_count();
    for (size_t f = 0; f < n; f++) {
        if (bytes_is(name, all.name[f])) return f;
    }
    return SIZE_MAX;
}

/* Of two equally near names, prefers the one of equal length: letters are swapped more often than lost. */
const char *query_field_suggest(struct bytes name) {
    char wanted[SUGGEST_NAME_MAX + 1];
    size_t n = query_field_count(), limit = name.n < 4 ? 1 : name.n < 9 ? 2 : 3, least = 2 * limit + 2;
    const char *best = NULL;
    if (name.n < 2 || name.n > SUGGEST_NAME_MAX || memchr(name.p, '\0', name.n) != NULL) {
        return NULL;
    }
    memcpy(wanted, name.p, name.n);
    wanted[name.n] = '\0';
    for (size_t f = 0; f < n; f++) {
        size_t d = text_distance(wanted, all.name[f], limit);
        size_t rank = 2 * d + (strlen(all.name[f]) == name.n ? 0 : 1);
        if (d <= limit && rank < least) {
            best = all.name[f];
            least = rank;
        }
    }
    return best;
}

size_t field_of_body(struct bytes name) {
    pthread_once(&all.once, make);
    struct field_word w = word_of(name);
    for (size_t at = slot_of(w, name.n); all.slot[at].n != 0; at = (at + 1) & (SLOTS - 1)) {
        const struct field_slot *slot = &all.slot[at];
        if (slot->n == name.n && slot->word.first == w.first && slot->word.last == w.last &&
            (name.n <= 16 || memcmp(slot->name, name.p, name.n) == 0)) {
            return slot->field;
        }
    }
    return SIZE_MAX;
}

struct bytes field_body_name(size_t field) {
    pthread_once(&all.once, make);
    return bytes_of(all.body[field]);
}

static struct query_value text_or_null(struct bytes text) {
    return text.n == 0 ? (struct query_value){.type = QUERY_NULL} : (struct query_value){.type = QUERY_TEXT, .text = text};
}

static struct query_value number(uint64_t v) {
    return (struct query_value){.type = QUERY_INT, .int_ = (int64_t)v};
}

struct query_value field_of_header(const struct event_header *h, size_t field) {
    switch (field) {
    case QUERY_SEQ:
        return number(h->seq);
    case QUERY_TIME:
        return number(h->time);
    case QUERY_KIND:
        return text_or_null(h->kind);
    case QUERY_SCHEMA:
        return number(h->schema);
    case QUERY_SUBJECT:
        return text_or_null(h->subject);
    case QUERY_ACTOR:
        return text_or_null(h->actor);
    case QUERY_SOURCE:
        return text_or_null(h->source);
    case QUERY_GRADE:
        return text_or_null(h->grade);
    case QUERY_RUN:
        return text_or_null(h->run);
    case QUERY_CAUSE:
        return h->has_cause ? number(h->cause) : (struct query_value){.type = QUERY_NULL};
    case QUERY_KEY:
        return text_or_null(h->key);
    default:
        return (struct query_value){.type = QUERY_NULL};
    }
}

struct query_value field_happened(uint64_t time, const struct query_value *at) {
    return at->type == QUERY_INT && at->int_ >= 0 ? *at : number(time);
}

struct query_value field_happened_of(uint64_t time, struct bytes body) {
    struct query_value v = {.type = QUERY_NULL};
    struct value_walk walk;
    struct bytes name, raw;
    value_walk_begin(body, &walk);
    while (value_walk_next(&walk, &name, &raw)) {
        int c = value_name_order(name, bytes_of("at"));
        if (c >= 0) {
            v = c == 0 ? value_of(raw) : v;
            break;
        }
    }
    return field_happened(time, &v);
}

struct bytes field_subject_head(struct bytes subject) {
    const uint8_t *slash = subject.n > 0 ? memrchr(subject.p, '/', subject.n) : NULL;
    return (struct bytes){subject.p, slash == NULL ? 0 : (size_t)(slash + 1 - subject.p)};
}

uint64_t field_rules(void) {
    pthread_once(&all.once, make);
    return all.rules;
}
