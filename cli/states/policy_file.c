/* YAML and JSON are read by one door, as a tree whose nodes know their places. The tree becomes JSON, which is checked as any
 * body is. The rules name what is wrong and know nothing of files, so a message's place is found by the names in it. */
#include "cli/states/policy_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mp.h"
#include "base/obj.h"
#include "base/yaml/yaml.h"
#include "cli/act/submit.h"
#include "ledger/event/event.h"
#include "ledger/log.h"

#define FILE_BYTES_MAX (4 * EVENT_BODY_MAX)

/* ---- from YAML ---- */

static const struct kind_field *member_of(const struct kind_field *list, struct bytes name) {
    for (size_t i = 0; list != NULL && i < list->n_members; i++) {
        if (bytes_is(name, list->members[i].name)) return &list->members[i];
    }
    return NULL;
}

/* Where text is wanted, a plain number is the text that it is written as. */
static bool wants_text(const struct kind_field *field) {
    return field != NULL && (field->type == KIND_STR || field->type == KIND_STRS);
}

static void put_number(struct obj *to, const char *key, const struct yaml_node *node) {
    struct buf item = {.max = 16};
    if (mp_float_ok(node->real)) {
        mp_put_float(&item, node->real);
        obj_raw(to, key, bytes_of_buf(&item));
    } else {
        obj_str(to, key, node->text); /* no number of ours: where one is wanted, the text is refused */
    }
    buf_done(&item);
}

/* `field` (may be NULL): what the catalog says of it, or of the list that it is in. */
static void put_node(struct obj *to, const char *key, const struct yaml_node *node, const struct kind_field *field) {
    struct obj child = {0};
    bool number = node->type == YAML_INT || node->type == YAML_FLOAT;
    for (const struct yaml_node *c = node->first; c != NULL; c = c->next) {
        bool map = node->type == YAML_MAP;
        put_node(&child, map ? (const char *)c->key.p : NULL, c, map ? member_of(field, c->key) : field);
    }
    if (node->type == YAML_MAP) {
        obj_obj(to, key, &child);
    } else if (node->type == YAML_LIST) {
        obj_list(to, key, &child);
    } else if (node->type == YAML_TEXT || (number && wants_text(field))) {
        obj_str(to, key, node->text);
    } else if (node->type == YAML_INT) {
        obj_int(to, key, node->integer);
    } else if (node->type == YAML_FLOAT) {
        put_number(to, key, node);
    } else if (node->type == YAML_BOOL) {
        obj_bool(to, key, node->boolean);
    } else {
        obj_text(to, key, NULL);
    }
}

static int to_json(const struct yaml_node *root, const struct kind *kind, struct buf *out, struct err *err) {
    struct obj whole = {0};
    for (const struct yaml_node *c = root->first; c != NULL; c = c->next) {
        put_node(&whole, (const char *)c->key.p, c, kind_field_find(kind, c->key));
    }
    int rc = obj_json(&whole, JSON_LINE, out, err);
    obj_done(&whole);
    return rc;
}

/* ---- places ---- */

/* The text between the first two quotes. */
static struct bytes quoted(const char *text) {
    const char *begin = strchr(text, '\'');
    const char *end = begin != NULL ? strchr(begin + 1, '\'') : NULL;
    return end != NULL ? (struct bytes){(const uint8_t *)begin + 1, (size_t)(end - begin - 1)} : (struct bytes){0};
}

static const struct yaml_node *child_of(const struct yaml_node *map, struct bytes key) {
    const struct yaml_node *c = map->type == YAML_MAP ? map->first : NULL;
    while (c != NULL && !bytes_eq(c->key, key)) {
        c = c->next;
    }
    return c;
}

/* The item of a list that ", item 0", ", rule 1" or ", tier 1" names; *ret_rest: what follows. NULL: none. */
static const struct yaml_node *item_of(const struct yaml_node *list, const char *text, const char **ret_rest) {
    const struct {
        const char *words;
        unsigned long first;
    } forms[] = {{", item ", 0}, {", rule ", 1}, {", tier ", 1}};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t n = strlen(forms[i].words);
        char *end = NULL;
        if (strncmp(text, forms[i].words, n) != 0) continue;
        unsigned long left = strtoul(text + n, &end, 10) - forms[i].first;
        const struct yaml_node *item = list->first;
        for (; left > 0 && item != NULL; left--) {
            item = item->next;
        }
        *ret_rest = end;
        return item;
    }
    return NULL;
}

/* What "field 'a', item 2: member 'b' ..." is about: the deepest node that is there. */
static struct yaml_place place_of(const struct yaml_node *root, const char *msg) {
    static const char *const names[] = {": member '", ": field '", ": unknown member '"};
    struct bytes name = quoted(msg);
    const struct yaml_node *node = child_of(root, name), *inside = NULL;
    const char *rest = NULL;
    const struct yaml_node *item = node != NULL ? item_of(node, (const char *)name.p + name.n + 1, &rest) : NULL;
    for (size_t i = 0; item != NULL && i < sizeof(names) / sizeof(names[0]) && inside == NULL; i++) {
        if (strncmp(rest, names[i], strlen(names[i])) == 0) inside = child_of(item, quoted(rest));
    }
    return inside != NULL ? inside->key_at : item != NULL ? item->at : node != NULL ? node->key_at : root->at;
}

/* ---- the file ---- */

static uint64_t count_of(struct bytes map, const char *name) {
    struct bytes raw;
    struct mp_reader r;
    struct mp_item head;
    if (mp_map_get(map, name, &raw) != 0) return 0;
    mp_reader_init(&r, raw);
    return mp_next(&r, &head, NULL) == 0 && head.type == MP_ARRAY ? head.count : 0;
}

static void copy_text(struct bytes map, const char *name, char *ret, size_t size) {
    struct bytes raw;
    struct mp_item item;
    if (mp_map_get(map, name, &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR) {
        snprintf(ret, size, "%.*s", (int)(item.data.n < size ? item.data.n : size - 1), (const char *)item.data.p);
    }
}

/* What append refuses is refused here, with the same words. */
static int check_draft(struct bytes map, const char *name, struct err *err) {
    struct buf body = {.max = FILE_BYTES_MAX}, private_ = {.max = FILE_BYTES_MAX};
    struct log_draft draft;
    uint32_t masked;
    char subject[300];
    snprintf(subject, sizeof(subject), "policy/%s", name);
    log_draft_init(&draft);
    draft.kind = bytes_of("policy.declared");
    draft.subject = bytes_of(subject);
    draft.actor = draft.source = bytes_of("cli");
    draft.grade = bytes_of("declared");
    draft.body = map;
    int rc = log_draft_check(&draft, &body, &private_, &masked, err);
    buf_done(&private_);
    buf_done(&body);
    return rc;
}

static int check_fields(struct policy_file *f, struct bytes json, struct err *err) {
    struct buf map = {.max = FILE_BYTES_MAX};
    struct bytes raw;
    int rc = log_json_to_body(json, &map, err);
    if (rc == 0) {
        copy_text(bytes_of_buf(&map), "policy", f->name, sizeof(f->name));
        copy_text(bytes_of_buf(&map), "version", f->version, sizeof(f->version));
        f->rules = count_of(bytes_of_buf(&map), "tool_rules");
        f->tiers = count_of(bytes_of_buf(&map), "capability_tiers");
    }
    if (rc == 0 && f->name[0] == '\0') {
        rc = err_set(err, ERR_INVALID, "field 'policy' is missing: expected the policy's name");
    }
    if (rc == 0) rc = check_draft(bytes_of_buf(&map), f->name, err);
    bool has = rc == 0 && mp_map_get(bytes_of_buf(&map), "digest", &raw) == 0;
    buf_done(&map);
    if (rc == 0) rc = body_json(f->body, json, "the policy", err);
    return rc == 0 && !has ? submit_put(f->body, "digest", f->digest, err) : rc;
}

struct faults {
    size_t n;
    struct yaml_place at;
    char what[256]; /* of the first */
};

static void take_fault(void *ctx, struct yaml_place at, const char *what) {
    struct faults *faults = ctx;
    if (faults->n++ > 0) return;
    faults->at = at;
    snprintf(faults->what, sizeof(faults->what), "%s", what);
}

static int read_text(struct policy_file *f, struct bytes text, const char *path, struct err *err) {
    const struct kind *kind = kind_find(bytes_of("policy.declared"));
    struct faults faults = {0};
    struct yaml_place at = {0};
    struct yaml *yaml = NULL;
    struct buf json = {.max = FILE_BYTES_MAX};
    int rc = yaml_read(text, take_fault, &faults, &yaml, err);
    if (rc == ERR_INVALID && faults.n > 0) {
        at = faults.at;
        rc = err_set(err, ERR_INVALID, "%s", faults.what);
    } else if (rc == 0 && yaml_root(yaml)->type != YAML_MAP) {
        at = yaml_root(yaml)->at;
        rc = err_set(err, ERR_INVALID, "a policy is a map, and this is %s", yaml_type_name(yaml_root(yaml)->type));
    }
    if (rc == 0) rc = to_json(yaml_root(yaml), kind, &json, err);
    if (rc == 0) {
        rc = check_fields(f, bytes_of_buf(&json), err);
        if (rc != 0) at = place_of(yaml_root(yaml), err->msg);
    }
    if (rc != 0 && at.line > 0) {
        err_prefix(err, "%s:%u:%u", path, at.line, at.column);
    } else if (rc != 0) {
        err_prefix(err, "%s", path);
    }
    buf_done(&json);
    yaml_free(yaml);
    return rc;
}

int policy_file_read(const char *path, struct policy_file *ret, struct err *err) {
    struct buf text = {.max = FILE_BYTES_MAX};
    memset(ret, 0, sizeof(*ret));
    int rc = file_read(path, &text, err);
    if (rc == 0) rc = body_file_digest(path, ret->digest, err);
    ret->body = body_new(kind_find(bytes_of("policy.declared")));
    if (rc == 0 && ret->body == NULL) rc = err_set(err, ERR_NOMEM, "no memory for the policy");
    if (rc == 0) rc = read_text(ret, bytes_of_buf(&text), path, err);
    buf_done(&text);
    return rc;
}
