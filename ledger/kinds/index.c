/* The catalog's reader.
 *
 * ledger/kinds/kinds.def expands to one constant array of kinds, each with a constant array of its fields, in the order in
 * which people read them. Lookups need them by name: the names of kinds are hashed once, and the fields of a kind are
 * sorted on first use, in static memory, because most processes use few kinds. Neither changes after that. The fields that
 * every kind has are defined here, once. */
#include "ledger/kinds/index.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ledger/kinds/check.h"
#include "ledger/kinds/slip.h"

#define COUNT_OF(array)  (sizeof(array) / sizeof((array)[0]))
#define NAME_MAX_SUGGEST 100

/* The words of the .def. INDEXED fields are open, because an index shows what it holds; so are fields that decide. */
enum {
    PRIVATE = 0,
    REQUIRED = KIND_REQUIRED,
    OPEN = KIND_OPEN,
    INDEXED = KIND_OPEN | KIND_INDEXED,
    DECIDES = KIND_OPEN | KIND_DECIDES,
    EXACT = DECIDES | KIND_EXACT,
    CLOSES = KIND_CLOSES,
    APART = KIND_APART,
    ID = KIND_ID,
    SIGNED = KIND_SIGNED
};

#define FAMILY(name, help)
#define FIELD(name, type, flags, help)                                                                                     \
    { name, KIND_##type, flags, NULL, help, NULL, 0 }
#define WORD(name, flags, values, help)                                                                                    \
    { name, KIND_STR, flags, values, help, NULL, 0 }
#define MAPS(name, flags, help, ...)                                                                                       \
    {                                                                                                                      \
        name, KIND_LIST, flags, NULL, help, (const struct kind_field[]){__VA_ARGS__},                                      \
            COUNT_OF(((const struct kind_field[]){__VA_ARGS__}))                                                           \
    }

static const struct kind kinds[] = {
#define KIND(name, schema, subject, help, ...)                                                                             \
    {name,                                                                                                                 \
     schema,                                                                                                               \
     subject,                                                                                                              \
     help,                                                                                                                 \
     (const struct kind_field[]){__VA_ARGS__},                                                                             \
     COUNT_OF(((const struct kind_field[]){__VA_ARGS__}))},
#include "ledger/kinds/kinds.def"
#undef KIND
};

enum {
    KINDS = COUNT_OF(kinds),
    COMMON = 2,
    NAME_BITS = 10,
    NAME_SLOTS = 1 << NAME_BITS,
    FIELDS = 0
#define KIND(name, schema, subject, help, ...) +COUNT_OF(((const struct kind_field[]){__VA_ARGS__}))
#include "ledger/kinds/kinds.def"
#undef KIND
};

_Static_assert(FIELDS + (COMMON + 1) * (KINDS + 1) < UINT16_MAX, "an id for each field");
_Static_assert(2 * KINDS <= NAME_SLOTS, "room for all names");

static const struct kind_field common[COMMON] = {
    FIELD("at", TIME, OPEN, "when the source says it happened"),
    FIELD("at_text", STR, OPEN, "the source's time as it wrote it, when it could not be read exactly"),
};

static struct {
    pthread_once_t once;
    pthread_mutex_t lock;          /* held while a kind's index is built */
    _Atomic bool ready[KINDS + 1]; /* its index is built */
    uint16_t first[KINDS + 1];     /* of its slots */
    struct bytes name[KINDS];
    struct kind_index kinds[KINDS + 1]; /* in the catalog's order; the last one is for the x.* kinds */
    struct kind_slot slots[FIELDS + (COMMON + 1) * (KINDS + 1)];
    uint16_t at[NAME_SLOTS]; /* by a hash of the name: place in kinds, from 1; 0: free */
} idx = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

static int by_slot_name(const void *a, const void *b) {
    return bytes_cmp(((const struct kind_slot *)a)->name, ((const struct kind_slot *)b)->name);
}

static void put_slot(struct kind_slot *slot, const struct kind_field *field) {
    slot->name = bytes_of(field->name);
    slot->prefix = kind_prefix(slot->name, slot->name.n);
    slot->tail = kind_tail(slot->name);
    slot->field = field;
    slot->accepts = kind_accepts(field);
    slot->letters = kind_letters(slot->name);
    slot->open = (field->flags & KIND_OPEN) != 0;
    slot->decides = (field->flags & KIND_DECIDES) != 0;
    slot->exact = (field->flags & KIND_EXACT) != 0;
    slot->ids = (field->flags & KIND_ID) != 0;
    slot->free = field->type != KIND_DIGEST && field->type != KIND_VKEY && field->values == NULL;
}

static size_t name_slot(struct bytes name) {
    uint64_t h = kind_prefix(name, name.n) ^ kind_tail(name) * 3 ^ name.n;
    return (h * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - NAME_BITS);
}

static void index_kind(struct kind_index *entry, const struct kind *kind, struct kind_slot *slots) {
    size_t n = 0;
    for (size_t i = 0; i < COMMON; i++) {
        put_slot(&slots[n++], &common[i]);
    }
    for (size_t i = 0; kind != NULL && i < kind->n_fields; i++) {
        put_slot(&slots[n++], &kind->fields[i]);
    }
    assert(n <= KIND_FIELDS_MAX + COMMON);
    qsort(slots, n, sizeof(*slots), by_slot_name);
    slots[n] = (struct kind_slot){.prefix = UINT64_MAX};
    for (size_t i = 0; i < n; i++) {
        slots[i].bit = UINT64_C(1) << i;
        slots[i].id = (uint16_t)(&slots[i] - idx.slots + 1);
    }
    *entry = (struct kind_index){.kind = kind, .slots = slots, .n_slots = n};
    entry->name = bytes_of(kind == NULL ? NULL : kind->name);
    if (kind != NULL) {
        entry->n_forms = kind_forms_read(kind->subject, entry->forms);
    }
    for (size_t i = 0; i < n; i++) {
        if (slots[i].field->flags & KIND_REQUIRED) {
            entry->required |= slots[i].bit;
        }
        entry->closed = entry->closed || (slots[i].field->flags & KIND_CLOSES) != 0;
        for (size_t f = 0; f < entry->n_forms; f++) {
            slots[i].restates = slots[i].restates || kind_form_restates(&entry->forms[f], slots[i].field);
        }
    }
}

/* Around a fork: no other thread is building an index, so the child can. */
static void before_fork(void) {
    pthread_mutex_lock(&idx.lock);
}

static void after_fork(void) {
    pthread_mutex_unlock(&idx.lock);
}

static void index_names(void) {
    pthread_atfork(before_fork, after_fork, after_fork);
    size_t first = 0;
    for (size_t i = 0; i <= KINDS; i++) {
        idx.first[i] = (uint16_t)first;
        first += COMMON + 1 + (i < KINDS ? kinds[i].n_fields : 0);
    }
    for (size_t i = 0; i < KINDS; i++) {
        idx.name[i] = bytes_of(kinds[i].name);
        size_t at = name_slot(idx.name[i]);
        while (idx.at[at] != 0) {
            at = (at + 1) % NAME_SLOTS;
        }
        idx.at[at] = (uint16_t)(i + 1);
    }
}

static const struct kind_index *ready(size_t i) {
    if (!atomic_load_explicit(&idx.ready[i], memory_order_acquire)) {
        pthread_mutex_lock(&idx.lock);
        if (!atomic_load_explicit(&idx.ready[i], memory_order_relaxed)) {
            index_kind(&idx.kinds[i], i < KINDS ? &kinds[i] : NULL, idx.slots + idx.first[i]);
            atomic_store_explicit(&idx.ready[i], true, memory_order_release);
        }
        pthread_mutex_unlock(&idx.lock);
    }
    return &idx.kinds[i];
}

const struct kind_index *kind_index_find(struct bytes name) {
    pthread_once(&idx.once, index_names);
    for (size_t at = name_slot(name); idx.at[at] != 0; at = (at + 1) % NAME_SLOTS) {
        if (bytes_eq(name, idx.name[idx.at[at] - 1])) return ready(idx.at[at] - 1U);
    }
    return NULL;
}

const struct kind_index *kind_index_custom(void) {
    pthread_once(&idx.once, index_names);
    return ready(KINDS);
}

size_t kind_count(void) {
    return KINDS;
}

const struct kind *kind_at(size_t i) {
    return &kinds[i];
}

const struct kind *kind_find(struct bytes name) {
    const struct kind_index *entry = kind_index_find(name);
    return entry == NULL ? NULL : entry->kind;
}

const struct kind_field *kind_field_find(const struct kind *kind, struct bytes name) {
    const struct kind_index *entry = kind == NULL ? kind_index_custom() : kind_index_find(bytes_of(kind->name));
    size_t lo = 0, hi = entry == NULL ? 0 : entry->n_slots;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = bytes_cmp(name, entry->slots[mid].name);
        if (c == 0) return entry->slots[mid].field;
        if (c < 0) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    return NULL;
}

const char *kind_type_name(enum kind_type type) {
    static const char *const names[] = {
        [KIND_STR] = "text",  [KIND_INT] = "integer",   [KIND_NUM] = "number",   [KIND_BOOL] = "boolean",
        [KIND_TIME] = "time", [KIND_DIGEST] = "digest", [KIND_VKEY] = "vkey",    [KIND_STRS] = "texts",
        [KIND_LIST] = "list", [KIND_MAP] = "map",       [KIND_ANY] = "anything",
    };
    return names[type];
}

bool kind_is_final(struct bytes name) {
    return bytes_has_prefix(name, "ledger.") || bytes_has_prefix(name, "recovery.tripcode_");
}

bool kind_is_custom(struct bytes name) {
    size_t parts = 1, part = 0; /* `part` is the length of the current part */
    if (!bytes_has_prefix(name, "x.")) return false;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        if (c == '.') {
            if (part == 0) return false;
            parts++;
            part = 0;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
            part++;
        } else {
            return false;
        }
    }
    return parts >= 3 && part > 0;
}

const char *kind_suggest(struct bytes name) {
    char wanted[NAME_MAX_SUGGEST + 1];
    if (name.n < 3 || name.n > NAME_MAX_SUGGEST || memchr(name.p, '\0', name.n) != NULL) {
        return NULL;
    }
    memcpy(wanted, name.p, name.n);
    wanted[name.n] = '\0';
    size_t limit = name.n < 8 ? 1 : name.n < 14 ? 2 : 3;
    const char *best = NULL;
    for (size_t i = 0; i < KINDS; i++) {
        size_t d = text_distance(wanted, kinds[i].name, limit);
        if (d <= limit) {
            best = kinds[i].name;
            if (d == 0) break;
            limit = d - 1;
        }
    }
    return best;
}
