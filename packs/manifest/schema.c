/* Each type of a field is a few keywords of JSON Schema; shapes become definitions that refer to one another. */
#include "packs/manifest/schema.h"

#include <stdio.h>

#include "base/obj.h"
#include "base/text.h"
#include "packs/manifest/manifest.h"
#include "packs/manifest/value.h"

#define REF_MAX 64

/* A plain number is the text that it was written as: these take one where it has their form. */
static bool takes_number(enum field_type type) {
    return type == FIELD_TEXT || type == FIELD_NAME || type == FIELD_RANGE || type == FIELD_SCOPE || type == FIELD_PATH ||
           type == FIELD_PROGRAM || type == FIELD_KEYNAME || type == FIELD_LINES;
}

static void put_types(struct obj *obj, const char *one, const char *other) {
    struct obj types = {0};
    obj_text(&types, NULL, one);
    obj_text(&types, NULL, other);
    obj_list(obj, "type", &types);
}

static void put_text(struct obj *obj, enum field_type type) {
    if (type == FIELD_SIZE) {
        put_types(obj, "string", "integer");
        obj_uint(obj, "minimum", 1);
    } else if (takes_number(type)) {
        put_types(obj, "string", "number");
    } else {
        obj_text(obj, "type", "string");
    }
    if (type != FIELD_LINES) {
        obj_text(obj, "pattern", value_pattern(type));
        obj_uint(obj, "maxLength", MANIFEST_TEXT_MAX);
    }
}

static void put_words(struct obj *obj, const char *words) {
    struct obj list = {0};
    const char *word;
    size_t n;
    for (size_t i = 0; fields_word(words, i, &word, &n); i++) {
        obj_str(&list, NULL, (struct bytes){(const uint8_t *)word, n});
    }
    obj_list(obj, "enum", &list);
}

static void put_ref(struct obj *obj, const struct shape *shape) {
    char ref[REF_MAX];
    snprintf(ref, sizeof(ref), "#/$defs/%s", shape->name);
    obj_text(obj, "$ref", ref);
}

static void put_items(struct obj *obj, const struct field *field) {
    struct obj items = {0};
    uint64_t max = MANIFEST_ITEMS_MAX;
    (void)text_parse_u64(bytes_of(field->accepted), &max);
    obj_text(obj, "type", "array");
    if (field->of != NULL) {
        put_ref(&items, field->of);
    } else if (field->type == FIELD_NAMES) {
        put_text(&items, FIELD_NAME);
    } else {
        put_types(&items, "string", "number");
        obj_uint(&items, "maxLength", MANIFEST_TEXT_MAX);
    }
    obj_obj(obj, "items", &items);
    if (field->of != NULL && field->required) {
        obj_uint(obj, "minItems", 1);
    }
    obj_uint(obj, "maxItems", max);
}

/* The list itself, or the name of a file that has it. */
static void put_rows(struct obj *obj, const struct field *field) {
    struct obj any = {0}, list = {0}, file = {0};
    put_items(&list, field);
    obj_obj(&any, NULL, &list);
    put_text(&file, FIELD_PATH);
    obj_obj(&any, NULL, &file);
    obj_list(obj, "anyOf", &any);
}

static void put_field(struct obj *obj, const struct field *field) {
    uint64_t max;
    obj_text(obj, "description", field->help);
    switch (field->type) {
    case FIELD_WORD:
        put_words(obj, field->accepted);
        break;
    case FIELD_BOOL:
        obj_text(obj, "type", "boolean");
        obj_bool(obj, "default", false);
        break;
    case FIELD_COUNT:
        obj_text(obj, "type", "integer");
        obj_uint(obj, "minimum", 1);
        if (text_parse_u64(bytes_of(field->accepted), &max) == 0) {
            obj_uint(obj, "maximum", max);
        }
        break;
    case FIELD_INTEGER:
        obj_text(obj, "type", "integer");
        break;
    case FIELD_NUMBER:
        obj_text(obj, "type", "number");
        break;
    case FIELD_VALUE:
        break;
    case FIELD_ROWS:
        put_rows(obj, field);
        break;
    case FIELD_MAP:
        put_ref(obj, field->of);
        break;
    case FIELD_TEXTS:
    case FIELD_NAMES:
    case FIELD_MAPS:
        put_items(obj, field);
        break;
    default:
        put_text(obj, field->type);
        break;
    }
}

static void put_shape(struct obj *obj, const struct shape *shape) {
    struct obj properties = {0}, required = {0};
    obj_text(obj, "description", shape->help);
    obj_text(obj, "type", "object");
    for (size_t i = 0; i < shape->n; i++) {
        struct obj field = {0};
        put_field(&field, &shape->fields[i]);
        obj_obj(&properties, shape->fields[i].key, &field);
        if (shape->fields[i].required) {
            obj_text(&required, NULL, shape->fields[i].key);
        }
    }
    obj_obj(obj, "properties", &properties);
    obj_list(obj, "required", &required);
    obj_bool(obj, "additionalProperties", false);
}

int schema_form_json(const struct form *form, struct buf *out, struct err *err) {
    struct obj root = {0}, defs = {0};
    obj_text(&root, "$schema", "https://json-schema.org/draft/2020-12/schema");
    obj_text(&root, "$id", form->id);
    obj_text(&root, "title", form->title);
    put_shape(&root, form->shapes[form->n - 1]);
    for (size_t i = 0; i + 1 < form->n; i++) {
        struct obj shape = {0};
        put_shape(&shape, form->shapes[i]);
        obj_obj(&defs, form->shapes[i]->name, &shape);
    }
    obj_obj(&root, "$defs", &defs);
    int rc = obj_json(&root, JSON_PRETTY, out, err);
    obj_done(&root);
    buf_put_u8(out, '\n');
    return rc != 0 ? rc : buf_check(out, "the schema", err);
}

/* ---- for people ----------------------------------------------------------------------------------------------------- */

static void put_cell(struct buf *out, const char *text) {
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '|') buf_put_u8(out, '\\');
        buf_put_u8(out, (uint8_t)*p);
    }
}

static void put_value(struct buf *out, const struct field *field) {
    const char *word;
    size_t n;
    if (field->type == FIELD_WORD) {
        for (size_t i = 0; fields_word(field->accepted, i, &word, &n); i++) {
            buf_printf(out, "%s`%.*s`", i > 0 ? ", " : "", (int)n, word);
        }
    } else if (field->type == FIELD_MAP) {
        buf_printf(out, "[%s](#%s)", field->of->noun, field->of->name);
    } else if (field->of != NULL) {
        buf_printf(out, "list of [%s](#%s)%s", field->of->name, field->of->name,
                   field->type == FIELD_ROWS ? ", or a file of JSON Lines" : "");
    } else {
        buf_put_str(out, value_words(field->type));
        if (field->accepted != NULL) buf_printf(out, ", at most %s", field->accepted);
    }
}

int schema_form_markdown(const struct form *form, struct buf *out, struct err *err) {
    for (size_t i = form->n; i-- > 0;) {
        const struct shape *shape = form->shapes[i];
        buf_printf(out, "### %s\n\n%s\n\n| key | value | | meaning |\n|---|---|---|---|\n", shape->name, shape->help);
        for (size_t j = 0; j < shape->n; j++) {
            const struct field *field = &shape->fields[j];
            buf_printf(out, "| `%s` | ", field->key);
            put_value(out, field);
            buf_put_str(out, field->required ? " | required | " : " | | ");
            put_cell(out, field->help);
            buf_put_str(out, " |\n");
        }
        if (i > 0) buf_put_u8(out, '\n');
    }
    return buf_check(out, "the tables", err);
}

int schema_json(struct buf *out, struct err *err) {
    return schema_form_json(&fields_manifest, out, err);
}

int schema_markdown(struct buf *out, struct err *err) {
    return schema_form_markdown(&fields_manifest, out, err);
}
