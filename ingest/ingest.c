/* The table of sources, and how one is run. */
#include "ingest/ingest.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "ingest/bom/bom.h"
#include "ingest/dpkg/dpkg.h"
#include "ingest/driver/intake.h"
#include "ingest/driver/tally.h"
#include "ingest/hardware/hardware.h"
#include "ingest/hook/hook.h"
#include "ingest/huggingface/huggingface.h"
#include "ingest/input/line_counter.h"
#include "ingest/inspect/inspect.h"
#include "ingest/journal/journal.h"
#include "ingest/jsonl/jsonl.h"
#include "ingest/kubernetes/kubernetes.h"
#include "ingest/llamabench/llamabench.h"
#include "ingest/lmeval/lmeval.h"
#include "ingest/ollama/ollama.h"
#include "ingest/openai/openai.h"
#include "ingest/otlp/otlp.h"
#include "ingest/promptfoo/promptfoo.h"
#include "ingest/tailscale/tailscale.h"
#include "ingest/weights/weights.h"

#define WAIT_STEP_NS (CLOCK_NS_PER_S / 10)

#define SOURCE(name, takes, read, help, example) {name, help, example, takes, read},
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
        if (strcmp(sources[i].name, name) == 0) return &sources[i];
    }
    return NULL;
}

static int unknown_source(const char *name, struct err *err) {
    struct buf names = {.max = 512};
    for (size_t i = 0; i < N_SOURCES; i++) {
        buf_printf(&names, "%s%s", i == 0 ? "" : ", ", sources[i].name);
    }
    err_set(err, ERR_NOTFOUND, "unknown source '%s'; known sources: %.*s", name, (int)names.n, (const char *)names.p);
    buf_done(&names);
    return ERR_NOTFOUND;
}

/* What an option asks for, and its name in messages. */
static const struct asked {
    unsigned takes;
    const char *name;
} all_asked[] = {{INGEST_PATHS, "files"},        {INGEST_FOLLOW, "--follow"}, {INGEST_ROOT, "--root"},
                 {INGEST_URL, "an address"},     {INGEST_MODELS, "--models"}, {INGEST_VERIFY, "--verify"},
                 {INGEST_FROM, "--from"},        {INGEST_LISTEN, "--listen"}, {INGEST_EVERY, "--every"},
                 {INGEST_TOKEN, "--token-file"}, {INGEST_UNIT, "--unit"}};

static unsigned asked_of(const struct ingest_options *o) {
    return (o->n_paths > 0 ? INGEST_PATHS : 0U) | (o->follow ? INGEST_FOLLOW : 0U) | (o->root != NULL ? INGEST_ROOT : 0U) |
           (o->url != NULL ? INGEST_URL : 0U) | (o->models != NULL ? INGEST_MODELS : 0U) |
           (o->verify ? INGEST_VERIFY : 0U) | (o->n_from > 0 ? INGEST_FROM : 0U) |
           (o->listen != NULL ? INGEST_LISTEN : 0U) | (o->every_ns > 0 ? INGEST_EVERY : 0U) |
           (o->token_file != NULL ? INGEST_TOKEN : 0U) | (o->n_units > 0 ? INGEST_UNIT : 0U);
}

int ingest_check_options(const struct ingest_source *source, const struct ingest_options *o, struct err *err) {
    unsigned excess = asked_of(o) & ~source->takes;
    for (size_t i = 0; i < sizeof(all_asked) / sizeof(all_asked[0]); i++) {
        if ((excess & all_asked[i].takes) != 0) {
            return err_set(err, ERR_INVALID, "source '%s' does not take %s", source->name, all_asked[i].name);
        }
    }
    if (o->url != NULL && strstr(o->url, "://") == NULL) {
        return err_set(err, ERR_INVALID,
                       "'%.200s' is not an address; source '%s' takes http://HOST:PORT or https://HOST:PORT%s", o->url,
                       source->name, (source->takes & INGEST_FROM) != 0 ? ", and saved answers as --from FILE" : "");
    }
    if (o->record != NULL && ((source->takes & INGEST_HOOK) == 0 || o->n_paths > 0 || o->follow)) {
        return err_set(err, ERR_INVALID, "--record is one record for source 'hook', without files and --follow");
    }
    if (o->follow && o->n_paths > 1) {
        return err_set(err, ERR_INVALID, "--follow takes one file, not %zu", o->n_paths);
    }
    if (o->dry_run && (o->follow || o->listen != NULL || o->every_ns > 0)) {
        return err_set(err, ERR_INVALID, "a dry run looks once: it takes no --follow, --listen or --every");
    }
    if (o->listen != NULL && o->n_paths > 0) {
        return err_set(err, ERR_INVALID, "--listen takes no files");
    }
    return 0;
}

/* One look. */
static int look(struct ledger *ledger, const struct ingest_source *source, const struct ingest_options *o,
                struct ingest_result *ret, struct err *err) {
    struct intake *run = NULL;
    int rc = intake_new(ledger, source->name, o, ret, &run, err);
    if (rc == 0) rc = intake_finish(run, source->read(run, err), err);
    intake_free(run);
    return rc;
}

static bool stopped(const struct ingest_options *o) {
    return o->stop != NULL && *o->stop != 0;
}

/* Sleeps until the next look is due, in steps short enough for the stop flag. */
static void wait_until(const struct ingest_options *o, uint64_t due) {
    for (uint64_t now; !stopped(o) && (now = clock_boot_ns()) < due;) {
        uint64_t rest = due - now < WAIT_STEP_NS ? due - now : WAIT_STEP_NS;
        nanosleep(&(struct timespec){(time_t)(rest / CLOCK_NS_PER_S), (long)(rest % CLOCK_NS_PER_S)}, NULL);
    }
}

/* An error of the ledger ends the run; a source that is not available now may be at the next look. */
static bool may_look_again(int code) {
    return code == 0 || code == ERR_NOTFOUND || code == ERR_INVALID || code == ERR_NET || code == ERR_CORRUPT;
}

static int look_again(struct ledger *ledger, const struct ingest_source *source, const struct ingest_options *o,
                      struct ingest_result *ret, struct err *err) {
    struct ingest_options again = *o;
    int rc = 0;
    again.known = line_counter_new();
    if (again.known == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    while (!stopped(o) && may_look_again(rc)) {
        struct ingest_result one = {0};
        struct err why = {0};
        uint64_t due = clock_boot_ns() + o->every_ns;
        rc = look(ledger, source, &again, &one, &why);
        tally_sum(&ret->total, &one.total);
        ret->receipts += one.receipts;
        ret->stopped = one.stopped;
        ret->head = one.head;
        if (o->round != NULL) {
            o->round(o->ctx, ret, rc == 0 ? NULL : &why);
        }
        if (!may_look_again(rc)) {
            err_set(err, rc, "%s", why.msg);
        } else {
            wait_until(o, due);
        }
    }
    line_counter_free(again.known);
    if (!may_look_again(rc)) return rc;
    ret->stopped = stopped(o);
    return 0;
}

int ingest_source_run(struct ledger *ledger, const char *name, const struct ingest_options *options,
                      struct ingest_result *ret, struct err *err) {
    static const struct ingest_options none = {0};
    const struct ingest_options *o = options != NULL ? options : &none;
    const struct ingest_source *source = ingest_source_find(name);
    if (source == NULL) return unknown_source(name, err);
    memset(ret, 0, sizeof(*ret));
    tally_init(&ret->total);
    int rc = ingest_check_options(source, o, err);
    if (rc != 0) return rc;
    return o->every_ns > 0 ? look_again(ledger, source, o, ret, err) : look(ledger, source, o, ret, err);
}
