/* A name is looked up among the fields that the query room knows, then among those that only rows have, then among all
 * fields of the catalog, indexed or not. Fields outside the catalog, of custom kinds, are named "body.NAME". */
#include "cli/print/pick.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "ledger/kinds/kind.h"

#define BODY_PREFIX "body."
#define PRIVATE_MAX ((size_t)32 << 20)

static const struct {
    const char *name;
    enum field_what what;
} others[] = {{"body", FIELD_WHOLE}, {"private", FIELD_SECRET}, {"leaf", FIELD_LEAF}, {"author", FIELD_AUTHOR},
              {"at", FIELD_AT},      {"day", FIELD_DAY},        {"hour", FIELD_HOUR}, {"minute", FIELD_MINUTE}};

void pick_init(struct pick *fields) {
    memset(fields, 0, sizeof(*fields));
    fields->clock = QUERY_HAPPENED;
    for (size_t i = 0; i < PICK_MAX; i++) {
        buf_init(&fields->memory[i], PRIVATE_MAX);
    }
}

void pick_done(struct pick *fields) {
    for (size_t i = 0; i < PICK_MAX; i++) {
        buf_done(&fields->memory[i]);
    }
}

/* A field name means the same in all kinds. */
static const struct kind_field *in_catalog(struct bytes name) {
    for (size_t k = 0; k < kind_count(); k++) {
        const struct kind_field *field = kind_field_find(kind_at(k), name);
        if (field) return field;
    }
    return NULL;
}

static int unknown(const char *name, struct err *err) {
    const struct kind_field *hidden = in_catalog(bytes_of(name));
    if (hidden) {
        return err_set(err, ERR_INVALID, "'%s' is a private field: 'private' shows all private fields", name);
    }
    struct text_near near = {.text = name};
    text_near_offer(&near, query_field_suggest(bytes_of(name)));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        text_near_offer(&near, others[i].name);
    }
    for (size_t k = 0; k < kind_count(); k++) {
        const struct kind *kind = kind_at(k);
        for (size_t f = 0; f < kind->n_fields; f++) {
            text_near_offer(&near, (kind->fields[f].flags & KIND_OPEN) ? kind->fields[f].name : NULL);
        }
    }
    return err_set(err, ERR_INVALID, "unknown field '%.100s'%s (a field of your own kinds is named body.%.100s)", name,
                   text_near_words(&near), name);
}

static int resolve(struct field *field, struct err *err) {
    struct bytes name = bytes_of(field->name);
    const struct kind_field *known = NULL;
    if (bytes_has_prefix(name, BODY_PREFIX)) {
        size_t n = sizeof(BODY_PREFIX) - 1;
        field->what = FIELD_BODY;
        known = in_catalog((struct bytes){name.p + n, name.n - n});
        field->is_time = known && known->type == KIND_TIME;
        return name.n > n ? 0 : err_set(err, ERR_INVALID, "'%s' needs a name after the dot", field->name);
    }
    field->number = query_field_find(name);
    if (field->number != SIZE_MAX) {
        bool header = field->number < QUERY_BODY_FIELDS;
        known = header ? NULL : in_catalog(name);
        field->what = FIELD_KNOWN;
        field->is_time =
            field->number == QUERY_TIME || field->number == QUERY_HAPPENED || (known && known->type == KIND_TIME);
        return 0;
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (bytes_is(name, others[i].name)) {
            field->what = others[i].what;
            return 0;
        }
    }
    known = in_catalog(name);
    if (!known || !(known->flags & KIND_OPEN)) return unknown(field->name, err);
    field->what = FIELD_BODY;
    field->is_time = known->type == KIND_TIME;
    return 0;
}

int pick_add(struct pick *fields, const char *list, struct err *err) {
    int rc = 0;
    while (rc == 0) {
        list += strspn(list, " ");
        size_t n = strcspn(list, ",");
        if (n == 0 || n >= FIELD_NAME_MAX) {
            return err_set(err, ERR_INVALID, "a list of fields has names separated by commas, such as seq,kind,model");
        }
        if (fields->n == PICK_MAX) {
            return err_set(err, ERR_INVALID, "more than %d fields are named", PICK_MAX);
        }
        struct field *field = &fields->field[fields->n];
        *field = (struct field){0};
        snprintf(field->name, sizeof(field->name), "%.*s", (int)n, list);
        rc = resolve(field, err);
        for (size_t i = 0; rc == 0 && i < fields->n; i++) {
            if (strcmp(fields->field[i].name, field->name) == 0) {
                rc = err_set(err, ERR_INVALID, "field '%s' is named twice", field->name);
            }
        }
        fields->n += rc == 0 ? 1 : 0;
        if (list[n] == '\0') return rc;
        list += n + 1;
    }
    return rc;
}

/* The time, down to the day, hour or minute, or in full. */
static int time_part(struct pick *fields, struct query_cursor *cursor, enum field_what what, struct buf *out,
                     struct err *err) {
    const uint64_t minute = 60 * CLOCK_NS_PER_S;
    uint64_t unit = what == FIELD_DAY ? 1440 * minute : what == FIELD_HOUR ? 60 * minute : minute;
    struct query_value time, other;
    char text[TEXT_TIME_MAX];
    int rc = query_get(cursor, fields->clock, &time, err);
    if (rc == 0 && what != FIELD_AT && !fields->clocks_differ) {
        rc = query_get(cursor, fields->clock == QUERY_TIME ? QUERY_HAPPENED : QUERY_TIME, &other, err);
        fields->clocks_differ = rc == 0 && (uint64_t)time.int_ / unit != (uint64_t)other.int_ / unit;
    }
    if (rc == 0) {
        text_time(text, (uint64_t)time.int_);
        const char *rest = what == FIELD_HOUR ? ":00Z" : what == FIELD_MINUTE ? "Z" : "";
        int n = what == FIELD_DAY ? 10 : what == FIELD_HOUR ? 13 : what == FIELD_MINUTE ? 16 : TEXT_TIME_MAX - 1;
        buf_printf(out, "%.*s%s", n, text, rest);
    }
    return rc;
}

static struct query_value text_value(struct bytes text) {
    return (struct query_value){.type = text.n > 0 ? QUERY_TEXT : QUERY_NULL, .text = text};
}

/* Fields that only the event itself has. */
static int get_other(struct pick *fields, size_t i, struct query_cursor *cursor, struct query_value *ret, struct err *err) {
    struct buf *memory = &fields->memory[i];
    const struct log_event *event = NULL;
    char hex[2 * LOG_HASH + 1];
    int rc = query_event(cursor, &event, err);
    if (rc != 0) return rc;
    *ret = (struct query_value){.type = QUERY_NULL};
    switch (fields->field[i].what) {
    case FIELD_WHOLE:
        *ret = (struct query_value){.type = event->body.n > 0 ? QUERY_OTHER : QUERY_NULL, .text = event->body};
        return 0;
    case FIELD_AUTHOR:
        *ret = text_value(event->author);
        return 0;
    case FIELD_LEAF:
        text_hex(hex, event->leaf, LOG_HASH);
        buf_put_str(memory, hex);
        *ret = text_value(bytes_of_buf(memory));
        break;
    default:
        if (event->has_private && (rc = query_private(cursor, memory, err)) == 0) {
            *ret = (struct query_value){.type = QUERY_OTHER, .text = bytes_of_buf(memory)};
        }
    }
    if (rc == 0) rc = buf_check(memory, "a field", err);
    return rc;
}

int pick_get(struct pick *fields, struct query_cursor *cursor, struct query_value *ret, struct err *err) {
    int rc = 0;
    for (size_t i = 0; i < fields->n && rc == 0; i++) {
        const struct field *field = &fields->field[i];
        buf_clear(&fields->memory[i]);
        switch (field->what) {
        case FIELD_KNOWN:
            rc = query_get(cursor, field->number, &ret[i], err);
            break;
        case FIELD_BODY: {
            struct bytes name = bytes_of(field->name);
            size_t skip = bytes_has_prefix(name, BODY_PREFIX) ? sizeof(BODY_PREFIX) - 1 : 0;
            rc = query_get_body(cursor, (struct bytes){name.p + skip, name.n - skip}, &ret[i], err);
            break;
        }
        case FIELD_AT:
        case FIELD_DAY:
        case FIELD_HOUR:
        case FIELD_MINUTE:
            rc = time_part(fields, cursor, field->what, &fields->memory[i], err);
            if (rc == 0) rc = buf_check(&fields->memory[i], "a field", err);
            ret[i] = text_value(bytes_of_buf(&fields->memory[i]));
            break;
        default:
            rc = get_other(fields, i, cursor, &ret[i], err);
        }
    }
    return rc;
}

bool pick_known(const struct pick *fields) {
    for (size_t i = 0; i < fields->n; i++) {
        if (fields->field[i].what != FIELD_KNOWN) return false;
    }
    return true;
}

bool pick_whole(const struct pick *fields) {
    for (size_t i = 0; i < fields->n; i++) {
        enum field_what what = fields->field[i].what;
        if (what != FIELD_KNOWN && what != FIELD_AT && what != FIELD_DAY && what != FIELD_HOUR && what != FIELD_MINUTE) {
            return true;
        }
    }
    return false;
}
