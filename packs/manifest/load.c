/* The way in: text --> tree of nodes --> structs by the table --> checks. All of it goes on after an error, so that one
 * reading finds them all. */
#include "packs/manifest/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "packs/manifest/check.h"
#include "packs/manifest/fields.h"
#include "packs/manifest/record.h"
#include "packs/manifest/steps.h"

#define ARENA_MAX ((size_t)64 << 20)

struct grammar {
    const char *file;
    struct finding_list *found;
};

static void put_fault(void *ctx, struct yaml_place at, const char *what) {
    const struct grammar *grammar = ctx;
    finding_put(grammar->found, grammar->file, at, false, "%s", what);
}

static int read_pack(struct manifest *manifest, const struct content *tree, struct finding_list *found, struct err *err) {
    const struct yaml_node *root = yaml_root(manifest->yaml);
    struct record_reader read = {.file = manifest->file, .found = found, .arena = &manifest->arena};
    struct checking checking = {.pack = &manifest->pack, .file = manifest->file, .tree = tree, .found = found};
    if (root->type != YAML_MAP) {
        finding_put(found, manifest->file, root->at, false, "a manifest is a map, and this is %s",
                    yaml_type_name(root->type));
        return 0;
    }
    record_read(&read, fields_root(), root, &manifest->pack);
    manifest->order = arena_take(&manifest->arena, (manifest->pack.steps.n + 1) * sizeof(size_t));
    if (read.failed || manifest->order == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    check_all(&checking);
    return steps_check(&checking, manifest->order, err);
}

int manifest_load_text(struct bytes text, const char *file, const struct content *tree, struct finding_list *found,
                       struct manifest **ret, struct err *err) {
    struct manifest *manifest = calloc(1, sizeof(*manifest));
    struct grammar grammar = {file, found};
    size_t errors = found->errors;
    if (manifest == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    manifest->arena.max = ARENA_MAX;
    snprintf(manifest->file, sizeof(manifest->file), "%s", file);
    hash_parts(manifest->digest, &text, 1);
    int rc = yaml_read(text, put_fault, &grammar, &manifest->yaml, err);
    if (rc == 0) rc = read_pack(manifest, tree, found, err);
    finding_sort(found);
    if (rc == 0 && found->failed) rc = err_set(err, ERR_NOMEM, "out of memory");
    if (rc == 0 && found->errors > errors) {
        rc = err_set(err, ERR_INVALID, "%s has %zu error%s", file, found->errors - errors, text_s(found->errors - errors));
    }
    if (rc != 0) {
        manifest_free(manifest);
        return rc;
    }
    *ret = manifest;
    return 0;
}

/* What is hidden is easily there by mistake: .git, .venv. One warning for each name at the top. */
static void warn_hidden(const struct content *tree, struct finding_list *found) {
    const struct yaml_place whole = {0};
    struct bytes last = {NULL, 0};
    for (size_t i = 0; i < content_count(tree); i++) {
        const char *path = content_at(tree, i)->path;
        const struct bytes top = {(const uint8_t *)path, strcspn(path, "/")};
        char name[CONTENT_NAME_MAX + 1];
        if (path[0] != '.' || bytes_eq(top, last)) continue;
        snprintf(name, sizeof(name), "%.*s", (int)top.n, path);
        finding_put(found, name, whole, true, "hidden, and part of the pack");
        last = top;
    }
}

int manifest_load(const struct content *tree, struct finding_list *found, struct manifest **ret, struct err *err) {
    bool yaml = content_find(tree, bytes_of("pack.yaml")) != NULL, json = content_find(tree, bytes_of("pack.json")) != NULL;
    const char *file = yaml ? "pack.yaml" : "pack.json";
    const struct yaml_place whole = {0};
    const struct bytes text = content_kept(tree, file);
    if (yaml == json) {
        finding_put(found, "pack.yaml", whole, false,
                    yaml ? "there is a pack.json too; a pack has one of them" : "there is no pack.yaml or pack.json");
    } else if (text.p == NULL) {
        finding_put(found, file, whole, false, "is larger than 1 MiB");
    } else {
        warn_hidden(tree, found);
        return manifest_load_text(text, file, tree, found, ret, err);
    }
    return err_set(err, ERR_INVALID, "the pack has no manifest that can be read");
}

int manifest_load_write(const struct manifest *manifest, struct buf *out, struct err *err) {
    return record_write(fields_root(), &manifest->pack, out, err);
}

int manifest_load_write_route(const struct manifest_route *route, struct buf *out, struct err *err) {
    return record_write(fields_find("route"), route, out, err);
}
