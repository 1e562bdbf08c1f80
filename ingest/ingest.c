/* The table of sources, and the way into one. */
#include "ingest/ingest.h"

#include <string.h>

#include "ingest/dpkg.h"
#include "ingest/hardware.h"
#include "ingest/jsonl.h"
#include "ingest/run.h"

#define SOURCE(name, takes, read, help) {name, help, takes, read},
static const struct ingest_source sources[] = {
#include "ingest/sources.def"
};
#undef SOURCE

#define N_SOURCES (sizeof(sources) / sizeof(sources[0]))

size_t ingest_source_count(void) {
    return N_SOURCES;
}

const struct ingest_source *ingest_source_at(size_t i) {
    return i < N_SOURCES ? &sources[i] : NULL;
}

const struct ingest_source *ingest_source_find(const char *name) {
    for (size_t i = 0; i < N_SOURCES; i++) {
        if (strcmp(sources[i].name, name) == 0) {
            return &sources[i];
        }
    }
    return NULL;
}

static int unknown_source(const char *name, struct err *err) {
    struct buf names;
    buf_init(&names, 512);
    for (size_t i = 0; i < N_SOURCES; i++) {
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", sources[i].name);
    }
    err_set(err, ERR_NOTFOUND, "no source '%s'; there is: %.*s", name, (int)names.n, (const char *)names.p);
    buf_done(&names);
    return ERR_NOTFOUND;
}

static int check_options(const struct ingest_source *source, const struct ingest_options *o, struct err *err) {
    if (o->n_paths > 0 && (source->takes & INGEST_PATHS) == 0) {
        return err_set(err, ERR_INVALID, "source '%s' takes no files", source->name);
    }
    if (o->follow && (source->takes & INGEST_FOLLOW) == 0) {
        return err_set(err, ERR_INVALID, "source '%s' cannot follow", source->name);
    }
    if (o->root != NULL && (source->takes & INGEST_ROOT) == 0) {
        return err_set(err, ERR_INVALID, "source '%s' takes no root", source->name);
    }
    if (o->follow && o->n_paths > 1) {
        return err_set(err, ERR_INVALID, "following takes one file, not %zu", o->n_paths);
    }
    if (o->follow && o->dry_run) {
        return err_set(err, ERR_INVALID, "a dry run cannot follow");
    }
    return 0;
}

int ingest_source_run(struct ledger *ledger, const char *name, const struct ingest_options *options,
                      struct ingest_result *ret, struct err *err) {
    static const struct ingest_options none = {0};
    const struct ingest_options *o = options != NULL ? options : &none;
    const struct ingest_source *source = ingest_source_find(name);
    if (source == NULL) {
        return unknown_source(name, err);
    }
    memset(ret, 0, sizeof(*ret));
    int code = check_options(source, o, err);
    if (code != 0) {
        return code;
    }
    struct ingest_run *run = NULL;
    code = run_new(ledger, source->name, o, ret, &run, err);
    if (code == 0) {
        code = run_finish(run, source->read(run, err), err);
    }
    run_free(run);
    return code;
}
