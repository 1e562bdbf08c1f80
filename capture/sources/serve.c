/* The callbacks of the run become numbers and words of the status. Rejections are said one by one at first, then only counted: a
 * program that sends garbage all day must not fill the journal. */
#include "capture/sources/serve.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "capture/sources/notify.h"
#include "capture/sources/reporter.h"

#define REJECTED_SAID 20

struct serving {
    const struct sources_serve *serve;
    struct sources_reporter *reporter;
    uint64_t rejected;
    bool failed; /* the last look did */
};

static void say(const struct serving *s, const char *words) {
    s->serve->say(s->serve->ctx, words);
}

static void put_error(struct sources_status *status, const char *words) {
    status->errors++;
    status->error_at = clock_wall_ns();
    snprintf(status->error, sizeof(status->error), "%.*s", SOURCES_WORDS_MAX - 1, words);
}

static void on_committed(void *ctx, const struct ingest_result *sum) {
    const struct serving *s = ctx;
    struct sources_status *status = sources_reporter_take(s->reporter);
    /* of a poller each look counts from nothing: on_round has the sum of them, and says whether it works */
    status->accepted = s->serve->entry->every_ns > 0 ? status->accepted : sum->total.accepted;
    status->duplicate = s->serve->entry->every_ns > 0 ? status->duplicate : sum->total.duplicate;
    status->last_at = clock_wall_ns();
    status->last_seq = sum->head.size > 0 ? sum->head.size - 1 : 0;
    status->phase = s->serve->entry->every_ns > 0 ? status->phase : SOURCES_RUNNING;
    sources_reporter_put(s->reporter, false);
}

static void on_rejected(void *ctx, const struct ingest_place *place, const char *reason) {
    struct serving *s = ctx;
    char words[SOURCES_WORDS_MAX];
    snprintf(words, sizeof(words), "rejected: line %llu: %.400s", (unsigned long long)place->line, reason);
    if (++s->rejected <= REJECTED_SAID) {
        say(s, words);
    }
    if (s->rejected == REJECTED_SAID) {
        say(s, "further rejections are counted only");
    }
    struct sources_status *status = sources_reporter_take(s->reporter);
    status->rejected = s->rejected;
    put_error(status, words);
    sources_reporter_put(s->reporter, false);
}

static void on_round(void *ctx, const struct ingest_result *sum, const struct err *failed) {
    struct serving *s = ctx;
    struct sources_status *status = sources_reporter_take(s->reporter);
    status->accepted = sum->total.accepted;
    status->duplicate = sum->total.duplicate;
    status->looked_at = failed == NULL ? clock_wall_ns() : status->looked_at;
    if (failed != NULL) {
        put_error(status, failed->msg);
    }
    bool turn = status->phase != (failed == NULL ? SOURCES_RUNNING : SOURCES_FAILING);
    status->phase = failed == NULL ? SOURCES_RUNNING : SOURCES_FAILING;
    sources_reporter_put(s->reporter, turn);
    if (failed != NULL && !s->failed) {
        char words[SOURCES_WORDS_MAX];
        snprintf(words, sizeof(words), "%.400s; trying again", failed->msg);
        say(s, words);
    } else if (failed == NULL && s->failed) {
        say(s, "it works again");
    }
    s->failed = failed != NULL;
}

static void say_ready(const struct serving *s, const char *words) {
    struct err why = {0};
    if (sources_notify(s->serve->notify, "READY=1\nSTATUS=recording\n", &why) != 0) {
        say(s, why.msg);
    }
    say(s, words);
}

static void on_listening(void *ctx, const char *address) {
    const struct serving *s = ctx;
    char words[SOURCES_WORDS_MAX];
    struct sources_status *status = sources_reporter_take(s->reporter);
    snprintf(status->address, sizeof(status->address), "%s", address);
    status->phase = SOURCES_RUNNING;
    sources_reporter_put(s->reporter, true);
    snprintf(words, sizeof(words), "listening on %.100s", address);
    say_ready(s, words);
}

static void on_waiting(void *ctx, const char *path) {
    const struct serving *s = ctx;
    struct sources_status *status = sources_reporter_take(s->reporter);
    (void)path;
    status->phase = SOURCES_WAITING;
    sources_reporter_put(s->reporter, true);
    say(s, "waiting for the file to follow, which is not there yet");
}

int sources_serve(const struct sources_serve *serve, struct err *err) {
    struct serving s = {.serve = serve};
    struct sources_status begin = serve->status;
    struct ingest_options o;
    struct ingest_result result = {0};
    sources_entry_options(serve->entry, &o);
    if ((serve->entry->source->takes & INGEST_HUB) != 0 && o.n_paths == 0 && serve->hub != NULL) {
        o.paths = &serve->hub;
        o.n_paths = 1;
    }
    o.stop = serve->stop;
    o.ctx = &s;
    o.committed = on_committed;
    o.rejected = on_rejected;
    o.round = on_round;
    o.listening = on_listening;
    o.waiting = on_waiting;
    begin.phase = o.follow ? SOURCES_RUNNING : SOURCES_STARTING; /* until it listens, or has looked */
    begin.started_at = begin.changed_at = clock_wall_ns();
    int rc = sources_reporter_new(serve->dir, serve->entry->name, &begin, &s.reporter, err);
    if (rc != 0) return rc;
    if (o.listen == NULL) {
        say_ready(&s, o.follow ? "following" : "looking");
    }
    rc = ingest_source_run(serve->ledger, serve->entry->source->name, &o, &result, err);
    if (rc == 0 && *serve->stop == 0) rc = err_set(err, ERR_IO, "it ended by itself");
    struct sources_status *status = sources_reporter_take(s.reporter);
    status->phase = rc == 0 ? SOURCES_STOPPED : SOURCES_FAILED;
    if (rc != 0 && err != NULL) {
        put_error(status, err->msg);
    }
    sources_reporter_put(s.reporter, true);
    sources_reporter_free(s.reporter);
    return rc;
}
