/* Checks one value against one row of the catalog. The common path is a switch and, for digests and enumerated words, one
 * look at the text; the code that words errors is kept out of its way. */
#include "ledger/kinds/check.h"

#include <stdio.h>
#include <string.h>

#include "base/secret/secret.h"
#include "base/text.h"
#include "ledger/kinds/slip.h"
#include "ledger/tree/note.h"

static const char digest_accepted[] = "'sha256:' and 64 lower-case hex digits";

/* ---- messages ----------------------------------------------------------------------------------------------------- */

const char *kind_item_words(const struct mp_item *item) {
    static const char *const words[] = {
        [MP_NIL] = "null",      [MP_BOOL] = "a boolean", [MP_UINT] = "an integer", [MP_INT] = "a negative integer",
        [MP_FLOAT] = "a float", [MP_STR] = "text",       [MP_BIN] = "bytes",       [MP_ARRAY] = "an array",
        [MP_MAP] = "a map",
    };
    return words[item->type];
}

static bool is_signed(const struct kind_field *field) {
    return (field->flags & KIND_SIGNED) != 0;
}

static bool is_negative(const struct mp_item *item) {
    return item->type == MP_INT || (item->type == MP_FLOAT && item->real < 0);
}

static const char *type_words(const struct kind_field *field, const struct mp_item *item) {
    static const char *const words[] = {
        [KIND_STR] = "text",
        [KIND_INT] = "an integer",
        [KIND_NUM] = "a number",
        [KIND_BOOL] = "true or false",
        [KIND_TIME] = KIND_TIME_ACCEPTED,
        [KIND_DIGEST] = digest_accepted,
        [KIND_VKEY] = "a verifier key, '<name>+<8 hex digits>+<base64>'",
        [KIND_STRS] = "an array of text",
        [KIND_LIST] = "an array",
        [KIND_MAP] = "a map",
        [KIND_ANY] = "anything",
    };
    bool counts = (field->type == KIND_INT || field->type == KIND_NUM) && !is_signed(field);
    return !counts || !is_negative(item) ? words[field->type]
           : field->type == KIND_INT     ? "an integer, not negative"
                                         : "a number, not negative";
}

static __attribute__((cold)) int bad_type(const struct kind_field *field, const struct mp_item *item, struct err *err) {
    const char *is = kind_item_words(item);
    if (item->type == MP_STR && field->type == KIND_TIME) {
        is = "not a time";
    } else if (item->type == MP_STR && field->type == KIND_DIGEST) {
        is = "not a digest";
    } else if (item->type == MP_STR && field->type == KIND_VKEY) {
        is = "not a verifier key";
    } else if (item->type == MP_ARRAY && field->type == KIND_STRS) {
        is = "an array with other items";
    } else if (item->type == MP_FLOAT && is_negative(item)) {
        is = "a negative number";
    }
    return err_set(err, ERR_INVALID, "field '%s' is %s; expected: %s", field->name, is, type_words(field, item));
}

static __attribute__((cold)) int bad_word(const struct kind_field *field, struct bytes text, struct err *err) {
    char accepted[512];
    size_t n = 0;
    for (const char *p = field->values; *p != '\0' && n + 3 < sizeof(accepted); p++) {
        accepted[n++] = *p == '|' ? ',' : *p;
        if (*p == '|') {
            accepted[n++] = ' ';
        }
    }
    accepted[n] = '\0';
    return err_set(err, ERR_INVALID, "field '%s' is '%s'; expected: %s", field->name, SECRET_SHOWN(text), accepted);
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static bool is_word_of(const char *values, struct bytes text) {
    for (const char *p = values;; p++) {
        size_t i = 0;
        while (i < text.n && *p != '\0' && *p != '|' && (uint8_t)*p == text.p[i]) {
            p++;
            i++;
        }
        if (i == text.n && (*p == '\0' || *p == '|')) return true;
        while (*p != '\0' && *p != '|') {
            p++;
        }
        if (*p == '\0') return false;
    }
}

/* No branches on the digits, so that the compiler can check many at once. */
bool kind_is_digest(struct bytes text) {
    static const char prefix[] = "sha256:";
    size_t n = sizeof(prefix) - 1;
    if (text.n != n + 64 || memcmp(text.p, prefix, n) != 0) return false;
    const uint8_t *digits = text.p + n;
    uint8_t bad = 0;
    for (size_t i = 0; i < 64; i++) {
        bad |= (uint8_t)((uint8_t)(digits[i] - '0') > 9) & (uint8_t)((uint8_t)(digits[i] - 'a') > 5);
    }
    return bad == 0;
}

/* An item that does not parse is left to the later walk, which reports where it is. */
static bool is_array_of_text(const struct mp_reader *after, uint32_t count) {
    struct mp_reader r = *after;
    struct mp_item item;
    for (uint32_t i = 0; i < count && mp_next(&r, &item, NULL) == 0; i++) {
        if (item.type != MP_STR) return false;
    }
    return true;
}

bool kind_time_parse(struct bytes text, uint64_t *ret_ns) {
    uint64_t ns;
    if ((text_parse_u64(text, &ns) != 0 && text_parse_time(text, &ns) != 0) || ns > MP_INT_MAX) {
        return false;
    }
    *ret_ns = ns;
    return true;
}

static int check_time(const char *name, const struct mp_item *item, struct err *err) {
    uint64_t ns = item->type == MP_UINT ? item->uint : 0;
    bool number = item->type == MP_UINT || (item->type == MP_STR && text_parse_u64(item->data, &ns) == 0);
    return !number || ns >= KIND_TIME_TYPED_MIN
               ? 0
               : err_set(err, ERR_INVALID, "field '%s' is %llu, which as nanoseconds is before 1973; expected: %s", name,
                         (unsigned long long)ns, KIND_TIME_ACCEPTED);
}

int kind_check_times(const struct kind *kind, struct bytes map, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    uint32_t n = 0;
    mp_reader_init(&r, map);
    if (kind != NULL && map.n > 0 && mp_next(&r, &item, NULL) == 0 && item.type == MP_MAP) {
        n = item.count;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct bytes raw;
        if (mp_next(&r, &item, NULL) != 0 || mp_skip(&r, 1, &raw, NULL) != 0) {
            return 0; /* found when the value is sorted */
        }
        const struct kind_field *field = item.type == MP_STR ? kind_field_find(kind, item.data) : NULL;
        int rc = field != NULL && field->type == KIND_TIME && mp_scalar(raw, &item) == 0
                     ? check_time(field->name, &item, err)
                     : 0;
        if (rc != 0) return rc;
    }
    return 0;
}

static bool has_type(const struct kind_field *field, const struct mp_item *item, const struct mp_reader *after) {
    enum mp_type t = item->type;
    switch (field->type) {
    case KIND_STR:
        return t == MP_STR;
    case KIND_INT:
        return t == MP_UINT || (t == MP_INT && is_signed(field));
    case KIND_NUM:
        return (t == MP_UINT || t == MP_INT || t == MP_FLOAT) && (!is_negative(item) || is_signed(field));
    case KIND_BOOL:
        return t == MP_BOOL;
    case KIND_TIME:
        return t == MP_UINT;
    case KIND_DIGEST:
        return t == MP_STR && kind_is_digest(item->data);
    case KIND_VKEY:
        return t == MP_STR && note_vkey_decode(item->data, &(struct note_vkey){0}, NULL) == 0;
    case KIND_STRS:
        return t == MP_ARRAY && is_array_of_text(after, item->count);
    case KIND_LIST:
        return t == MP_ARRAY;
    case KIND_MAP:
        return t == MP_MAP;
    case KIND_ANY:
        return true;
    }
    return false;
}

unsigned kind_accepts(const struct kind_field *field) {
    static const unsigned types[] = {
        [KIND_STR] = 1U << MP_STR,
        [KIND_INT] = 1U << MP_UINT | 1U << MP_INT,
        [KIND_NUM] = 1U << MP_UINT | 1U << MP_INT | 1U << MP_FLOAT,
        [KIND_BOOL] = 1U << MP_BOOL,
        [KIND_TIME] = 1U << MP_UINT,
        [KIND_LIST] = 1U << MP_ARRAY,
        [KIND_MAP] = 1U << MP_MAP,
        [KIND_ANY] = 1U << MP_BOOL | 1U << MP_UINT | 1U << MP_INT | 1U << MP_FLOAT | 1U << MP_STR | 1U << MP_BIN |
                     1U << MP_ARRAY | 1U << MP_MAP,
    };
    unsigned any = field->values == NULL && field->members == NULL ? types[field->type] : 0;
    bool counts = (field->type == KIND_INT || field->type == KIND_NUM) && !is_signed(field);
    return counts ? any & ~(1U << MP_INT | 1U << MP_FLOAT) : any; /* the sign of a float needs a check by kind_check */
}

int kind_check(const struct kind_field *field, const struct mp_item *item, const struct mp_reader *after,
               bool *ret_converted, uint64_t *ret_ns, struct err *err) {
    bool converted = field->type == KIND_TIME && item->type == MP_STR && kind_time_parse(item->data, ret_ns);
    if (!converted && !has_type(field, item, after)) return bad_type(field, item, err);
    if (field->values != NULL && !is_word_of(field->values, item->data)) {
        return bad_word(field, item->data, err);
    }
    *ret_converted = converted;
    return 0;
}

/* ---- maps in lists ------------------------------------------------------------------------------------------------ */

static const char *item_is(const struct kind_field *field, const struct mp_item *item) {
    const char *wanted = item->type != MP_STR         ? NULL
                         : field->type == KIND_DIGEST ? "text that is not a digest"
                         : field->type == KIND_TIME   ? "text that is not a time"
                                                      : NULL;
    wanted = item->type == MP_FLOAT && is_negative(item) ? "a negative number" : wanted;
    return wanted != NULL ? wanted : kind_item_words(item);
}

static void put_members(const struct kind_field *list, char *ret, size_t max) {
    size_t n = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < list->n_members && n < max; i++) {
        const struct kind_field *m = &list->members[i];
        n += (size_t)snprintf(ret + n, max - n, "%s%s%s", i > 0 ? ", " : "", m->name,
                              m->flags & KIND_REQUIRED ? " (required)" : "");
    }
}

static __attribute__((cold)) int bad_map(const struct kind_field *list, uint32_t i, const char *is, struct err *err) {
    char members[256];
    put_members(list, members, sizeof(members));
    return err_set(err, ERR_INVALID, "field '%s', item %u is %s; expected: a map of %s", list->name, i, is, members);
}

static const struct kind_field *near_member(const struct kind_field *list, struct bytes name) {
    const struct kind_field *near = NULL;
    struct kind_slip slip;
    kind_slip_begin(&slip, name);
    for (size_t i = 0; i < list->n_members; i++) {
        struct bytes known = bytes_of(list->members[i].name);
        near = kind_slip_nearer(&slip, known, kind_letters(known)) ? &list->members[i] : near;
    }
    return near;
}

static __attribute__((cold)) int bad_member_name(const struct kind_field *list, uint32_t i, struct bytes name,
                                                 struct err *err) {
    char members[256];
    const struct kind_field *near = near_member(list, name);
    put_members(list, members, sizeof(members));
    return err_set(err, ERR_INVALID, "field '%s', item %u: unknown member '%s'%s%s%s; expected: %s", list->name, i,
                   SECRET_SHOWN(name), near != NULL ? " (did you mean '" : "", near != NULL ? near->name : "",
                   near != NULL ? "'?)" : "", members);
}

static int check_member(const struct kind_field *list, uint32_t i, const struct kind_field *member,
                        const struct mp_item *item, const struct mp_reader *after, struct err *err) {
    uint64_t ns;
    bool converted;
    if (item->type == MP_NIL && (member->flags & KIND_REQUIRED) == 0) return 0;
    if (has_type(member, item, after) || (member->type == KIND_TIME && item->type == MP_STR)) {
        int rc = kind_check(member, item, after, &converted, &ns, err);
        err_prefix(rc == 0 ? NULL : err, "field '%s', item %u", list->name, i);
        return rc;
    }
    return err_set(err, ERR_INVALID, "field '%s', item %u: member '%s' is %s; expected: %s", list->name, i, member->name,
                   item_is(member, item), type_words(member, item));
}

static int check_map(const struct kind_field *list, uint32_t i, uint32_t count, struct mp_reader *r, struct err *err) {
    uint64_t seen = 0;
    struct bytes raw;
    struct mp_item name, value;
    for (uint32_t k = 0; k < count; k++) {
        size_t m = 0;
        if (mp_next(r, &name, NULL) != 0) return 1;
        while (m < list->n_members && (name.type != MP_STR || !bytes_is(name.data, list->members[m].name))) {
            m++;
        }
        if (m == list->n_members) {
            return bad_member_name(list, i, name.type == MP_STR ? name.data : bytes_of("?"), err);
        }
        struct mp_reader at = *r;
        if (mp_skip(r, 1, &raw, NULL) != 0 || mp_next(&at, &value, NULL) != 0) return 1;
        int rc = check_member(list, i, &list->members[m], &value, &at, err);
        if (rc != 0) return rc;
        seen |= UINT64_C(1) << m;
    }
    for (size_t m = 0; m < list->n_members; m++) {
        if ((list->members[m].flags & KIND_REQUIRED) != 0 && (seen >> m & 1) == 0) {
            return err_set(err, ERR_INVALID, "field '%s', item %u: member '%s' is missing: %s", list->name, i,
                           list->members[m].name, list->members[m].help);
        }
    }
    return 0;
}

int kind_check_members(const struct kind_field *list, uint32_t count, const struct mp_reader *after, struct err *err) {
    struct mp_reader r = *after;
    struct mp_item item;
    for (uint32_t i = 0; i < count && mp_next(&r, &item, NULL) == 0; i++) {
        int rc =
            item.type == MP_MAP ? check_map(list, i, item.count, &r, err) : bad_map(list, i, kind_item_words(&item), err);
        if (rc != 0) return rc < 0 ? rc : 0;
    }
    return 0;
}
