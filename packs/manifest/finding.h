/* What is wrong with a pack: errors and warnings, each with its place. A finding is data; that there was an error is told
 * by whoever looked. */
#ifndef PACKS_MANIFEST_FINDING_H
#define PACKS_MANIFEST_FINDING_H

#include "base/arena.h"
#include "base/yaml/yaml.h"

#define FINDINGS_MAX 200 /* kept; the others are counted */

struct finding {
    const char *file;     /* "pack.yaml", or a path of the directory; not safe for a terminal */
    struct yaml_place at; /* line 0: the file as a whole */
    bool warning;
    const char *text; /* a phrase */
};

/* Zeroed is empty. */
struct finding_list {
    struct finding *list;
    size_t n, cap;
    size_t errors, warnings; /* all, also those past FINDINGS_MAX */
    bool failed;             /* there was no memory for one */
    struct arena arena;
};

void finding_put(struct finding_list *found, const char *file, struct yaml_place at, bool warning, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
/* By file, line and column; what is of one place stays in its order. */
void finding_sort(struct finding_list *found);
/* Appends "pack.yaml:12:7: warning: ..."; nothing is made safe. */
void finding_line(const struct finding *finding, struct buf *out);
void finding_done(struct finding_list *found);

#endif
