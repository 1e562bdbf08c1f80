/* Of a file of JSON Lines, each line is a small document: what was read of it is copied and its nodes are freed, so that
 * many cases need no more memory than they have text. */
#include "evals/suite/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/text.h"
#include "evals/suite/expect.h"
#include "evals/suite/files.h"
#include "packs/manifest/record.h"

#define CASE_ARENA_MAX ((size_t)64 << 20)
#define MS             UINT64_C(1000000)
#define S(text_)       (int)((text_).n < 100 ? (text_).n : 100), (const char *)(text_).p

static int no_memory(struct err *err) {
    return err_set(err, ERR_NOMEM, "out of memory");
}

static struct yaml_place shifted(const struct reading *r, struct yaml_place at) {
    at.line += at.line > 0 ? r->line : 0;
    return at;
}

/* ---- parts of a case ---------------------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b) {
    return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* Sorted, so that their order means nothing; those of the defaults too, and each once. */
static int read_tags(struct reading *r, const struct form_case *form, struct suite_case *ret, struct err *err) {
    size_t of_all = r->defaults != NULL ? r->defaults->tags.n : 0, n = 0;
    struct bytes *tags = arena_take(r->arena, (form->tags.n + of_all + 1) * sizeof(*tags));
    if (tags == NULL) return no_memory(err);
    for (size_t i = 0; i < form->tags.n + of_all; i++) {
        tags[i] = suite_read_copy(r, i < of_all ? r->defaults->tags.items[i] : form->tags.items[i - of_all]);
    }
    qsort(tags, form->tags.n + of_all, sizeof(*tags), by_bytes);
    for (size_t i = 0; i < form->tags.n + of_all; i++) {
        if (n == 0 || !bytes_eq(tags[i], tags[n - 1])) tags[n++] = tags[i];
    }
    ret->tags = tags;
    ret->tags_n = n;
    return 0;
}

static int read_messages(struct reading *r, const struct form_case *form, struct suite_case *ret, struct err *err) {
    struct suite_message *messages = arena_take(r->arena, (form->messages.n + 1) * sizeof(*messages));
    if (messages == NULL) return no_memory(err);
    for (size_t i = 0; i < form->messages.n; i++) {
        messages[i] = (struct suite_message){suite_read_copy(r, form->messages.items[i].role),
                                             suite_read_copy(r, form->messages.items[i].text)};
    }
    ret->messages = messages;
    ret->messages_n = form->messages.n;
    return 0;
}

static int read_files(struct reading *r, const struct form_case *form, struct suite_case *ret, struct err *err) {
    const size_t n = form->files.n;
    struct suite_file *files = arena_take(r->arena, (n + 1) * sizeof(*files));
    if (files == NULL || array_room(&r->files, r->files_n + n, &r->files_cap, sizeof(*r->files), err) != 0) {
        return no_memory(err);
    }
    for (size_t i = 0; i < n; i++) {
        const struct form_file *from = &form->files.items[i];
        struct bytes name = from->name;
        const uint8_t *slash = from->path.n > 0 ? memrchr(from->path.p, '/', from->path.n) : NULL;
        if (name.p == NULL && from->path.p != NULL) {
            name =
                slash == NULL ? from->path : (struct bytes){slash + 1, from->path.n - (size_t)(slash + 1 - from->path.p)};
        }
        files[i].name = suite_read_copy(r, name);
        files[i].path = suite_read_copy(r, from->path);
        for (size_t k = 0; k < i; k++) {
            if (bytes_eq(files[i].name, files[k].name)) {
                suite_read_fault(r, from->node->at, "a second file is called '%.*s'", S(files[i].name));
                break;
            }
        }
        r->files[r->files_n++] = (struct reading_file){&files[i], shifted(r, suite_read_place(from->node, "path"))};
    }
    ret->files = files;
    ret->files_n = n;
    return 0;
}

static int read_arguments(struct reading *r, const struct form_case *form, struct suite_case *ret, struct err *err) {
    struct bytes *arguments = arena_take(r->arena, (form->arguments.n + 1) * sizeof(*arguments));
    if (arguments == NULL) return no_memory(err);
    for (size_t i = 0; i < form->arguments.n; i++) {
        arguments[i] = suite_read_copy(r, form->arguments.items[i]);
    }
    ret->arguments = arguments;
    ret->arguments_n = form->arguments.n;
    return 0;
}

static int read_checks(struct reading *r, const struct form_case *form, struct suite_case *ret, struct err *err) {
    struct suite_check *checks = arena_take(r->arena, (form->expect.n + 1) * sizeof(*checks));
    int rc = checks != NULL ? 0 : no_memory(err);
    for (size_t i = 0; rc == 0 && i < form->expect.n; i++) {
        rc = expect_read(r, &form->expect.items[i], &checks[i], err);
    }
    ret->checks = checks;
    ret->checks_n = form->expect.n;
    return rc;
}

/* ---- one case ----------------------------------------------------------------------------------------------------- */

/* `whole`: each of its keys was read. */
static void check_case(struct reading *r, const struct form_case *form, const struct suite_case *c, bool whole) {
    const struct yaml_place at = form->node->at;
    bool of_model = c->text.p != NULL || c->messages_n > 0;
    suite_read_name(r, form->node, "id", form->id);
    if (whole && !of_model && c->arguments_n == 0 && c->files_n == 0) {
        suite_read_fault(r, at, "the case asks nothing (expected 'text', 'messages', 'arguments' or 'files')");
    }
    if (c->text.p != NULL && c->messages_n > 0) {
        suite_read_fault(r, suite_read_place(form->node, "messages"), "a case has a 'text' or 'messages', not both");
    }
    if (form->system.p != NULL && c->text.p == NULL) {
        suite_read_fault(r, suite_read_place(form->node, "system"),
                         "'system' comes before a 'text', and the case has none");
    }
    if (whole && !c->probe && c->checks_n == 0) {
        suite_read_fault(r, at,
                         "the case expects nothing, so nothing can pass or fail (expected 'expect', or 'probe: true')");
    }
    if (c->probe && of_model && !c->seeded) {
        suite_read_fault(r, suite_read_place(form->node, "probe"),
                         "a probe of a model needs a 'seed', of its own or of the defaults");
    }
    if (form->weight.given && !(c->weight > 0 && c->weight <= SUITE_WEIGHT_MAX)) {
        suite_read_fault(r, suite_read_place(form->node, "weight"), "'weight': %.6g is not above 0 and at most %g",
                         c->weight, SUITE_WEIGHT_MAX);
    }
    if (form->seed.given && c->seed > SUITE_SEED_MAX) {
        suite_read_fault(r, suite_read_place(form->node, "seed"), "'seed': %lld is larger than %lld", (long long)c->seed,
                         (long long)SUITE_SEED_MAX);
    }
}

static int read_case(struct reading *r, const struct form_case *form, bool whole, struct err *err) {
    static const struct form_defaults none = {0};
    const struct form_defaults *d = r->defaults != NULL ? r->defaults : &none;
    const uint64_t timeout = form->timeout > 0 ? form->timeout : d->timeout;
    const struct manifest_integer seed = form->seed.given ? form->seed : d->seed;
    const struct manifest_number weight = form->weight.given ? form->weight : d->weight;
    int rc = array_room(&r->cases, r->n + 1, &r->cap, sizeof(*r->cases), err);
    if (rc == 0) rc = array_room(&r->places, r->n + 1, &r->places_cap, sizeof(*r->places), err);
    if (rc != 0) return rc;
    struct suite_case *c = &r->cases[r->n];
    *c = (struct suite_case){
        .id = suite_read_copy(r, form->id),
        .weight = weight.given ? weight.value + 0.0 : 1,
        .repeats = form->repeats > 0 ? form->repeats
                   : d->repeats > 0  ? d->repeats
                                     : 1,
        .timeout_ms = timeout == 0   ? SUITE_TIMEOUT_MS
                      : timeout < MS ? 1
                                     : timeout / MS,
        .seeded = seed.given,
        .seed = seed.value,
        .probe = form->probe,
        .text = suite_read_copy(r, form->text),
    };
    c->system = c->text.p != NULL ? suite_read_copy(r, form->system.p != NULL ? form->system : d->system) : form->system;
    if (c->text.p == NULL) c->system = (struct bytes){NULL, 0};
    rc = read_tags(r, form, c, err);
    if (rc == 0) rc = read_messages(r, form, c, err);
    if (rc == 0) rc = read_files(r, form, c, err);
    if (rc == 0) rc = read_arguments(r, form, c, err);
    if (rc == 0) rc = read_checks(r, form, c, err);
    if (rc != 0) return rc;
    check_case(r, form, c, whole);
    r->places[r->n++] = shifted(r, suite_read_place(form->node, "id"));
    return r->found->failed ? no_memory(err) : 0;
}

static int read_node(struct reading *r, const struct yaml_node *node, struct err *err) {
    struct arena arena = {.max = CASE_ARENA_MAX};
    struct record_reader read = {.file = r->path, .found = r->found, .arena = &arena};
    struct form_case form = {0};
    const size_t errors = r->found->errors;
    int rc = 0;
    if (node->type != YAML_MAP) {
        suite_read_fault(r, node->at, "expected a case, found %s", yaml_type_name(node->type));
        return 0;
    }
    record_read(&read, form_case(), node, &form);
    rc = read.failed ? no_memory(err) : read_case(r, &form, r->found->errors == errors, err);
    arena_done(&arena);
    return rc;
}

int cases_read(struct reading *r, const struct yaml_node *list, struct err *err) {
    int rc = 0;
    if (list->n == 0) {
        suite_read_fault(r, list->at, "'cases' is empty");
    }
    for (const struct yaml_node *node = list->first; rc == 0 && node != NULL; node = node->next) {
        rc = read_node(r, node, err);
    }
    return rc;
}

/* ---- JSON Lines --------------------------------------------------------------------------------------------------- */

/* A document has one line; what is found at its end is there too. */
static void put_fault(void *ctx, struct yaml_place at, const char *what) {
    suite_read_fault(ctx, at.line == 1 ? at : (struct yaml_place){1, 1}, "%s", what);
}

/* The faults of one line, moved to where it is in the file. */
static void move_faults(struct reading *r, const struct finding_list *of_line, struct finding_list *found) {
    for (size_t i = 0; i < of_line->n; i++) {
        finding_put(found, r->path, shifted(r, of_line->list[i].at), false, "%s", of_line->list[i].text);
    }
    found->errors += of_line->errors - of_line->n;
    found->failed = found->failed || of_line->failed;
}

static int read_line(struct reading *r, struct bytes line, struct err *err) {
    struct finding_list of_line = {0}, *found = r->found;
    struct yaml *yaml = NULL;
    r->found = &of_line;
    int rc = suite_read_json(r, line) ? yaml_read(line, put_fault, r, &yaml, err) : err_set(err, ERR_INVALID, "not JSON");
    if (rc == 0) rc = read_node(r, yaml_root(yaml), err);
    if (rc == ERR_INVALID && of_line.errors > 0) rc = 0;
    yaml_free(yaml);
    r->found = found;
    move_faults(r, &of_line, found);
    finding_done(&of_line);
    return rc;
}

static int each_line(struct reading *r, FILE *in, struct err *err) {
    char *line = NULL;
    size_t cap = 0;
    ssize_t got;
    int rc = 0;
    for (unsigned number = 1; rc == 0 && (got = getline(&line, &cap, in)) >= 0; number++) {
        struct bytes text = {(const uint8_t *)line, (size_t)got};
        while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r')) {
            text.n--;
        }
        if (text.n == 0) continue;
        r->line = number - 1;
        if (r->n == SUITE_CASES_MAX) {
            finding_put(r->found, r->path, (struct yaml_place){number, 1}, false, "more than %d cases", SUITE_CASES_MAX);
            break;
        }
        rc = read_line(r, text, err);
    }
    if (rc == 0 && ferror(in)) rc = err_set(err, ERR_IO, "'%s' cannot be read", r->path);
    free(line);
    return rc;
}

int cases_read_lines(struct reading *r, int fd, struct err *err) {
    struct stat st;
    if (fstat(fd, &st) == 0 && (uint64_t)st.st_size > FILES_SIZE_MAX) { /* a line may be as long as the file */
        suite_read_fault(r, (struct yaml_place){0}, "is larger than 256 MiB");
        close(fd);
        return 0;
    }
    FILE *in = fdopen(fd, "r");
    if (in == NULL) {
        close(fd);
        return no_memory(err);
    }
    size_t errors = r->found->errors;
    int rc = each_line(r, in, err);
    if (rc == 0 && r->n == 0 && r->found->errors == errors) {
        suite_read_fault(r, (struct yaml_place){0}, "has no case");
    }
    r->line = 0;
    fclose(in);
    return rc;
}

/* ---- ids ---------------------------------------------------------------------------------------------------------- */

struct id {
    struct bytes id;
    size_t index;
};

static int by_id(const void *a, const void *b) {
    const struct id *x = a, *y = b;
    int c = bytes_cmp(x->id, y->id);
    return c != 0 ? c : x->index < y->index ? -1 : x->index > y->index;
}

int cases_check_ids(struct reading *r, struct err *err) {
    struct id *ids = calloc(r->n + 1, sizeof(*ids));
    if (ids == NULL) return no_memory(err);
    for (size_t i = 0; i < r->n; i++) {
        ids[i] = (struct id){r->cases[i].id, i};
    }
    qsort(ids, r->n, sizeof(*ids), by_id);
    for (size_t i = 1, first = 0; i < r->n; i++) {
        if (!bytes_eq(ids[i].id, ids[first].id)) {
            first = i;
        } else if (ids[i].id.n > 0) {
            suite_read_fault(r, r->places[ids[i].index], "duplicate case '%.*s' (first on line %u)", S(ids[i].id),
                             r->places[ids[first].index].line);
        }
    }
    free(ids);
    return 0;
}
