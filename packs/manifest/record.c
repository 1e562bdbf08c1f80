/* A walk over a map's children, each looked up among the rows; then over the rows, for those that are required. */
#include "packs/manifest/record.h"

#include <stdio.h>

#include "base/mp.h"
#include "base/mp_map.h"
#include "base/text.h"
#include "packs/manifest/manifest.h"
#include "packs/manifest/value.h"

#define SHOWN     100 /* bytes of a wrong value in a message */
#define WORDS_MAX 1024
#define WRITE_MAX ((size_t)16 << 20)

/* Where a list is, whatever its items are. */
struct list {
    const void *items;
    size_t n;
};

struct words {
    char text[WORDS_MAX];
};

/* "T0, T1, T2" */
static const char *accepted_words(const char *words, struct words *ret) {
    const char *word;
    size_t n, at = 0;
    ret->text[0] = '\0';
    for (size_t i = 0; fields_word(words, i, &word, &n) && at < sizeof(ret->text); i++) {
        at += (size_t)snprintf(ret->text + at, sizeof(ret->text) - at, "%s%.*s", i > 0 ? ", " : "", (int)n, word);
    }
    return ret->text;
}

static bool is_word(const char *words, struct bytes text) {
    const char *word;
    size_t n;
    for (size_t i = 0; fields_word(words, i, &word, &n); i++) {
        if (bytes_eq(text, (struct bytes){(const uint8_t *)word, n})) return true;
    }
    return false;
}

static int shown(struct bytes text) {
    return text.n < SHOWN ? (int)text.n : SHOWN;
}

/* "text 'yes'", "a list" */
static const char *what_it_is(const struct yaml_node *node, struct words *ret) {
    bool scalar = node->type != YAML_LIST && node->type != YAML_MAP && node->type != YAML_NULL;
    snprintf(ret->text, sizeof(ret->text), scalar ? "%s '%.*s'" : "%s", yaml_type_name(node->type), shown(node->text),
             (const char *)node->text.p);
    return ret->text;
}

static void wrong_type(struct record_reader *read, const struct field *field, const struct yaml_node *node,
                       const char *expected) {
    struct words words;
    const char *hint = node->type == YAML_BOOL && field->type <= FIELD_LINES ? "; write it in quotes" : "";
    finding_put(read->found, read->file, node->at, false, "'%s': expected %s, found %s%s", field->key, expected,
                what_it_is(node, &words), hint);
}

static void wrong_value(struct record_reader *read, const struct field *field, const struct yaml_node *node,
                        const char *fault) {
    finding_put(read->found, read->file, node->at, false, "'%s': '%.*s' %s", field->key, shown(node->text),
                (const char *)node->text.p, fault);
}

static bool has_text(const struct yaml_node *node) {
    return node->type == YAML_TEXT || node->type == YAML_INT || node->type == YAML_FLOAT;
}

/* ---- values ------------------------------------------------------------------------------------------------------- */

static void check_word(struct record_reader *read, const struct field *field, const struct yaml_node *node) {
    struct words words;
    char fault[WORDS_MAX + 256];
    struct text_near near = {.text = (const char *)node->text.p};
    const char *word;
    size_t n;
    if (is_word(field->accepted, node->text)) return;
    for (size_t i = 0; fields_word(field->accepted, i, &word, &n); i++) {
        struct bytes copy = arena_copy(read->arena, (struct bytes){(const uint8_t *)word, n});
        if (copy.p != NULL) {
            text_near_offer(&near, (const char *)copy.p);
        }
    }
    snprintf(fault, sizeof(fault), "is not one of %s%s", accepted_words(field->accepted, &words), text_near_words(&near));
    wrong_value(read, field, node, fault);
}

static void read_text(struct record_reader *read, const struct field *field, const struct yaml_node *node,
                      struct bytes *ret) {
    if (!has_text(node)) {
        wrong_type(read, field, node, value_words(field->type));
        return;
    }
    *ret = node->text;
    if (node->text.n > MANIFEST_TEXT_MAX && field->type != FIELD_LINES) {
        wrong_value(read, field, node, "has more than 4096 bytes");
    } else if (field->type == FIELD_WORD) {
        check_word(read, field, node);
    } else {
        const char *fault = value_fault(field->type, node->text);
        if (fault != NULL) {
            wrong_value(read, field, node, fault);
        }
    }
}

static void read_texts(struct record_reader *read, const struct field *field, const struct yaml_node *node,
                       struct list *ret) {
    if (node->type != YAML_LIST) {
        wrong_type(read, field, node, value_words(field->type));
        return;
    }
    if (node->n > MANIFEST_ITEMS_MAX) {
        finding_put(read->found, read->file, node->at, false, "'%s': more than %d items", field->key, MANIFEST_ITEMS_MAX);
        return;
    }
    struct bytes *items = arena_take(read->arena, (node->n + 1) * sizeof(*items));
    if (items == NULL) {
        read->failed = true;
        return;
    }
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        const struct field one = {.key = field->key, .type = field->type == FIELD_NAMES ? FIELD_NAME : FIELD_TEXT};
        if (field->type == FIELD_NAMES) {
            read_text(read, &one, item, &items[ret->n]);
        } else if (!has_text(item)) {
            wrong_type(read, &one, item, "text");
        } else if (item->text.n > MANIFEST_TEXT_MAX) {
            wrong_value(read, &one, item, "has more than 4096 bytes");
        } else {
            items[ret->n] = item->text;
        }
        ret->n += items[ret->n].p != NULL;
    }
    ret->items = items;
}

/* The value of a size, a length of time or a count, in its unit. */
static int amount(enum field_type type, struct bytes text, uint64_t *ret) {
    return type == FIELD_SIZE       ? value_size(text, ret)
           : type == FIELD_DURATION ? text_parse_duration(text, ret)
                                    : text_parse_u64(text, ret);
}

static void read_amount(struct record_reader *read, const struct field *field, const struct yaml_node *node,
                        uint64_t *ret) {
    uint64_t value = 0, max = UINT64_MAX;
    char fault[96];
    bool count = field->type == FIELD_COUNT;
    if (count ? node->type != YAML_INT : !has_text(node)) {
        wrong_type(read, field, node, value_words(field->type));
        return;
    }
    const char *form = count ? NULL : value_fault(field->type, node->text);
    if (form != NULL) {
        wrong_value(read, field, node, form);
        return;
    }
    if (count && node->integer < 1) {
        wrong_value(read, field, node, "is less than 1");
        return;
    }
    (void)amount(field->type, bytes_of(field->accepted), &max);
    if (count) {
        value = (uint64_t)node->integer;
    } else {
        (void)amount(field->type, node->text, &value);
    }
    if (value > max) {
        snprintf(fault, sizeof(fault), "is more than %s", field->accepted);
        wrong_value(read, field, node, fault);
        return;
    }
    *ret = value;
}

static void read_maps(struct record_reader *read, const struct field *field, const struct yaml_node *node,
                      struct list *ret) {
    const struct shape *shape = field->of;
    uint64_t max = MANIFEST_ITEMS_MAX;
    if (node->type != YAML_LIST) {
        wrong_type(read, field, node, value_words(field->type));
        return;
    }
    (void)text_parse_u64(bytes_of(field->accepted), &max);
    if (node->n > max) {
        finding_put(read->found, read->file, node->at, false, "'%s': more than %llu items", field->key,
                    (unsigned long long)max);
        return;
    }
    uint8_t *items = arena_take(read->arena, (node->n + 1) * shape->size);
    if (items == NULL) {
        read->failed = true;
        return;
    }
    for (const struct yaml_node *item = node->first; item != NULL; item = item->next) {
        if (item->type != YAML_MAP) {
            wrong_type(read, field, item, shape->noun);
        } else {
            record_read(read, shape, item, items + ret->n * shape->size);
            ret->n++;
        }
    }
    ret->items = items;
    if (node->n == 0 && field->required) {
        finding_put(read->found, read->file, node->at, false, "'%s' is empty", field->key);
    }
}

static void read_one(struct record_reader *read, const struct field *field, const struct yaml_node *node,
                     const void **ret) {
    if (node->type != YAML_MAP) {
        wrong_type(read, field, node, value_words(field->type));
        return;
    }
    void *record = arena_take(read->arena, field->of->size);
    if (record == NULL) {
        read->failed = true;
        return;
    }
    record_read(read, field->of, node, record);
    *ret = record;
}

static void read_number(struct record_reader *read, const struct field *field, const struct yaml_node *node, void *to) {
    struct manifest_number number = {true, node->real};
    struct manifest_integer integer = {true, node->integer};
    bool fits = node->type == YAML_INT || (field->type == FIELD_NUMBER && node->type == YAML_FLOAT);
    if (!fits) {
        wrong_type(read, field, node, value_words(field->type));
    } else if (field->type == FIELD_NUMBER && !mp_float_ok(number.value + 0.0)) {
        wrong_value(read, field, node, "is out of range");
    } else if (field->type == FIELD_NUMBER) {
        memcpy(to, &number, sizeof(number));
    } else {
        memcpy(to, &integer, sizeof(integer));
    }
}

static void read_value(struct record_reader *read, const struct field *field, const struct yaml_node *node,
                       uint8_t *record) {
    void *to = record + field->offset;
    if (field->type == FIELD_VALUE || field->type == FIELD_ROWS) {
        memcpy(to, &node, sizeof(node)); /* as it is, null too: whoever asked for it knows what it may be */
        return;
    }
    if (node->type == YAML_NULL) {
        finding_put(read->found, read->file, node->key_at, false, "'%s' has no value (expected %s)", field->key,
                    value_words(field->type));
        return;
    }
    switch (field->type) {
    case FIELD_BOOL:
        if (node->type == YAML_BOOL) {
            memcpy(to, &node->boolean, sizeof(bool));
        } else {
            wrong_type(read, field, node, value_words(field->type));
        }
        break;
    case FIELD_SIZE:
    case FIELD_DURATION:
    case FIELD_COUNT:
        read_amount(read, field, node, to);
        break;
    case FIELD_INTEGER:
    case FIELD_NUMBER:
        read_number(read, field, node, to);
        break;
    case FIELD_TEXTS:
    case FIELD_NAMES:
        read_texts(read, field, node, to);
        break;
    case FIELD_MAP:
        read_one(read, field, node, to);
        break;
    case FIELD_MAPS:
        read_maps(read, field, node, to);
        break;
    default:
        read_text(read, field, node, to);
        break;
    }
}

/* ---- keys --------------------------------------------------------------------------------------------------------- */

static void unknown_key(struct record_reader *read, const struct shape *shape, const struct yaml_node *node) {
    struct text_near near = {.text = (const char *)node->key.p};
    char keys[WORDS_MAX] = "";
    size_t at = 0;
    for (size_t i = 0; i < shape->n; i++) {
        text_near_offer(&near, shape->fields[i].key);
        if (at < sizeof(keys)) {
            at += (size_t)snprintf(keys + at, sizeof(keys) - at, "%s%s", i > 0 ? ", " : " (known: ", shape->fields[i].key);
        }
    }
    finding_put(read->found, read->file, node->key_at, false, "'%.*s' is not a key of %s%s%s", shown(node->key),
                (const char *)node->key.p, shape->noun, near.name != NULL ? text_near_words(&near) : keys,
                near.name != NULL ? "" : ")");
}

static const struct field *field_of(const struct shape *shape, struct bytes key) {
    for (size_t i = 0; i < shape->n; i++) {
        if (bytes_is(key, shape->fields[i].key)) return &shape->fields[i];
    }
    return NULL;
}

void record_read(struct record_reader *read, const struct shape *shape, const struct yaml_node *node, void *record) {
    memcpy(record, &node, sizeof(node)); /* the first member of each struct */
    for (const struct yaml_node *child = node->first; child != NULL; child = child->next) {
        const struct field *field = field_of(shape, child->key);
        if (field != NULL) {
            read_value(read, field, child, record);
        } else {
            unknown_key(read, shape, child);
        }
    }
    for (size_t i = 0; i < shape->n; i++) {
        const struct field *field = &shape->fields[i];
        if (field->required && yaml_get(node, field->key) == NULL) {
            finding_put(read->found, read->file, node->at, false, "%s has no '%s' (%s)", shape->noun, field->key,
                        field->help);
        }
    }
}

/* ---- writing ------------------------------------------------------------------------------------------------------ */

static int write_list(const struct field *field, const struct list *list, struct buf *out, struct err *err) {
    int rc = 0;
    mp_put_array(out, (uint32_t)list->n);
    for (size_t i = 0; rc == 0 && i < list->n; i++) {
        if (field->type == FIELD_MAPS) {
            rc = record_write(field->of, (const uint8_t *)list->items + i * field->of->size, out, err);
        } else {
            mp_put_str(out, ((const struct bytes *)list->items)[i]);
        }
    }
    return rc;
}

static int write_value(struct mp_map *map, const struct field *field, const uint8_t *from, struct err *err) {
    struct manifest_number number;
    struct manifest_integer integer;
    const void *one;
    uint64_t amount_is;
    struct list list;
    int rc = 0;
    switch (field->type) {
    case FIELD_BOOL:
        mp_map_bool(map, field->key, *(const bool *)(const void *)from);
        break;
    case FIELD_SIZE:
    case FIELD_DURATION:
    case FIELD_COUNT:
        memcpy(&amount_is, from, sizeof(amount_is));
        if (amount_is > 0) mp_map_uint(map, field->key, amount_is);
        break;
    case FIELD_INTEGER:
        memcpy(&integer, from, sizeof(integer));
        if (integer.given) {
            mp_map_begin(map, field->key);
            mp_put_int(&map->values, integer.value);
            mp_map_end(map);
        }
        break;
    case FIELD_NUMBER:
        memcpy(&number, from, sizeof(number));
        if (number.given) {
            mp_map_begin(map, field->key);
            mp_put_float(&map->values, number.value + 0.0); /* no negative zero */
            mp_map_end(map);
        }
        break;
    case FIELD_TEXTS:
    case FIELD_NAMES:
    case FIELD_MAPS:
        memcpy(&list, from, sizeof(list));
        if (list.n > 0) {
            mp_map_begin(map, field->key);
            rc = write_list(field, &list, &map->values, err);
            mp_map_end(map);
        }
        break;
    case FIELD_VALUE: /* no manifest has them */
    case FIELD_ROWS:
        break;
    case FIELD_MAP:
        memcpy(&one, from, sizeof(one));
        if (one != NULL) {
            mp_map_begin(map, field->key);
            rc = record_write(field->of, one, &map->values, err);
            mp_map_end(map);
        }
        break;
    default:
        mp_map_text(map, field->key, *(const struct bytes *)(const void *)from);
        break;
    }
    return rc;
}

int record_write(const struct shape *shape, const void *record, struct buf *out, struct err *err) {
    struct mp_map map;
    int rc = 0;
    mp_map_init(&map, WRITE_MAX);
    for (size_t i = 0; rc == 0 && i < shape->n; i++) {
        rc = write_value(&map, &shape->fields[i], (const uint8_t *)record + shape->fields[i].offset, err);
    }
    if (rc == 0) rc = mp_map_write(&map, out, err);
    mp_map_done(&map);
    return rc;
}
