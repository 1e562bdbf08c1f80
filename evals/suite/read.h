/* Inside the room: a suite while it is read. */
#ifndef EVALS_SUITE_READ_H
#define EVALS_SUITE_READ_H

#include "evals/suite/form.h"
#include "evals/suite/suite.h"
#include "packs/manifest/finding.h"

struct reading_file {
    struct suite_file *file;
    struct yaml_place at;
};

struct reading {
    const char *path;           /* of the file that is read, as messages name it */
    struct finding_list *found; /* what is wrong with it */
    unsigned line;              /* that come before what is read */
    struct arena *arena;        /* of the suite */
    int root;                   /* its directory */
    const struct suite_rules *rules;
    const struct form_defaults *defaults; /* NULL: none */
    bool has_judge;
    struct suite_case *cases;
    struct yaml_place *places; /* of their ids */
    size_t n, cap, places_cap;
    struct reading_file *files;
    size_t files_n, files_cap;
};

/* A copy of a text of the nodes, absent if it is. ERR_NOMEM shows as suite_read_failed. */
struct bytes suite_read_copy(struct reading *r, struct bytes text);
/* Puts a fault at this place. */
void suite_read_fault(struct reading *r, struct yaml_place at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Where a key's value is, or the map when it has none. */
struct yaml_place suite_read_place(const struct yaml_node *map, const char *key);
/* A name of at most SUITE_NAME_MAX bytes; what else it may be says its row. */
void suite_read_name(struct reading *r, const struct yaml_node *map, const char *key, struct bytes name);

/* Whether a text is one JSON value; a fault otherwise, with its place. The reader itself would also take YAML. */
bool suite_read_json(struct reading *r, struct bytes text);

#endif
