/* The way in: text --> nodes --> structs by the table --> cases, thresholds --> files hashed --> digests. All of it goes on
 * after a fault, so that one reading finds them all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "evals/suite/cases.h"
#include "evals/suite/digest.h"
#include "evals/suite/files.h"
#include "evals/suite/thresholds.h"
#include "evals/suite/value.h"
#include "evals/suite/whole.h"
#include "packs/manifest/record.h"

#define ARENA_MAX    ((size_t)2 << 30)
#define SETTINGS_MAX 65536
#define S_NS         UINT64_C(1000000000)

/* ---- the grammar -------------------------------------------------------------------------------------------------- */

static void put_fault(void *ctx, struct yaml_place at, const char *what) {
    bool large = strncmp(what, "is larger than", 14) == 0 || strncmp(what, "more than 65536", 15) == 0;
    suite_read_fault(ctx, at, "%s%s", what,
                     large ? "; a file of JSON Lines may have up to 200000 cases (cases: FILE.jsonl)" : "");
}

/* ---- the head ----------------------------------------------------------------------------------------------------- */

static int read_settings(struct reading *r, const struct yaml_node *node, struct suite *suite, struct err *err) {
    struct buf mp = {.max = SETTINGS_MAX}, json = {.max = SETTINGS_MAX};
    struct yaml_place at = {0};
    struct err why = {0};
    int rc = 0;
    suite->settings = bytes_of("{}");
    if (node == NULL) return 0;
    at = node->at;
    if (node->type != YAML_MAP) {
        suite_read_fault(r, at, "'settings': expected a map, found %s", yaml_type_name(node->type));
        return 0;
    }
    const struct yaml_node *seed = yaml_get(node, "seed");
    if (seed != NULL) {
        suite_read_fault(r, seed->key_at, "'seed' is no setting: cases and defaults have it");
    }
    rc = value_write(node, &mp, &at, &why);
    if (rc == 0) rc = json_from_mp(bytes_of_buf(&mp), JSON_LINE, &json, &why);
    if (rc == 0) {
        suite->settings = suite_read_copy(r, bytes_of_buf(&json));
    } else if (rc != ERR_NOMEM) {
        suite_read_fault(r, at, "'settings': %s", why.msg);
        rc = 0;
    } else {
        err_set(err, rc, "out of memory");
    }
    buf_done(&json);
    buf_done(&mp);
    return rc;
}

static double price(struct reading *r, const struct yaml_node *map, const char *key, struct manifest_number number) {
    if (number.given && !(number.value >= 0)) {
        suite_read_fault(r, suite_read_place(map, key), "'%s': %.6g is less than 0", key, number.value);
    }
    return number.given ? number.value + 0.0 : 0;
}

static int read_head(struct reading *r, const struct form_suite *form, struct suite *suite, struct err *err) {
    suite->name = suite_read_copy(r, form->name);
    suite->version = suite_read_copy(r, form->version);
    suite->description = suite_read_copy(r, form->description);
    suite_read_name(r, form->node, "name", form->name);
    suite_read_name(r, form->node, "version", form->version);
    suite->max_tokens = form->max_tokens;
    suite->max_age_s = form->fresh_for / S_NS + (form->fresh_for % S_NS > 0);
    if (form->prices != NULL) {
        suite->prompt_price = price(r, form->prices->node, "prompt", form->prices->prompt);
        suite->completion_price = price(r, form->prices->node, "completion", form->prices->completion);
    }
    if (form->defaults != NULL && form->defaults->weight.given &&
        !(form->defaults->weight.value > 0 && form->defaults->weight.value <= SUITE_WEIGHT_MAX)) {
        suite_read_fault(r, suite_read_place(form->defaults->node, "weight"),
                         "'weight': %.6g is not above 0 and at most %g", form->defaults->weight.value, SUITE_WEIGHT_MAX);
    }
    if (form->defaults != NULL && form->defaults->seed.given && form->defaults->seed.value > SUITE_SEED_MAX) {
        suite_read_fault(r, suite_read_place(form->defaults->node, "seed"), "'seed': %lld is larger than %lld",
                         (long long)form->defaults->seed.value, (long long)SUITE_SEED_MAX);
    }
    if (form->judge != NULL) {
        suite->judge =
            (struct suite_judge){suite_read_copy(r, form->judge->protocol), suite_read_copy(r, form->judge->url),
                                 suite_read_copy(r, form->judge->model), suite_read_copy(r, form->judge->key_file)};
    }
    return read_settings(r, form->settings, suite, err);
}

/* ---- cases -------------------------------------------------------------------------------------------------------- */

static int read_lines(struct reading *r, const struct yaml_node *node, char path[FILE_PATH_MAX], const char *directory,
                      struct err *err) {
    const char *why = NULL;
    int fd = node->text.n > 0 ? files_open(r, node->text, &why) : -1;
    if (fd < 0) {
        suite_read_fault(r, node->at, "'cases': the file '%.100s' %s", (const char *)node->text.p,
                         why != NULL ? why : "has no name");
        return 0;
    }
    int rc = file_join(path, directory, (const char *)node->text.p, err);
    if (rc != 0) {
        close(fd);
        return rc;
    }
    r->path = strcmp(directory, ".") == 0 ? path + 2 : path;
    return cases_read_lines(r, fd, err);
}

static int read_cases(struct reading *r, const struct yaml_node *node, char path[FILE_PATH_MAX], const char *directory,
                      struct err *err) {
    if (node == NULL) return 0; /* that was said */
    if (node->type == YAML_LIST) return cases_read(r, node, err);
    if (node->type == YAML_TEXT) return read_lines(r, node, path, directory, err);
    suite_read_fault(r, node->at, "'cases': expected a list of maps, or the path of a file of JSON Lines, found %s",
                     yaml_type_name(node->type));
    return 0;
}

static int read_all(struct reading *r, const struct yaml_node *root, struct whole *whole, char path[FILE_PATH_MAX],
                    struct err *err) {
    struct arena arena = {.max = (size_t)64 << 20};
    struct record_reader read = {.file = r->path, .found = r->found, .arena = &arena};
    const char *own = r->path;
    struct form_suite form = {0};
    int rc = 0;
    if (root->type != YAML_MAP) {
        suite_read_fault(r, root->at, "a suite is a map, and this is %s", yaml_type_name(root->type));
        return 0;
    }
    record_read(&read, form_root(), root, &form);
    r->defaults = form.defaults;
    r->has_judge = form.judge != NULL;
    rc = read.failed ? err_set(err, ERR_NOMEM, "out of memory") : read_head(r, &form, &whole->suite, err);
    if (rc == 0) rc = read_cases(r, form.cases, path, whole->directory, err);
    if (rc == 0) rc = cases_check_ids(r, err);
    if (rc == 0) rc = files_hash(r, whole->suite.data_digest, err);
    r->path = own;
    if (rc == 0) rc = thresholds_read(r, &form, &whole->suite, err);
    arena_done(&arena);
    return rc;
}

/* ---- the way in --------------------------------------------------------------------------------------------------- */

static int open_root(const char *path, struct whole *whole, int *ret, struct err *err) {
    int rc = file_parent(whole->directory, path, err);
    int fd = rc == 0 ? open(whole->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (rc == 0 && fd < 0) rc = err_errno(err, errno, "the directory '%s'", whole->directory);
    *ret = fd;
    return rc;
}

static int finish(struct reading *r, struct whole *whole, struct err *err) {
    if (r->found->failed) return err_set(err, ERR_NOMEM, "out of memory");
    if (r->found->errors > 0) return err_set(err, ERR_INVALID, "the suite has faults");
    whole->cases = r->cases;
    whole->suite.cases = r->cases;
    whole->suite.cases_n = r->n;
    whole->suite.directory = whole->directory;
    r->cases = NULL;
    return digest_fill(whole->cases, &whole->suite, err);
}

static void tell(struct finding_list *found, const char *path, suite_fault_fn *fault, void *ctx) {
    char more[64];
    finding_sort(found);
    for (size_t i = 0; i < found->n; i++) {
        fault(ctx, found->list[i].file, found->list[i].at.line, found->list[i].at.column, found->list[i].text);
    }
    if (found->errors > found->n) {
        snprintf(more, sizeof(more), "and %zu more faults", found->errors - found->n);
        fault(ctx, path, 0, 0, more);
    }
}

static bool is_json(const char *path) {
    const size_t n = strlen(path);
    return n >= 5 && strcmp(path + n - 5, ".json") == 0;
}

int suite_load_by(const char *path, const struct suite_rules *rules, suite_fault_fn *fault, void *ctx, struct suite **ret,
                  struct err *err) {
    struct whole *whole = calloc(1, sizeof(*whole));
    struct finding_list found = {0};
    struct buf text = {.max = YAML_TEXT_MAX + 1};
    struct yaml *yaml = NULL;
    char cases_path[FILE_PATH_MAX];
    if (whole == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    whole->arena.max = ARENA_MAX;
    struct reading r = {.path = path, .found = &found, .arena = &whole->arena, .root = -1, .rules = rules};
    int rc = open_root(path, whole, &r.root, err);
    if (rc == 0) rc = file_read_regular(path, &text, err);
    if (rc == ERR_LIMIT) {
        put_fault(&r, (struct yaml_place){0}, "is larger than 1 MiB");
        rc = err_set(err, ERR_INVALID, "the suite has faults");
    }
    if (rc == 0 && is_json(path) && !suite_read_json(&r, bytes_of_buf(&text))) {
        rc = err_set(err, ERR_INVALID, "the suite has faults");
    }
    if (rc == 0) rc = yaml_read(bytes_of_buf(&text), put_fault, &r, &yaml, err);
    if (rc == 0) rc = read_all(&r, yaml_root(yaml), whole, cases_path, err);
    if (rc == 0) rc = finish(&r, whole, err);
    if (rc == ERR_INVALID) tell(&found, path, fault, ctx);
    if (rc == 0) {
        *ret = &whole->suite;
    } else {
        suite_free(&whole->suite);
    }
    if (r.root >= 0) close(r.root);
    free(r.cases);
    free(r.places);
    free(r.files);
    yaml_free(yaml);
    buf_done(&text);
    finding_done(&found);
    return rc;
}

int suite_load(const char *path, suite_fault_fn *fault, void *ctx, struct suite **ret, struct err *err) {
    return suite_load_by(path, NULL, fault, ctx, ret, err);
}
